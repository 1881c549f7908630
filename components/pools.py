"""Pools of nodes that teams and endpoints run on."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from components.accelerators import ACCELERATOR, GPU, PURPOSE, TAINT, pool_taint
from components.node_pool import Capacity, NodePools, NodePoolsArgs

Purpose = Literal["training", "serving", "any"]
"""What a pool is for: a training job loses work when it is moved, an endpoint does not."""


@dataclass(frozen=True, kw_only=True)
class GpuPoolArgs:
    cluster_name: str
    """Start of the names of what is not in the cluster."""

    pool_name: str
    """Unique in the cluster; workloads select the pool by the label `seedbed.dev/pool`."""

    accelerator: str
    """Model of the GPUs, for example a10g."""

    instance_types: Sequence[str]
    """Types that the pool may take, all with `gpus_per_node` GPUs of that model."""

    gpus_per_node: int

    capacity: Sequence[Capacity]
    """In order of preference, each once."""

    reservation_ids: Sequence[str]
    """Capacity reservations and capacity blocks that `reserved` stands for."""

    zone: str | None
    """The one zone of all nodes, which EFA needs; None for any zone of the subnets."""

    efa: bool
    """Whether the nodes' network lets the Elastic Fabric Adapter through; pods ask for `vpc.amazonaws.com/efa`."""

    max_gpus: int
    """The cap, in whole GPUs."""

    idle_minutes: int
    """Minutes without a change of pods after which a node may go."""

    max_age_hours: int
    """Hours after which a node is replaced; less than 504."""

    purpose: Purpose

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


class GpuPool(pulumi.ComponentResource):
    """Nodes with GPUs that are there while pods need them: never more than the cap, none at rest."""

    def __init__(self, name: str, args: GpuPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:pools:GpuPool", name, vars(args), opts)
        NodePools(
            f"{name}-nodes",
            NodePoolsArgs(
                cluster_name=args.cluster_name,
                pool_name=args.pool_name,
                instance_types=args.instance_types,
                capacity=args.capacity,
                reservation_ids=args.reservation_ids,
                zone=args.zone,
                efa=args.efa,
                labels={ACCELERATOR: args.accelerator, PURPOSE: args.purpose},
                taints=[TAINT],
                resource=GPU,
                most=args.max_gpus,
                step=args.gpus_per_node,
                consolidation="WhenEmpty" if args.purpose == "training" else "WhenEmptyOrUnderutilized",
                idle_minutes=args.idle_minutes,
                max_age_hours=args.max_age_hours,
                subnet_ids=args.subnet_ids,
                vpc_id=args.vpc_id,
                security_group_id=args.security_group_id,
                node_role=args.node_role,
                kms_key_arn=args.kms_key_arn,
                disk_gib=args.disk_gib,
                tags=args.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )

        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class CpuPoolArgs:
    cluster_name: str
    """Start of the names of what is not in the cluster."""

    pool_name: str
    """Unique in the cluster; workloads select the pool by the label `seedbed.dev/pool`."""

    instance_types: Sequence[str]
    """Types that the pool may take."""

    cpus_per_node: int
    """vCPUs of the smallest of these types."""

    capacity: Sequence[Capacity]
    """In order of preference, each once."""

    reservation_ids: Sequence[str]
    """Capacity reservations that `reserved` stands for."""

    zone: str | None
    """The one zone of all nodes, which EFA needs; None for any zone of the subnets."""

    efa: bool
    """Whether the nodes' network lets the Elastic Fabric Adapter through; pods ask for `vpc.amazonaws.com/efa`."""

    max_cpus: int
    """The cap, in vCPUs."""

    idle_minutes: int
    """Minutes without a change of pods after which a node may go."""

    max_age_hours: int
    """Hours after which a node is replaced; less than 504."""

    purpose: Purpose

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


class CpuPool(pulumi.ComponentResource):
    """Nodes without GPUs that are there while pods need them: never more than the cap, none at rest."""

    def __init__(self, name: str, args: CpuPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:pools:CpuPool", name, vars(args), opts)

        NodePools(
            f"{name}-nodes",
            NodePoolsArgs(
                cluster_name=args.cluster_name,
                pool_name=args.pool_name,
                instance_types=args.instance_types,
                capacity=args.capacity,
                reservation_ids=args.reservation_ids,
                zone=args.zone,
                efa=args.efa,
                labels={PURPOSE: args.purpose},
                # Karpenter would move whatever asks for no pool to these nodes, which then would never go.
                taints=[pool_taint(args.pool_name)],
                resource="cpu",
                most=args.max_cpus,
                step=args.cpus_per_node,
                consolidation="WhenEmpty" if args.purpose == "training" else "WhenEmptyOrUnderutilized",
                idle_minutes=args.idle_minutes,
                max_age_hours=args.max_age_hours,
                subnet_ids=args.subnet_ids,
                vpc_id=args.vpc_id,
                security_group_id=args.security_group_id,
                node_role=args.node_role,
                kms_key_arn=args.kms_key_arn,
                disk_gib=args.disk_gib,
                tags=args.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )

        self.register_outputs({})
