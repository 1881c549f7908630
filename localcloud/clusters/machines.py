"""The machines of managed node groups, as the nodes that they become."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.backends import backend_of
from localcloud.clusters.devices import advertised
from localcloud.clusters.instances import Instances
from localcloud.extensions.cluster_records import Cluster

GROUP_LABEL = "eks.amazonaws.com/nodegroup"
TOLD = "localcloud/told"
"""Annotation of a node: labels and taints that came from its group, so that others' stay."""

MACHINE = "localcloud/machine"
"""Annotation of a node: what cannot change while it lives."""

EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}


@dataclass(frozen=True)
class Machine:
    """One machine of a node group: the node's name, what its group says of it, and the whole node to begin with."""

    name: str
    labels: dict[str, str]
    taints: list[dict[str, str]]
    node: dict[str, Any]

    @property
    def identity(self) -> str:
        """What cannot change while it lives."""
        return self.node["metadata"]["annotations"][MACHINE]


def machines(record: Cluster, account: str, region: str, instances: Instances) -> Iterator[Machine]:
    """A machine for each interface that the account has placed for the cluster's node groups."""
    ec2 = backend_of("ec2", account, region)
    for name, group in record.node_groups.items():
        template = template_of(ec2, group)
        kind = instance_type(group, template)
        if kind not in instances:
            continue  # refused when the group was made; the table may have changed since
        # moto keeps user data as an object of its own
        user_data = str(template["UserData"]) if template.get("UserData") else None
        resource, units = advertised(instances[kind], user_data)
        capacity = instances[kind].capacity(resource, units, _disk_gib(group, template))
        for interface in record.node_interfaces.get(name, []):
            eni = ec2.enis.get(interface)
            if eni is not None:
                place = _place(eni, region)
                yield _machine(group, place, instances[kind].architecture, kind, capacity, instances)


def instance_of(interface: str) -> str:
    """Id of the instance that has this interface."""
    return interface.replace("eni-", "i-", 1)


def instance_type(group: dict[str, Any], template: dict[str, Any]) -> str:
    """The type of a group's machines: the template's, or the first that the group wants."""
    return template.get("InstanceType") or group.get("instanceTypes", ["t3.medium"])[0]


@dataclass(frozen=True)
class _Place:
    interface: str
    address: str
    zone: str
    zone_id: str
    region: str

    @property
    def node(self) -> str:
        """Amazon EC2 User Guide, "EC2 instance hostnames and domains"."""
        domain = "ec2.internal" if self.region == "us-east-1" else f"{self.region}.compute.internal"
        return f"ip-{self.address.replace('.', '-')}.{domain}"

    @property
    def instance(self) -> str:
        return instance_of(self.interface)


def _place(eni: Any, region: str) -> _Place:
    subnet = eni.subnet
    return _Place(eni.id, eni.private_ip_address, subnet.availability_zone, subnet.availability_zone_id, region)


def _machine(
    group: dict[str, Any], place: _Place, architecture: str, kind: str, capacity: dict[str, str], instances: Instances
) -> Machine:
    labels = _labels(group, place, architecture, kind)
    taints = [
        {"key": one["key"], "effect": EFFECTS[one["effect"]], **({"value": one["value"]} if one.get("value") else {})}
        for one in group["taints"]
    ]
    fixed = [kind, capacity, group["version"], group["releaseVersion"], group.get("launchTemplate", {}).get("version")]
    identity = hashlib.sha256(json.dumps([*fixed, place.interface], sort_keys=True).encode()).hexdigest()[:16]
    annotations = {TOLD: told(labels, taints), MACHINE: identity, "kwok.x-k8s.io/node": "fake"}
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": place.node, "labels": labels, "annotations": annotations},
        "spec": {"providerID": f"aws:///{place.zone}/{place.instance}", "taints": taints},
        "status": {
            "capacity": capacity,
            "allocatable": instances[kind].allocatable(capacity),
            "addresses": [
                {"type": "InternalIP", "address": place.address},
                {"type": "InternalDNS", "address": place.node},
                {"type": "Hostname", "address": place.node},
            ],
            "nodeInfo": _info(group, place, architecture),
        },
    }
    return Machine(place.node, labels, taints, node)


def told(labels: dict[str, str], taints: list[dict[str, str]]) -> str:
    """The annotation that keeps what a group said."""
    return json.dumps({"labels": labels, "taints": taints}, sort_keys=True)


def _labels(group: dict[str, Any], place: _Place, architecture: str, kind: str) -> dict[str, str]:
    """Amazon EKS User Guide, "Managed node groups"; Kubernetes, "Well-Known Labels, Annotations and Taints"."""
    template = group.get("launchTemplate")
    return {
        "kubernetes.io/arch": architecture,
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": place.node,
        "node.kubernetes.io/instance-type": kind,
        "topology.kubernetes.io/region": place.region,
        "topology.kubernetes.io/zone": place.zone,
        "topology.k8s.aws/zone-id": place.zone_id,
        "k8s.io/cloud-provider-aws": "local",
        "eks.amazonaws.com/capacityType": group["capacityType"],
        GROUP_LABEL: group["nodegroupName"],
        **(
            {
                "eks.amazonaws.com/sourceLaunchTemplateId": template["id"],
                "eks.amazonaws.com/sourceLaunchTemplateVersion": template["version"],
            }
            if template
            else {}
        ),
        **group["labels"],
    }


def _info(group: dict[str, Any], place: _Place, architecture: str) -> dict[str, str]:
    identity = hashlib.sha256(place.interface.encode()).hexdigest()[:32]
    image = "Bottlerocket" if "BOTTLEROCKET" in group["amiType"] else "Amazon Linux 2023"
    return {
        "architecture": architecture,
        "bootID": identity,
        "machineID": identity,
        "systemUUID": identity,
        "containerRuntimeVersion": "containerd://on-paper",
        "kernelVersion": "on-paper",
        "kubeletVersion": f"v{group['version']}.0-eks-on-paper",
        "kubeProxyVersion": "",
        "operatingSystem": "linux",
        "osImage": f"{image} ({group['amiType']})",
    }


def template_of(ec2: Any, group: dict[str, Any]) -> dict[str, Any]:
    """What the launch template of a group says of its machines; empty where it has none."""
    said = group.get("launchTemplate")
    found = ec2.launch_templates.get(said["id"]) if said else None
    return found.versions[int(said["version"]) - 1].data if found and said else {}


def _disk_gib(group: dict[str, Any], template: dict[str, Any]) -> int:
    sizes = [int(one.get("Ebs", {}).get("VolumeSize") or 0) for one in template.get("BlockDeviceMappings") or []]
    return max([int(group.get("diskSize") or 20), *sizes])
