"""Kubernetes clusters: not on the internet, with encrypted secrets and a record of who did what."""

import ipaddress
from collections.abc import Iterator

from policies.customer_keys import KEY, customer_key
from policies.log_groups import LOG_GROUP, declared
from policies.reading import as_list
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
    parts,
    undetermined,
)

CLUSTER, WRAPPED = "aws:eks/cluster:Cluster", "eks:index:Cluster"
"""The resource of the service, and the component of the package pulumi-eks around it."""

KEPT = ("api", "audit", "authenticator")
"""Control plane logs that say who did what."""


@control(
    "EKS-01",
    title="The cluster API is not on the internet",
    kind="resource",
    severity="high",
    types=(CLUSTER, WRAPPED),
    basis=("32(1)(b)",),
    refs=("securityhub:EKS.1", "CKV_AWS_38", "CKV_AWS_39", "trivy:AWS-0040", "trivy:AWS-0041", "CIS-EKS:5.4.1",
          "CIS-EKS:5.4.2", "prowler:eks_cluster_not_publicly_accessible"),
)  # fmt: skip
def the_api_is_private(cluster: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """Private access is on, which it is not by default, and public access is off, which it is not by default; where the
    configuration names {publicNetworks}, public access may be on for those alone. Without a list everybody is let in.
    """
    head = "vpcConfig." if cluster.type == CLUSTER else ""
    inside, found = f"{head}endpointPrivateAccess", "the nodes reach the API over the internet"
    private = expect(cluster.props, inside, is_on, found, f"set {inside} to true", default=False)
    yield from parts(private, _outside(cluster, head, given.get("publicNetworks", ())))


def _outside(cluster: Resource, head: str, allowed: tuple[str, ...]) -> Iterator[Problem]:
    switch, path = f"{head}endpointPublicAccess", f"{head}publicAccessCidrs"
    value = look(cluster.props, switch)
    if is_off(value):
        return
    if value is UNKNOWN:
        yield undetermined(switch)
        return
    if not allowed:
        found = "on by default" if value is ABSENT else "on"
        yield fail(switch, f"{found}: the API answers the internet", f"set {switch} to false")
        return
    ranges = literal(cluster.props, path, [])
    if not as_list(ranges):
        yield fail(path, "not set, so everybody may ask", "name networks of EKS-01.publicNetworks, or turn it off")
    for index, one in enumerate(as_list(ranges)):
        where = f"{path}[{index}]"
        if one is UNKNOWN:
            yield undetermined(where)
        elif not _within(one, allowed):
            yield fail(where, "a network that is not approved", "register it under EKS-01.publicNetworks, or remove it")


def _within(value: object, allowed: tuple[str, ...]) -> bool:
    try:
        network = ipaddress.ip_network(str(value), strict=False)
        known = [ipaddress.ip_network(one) for one in allowed]
    except ValueError:
        return False
    return network.prefixlen > 0 and any(
        network.version == one.version and network.subnet_of(one)  # pyrefly: ignore
        for one in known
    )


@control(
    "EKS-02",
    title="Cluster secrets are envelope-encrypted",
    kind="stack",
    severity="high",
    types=(CLUSTER, KEY, WRAPPED),
    subjects=(CLUSTER, WRAPPED),
    basis=("32(1)(a)",),
    refs=("securityhub:EKS.3", "CKV_AWS_58", "trivy:AWS-0039", "CIS-EKS:5.3.1",
          "prowler:eks_cluster_kms_cmk_encryption_in_secrets_enabled"),
)  # fmt: skip
def secrets_are_encrypted(cluster: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """encryptionConfig covers secrets with a key of this stack or of the register {keys}; without it a key of AWS
    encrypts.
    """
    registered, register = given.get("keys", ()), "EKS-02.keys"
    if cluster.type == WRAPPED:
        yield from customer_key(cluster, "encryptionConfigKeyArn", stack, registered, register)
        return
    path, fix = "encryptionConfig", "set resources to secrets and provider.keyArn to a key of this stack"
    blocks = items(cluster.props, path)
    if not blocks:
        yield fail(path, "not set, so a key of AWS encrypts the secrets", fix)
    for where, _ in blocks:
        covered = as_list(literal(cluster.props, f"{where}.resources", []))
        if "secrets" not in covered:
            unsure = UNKNOWN in covered
            place = f"{where}.resources"
            yield undetermined(place) if unsure else fail(place, "leaves the secrets out", "add secrets")
        yield from customer_key(cluster, f"{where}.provider.keyArn", stack, registered, register)


@control(
    "EKS-03",
    title="Control-plane audit is kept",
    kind="stack",
    severity="medium",
    types=(CLUSTER, LOG_GROUP, WRAPPED),
    subjects=(CLUSTER, WRAPPED),
    basis=("5(2)", "32(1)(d)", "33(3)"),
    refs=("securityhub:EKS.8", "CKV_AWS_37", "trivy:AWS-0038", "CIS-EKS:2.1.1",
          "prowler:eks_control_plane_logging_all_types_enabled"),
)  # fmt: skip
def audit_is_kept(cluster: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """The logs api, audit and authenticator are on, which none is by default, and their log group is declared; its
    retention and key are LOG-02's matter.
    """
    path = "enabledClusterLogTypes"
    yield from parts(_logged(cluster, path), declared(cluster, "name", "/aws/eks/{}/cluster", stack))


def _logged(cluster: Resource, path: str) -> Iterator[Problem]:
    on = as_list(literal(cluster.props, path, []))
    missing = [log for log in KEPT if log not in on]
    if missing and UNKNOWN in on:
        yield undetermined(path)
    elif missing:
        yield fail(path, f"{', '.join(missing)} not logged", f"add {', '.join(missing)}")
