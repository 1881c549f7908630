"""moto's node groups take what EKS refuses, drop how they are updated and repaired, and leave their network at once."""

import json
import re
import secrets
import uuid
from typing import Any

from localcloud import overlay
from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.extensions import cluster_node_rules as rules
from localcloud.extensions.cluster_access import admit
from localcloud.extensions.cluster_records import Cluster, arn, cluster, in_use, invalid, noted, now, page
from localcloud.extensions.service_interfaces import place, remove
from localcloud.refusal import Refusal

TAINTS = ("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE")


@overlay.answers("eks", "CreateNodegroup")
def create(call: Call) -> dict[str, Any]:
    """Amazon EKS API Reference, CreateNodegroup; it is active at once, its nodes have interfaces in its subnets."""
    owner, given, name = cluster(call), call.input, call.input["nodegroupName"]
    if name in owner.node_groups:
        raise in_use(f"NodeGroup already exists with name {name} and cluster name {owner.name}")
    if not re.fullmatch(r"[0-9A-Za-z][A-Za-z0-9_-]{0,62}", name):
        raise invalid(f"nodegroupName: found {name}, allowed are at most 63 letters, numbers, hyphens and underscores")
    rules.require_role(call, given["nodeRole"])
    rules.require_subnets(call, owner, given["subnets"])
    version = given.get("version", owner.said["version"])
    rules.require_version(owner, version)
    template = rules.template(call, given)
    scaling = rules.scaling(given.get("scalingConfig", {"minSize": 1, "maxSize": 2, "desiredSize": 2}))
    rules.require_taints(given.get("taints", []))
    moment, identity = now(), str(uuid.uuid4())
    made = {
        "nodegroupName": name,
        "nodegroupArn": arn(call, "nodegroup", owner.name, name, identity),
        "clusterName": owner.name,
        "version": version,
        "releaseVersion": given.get("releaseVersion", f"{version}.0-20260101"),
        "createdAt": moment,
        "modifiedAt": moment,
        "status": "ACTIVE",
        "capacityType": given.get("capacityType", "ON_DEMAND"),
        "scalingConfig": scaling,
        "subnets": given["subnets"],
        "amiType": rules.image(call, given, template),
        "nodeRole": given["nodeRole"],
        "labels": given.get("labels", {}),
        "taints": given.get("taints", []),
        "resources": {"autoScalingGroups": [{"name": f"eks-{name}-{identity}"}]},
        "health": {"issues": []},
        "updateConfig": given.get("updateConfig", {"maxUnavailable": 1}),
        "nodeRepairConfig": given.get("nodeRepairConfig", {"enabled": False}),
        "tags": given.get("tags", {}),
        **({"remoteAccess": given["remoteAccess"]} if "remoteAccess" in given else {}),
        **({"launchTemplate": template} if template else {}),
    }
    if not template or not rules.data(call, template).get("InstanceType"):
        made["instanceTypes"] = given.get("instanceTypes", ["t3.medium"])
    if not template:
        made["diskSize"] = given.get("diskSize", 20)
    owner.node_groups[name] = made
    staff(call, owner, made)
    if owner.said["accessConfig"]["authenticationMode"] != "CONFIG_MAP":
        kind = "EC2_WINDOWS" if str(made["amiType"]).startswith("WINDOWS") else "EC2_LINUX"
        admit(call, owner, given["nodeRole"], kind)
    return {"nodegroup": {**made, "status": "CREATING"}}


@overlay.answers("eks", "DescribeNodegroup")
def describe(call: Call) -> dict[str, Any]:
    """One node group."""
    return {"nodegroup": _known(call, cluster(call))}


@overlay.answers("eks", "ListNodegroups")
def list_groups(call: Call) -> dict[str, Any]:
    """The names."""
    return page(call, sorted(cluster(call).node_groups), "nodegroups")


