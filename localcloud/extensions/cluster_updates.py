"""moto changes little of a cluster, lacks new versions and encryption, and knows of no update afterwards."""

import json
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions import cluster_rules as rules
from localcloud.extensions.cluster_access import admit
from localcloud.extensions.cluster_control_planes import keep_logs, occupy
from localcloud.extensions.cluster_records import Cluster, cluster, invalid, noted, page
from localcloud.extensions.cluster_versions import minor, require_version
from localcloud.refusal import Refusal

AUTO_MODE = ("computeConfig", "kubernetesNetworkConfig", "storageConfig")
TYPES = {
    "resourcesVpcConfig": "VpcConfigUpdate",
    "logging": "LoggingUpdate",
    "accessConfig": "AccessConfigUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
    "remoteNetworkConfig": "RemoteNetworkConfigUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
    "controlPlaneScalingConfig": "ControlPlaneScalingConfigUpdate",
}


@overlay.answers("eks", "UpdateClusterConfig")
def update(call: Call) -> dict[str, Any]:
    """One kind of change a request; Amazon EKS API Reference, UpdateClusterConfig."""
    known, given = cluster(call), call.input
    kinds = [name for name in TYPES if given.get(name) is not None]
    automatic = [name for name in AUTO_MODE if given.get(name) is not None]
    if not kinds and not automatic:
        raise invalid("The type for cluster update was not provided.")
    if len(kinds) + bool(automatic) > 1:
        raise invalid(f"Only one type of cluster update is allowed in a request; found {', '.join(kinds + automatic)}")
    if automatic:
        return _automatic(call, known)
    (kind,) = kinds
    if kind == "resourcesVpcConfig":
        return _network(call, known, given[kind])
    wanted = given[kind]
    if kind == "logging":
        wanted = rules.logging(wanted, rules.enabled_logs(known.said))
        if wanted == known.said["logging"]:
            raise invalid("No changes needed for the logging config provided")
    if kind == "accessConfig":
        wanted = {"authenticationMode": _mode(known, wanted.get("authenticationMode"))}
    known.said[kind] = wanted
    keep_logs(call, known)
    param = {
        "logging": "ClusterLogging",
        "accessConfig": "AuthenticationMode",
        "controlPlaneScalingConfig": "UpdatedTier",
    }
    return noted(known, TYPES[kind], {param.get(kind, kind[0].upper() + kind[1:]): json.dumps(wanted)})


def _mode(known: Cluster, wanted: str | None) -> str:
    """Amazon EKS User Guide, "Set up access entries": from the config map to entries, and never back."""
    found = known.said["accessConfig"]["authenticationMode"]
    if wanted not in rules.MODES or rules.MODES.index(wanted) - rules.MODES.index(found) not in (0, 1):
        raise invalid(f"Unsupported authentication mode update from {found} to {wanted}")
    if wanted == found:
        raise invalid(f"Cluster is already at the desired configuration with authentication mode: {wanted}")
    return wanted


