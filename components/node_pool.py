"""Node pools that grow and shrink with their pods."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_kubernetes as kubernetes

from components.accelerators import POOL
from components.efa import EfaGroup, EfaGroupArgs
from components.quantity import count, size

Capacity = Literal["reserved", "spot", "on-demand"]
"""How EC2 sells an instance, as Karpenter names it."""

OWN_ORDER: tuple[Capacity, ...] = ("reserved", "spot", "on-demand")
"""What Karpenter takes first if a node pool allows several (Karpenter, "NodePools", karpenter.sh/capacity-type)."""

LIFE_HOURS = 504
"""21 days, after which EKS ends a node of Auto Mode whatever its pool says (EKS user guide, "Auto Mode managed
instances")."""

DRAIN_HOURS = 24
"""Hours after which a node goes even if a pod resists; Auto Mode's own default ("Termination Grace Period")."""


@dataclass(frozen=True, kw_only=True)
class NodePoolsArgs:
    cluster_name: str
    """Start of the names of what is not in the cluster."""

    pool_name: str
    """Name of the node class, start of the names of the node pools, and the nodes' `seedbed.dev/pool`."""

    instance_types: Sequence[str]
    """Types that the pool may take; nothing else, so that price, cap and placement are known before."""

    capacity: Sequence[Capacity]
    """In order of preference, each once."""

    reservation_ids: Sequence[str]
    """Capacity reservations and capacity blocks that `reserved` stands for."""

    zone: str | None
    """The one zone of all nodes; None for any zone of the subnets."""

    efa: bool
    """Whether the nodes' network lets the Elastic Fabric Adapter through."""

    labels: Mapping[str, str]
    """Labels of the nodes beside `seedbed.dev/pool`."""

    taints: Sequence[Mapping[str, str]]

    resource: str
    """What the cap counts: cpu, or a GPU resource."""

    most: int
    """The cap: what all nodes of the pool together have of `resource` at most."""

    step: int
    """What the smallest node has of `resource`."""

    consolidation: Literal["WhenEmpty", "WhenEmptyOrUnderutilized"]
    """Whether pods may be moved so that fewer or cheaper nodes do."""

    idle_minutes: int
    """Minutes without a change of pods after which a node may go."""

    max_age_hours: int
    """Hours after which a node is replaced, which is how it gets patches; less than 504."""

    vpc_id: pulumi.Input[str]

    subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets."""

    security_group_id: pulumi.Input[str]
    """The cluster's own."""

    node_role: pulumi.Input[str]
    """Name of the nodes' IAM role, which the cluster lets in."""

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the nodes' disks."""

    disk_gib: int
    """Size of each node's disk, in GiB."""

    tags: Mapping[str, str]


class NodePools(pulumi.ComponentResource):
    """One node class and a node pool (Karpenter, part of EKS Auto Mode); more pools where the order is our own."""

    def __init__(self, name: str, args: NodePoolsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:node_pool:NodePools", name, vars(args), opts)

        groups = [args.security_group_id]
        if args.efa:
            fabric = EfaGroup(
                f"{name}-efa",
                EfaGroupArgs(
                    group_name=f"{args.cluster_name}-{args.pool_name}-efa", vpc_id=args.vpc_id, tags=args.tags
                ),
                pulumi.ResourceOptions(parent=self),
            )
            groups.append(fabric.id)
        metadata = {"labels": {POOL: args.pool_name}}
        node_class = kubernetes.apiextensions.CustomResource(
            f"{name}-class",
            api_version="eks.amazonaws.com/v1",
            kind="NodeClass",
            metadata={"name": args.pool_name, **metadata},
            spec=node_class_spec(args, groups),
            # It goes when its last node has gone.
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=pulumi.CustomTimeouts(delete="30m")),
        )
        for pool in ranked(args.pool_name, args.capacity, args.most, args.step):
            kubernetes.apiextensions.CustomResource(
                f"{name}-{'-'.join(pool.capacity)}",
                api_version="karpenter.sh/v1",
                kind="NodePool",
                # Its nodes are drained before it is gone, and it is gone before the network is.
                metadata={
                    "name": pool.name,
                    "annotations": {"pulumi.com/deletionPropagationPolicy": "foreground"},
                    **metadata,
                },
                spec=node_pool_spec(args, pool),
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=[node_class], custom_timeouts=pulumi.CustomTimeouts(delete="30m")
                ),
            )

        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """One node pool among those of a pool."""

    name: str
    capacity: tuple[Capacity, ...]
    weight: int | None
    """The higher, the earlier Karpenter takes it; None where there is no other."""

    limit: int


