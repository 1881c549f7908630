"""Training: declared jobs are isolated and encrypted, and nobody may start others."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from policies.customer_keys import ALIAS, KEY, customer_key
from policies.instance_types import own_disks
from policies.pod_egress import NETWORK_POLICY, bounded
from policies.pods import CRON_JOB, PYTORCH_JOB, pod_labels, pods
from policies.reading import as_list
from policies.rule import (
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    is_on,
    items,
    literal,
    look,
    parts,
    present,
    skip,
    undetermined,
)

JOB = "kubernetes:batch/v1:Job"
SCHEDULE = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"


class Form(NamedTuple):
    """Where a kind of job says what isolates and encrypts it."""

    network: str
    """Path above enableNetworkIsolation and the switch of traffic between containers, empty where there is none."""

    traffic: str
    vpc: str
    machines: str
    """Path of the machines; their type and the key of their volumes stand beneath."""

    output: str
    """Path of the key of what the job writes."""


FORMS: Mapping[str, Form] = {
    "aws:sagemaker/trainingJob:TrainingJob": Form(
        "", "enableInterContainerTrafficEncryption", "vpcConfig", "resourceConfig", "outputDataConfig.kmsKeyId"
    ),
    "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob": Form(
        "trainingJobDefinition",
        "trainingJobDefinition.enableInterContainerTrafficEncryption",
        "trainingJobDefinition.vpcConfig",
        "trainingJobDefinition.resourceConfig",
        "trainingJobDefinition.outputDataConfig.kmsKeyId",
    ),
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": Form(
        "networkConfig",
        "networkConfig.enableInterContainerTrafficEncryption",
        "networkConfig.vpcConfig",
        "jobResources.clusterConfig",
        "dataQualityJobOutputConfig.kmsKeyId",
    ),
}
INLINE = "monitoringScheduleConfig.monitoringJobDefinition"
SCHEDULED = Form(
    f"{INLINE}.networkConfig",
    f"{INLINE}.networkConfig.enableInterContainerTrafficEncryption",
    f"{INLINE}.networkConfig.vpcConfig",
    f"{INLINE}.monitoringResources.clusterConfig",
    f"{INLINE}.monitoringOutputConfig.kmsKeyId",
)
"""The definition that a monitoring schedule writes itself; one that it names is judged as a definition."""


@control(
    "ML-04",
    title="Declared training and monitoring jobs are isolated",
    kind="stack",
    severity="high",
    types=(*FORMS, SCHEDULE, JOB, CRON_JOB, PYTORCH_JOB, NETWORK_POLICY, KEY, ALIAS),
    subjects=(*FORMS, SCHEDULE, JOB, CRON_JOB, PYTORCH_JOB),
    basis=("32(1)(a)", "32(1)(b)", "5(1)(f)"),
    refs=("securityhub:SageMaker.9", "securityhub:SageMaker.10", "securityhub:SageMaker.13", "CKV_AWS_367",
          "CKV_AWS_368", "CKV_AWS_369", "prowler:sagemaker_training_jobs_network_isolation_enabled",
          "prowler:sagemaker_training_jobs_vpc_settings_configured",
          "prowler:sagemaker_training_jobs_intercontainer_encryption_enabled",
          "prowler:sagemaker_training_jobs_volume_and_output_encryption_enabled", "prowler:AISF-ML-03"),
)  # fmt: skip
def jobs_are_isolated(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A job of SageMaker has network isolation or a VPC configuration with subnets and security groups, encrypts the
    traffic between its containers, and writes volumes and results with keys of this stack or of the register {keys}
    (machines whose hardware encrypts their disks take none); none of that is so by default. Pods of jobs in the
    cluster that bear one of {labels}, and all of a PyTorchJob, are selected by network policies for egress of which
    none opens the internet.
    """
    form = FORMS.get(one.type)
    if form is None and one.type == SCHEDULE:
        if not present(one.props, INLINE):
            yield skip("names a definition")
            return
        form = SCHEDULED
    if form is None:
        yield from _pods(one, stack, given)
        return
    keys = given.get("keys", ())
    found, fix = "what containers tell each other is in clear", f"set {form.traffic} to true"
    traffic = expect(one.props, form.traffic, is_on, found, fix, default=False)
    output = customer_key(one, form.output, stack, keys, "ML-04.keys")
    yield from parts(_isolated(one, form), traffic, output, _volumes(one, form, stack, keys))


def _isolated(one: Resource, form: Form) -> Iterator[Problem]:
    switch = f"{form.network}.enableNetworkIsolation".lstrip(".")
    inside = [look(one.props, f"{form.vpc}.{path}") for path in ("subnets", "securityGroupIds")]
    if all(value is UNKNOWN or as_list(value) for value in inside):
        return
    found = "the containers may call anybody"
    fix = f"set it to true, or {form.vpc} with private subnets and security groups"
    yield from expect(one.props, switch, is_on, found, fix, default=False)


def _volumes(one: Resource, form: Form, stack: Stack, keys: tuple[str, ...]) -> Iterator[Problem]:
    for where in [where for where, _ in items(one.props, form.machines)] or [form.machines]:
        if not own_disks(look(one.props, f"{where}.instanceType")):
            yield from customer_key(one, f"{where}.volumeKmsKeyId", stack, keys, "ML-04.keys")


def _pods(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    wanted: Mapping[str, list[str]] = given.get("labels", {})
    own = literal(one.props, "metadata.labels", {})
    some = [{**(own if isinstance(own, Mapping) else {}), **pod_labels(one, pod)} for pod in pods(one)]
    marked = [{key: labels[key] for key in wanted if key in labels} for labels in some]
    training = [any(value in wanted[key] for key, value in found.items()) for found in marked]
    if one.type != PYTORCH_JOB and not any(training):
        unknown = next((key for found in marked for key, value in found.items() if value is UNKNOWN), "")
        yield undetermined(f"metadata.labels.{unknown}") if unknown else skip("is not labelled as training")
        return
    fix = "add a NetworkPolicy of type Egress that selects them and names data and registry"
    yield from parts(*(bounded(one, pod_labels(one, pod), stack, fix) for pod in pods(one)))
    if not some:
        yield fail("spec.pytorchReplicaSpecs", "no pods", "declare the Master and its Workers")
