"""Machines: no public address, no credentials for whoever asks, nothing in clear on a disk."""

from collections.abc import Iterator

from policies.reading import as_list
from policies.routes import SUBNET
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    is_off,
    is_on,
    items,
    literal,
    look,
    number,
    parts,
    present,
    text,
    undetermined,
)
from policies.tags import tags

TEMPLATE, MACHINE = "aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"

PUBLIC_TIER = "kubernetes.io/role/elb"
"""Tag by which a network declares a subnet for public load balancers (EKS user guide, "Subnet tagging")."""

HOP_LIMIT = 1
"""Hop limit of a template that names none (API_LaunchTemplateInstanceMetadataOptionsRequest)."""


@control(
    "NET-03",
    title="Nodes are private and hardened",
    kind="resource",
    severity="high",
    types=(SUBNET, TEMPLATE, MACHINE, NODE_GROUP),
    basis=("32(1)(b)",),
    refs=("securityhub:EC2.9", "securityhub:EC2.15", "securityhub:EC2.25", "securityhub:EC2.170", "CKV_AWS_130",
          "CKV_AWS_79", "CKV_AWS_341", "CKV_AWS_100", "trivy:AWS-0130", "trivy:AWS-0164", "CIS-EKS:5.4.3",
          "prowler:vpc_subnet_no_public_ip_by_default", "prowler:ec2_launch_template_imdsv2_required",
          "prowler:eks_cluster_private_nodes_enabled"),
)  # fmt: skip
def nodes_are_hardened(one: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """No subnet outside the public tier (tag kubernetes.io/role/elb) and no template or machine gives out public
    addresses, which those of IPv6 are; templates and machines require IMDSv2, which they do not by default, with hop
    limit 1, and encrypt every volume, the root volume named among them; a block that a machine sets beside its template
    does so too; a node group names such a template and opens SSH to security groups only.
    """
    if one.type == SUBNET:
        yield from _subnet(one, stack)
    elif one.type == NODE_GROUP:
        yield from parts(_templated(one), _ssh(one))
    elif one.type == TEMPLATE:
        addresses = [f"{where}.associatePublicIpAddress" for where, _ in items(one.props, "networkInterfaces")]
        yield from parts(*(_no_address(one, path) for path in addresses), _metadata(one), _template_volumes(one))
    else:
        yield from parts(_no_address(one, "associatePublicIpAddress"), *_set_by_itself(one))


def _subnet(subnet: Resource, stack: Stack) -> Iterator[Problem]:
    some = [path for path in ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation") if not _off(subnet, path)]
    if some and tags(subnet, stack).get(PUBLIC_TIER, ABSENT) is ABSENT:
        for path in some:
            yield from expect(subnet.props, path, is_off, "machines get public addresses", f"set {path} to false")


def _off(subnet: Resource, path: str) -> bool:
    return look(subnet.props, path) is ABSENT or is_off(look(subnet.props, path))


def _set_by_itself(machine: Resource) -> Iterator[Iterator[Problem]]:
    """Checks of what a machine says itself: without a template everything, beside one the blocks that it overrides."""
    alone = look(machine.props, "launchTemplate") is ABSENT
    if alone or present(machine.props, "metadataOptions"):
        yield _metadata(machine)
    if alone or present(machine.props, "rootBlockDevice"):
        yield _encrypted(machine, "rootBlockDevice.encrypted")
    yield _more_volumes(machine)


def _no_address(one: Resource, path: str) -> Iterator[Problem]:
    yield from expect(one.props, path, is_off, "a public address", f"set {path} to false", default=False)


def _metadata(one: Resource) -> Iterator[Problem]:
    head = "metadataOptions"
    if look(one.props, f"{head}.httpEndpoint") == "disabled":
        return
    found, fix = "IMDSv1 answers too", "set it to required"
    yield from expect(one.props, f"{head}.httpTokens", lambda v: v == "required", found, fix, default="optional")
    path = f"{head}.httpPutResponseHopLimit"
    hops = HOP_LIMIT if look(one.props, path) is ABSENT else number(one.props, path)
    if hops is None or hops > HOP_LIMIT:
        yield fail(path, "containers reach the credentials of the machine", f"set {HOP_LIMIT}")


def _template_volumes(one: Resource) -> Iterator[Problem]:
    path = "blockDeviceMappings"
    blocks = [where for where, _ in items(one.props, path)]
    if not blocks:
        yield fail(path, "no volume is named, so the image decides", "name the root volume with ebs.encrypted true")
    for where in blocks:
        if not present(one.props, f"{where}.noDevice") and not present(one.props, f"{where}.virtualName"):
            yield from _encrypted(one, f"{where}.ebs.encrypted")


def _more_volumes(one: Resource) -> Iterator[Problem]:
    for where, _ in items(one.props, "ebsBlockDevices"):
        yield from _encrypted(one, f"{where}.encrypted")


def _encrypted(one: Resource, path: str) -> Iterator[Problem]:
    yield from expect(one.props, path, is_on, "not encrypted", f"set {path} to true", default=False)


def _templated(group: Resource) -> Iterator[Problem]:
    if not present(group.props, "launchTemplate"):
        fix = "name a LaunchTemplate that NET-03 is content with"
        yield fail("launchTemplate", "not set, so EKS makes one that lets containers reach IMDS", fix)


def _ssh(group: Resource) -> Iterator[Problem]:
    groups = "remoteAccess.sourceSecurityGroupIds"
    if text(group.props, "remoteAccess.ec2SshKey") == "":
        return
    if look(group.props, groups) is UNKNOWN:
        yield undetermined(groups)
    elif not as_list(literal(group.props, groups, [])):
        yield fail(groups, "SSH is open to the internet", "name security groups, or remove remoteAccess")
