"""Pods as workloads declare them: where their specification stands, and which containers it has."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from policies.control import Parameters, Problem, parts, undetermined
from policies.reading import ABSENT, UndeterminedError, is_list, items, literal, look
from policies.stack import UNKNOWN, Resource


def core(kind: str) -> tuple[str, str]:
    """Both tokens of a kind of the core API: the SDK's own, and that of an object registered by its apiVersion."""
    return f"kubernetes:core/v1:{kind}", f"kubernetes:v1:{kind}"


CRON_JOB = "kubernetes:batch/v1:CronJob"
INFERENCE = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
PYTORCH_JOB = "kubernetes:kubeflow.org/v1:PyTorchJob"
POD = core("Pod")

TEMPLATED = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:ReplicaSet",
    "kubernetes:batch/v1:Job",
    *core("ReplicationController"),
)
"""Workloads whose pods are made after `spec.template`."""

WORKLOADS = (*TEMPLATED, CRON_JOB, *POD, INFERENCE, PYTORCH_JOB)

SERVING_PARTS = ("predictor", "transformer", "explainer")
"""Parts of an inference service; each is a pod specification with fields of its own beside."""

MAIN, STARTING, EPHEMERAL = "containers", "initContainers", "ephemeralContainers"
MODEL = "model"
"""Container of a predictor whose image and command a serving runtime fills in (KServe API, ModelSpec)."""

INFERENCE_LABEL = "serving.kserve.io/inferenceservice"
"""Label that KServe gives to the pods of an inference service, with its name."""


class Pod(NamedTuple):
    """A pod specification within a workload."""

    spec: str
    """Path of the specification."""

    metadata: str
    """Path of the labels' and annotations' parent."""


class Container(NamedTuple):
    path: str
    kind: str
    """Field of the specification that it stands in."""


def pods(one: Resource) -> list[Pod]:
    """The pod specifications of a workload; raises UndeterminedError where it is unknown how many there are."""
    if one.type in TEMPLATED:
        return [Pod("spec.template.spec", "spec.template.metadata")]
    if one.type == CRON_JOB:
        head = "spec.jobTemplate.spec.template"
        return [Pod(f"{head}.spec", f"{head}.metadata")]
    if one.type in POD:
        return [Pod("spec", "metadata")]
    if one.type == PYTORCH_JOB:
        path = "spec.pytorchReplicaSpecs"
        roles = literal(one.props, path, {})
        heads = [f"{path}.{role}.template" for role in roles] if isinstance(roles, Mapping) else []
        return [Pod(f"{head}.spec", f"{head}.metadata") for head in heads]
    there = [f"spec.{part}" for part in SERVING_PARTS]
    there += [f"{path}.workerSpec" for path in there]
    return [Pod(path, path) for path in there if look(one.props, path) is not ABSENT]


def containers(one: Resource, pod: Pod, kinds: Iterable[str]) -> list[Container]:
    """The containers of some kinds; raises UndeterminedError where it is unknown how many there are."""
    found = []
    for kind in kinds:
        path = f"{pod.spec}.{kind}"
        if kind == MODEL and look(one.props, path) is ABSENT:
            continue
        for where, entry in items(one.props, path):
            if entry is UNKNOWN:
                raise UndeterminedError(where)
            found.append(Container(where, kind))
    return found


def each_pod(one: Resource, check: Callable[[Pod], Iterable[Problem]]) -> Iterator[Problem]:
    """What a check says of every pod specification; what one leaves unknown does not silence the next."""
    yield from parts(*(check(pod) for pod in pods(one)))


def each_container(
    one: Resource,
    pod: Pod,
    check: Callable[[Container], Iterable[Problem]],
    kinds: Iterable[str] = (MAIN, STARTING, EPHEMERAL, MODEL),
) -> Iterator[Problem]:
    """What a check says of every container of some kinds, each for itself."""
    for kind in kinds:
        try:
            some = containers(one, pod, [kind])
        except UndeterminedError as unknown:
            yield undetermined(unknown.path)
            continue
        yield from parts(*(check(container) for container in some))


def pod_labels(one: Resource, pod: Pod) -> Mapping[str, Any]:
    """Labels of the pods, with those that KServe adds; raises UndeterminedError where it is unknown which there are."""
    own = _mapping(one, f"{pod.metadata}.labels")
    if one.type != INFERENCE:
        return own
    return {**_mapping(one, "metadata.labels"), INFERENCE_LABEL: look(one.props, "metadata.name"), **own}


def allowances(one: Resource, given: Parameters) -> frozenset[str]:
    """What the reviewed list `platform` lets this workload do, for a stated reason: drivers and agents of nodes."""
    found: set[str] = set()
    for entry in given.get("platform", ()):
        same = all(entry.get(key) and entry[key] == look(one.props, f"metadata.{key}") for key in ("namespace", "name"))
        if same and entry.get("reason"):
            found.update(entry.get("allows", ()))
    return frozenset(found)


def _mapping(one: Resource, path: str) -> Mapping[str, Any]:
    value = literal(one.props, path, {})
    return value if isinstance(value, Mapping) else {}


def texts(value: Any) -> list[str]:
    """The texts of a list; anything else in it is left out."""
    return [entry for entry in value if isinstance(entry, str)] if is_list(value) else []