@overlay.answers("eks", "UpdateNodegroupConfig")
def update(call: Call) -> dict[str, Any]:
    """Labels, taints, size, and how it is updated and repaired; Amazon EKS API Reference, UpdateNodegroupConfig."""
    owner, given = cluster(call), call.input
    known = _known(call, owner)
    labels, taints = given.get("labels", {}), given.get("taints", {})
    added, removed = taints.get("addOrUpdateTaints", []), taints.get("removeTaints", [])
    rules.require_taints(added)
    scaling = rules.scaling({**known["scalingConfig"], **given.get("scalingConfig", {})})
    kept = {name: text for name, text in known["labels"].items() if name not in labels.get("removeLabels", [])}
    replaced = {(one["key"], one["effect"]) for one in (*added, *removed)}
    known |= {
        "labels": {**kept, **labels.get("addOrUpdateLabels", {})},
        "taints": [one for one in known["taints"] if (one["key"], one["effect"]) not in replaced] + added,
        "scalingConfig": scaling,
        "modifiedAt": now(),
    }
    known |= {name: given[name] for name in ("updateConfig", "nodeRepairConfig") if name in given}
    staff(call, owner, known)
    params = (
        {"MinSize": str(scaling["minSize"]), "MaxSize": str(scaling["maxSize"])} if "scalingConfig" in given else {}
    )
    params |= {"LabelsToAdd": json.dumps(labels["addOrUpdateLabels"])} if labels.get("addOrUpdateLabels") else {}
    params |= {"TaintsToAdd": json.dumps(added)} if added else {}
    return noted(owner, "ConfigUpdate", params, nodegroupName=known["nodegroupName"])


@overlay.answers("eks", "UpdateNodegroupVersion")
def upgrade(call: Call) -> dict[str, Any]:
    """A newer Kubernetes, image or template; Amazon EKS API Reference, UpdateNodegroupVersion."""
    owner, given = cluster(call), call.input
    known = _known(call, owner)
    version = given.get("version", owner.said["version"] if "launchTemplate" not in given else known["version"])
    rules.require_version(owner, version, since=known["version"])
    if "launchTemplate" in given:
        if "launchTemplate" not in known:
            raise invalid("A launch template cannot be given to a node group that was made without one")
        wanted = rules.template(call, {"launchTemplate": given["launchTemplate"]})
        if wanted["id"] != known["launchTemplate"]["id"]:
            raise invalid("The launch template of a node group cannot be changed to another, only its version")
        known["launchTemplate"] = wanted
    if version != known["version"]:
        known |= {"version": version, "releaseVersion": f"{version}.0-20260101"}
    known |= {"releaseVersion": given.get("releaseVersion", known["releaseVersion"]), "modifiedAt": now()}
    params = {"Version": version, "ReleaseVersion": known["releaseVersion"]}
    return noted(owner, "VersionUpdate", params, nodegroupName=known["nodegroupName"])


@overlay.answers("eks", "DeleteNodegroup")
def delete(call: Call) -> dict[str, Any]:
    """With its nodes."""
    owner = cluster(call)
    known = _known(call, owner)
    remove(call, owner.node_interfaces.pop(known["nodegroupName"], []))
    del owner.node_groups[known["nodegroupName"]]
    return {"nodegroup": {**known, "status": "DELETING"}}


def _known(call: Call, owner: Cluster) -> dict[str, Any]:
    found = owner.node_groups.get(call.input["nodegroupName"])
    if found is None:
        raise Refusal("ResourceNotFoundException", f"No node group found for name: {call.input['nodegroupName']}.", 404)
    return found


def staff(call: Call, owner: Cluster, group: dict[str, Any]) -> None:
    """As many interfaces as nodes are wanted, spread over the group's subnets."""
    held = owner.node_interfaces.setdefault(group["nodegroupName"], [])
    wanted = group["scalingConfig"]["desiredSize"]
    remove(call, held[wanted:])
    del held[wanted:]
    ec2 = backend_of("ec2", call.account, call.region)
    security_group = owner.said["resourcesVpcConfig"]["clusterSecurityGroupId"]
    while len(held) < wanted:
        where = next_subnet(ec2, group, held)
        held += place(call, [where], [security_group], f"aws-K8S-i-{secrets.token_hex(8)}", "interface")


def next_subnet(ec2: Any, group: dict[str, Any], held: list[str]) -> str:
    """Where the next node comes: the first of the subnets with the fewest."""
    there = [ec2.enis[one].subnet.id for one in held if one in ec2.enis]
    return min(group["subnets"], key=there.count)
