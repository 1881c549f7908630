"""Services of AWS: reached inside the VPC, and by our own identities or for our own resources alone."""

import re
from collections.abc import Iterator

from policies.documents import ACCOUNT_KEYS, Statement, statements
from policies.grants import NEGATIVE
from policies.routes import SUBNET
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    look,
    parts,
    skip,
    text,
    undetermined,
)

VPC, ENDPOINT = "aws:ec2/vpc:Vpc", "aws:ec2/vpcEndpoint:VpcEndpoint"
ENDPOINT_POLICY = "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
SERVED = "aws:sagemaker/endpoint:Endpoint"

HOSTED = {
    "aws:eks/cluster:Cluster": "vpcConfig",
    "aws:eks/nodeGroup:NodeGroup": "subnetIds",
    "aws:sagemaker/model:Model": "vpcConfig",
    "aws:sagemaker/notebookInstance:NotebookInstance": "subnetId",
    "aws:sagemaker/domain:Domain": "subnetIds",
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": "networkConfig",
    "aws:sagemaker/trainingJob:TrainingJob": "vpcConfig",
    "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob": "trainingJobDefinition",
}
"""What trains or serves in a VPC, and the input by which it stands in subnets or security groups of it."""

SERVICE = re.compile(r"(?:[a-z]+\.)?com\.amazonaws\.[a-z]+(?:-[a-z]+)+-\d+\.([\w.-]+)")
"""Name of an endpoint service of AWS in a region; what comes after the region names the service."""

WITH_POLICY = ("Interface", "Gateway")
"""Kinds of endpoints that take a policy of their own."""

OWNERS = ACCOUNT_KEYS | {"aws:principalarn", "aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths"}
"""Condition keys that tie a request to whose identity or whose resource it is (IAM user guide, "Establish permissions
guardrails using data perimeters")."""


@control(
    "NET-04",
    title="Platform traffic stays on private endpoints",
    kind="stack",
    severity="medium",
    types=(VPC, ENDPOINT, ENDPOINT_POLICY, SUBNET, GROUP, SERVED, *HOSTED),
    subjects=(VPC, ENDPOINT),
    basis=("32(1)(b)", "44"),
    refs=("securityhub:EC2.10", "prowler:vpc_endpoint_connections_trust_boundaries"),
)
def traffic_stays_private(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A VPC in which something trains or serves has endpoints for {services}, and for {whereServed} where the stack
    serves by SageMaker. Each endpoint of AWS that takes a policy has one that lets nobody do everything: every
    allowance names principals, resources, or by a condition whose they are; without a policy everything is allowed.
    Services of {withoutPolicy} take none.
    """
    if one.type == ENDPOINT:
        yield from _policy(one, stack, given)
        return
    if not _hosts(one, stack):
        yield skip("nothing trains or serves in it")
        return
    sure = [look(link.props, "serviceName") for link in stack.joined(one, [ENDPOINT], "vpcId")]
    unsure = [look(link.props, "serviceName") for link in stack.ambiguous(one, [ENDPOINT], "vpcId")]
    wanted = [*given.get("services", ()), *(given.get("whereServed", ()) if stack.by_type.get(SERVED) else ())]
    unproven = _lacking(wanted, sure)
    missing = _lacking(unproven, unsure)
    if missing and UNKNOWN in (*sure, *unsure):
        yield undetermined("VpcEndpoint.serviceName")
    elif missing:
        some = ", ".join(missing)
        yield fail("", f"no endpoint for {some}", "add a VpcEndpoint for each, with vpcId=vpc.id and a policy")
    elif unproven:
        yield undetermined("VpcEndpoint.vpcId")


def _lacking(wanted: list[str], names: list[object]) -> list[str]:
    """Services that none of the endpoints with these names leads to."""
    there = {_service(name) for name in names}
    return [name for name in wanted if name not in there]


def _hosts(vpc: Resource, stack: Stack) -> bool:
    for token, path in HOSTED.items():
        for one in stack.of([token]):
            inside = (*stack.referents(one, path, [SUBNET]), *stack.referents(one, path, [GROUP]))
            if any(vpc.urn in {found.urn for found in stack.referents(place, "vpcId", [VPC])} for place in inside):
                return True
    return False


def _service(name: object) -> str:
    """The service that an endpoint leads to, empty where it is none of AWS."""
    match = SERVICE.fullmatch(name) if isinstance(name, str) else None
    return match[1] if match else ""


def _policy(endpoint: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    if text(endpoint.props, "vpcEndpointType", "Gateway") not in WITH_POLICY:
        yield skip("takes no policy")
        return
    name = look(endpoint.props, "serviceName")
    if name is not UNKNOWN and _service(name) in {"", *(entry["service"] for entry in given.get("withoutPolicy", ()))}:
        yield skip("leads to no service of AWS that takes a policy")
        return
    apart = stack.joined(endpoint, [ENDPOINT_POLICY], "vpcEndpointId")
    holders = [*apart] or [endpoint]
    yield from parts(*(_narrow(holder) for holder in holders))


def _narrow(holder: Resource) -> Iterator[Problem]:
    fix = "allow named principals or resources, or set a condition on aws:PrincipalAccount or aws:ResourceAccount"
    if look(holder.props, "policy") in (ABSENT, ""):
        yield fail("policy", "not set, so anybody may do anything through it", fix)
        return
    found = statements(holder.props, "policy")
    if found is None:
        yield fail("policy", "no policy document", "write a JSON object with a list Statement")
    for one in found or ():
        if one.allow and _anything(one) and not any(map(_perimeter, found or ())):
            yield fail(one.path, "anybody may use it for the resources of anybody", fix)


def _anything(one: Statement) -> bool:
    everywhere = bool(one.not_resources) or not one.resources or "*" in one.resources
    return one.anonymous and everywhere and not one.narrowed(OWNERS)


def _perimeter(one: Statement) -> bool:
    """Whether a denial keeps out everybody, or everything, that is not ours."""
    everything = "*" in one.actions and "*" in one.resources and one.anonymous
    if one.allow or not everything or len(one.conditions) != 1:
        return False
    ((operator, key, values),) = one.conditions
    return operator.lower().removesuffix("ifexists") in NEGATIVE and key in OWNERS and bool(values)