def ranked(pool: str, capacity: Sequence[Capacity], most: int, step: int) -> list[Ranked]:
    """Node pools that keep the order of `capacity` and together the cap `most`.

    Karpenter's own order needs one. Any other needs one a type, by weight, and each its part of the cap in whole nodes
    of `step`: a cap is a node pool's, there is none over several. Raises ValueError where the cap is too low for that.
    """
    if tuple(capacity) == tuple(kind for kind in OWN_ORDER if kind in capacity):
        return [Ranked(name=pool, capacity=tuple(capacity), weight=None, limit=most)]
    parts = whole_parts(most, step, len(capacity))
    return [
        Ranked(name=f"{pool}-{kind}", capacity=(kind,), weight=100 - 10 * place, limit=part)
        for place, (kind, part) in enumerate(zip(capacity, parts, strict=True))
    ]


def whole_parts(most: int, step: int, parts: int) -> list[int]:
    """`most` in `parts` multiples of `step`, which differ by one step at most, the first being the larger.

    What is no whole step is left out. Raises ValueError where a part would be nothing.
    """
    nodes = most // step
    if nodes < parts:
        raise ValueError(f"a cap of {most} is {nodes} nodes of {step} each, and {parts} groups need at least one each")
    return [step * (nodes // parts + (place < nodes % parts)) for place in range(parts)]


def node_class_spec(args: NodePoolsArgs, groups: Sequence[pulumi.Input[str]]) -> dict[str, Any]:
    """What the nodes are made of (EKS user guide, "Create a Node Class", "Node Class Specification").

    Network policies hold on them, and what they refuse is logged ("Use Network Policies with EKS Auto Mode").
    """
    spec: dict[str, Any] = {
        "role": args.node_role,
        "subnetSelectorTerms": [{"id": subnet} for subnet in args.subnet_ids],
        "securityGroupSelectorTerms": [{"id": group} for group in groups],
        "ephemeralStorage": {"size": size(args.disk_gib), "kmsKeyID": args.kms_key_arn},
        "networkPolicy": "DefaultAllow",
        "networkPolicyEventLogs": "Enabled",
        "tags": dict(args.tags),
    }
    if args.reservation_ids:
        spec["capacityReservationSelectorTerms"] = [{"id": reservation} for reservation in args.reservation_ids]
    return spec


def node_pool_spec(args: NodePoolsArgs, pool: Ranked) -> dict[str, Any]:
    """When there are nodes, which ones and until when (Karpenter v1, "NodePools" and "Disruption")."""
    requirements = [
        requirement("node.kubernetes.io/instance-type", args.instance_types),
        requirement("karpenter.sh/capacity-type", pool.capacity),
    ]
    if args.zone:
        requirements.append(requirement("topology.kubernetes.io/zone", [args.zone]))
    return {
        "template": {
            "metadata": {"labels": {POOL: args.pool_name, **args.labels}},
            "spec": {
                "nodeClassRef": {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": args.pool_name},
                "requirements": requirements,
                **({"taints": [dict(taint) for taint in args.taints]} if args.taints else {}),
                "expireAfter": f"{args.max_age_hours}h",
                "terminationGracePeriod": f"{drain_hours(args.max_age_hours)}h",
            },
        },
        "limits": {args.resource: count(pool.limit)},
        "disruption": {
            "consolidationPolicy": args.consolidation,
            "consolidateAfter": f"{args.idle_minutes}m",
            # Empty nodes cost and serve nobody: all at once. Nodes with pods go one in ten.
            "budgets": [
                {"nodes": "100%", "reasons": ["Empty"]},
                {"nodes": "10%", "reasons": ["Drifted", "Underutilized"]},
            ],
        },
        **({"weight": pool.weight} if pool.weight else {}),
    }


def drain_hours(max_age_hours: int) -> int:
    """Hours that a node's pods have to go: less than a day for a node that is nearly as old as Auto Mode lets it be."""
    return max(1, min(DRAIN_HOURS, LIFE_HOURS - max_age_hours))


def requirement(key: str, values: Sequence[str]) -> dict[str, Any]:
    """A node has one of these values."""
    return {"key": key, "operator": "In", "values": list(values)}
