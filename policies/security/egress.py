"""Ways out: nobody may go everywhere, and machines with data or GPUs go to named places alone."""

from collections.abc import Iterator, Mapping

from policies.instance_types import accelerated
from policies.ranges import internet
from policies.reading import as_list, as_number
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    items,
    look,
    parts,
    skip,
    undetermined,
)

GROUP = "aws:ec2/securityGroup:SecurityGroup"
OWN_RULE, RULE = (
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:ec2/securityGroupRule:SecurityGroupRule",
)
TEMPLATE, MACHINE = "aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"

WORN: Mapping[str, tuple[str, ...]] = {
    "aws:sagemaker/notebookInstance:NotebookInstance": ("securityGroups",),
    "aws:sagemaker/domain:Domain": ("defaultUserSettings", "defaultSpaceSettings", "domainSettings"),
    "aws:sagemaker/userProfile:UserProfile": ("userSettings",),
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": ("networkConfig",),
    "aws:sagemaker/trainingJob:TrainingJob": ("vpcConfig",),
    "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob": ("trainingJobDefinition",),
}
"""Training and notebooks, with the inputs by which they wear security groups."""

MACHINES = (TEMPLATE, MACHINE)
MACHINE_INPUTS = ("vpcSecurityGroupIds", "networkInterfaces", "securityGroupNames", "securityGroups")

PORTS = (0.0, 65535.0)
ALL_PROTOCOLS = ("-1", "all", -1, -1.0)


@control(
    "NET-05",
    title="Training and GPU nodes have bounded egress",
    kind="stack",
    severity="high",
    types=(GROUP, OWN_RULE, RULE, *WORN, *MACHINES, NODE_GROUP),
    subjects=(GROUP, OWN_RULE, RULE),
    basis=("32(1)(b)", "5(1)(f)"),
    refs=("CKV_AWS_382", "trivy:AWS-0104"),
)
def egress_is_bounded(one: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """No rule of a security group lets out to the whole internet on every port. A group that training, notebooks or
    machines with GPUs of this stack wear lets out to the internet on no port: to prefix lists, groups, or ranges such
    as that of a proxy. A group without egress rules lets nothing out, because the provider removes the service's own.
    """
    if one.type == GROUP:
        blocks = [where for where, _ in items(one.props, "egress")]
        yield from parts(*(_out(one, one, f"{where}.", "cidrBlocks", "protocol", stack) for where in blocks))
    elif one.type == OWN_RULE:
        yield from _out(one, _group(one, stack), "", "cidrIpv4", "ipProtocol", stack)
    elif look(one.props, "type") == "ingress":
        yield skip("is no rule for egress")
    else:
        yield from _out(one, _group(one, stack), "", "cidrBlocks", "protocol", stack)


def _group(rule: Resource, stack: Stack) -> Resource | None:
    found = stack.referents(rule, "securityGroupId", [GROUP])
    return found[0] if len(found) == 1 else None


def _out(
    holder: Resource, group: Resource | None, head: str, ranges: str, protocol: str, stack: Stack
) -> Iterator[Problem]:
    """Problems of one rule; `ranges` is its input for IPv4, that for IPv6 stands beside."""
    bound = group is not None and _is_bound(group, stack)
    every = None if bound else _every_port(holder, head, protocol)
    if every is False:
        return
    for path in (f"{head}{ranges}", f"{head}{'cidrIpv6' if ranges == 'cidrIpv4' else 'ipv6CidrBlocks'}"):
        for where, value in _each(holder, path):
            if value is UNKNOWN:
                yield undetermined(where)
            elif not internet(value):
                continue
            elif bound:
                found = "machines that train, or that people work on, reach the whole internet"
                yield fail(where, found, "name a prefix list, a security group, or the range of the proxy")
            elif every is None:
                yield undetermined(f"{head}{protocol}")
            else:
                fix = "name the ports that are needed, or a prefix list, a security group or a range"
                yield fail(where, "lets out everywhere on every port", fix)


def _each(holder: Resource, path: str) -> list[tuple[str, object]]:
    value = look(holder.props, path)
    if value is UNKNOWN or not isinstance(value, list | tuple):
        return [(path, value)]
    return [(f"{path}[{index}]", one) for index, one in enumerate(value)]


def _every_port(holder: Resource, head: str, protocol: str) -> bool | None:
    """Whether a rule is for every port, None where that is unknown; ports that are left out are all."""
    kind = look(holder.props, f"{head}{protocol}")
    if kind in ALL_PROTOCOLS:
        return True
    ports = [look(holder.props, f"{head}{end}") for end in ("fromPort", "toPort")]
    if UNKNOWN in (kind, *ports):
        return None
    if ABSENT in ports:
        return True
    return tuple(map(as_number, ports)) == PORTS


def _is_bound(group: Resource, stack: Stack) -> bool:
    """Whether training, a notebook or a machine with GPUs of this stack wears the group."""
    worn = ((one, paths) for token, paths in WORN.items() for one in stack.of([token]))
    machines = ((one, MACHINE_INPUTS) for one in stack.of(MACHINES) if _gpu(one, stack))
    return any(
        group.urn in {found.urn for found in stack.referents(one, path, [GROUP])}
        for one, paths in (*worn, *machines)
        for path in paths
    )


def _gpu(machine: Resource, stack: Stack) -> bool:
    types = [look(machine.props, "instanceType")]
    for nodes in stack.of([NODE_GROUP]) if machine.type == TEMPLATE else ():
        if machine.urn in {found.urn for found in stack.referents(nodes, "launchTemplate", [TEMPLATE])}:
            kinds = look(nodes.props, "instanceTypes")
            types += [] if kinds is UNKNOWN else as_list(kinds)
    return any(map(accelerated, types))