def _automatic(call: Call, known: Cluster) -> dict[str, Any]:
    given = call.input
    wanted = rules.auto_mode(call, known.said, given)
    if wanted["computeConfig"]["enabled"]:
        rules.require_role(call, known.said["roleArn"], "sts:AssumeRole", "sts:TagSession")
        if known.said["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
            raise invalid("EKS Auto Mode requires the authentication mode API or API_AND_CONFIG_MAP")
    for name in ("serviceIpv4Cidr", "ipFamily"):
        if wanted["kubernetesNetworkConfig"][name] != known.said["kubernetesNetworkConfig"][name]:
            raise invalid(f"kubernetesNetworkConfig.{name} of a cluster cannot be changed")
    known.said |= wanted
    node_role = wanted["computeConfig"].get("nodeRoleArn")
    if node_role and node_role not in known.entries:
        admit(call, known, node_role, "EC2", "AmazonEKSAutoNodePolicy")
    params = {name[0].upper() + name[1:]: json.dumps(wanted[name]) for name in AUTO_MODE}
    return noted(known, "AutoModeUpdate", params)


def _network(call: Call, known: Cluster, given: dict[str, Any]) -> dict[str, Any]:
    network = known.said["resourcesVpcConfig"]
    is_access = any(name in given for name in ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs"))
    is_place = "subnetIds" in given or "securityGroupIds" in given
    if is_access and is_place:
        raise invalid("Only one type of update can be allowed: endpoint access, or subnets and security groups.")
    if is_access:
        access = rules.endpoint_access(given, network)
        if all(network[name] == value for name, value in access.items()):
            raise invalid(f"Cluster is already at the desired configuration with {access}")
        network |= access
        params = {name[0].upper() + name[1:]: json.dumps(value) for name, value in access.items()}
        return noted(known, "EndpointAccessUpdate", params)
    rules.require_subnets(call, given.get("subnetIds", network["subnetIds"]), network["vpcId"])
    rules.require_groups(call, given.get("securityGroupIds", []), network["vpcId"])
    network |= {name: given[name] for name in ("subnetIds", "securityGroupIds") if name in given}
    occupy(call, known)
    return noted(known, "VpcConfigUpdate", {"Subnets": json.dumps(network["subnetIds"])})


@overlay.answers("eks", "AssociateEncryptionConfig")
def encrypt(call: Call) -> dict[str, Any]:
    """Once, and for ever; Amazon EKS User Guide, "Encrypt Kubernetes secrets with KMS on existing clusters"."""
    known, wanted = cluster(call), call.input["encryptionConfig"]
    rules.require_encryption(call, wanted)
    if known.said.get("encryptionConfig"):
        raise Refusal("InvalidRequestException", "Encryption is already enabled on this cluster and cannot be changed")
    known.said["encryptionConfig"] = wanted
    return noted(known, "AssociateEncryptionConfig", {"EncryptionConfig": json.dumps(wanted)})


@overlay.answers("eks", "UpdateClusterVersion")
def upgrade(call: Call) -> dict[str, Any]:
    """One minor version at a time, and never back; Amazon EKS User Guide, "Update existing cluster to new version"."""
    known, wanted = cluster(call), call.input["version"]
    found = known.said["version"]
    require_version(wanted)
    if wanted == found:
        raise invalid(f"Cluster is already at the desired configuration with version: {wanted}")
    if minor(wanted) != minor(found) + 1:
        raise invalid(f"Unsupported Kubernetes minor version update from {found} to {wanted}")
    behind = [name for name, group in known.node_groups.items() if minor(wanted) - minor(group["version"]) > 3]
    if behind:
        raise invalid(f"Nodegroups {', '.join(sorted(behind))} must be updated to match cluster version {found} first")
    known.said["version"] = wanted
    return noted(known, "VersionUpdate", {"Version": wanted, "PlatformVersion": known.said["platformVersion"]})


@overlay.answers("eks", "DescribeUpdate")
def describe(call: Call) -> dict[str, Any]:
    """An update of the cluster, or of the add-on or node group that the request names."""
    known = cluster(call).updates.get(call.input["updateId"])
    of = {name: call.input[name] for name in ("addonName", "nodegroupName") if name in call.input}
    if known is None or {name: value for name, value in known.items() if name != "update"} != of:
        raise Refusal("ResourceNotFoundException", f"No update found for ID: {call.input['updateId']}", 404)
    return {"update": known["update"]}


@overlay.answers("eks", "ListUpdates")
def list_updates(call: Call) -> dict[str, Any]:
    """The ids of all updates of the cluster, or of its add-on or node group."""
    of = {name: call.input[name] for name in ("addonName", "nodegroupName") if name in call.input}
    ids = [
        one
        for one, known in cluster(call).updates.items()
        if {name: value for name, value in known.items() if name != "update"} == of
    ]
    return page(call, ids, "updateIds")
