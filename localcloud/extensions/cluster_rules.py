"""moto's clusters take networks, roles, keys and settings that EKS refuses."""

import re
from typing import Any

from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.extensions.cluster_records import invalid, role, trusts
from localcloud.extensions.key_users import find
from localcloud.extensions.service_interfaces import subnet

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""Amazon EKS API Reference, LogSetup."""

NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}")
NODE_POOLS = {"general-purpose", "system"}
MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
"""Authentication modes in the order in which a cluster may go through them."""


def require_name(name: str) -> None:
    """Amazon EKS API Reference, CreateCluster."""
    if not NAME.fullmatch(name):
        raise invalid(
            f"The cluster name '{name}' is invalid. It must begin with a letter or a number and have at most 100 "
            "letters, numbers, hyphens and underscores."
        )


def require_role(call: Call, name: str, *actions: str) -> None:
    """The cluster's role exists, lets EKS take it on, and has a policy; Amazon EKS User Guide, "Cluster IAM role"."""
    known = role(call, name)
    if known is None or not trusts(known, "eks.amazonaws.com", *actions):
        raise invalid(
            f"Role with arn: {name}, could not be assumed because it does not exist or the trusted entity is not "
            f"correct (it must let eks.amazonaws.com do {', '.join(actions)})"
        )
    if not known.managed_policies and not known.policies:
        raise invalid(
            "The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the "
            f"following policy is attached: arn:aws:iam::aws:policy/AmazonEKSClusterPolicy (role {name})"
        )


def require_subnets(call: Call, names: list[str], vpc: str | None = None) -> str:
    """The subnets exist, are of one VPC and lie in two zones; gives the VPC's id.

    Amazon EKS User Guide, "View Amazon EKS networking requirements for VPC and subnets".
    """
    found = [subnet(call, name) for name in names]
    for name, known in zip(names, found, strict=True):
        if known is None:
            raise invalid(f"The subnet ID '{name}' does not exist (Service: AmazonEC2, InvalidSubnetID.NotFound)")
    if len({known.availability_zone for known in found}) < 2:
        raise invalid("Subnets specified must be in at least two different AZs")
    vpcs = {known.vpc_id for known in found} | ({vpc} if vpc else set())
    if len(vpcs) > 1:
        raise invalid(f"Subnets specified must be in one VPC; found {', '.join(sorted(vpcs))}")
    return vpcs.pop()


def require_groups(call: Call, names: list[str], vpc: str) -> None:
    """The security groups exist in the VPC."""
    ec2 = backend_of("ec2", call.account, call.region)
    for name in names:
        known = ec2.get_security_group_from_id(name)
        if known is None or known.vpc_id != vpc:
            raise invalid(f"The security group '{name}' does not exist in VPC '{vpc}'")


def endpoint_access(given: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Who reaches the API server: what is given, else what was known; Amazon EKS User Guide, "Cluster API endpoint"."""
    is_public = given.get("endpointPublicAccess", known["endpointPublicAccess"])
    is_private = given.get("endpointPrivateAccess", known["endpointPrivateAccess"])
    ranges = given.get("publicAccessCidrs", known["publicAccessCidrs"])
    if not (is_public or is_private):
        raise invalid("Private and public endpoint access cannot be false")
    if given.get("publicAccessCidrs") and not is_public:
        raise invalid("publicAccessCidrs can only be given where endpointPublicAccess is true")
    return {
        "endpointPublicAccess": is_public,
        "endpointPrivateAccess": is_private,
        "publicAccessCidrs": (ranges or ["0.0.0.0/0"]) if is_public else [],
    }


def logging(given: dict[str, Any], known: tuple[str, ...] = ()) -> dict[str, Any]:
    """Which log types are on, as EKS tells it, after a request that switches some on or off."""
    enabled = set(known)
    for setup in given.get("clusterLogging", []):
        types = set(setup.get("types", []))
        if types - set(LOG_TYPES):
            raise invalid(f"logging: found {', '.join(sorted(types - set(LOG_TYPES)))}, allowed {', '.join(LOG_TYPES)}")
        enabled = enabled | types if setup.get("enabled") else enabled - types
    parts = (([one for one in LOG_TYPES if one in enabled], True), ([o for o in LOG_TYPES if o not in enabled], False))
    return {"clusterLogging": [{"types": types, "enabled": is_on} for types, is_on in parts if types]}


def enabled_logs(said: dict[str, Any]) -> tuple[str, ...]:
    """The log types that are on."""
    return tuple(one for setup in said["logging"]["clusterLogging"] if setup["enabled"] for one in setup["types"])


def require_encryption(call: Call, given: list[dict[str, Any]]) -> None:
    """One symmetric key of this region, for secrets; Amazon EKS User Guide, "Encrypt Kubernetes secrets with KMS"."""
    for config in given:
        name = config.get("provider", {}).get("keyArn", "")
        key = find(call, name)
        if key is None or key.key_state != "Enabled" or key.key_spec != "SYMMETRIC_DEFAULT":
            raise invalid(f"encryptionConfig: the key {name} is not an enabled, symmetric key of {call.region}")
        if config.get("resources") != ["secrets"]:
            raise invalid(f"encryptionConfig: resources must be [secrets], found {config.get('resources')}")


def auto_mode(call: Call, said: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Compute, storage and load balancing of Auto Mode after a request: all three on or all three off.

    Amazon EKS User Guide, "Enable EKS Auto Mode on an existing cluster".
    """
    compute = {**said.get("computeConfig", {"enabled": False}), **given.get("computeConfig", {})}
    storage = {**said.get("storageConfig", {}), **given.get("storageConfig", {})}
    network = {**said.get("kubernetesNetworkConfig", {}), **given.get("kubernetesNetworkConfig", {})}
    storage.setdefault("blockStorage", {"enabled": False})
    network.setdefault("elasticLoadBalancing", {"enabled": False})
    found = {compute["enabled"], storage["blockStorage"]["enabled"], network["elasticLoadBalancing"]["enabled"]}
    if len(found) > 1:
        raise invalid(
            "For EKS Auto Mode, please ensure that all required configs, including computeConfig, "
            "kubernetesNetworkConfig, and blockStorage are all either fully enabled or fully disabled."
        )
    if compute["enabled"]:
        pools, node_role = set(compute.get("nodePools", [])), compute.get("nodeRoleArn")
        if pools - NODE_POOLS:
            raise invalid(f"computeConfig.nodePools: found {sorted(pools)}, allowed {sorted(NODE_POOLS)}")
        if bool(pools) != bool(node_role):
            raise invalid("When Compute Config nodeRoleArn is not null or empty, nodePool value(s) must be provided.")
        if node_role and role(call, node_role) is None:
            raise invalid(f"computeConfig.nodeRoleArn: the role {node_role} does not exist")
    else:
        compute = {"enabled": False, "nodePools": []}
    return {"computeConfig": compute, "storageConfig": storage, "kubernetesNetworkConfig": network}
