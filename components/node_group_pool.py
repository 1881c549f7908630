"""Pools of nodes whose GPUs are partitioned, shared, or bought as a block."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.accelerators import ACCELERATOR, EFA, PARTITION, POOL, PURPOSE, SHARE, TAINT, gpu_resource
from components.bottlerocket import gpu_settings, user_data
from components.efa import EfaGroup, EfaGroupArgs
from components.node_pool import Capacity, whole_parts
from components.pools import Purpose

AUTOSCALER_GPUS = "k8s.amazonaws.com/accelerator"
"""Label by which the Cluster Autoscaler knows that a node without GPUs is one whose GPUs are not told of yet (Cluster
Autoscaler on AWS, "Special note on GPU instances")."""

NODE_RESOURCE = "k8s.io/cluster-autoscaler/node-template/resources"
"""Start of the tags that tell it what a node has where there is none yet (there, "Auto-Discovery Setup")."""

EFA_RESOURCE = "vpc.amazonaws.com/efa"

SYSTEM_DISK_GIB = 4
"""Disk of Bottlerocket's own, beside the one of its containers (Bottlerocket, "default volumes")."""


@dataclass(frozen=True, kw_only=True)
class NodeGroupPoolArgs:
    cluster_name: str
    """Start of the names of groups and templates."""

    cluster: pulumi.Input[str]
    """The same name, known once the cluster answers."""

    pool_name: str
    """Unique in the cluster; workloads select the pool by the label `seedbed.dev/pool`."""

    accelerator: str
    """Model of the GPUs, for example a100."""

    instance_types: Sequence[str]
    """Types that the pool may take, all with `gpus_per_node` GPUs of that model; one alone for capacity blocks."""

    gpus_per_node: int

    units_per_node: int
    """What a node offers to pods: its GPUs, or all their parts or turns."""

    partition: str | None
    """MIG profile into which every GPU is cut, for example 3g.20gb."""

    share: int | None
    """Pods that take turns on a GPU, 2 or more; not with `partition`."""

    capacity: Sequence[Capacity]
    """How the nodes are bought, each once; a group a kind."""

    reservation_ids: Sequence[str]
    """Capacity reservations that `reserved` stands for; a group each."""

    capacity_block_ids: Sequence[str]
    """Capacity blocks that `reserved` stands for; a group each."""

    efa_interfaces: int
    """Interfaces of the Elastic Fabric Adapter that the type has; 0 for none."""

    max_gpus: int
    """The cap, in whole GPUs; room for a node in each group at least."""

    purpose: Purpose

    vpc_id: pulumi.Input[str]

    subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets; of one zone alone for capacity blocks and EFA."""

    security_group_id: pulumi.Input[str]
    """The cluster's own."""

    role_arn: pulumi.Input[str]
    """Role of the nodes, known once it has its rights and the network add-ons are there: a node waits for both."""

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the disks."""

    disk_gib: int
    """Size of each node's disk for images and containers, in GiB."""

    tags: Mapping[str, str]


