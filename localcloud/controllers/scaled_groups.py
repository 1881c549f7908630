"""Managed node groups as the Cluster Autoscaler sees them in the account, and what the market has for them."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.backends import backend_of
from localcloud.clusters.instances import EFA, Instances
from localcloud.clusters.machines import EFFECTS, GROUP_LABEL, instance_of, instance_type, template_of
from localcloud.controllers.scaling_choices import Group, Object, as_new, group_of, is_ready
from localcloud.extensions.cluster_node_groups import next_subnet
from localcloud.extensions.cluster_records import Cluster
from localcloud.extensions.service_interfaces import find_subnet

RESOURCES = "k8s.io/cluster-autoscaler/node-template/resources/"
PODS = "110"
"""How many pods the program thinks that any new node takes."""


def groups(
    record: Cluster,
    account: str,
    region: str,
    instances: Instances,
    nodes: Iterable[Object],
    market: Mapping[str, Any],
) -> list[Group]:
    """All of a cluster whose machines are known. A new node is like one that is there, or else what type, EKS and the
    group's tags say of it (Cluster Autoscaler on AWS, "Auto-Discovery Setup")."""
    ec2 = backend_of("ec2", account, region)
    there = list(nodes)
    found = []
    for name, group in list(record.node_groups.items()):
        template = template_of(ec2, group)
        kind = instance_type(group, template)
        if kind not in instances:
            continue
        held = record.node_interfaces.get(name, [])
        zones = [find_subnet(ec2, one).availability_zone for one in group["subnets"]]
        zone = find_subnet(ec2, next_subnet(ec2, group, held)).availability_zone
        like = next((one for one in there if group_of(one) == name and is_ready(one)), None)
        sizes = group["scalingConfig"]
        found.append(
            Group(
                name=name,
                scaling_name=group["resources"]["autoScalingGroups"][0]["name"],
                least=sizes["minSize"],
                desired=sizes["desiredSize"],
                most=sizes["maxSize"],
                node=as_new(like) if like else new_node(group, kind, zone, region, instances),
                is_sold_out=is_sold_out(market, kind, way(group, template), zones, len(held)),
                instances=tuple(instance_of(one) for one in held),
            )
        )
    return found


def way(group: Mapping[str, Any], template: Mapping[str, Any]) -> str:
    """How a group buys, as the market names it, or the reservation that it uses."""
    said = template.get("CapacityReservationSpecification") or {}
    reserved = (said.get("CapacityReservationTarget") or {}).get("CapacityReservationId")
    return reserved or {"SPOT": "spot", "ON_DEMAND": "on-demand"}.get(group["capacityType"], group["capacityType"])


def is_sold_out(market: Mapping[str, Any], kind: str, bought: str, zones: Iterable[str], count: int) -> bool:
    """Whether no further instance can be had in any of the zones; a reservation that the market knows has so many."""
    for one in market["reservations"]:
        if one["id"] == bought:
            return count >= one["totalInstanceCount"]
    if bought not in ("spot", "on-demand"):
        return False
    return all(
        any(
            lot["instanceType"] in ("*", kind) and lot["zone"] in ("*", zone) and lot["capacityType"] in ("*", bought)
            for lot in market["soldOut"]
        )
        for zone in zones
    )


def new_node(group: Mapping[str, Any], kind: str, zone: str, region: str, instances: Instances) -> Object:
    """What the program takes a first node for: whole GPUs and no EFA, unless tags of the group say otherwise."""
    one = instances[kind]
    known = {key: value for key, value in one.capacity().items() if key not in (EFA, "ephemeral-storage")}
    tagged = {key.removeprefix(RESOURCES): value for key, value in group["tags"].items() if key.startswith(RESOURCES)}
    return {
        "metadata": {
            "name": "new",
            "labels": {
                "kubernetes.io/arch": one.architecture,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": kind,
                "topology.kubernetes.io/region": region,
                "topology.kubernetes.io/zone": zone,
                "eks.amazonaws.com/capacityType": group["capacityType"],
                GROUP_LABEL: group["nodegroupName"],
                **group["labels"],
            },
        },
        "spec": {
            "taints": [
                {"key": taint["key"], "value": taint.get("value", ""), "effect": EFFECTS[taint["effect"]]}
                for taint in group["taints"]
            ]
        },
        "status": {"allocatable": {**known, "pods": PODS, **tagged}},
    }