class NodeGroupPool(pulumi.ComponentResource):
    """Managed node groups with Bottlerocket: what Karpenter in EKS Auto Mode cannot set up, under either compute."""

    group_names: list[str]
    """In the order in which the pool wants them."""

    def __init__(self, name: str, args: NodeGroupPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:node_group_pool:NodeGroupPool", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        groups = [args.security_group_id]
        if args.efa_interfaces:
            fabric = EfaGroup(
                f"{name}-efa",
                EfaGroupArgs(
                    group_name=f"{args.cluster_name}-{args.pool_name}-efa", vpc_id=args.vpc_id, tags=args.tags
                ),
                child,
            )
            groups.append(fabric.id)
        sources = ways(args.capacity, args.reservation_ids, args.capacity_block_ids)
        for source, most in zip(sources, whole_parts(args.max_gpus, args.gpus_per_node, len(sources)), strict=True):
            self._group(f"{name}-{source.name}", args, source, most // args.gpus_per_node, groups)

        self.group_names = [group_name(args, source) for source in sources]
        self.register_outputs({"group_names": self.group_names})

    def _group(
        self, name: str, args: NodeGroupPoolArgs, source: Way, count_max: int, groups: Sequence[pulumi.Input[str]]
    ) -> None:
        child = pulumi.ResourceOptions(parent=self)
        own_name = group_name(args, source)
        tags = {**args.tags, "Name": own_name}
        settings = gpu_settings(args.accelerator, args.partition, args.share)
        block = source.capacity_type == "CAPACITY_BLOCK"
        template = aws.ec2.LaunchTemplate(
            f"{name}-template",
            name=own_name,
            update_default_version=True,
            block_device_mappings=[disk("/dev/xvda", SYSTEM_DISK_GIB, args), disk("/dev/xvdb", args.disk_gib, args)],
            # A pod one hop further gets no answer: its own identity is the only one that it has.
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            network_interfaces=interfaces(args.efa_interfaces, groups),
            tag_specifications=[{"resource_type": kind, "tags": tags} for kind in ("instance", "volume")],
            tags=tags,
            user_data=user_data(settings) if settings else None,
            **bought(source, args.instance_types),
            opts=child,
        )
        aws.eks.NodeGroup(
            f"{name}-group",
            cluster_name=args.cluster,
            node_group_name=own_name,
            node_role_arn=args.role_arn,
            subnet_ids=args.subnet_ids,
            ami_type="BOTTLEROCKET_x86_64_NVIDIA",
            capacity_type=source.capacity_type,
            instance_types=None if block else list(args.instance_types),
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            # None at rest; who adds nodes keeps the number from then on.
            scaling_config={"min_size": 0, "desired_size": 0, "max_size": count_max},
            update_config={"max_unavailable_percentage": 33},
            node_repair_config={"enabled": True},
            labels={
                POOL: args.pool_name,
                ACCELERATOR: args.accelerator,
                AUTOSCALER_GPUS: args.accelerator,
                PURPOSE: args.purpose,
                **({PARTITION: args.partition} if args.partition else {}),
                **({SHARE: str(args.share)} if args.share else {}),
                **({EFA: "true"} if args.efa_interfaces else {}),
            },
            taints=[{"key": TAINT["key"], "value": TAINT["value"], "effect": "NO_SCHEDULE"}],
            tags={
                **args.tags,
                f"{NODE_RESOURCE}/{gpu_resource(args.partition)}": str(args.units_per_node),
                **({f"{NODE_RESOURCE}/{EFA_RESOURCE}": str(args.efa_interfaces)} if args.efa_interfaces else {}),
            },
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["scalingConfig.desiredSize"]),
        )


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to come by nodes."""

    name: str
    """End of the group's name."""

    capacity_type: str
    """As EKS names it."""

    reservation_id: str | None


def group_name(args: NodeGroupPoolArgs, way: Way) -> str:
    """Name of the group that buys in this way."""
    return f"{args.cluster_name}-{args.pool_name}-{way.name}"


def ways(capacity: Sequence[Capacity], reservations: Sequence[str], blocks: Sequence[str]) -> list[Way]:
    """Each way in the order of `capacity`: a group of nodes is bought in one way alone (EKS user guide, "Manage compute
    for AI/ML workloads with node groups")."""
    reserved = [
        *(Way(name=id_, capacity_type="ON_DEMAND", reservation_id=id_) for id_ in reservations),
        *(Way(name=id_, capacity_type="CAPACITY_BLOCK", reservation_id=id_) for id_ in blocks),
    ]
    by_kind = {
        "reserved": reserved,
        "spot": [Way(name="spot", capacity_type="SPOT", reservation_id=None)],
        "on-demand": [Way(name="on-demand", capacity_type="ON_DEMAND", reservation_id=None)],
    }
    return [way for kind in capacity for way in by_kind[kind]]


def bought(way: Way, instance_types: Sequence[str]) -> dict[str, Any]:
    """What a launch template says of a reservation (EKS user guide, "Managed node group with Capacity Blocks").

    Raises ValueError for a block and several types.
    """
    if way.reservation_id is None:
        return {}
    target = {"capacity_reservation_target": {"capacity_reservation_id": way.reservation_id}}
    if way.capacity_type != "CAPACITY_BLOCK":
        return {"capacity_reservation_specification": target}
    if len(instance_types) != 1:
        raise ValueError(f"{way.name}: found {', '.join(instance_types)}; a capacity block is of one instance type")
    return {
        "capacity_reservation_specification": target,
        "instance_market_options": {"market_type": "capacity-block"},
        "instance_type": instance_types[0],
    }


def interfaces(efa: int, groups: Sequence[pulumi.Input[str]]) -> list[Any]:
    """Network interfaces without a public address: the first for all traffic, each further card for EFA alone (EC2 user
    guide, "Maximize network bandwidth on instances with multiple network cards")."""
    first: dict[str, Any] = {
        "associate_public_ip_address": "false",
        "delete_on_termination": "true",
        "security_groups": list(groups),
    }
    if efa == 0:
        return [first]
    more = [
        {
            "network_card_index": card,
            "device_index": 1,
            "interface_type": "efa-only",
            "delete_on_termination": "true",
            "security_groups": list(groups),
        }
        for card in range(1, efa)
    ]
    # EC2 gives no address by itself where there are several interfaces, and refuses to be told so.
    several = {key: value for key, value in first.items() if key != "associate_public_ip_address"} if more else first
    return [{"network_card_index": 0, "device_index": 0, "interface_type": "efa", **several}, *more]


def disk(device: str, gib: int, args: NodeGroupPoolArgs) -> Any:
    """An encrypted disk that goes with its node."""
    return {
        "device_name": device,
        "ebs": {
            "encrypted": "true",
            "kms_key_id": args.kms_key_arn,
            "volume_size": gib,
            "volume_type": "gp3",
            "delete_on_termination": "true",
        },
    }
