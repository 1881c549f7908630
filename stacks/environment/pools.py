"""Nodes that come and go with the work."""

from collections.abc import Sequence

import pulumi

from components.cluster import Cluster
from components.efa_plugin import EfaPlugin, EfaPluginArgs
from components.node_group_pool import NodeGroupPool, NodeGroupPoolArgs
from components.node_group_role import NodeGroupRole, NodeGroupRoleArgs
from components.node_group_scaler import NodeGroupScaler, NodeGroupScalerArgs
from components.order import once
from components.pool_rights import PoolRights, PoolRightsArgs
from components.pools import CpuPool, CpuPoolArgs, GpuPool, GpuPoolArgs
from stacks.environment.foundation import Foundation
from stacks.instances import pieces, pool_types, served_by, table
from stacks.settings import Pool, Settings

DISK_GIB = {"gpu": 200, "cpu": 100}
"""Disk of a node for images and containers: a training image with its libraries takes 20 GiB, and several lie there."""


IDLE_MINUTES = 10
"""After which a system node goes that nothing needs."""


def pools(settings: Settings, base: Foundation, there: Cluster, opts: pulumi.ResourceOptions) -> None:
    """Every pool of the file, and what they need of the account."""
    wanted = settings.environment.pools
    grouped = [pool for pool in wanted if served_by(pool) == "node-group"]
    scaled = [pool for pool in wanted if served_by(pool) == "karpenter"]
    groups: list[list[str]] = []
    if scaled:
        rights = PoolRights(
            "pool-rights",
            PoolRightsArgs(
                cluster_name=settings.prefix,
                role=there.role_name,
                kms_aliases=[base.keys.aliases["internal"]],
                account=settings.account,
                region=settings.region,
            ),
            opts,
        )
        # The cluster is there before its role gets the rights by name.
        role = once(there.node_role_name, there.cluster_name, rights.id)
        for pool in scaled:
            _karpenter(settings, base, there, pool, role, opts)
    if grouped:
        made = NodeGroupRole(
            "pool-nodes",
            NodeGroupRoleArgs(
                role_name=f"{settings.prefix}-pools",
                region=settings.region,
                permissions_boundary=base.permissions_boundary,
                tags=settings.tags,
            ),
            opts,
        )
        arn = once(made.arn, *there.node_add_ons)
        groups = [_group(settings, base, there, pool, arn, opts).group_names for pool in grouped]
        if any(pool.efa for pool in grouped):
            EfaPlugin("efa-plugin", EfaPluginArgs(image=settings.image("aws-efa-k8s-device-plugin")), opts)
    if groups or there.node_group:
        # It knows one time for all groups: nobody's nodes go before theirs.
        idle = max((pool.idle_minutes for pool in grouped), default=IDLE_MINUTES)
        _scaler(settings, base, there, groups, idle, opts)


def _scaler(
    settings: Settings,
    base: Foundation,
    there: Cluster,
    groups: Sequence[Sequence[str]],
    idle_minutes: int,
    opts: pulumi.ResourceOptions,
) -> None:
    assert settings.environment.cluster, "there are pools only in a cluster"
    NodeGroupScaler(
        "node-groups",
        NodeGroupScalerArgs(
            cluster_name=settings.prefix,
            cluster=there.cluster_name,
            image=settings.image(f"cluster-autoscaler-{settings.environment.cluster.version}"),
            groups=groups,
            idle_minutes=idle_minutes,
            account=settings.account,
            region=settings.region,
            permissions_boundary=base.permissions_boundary,
            tags=settings.tags,
        ),
        opts,
    )


def _karpenter(
    settings: Settings,
    base: Foundation,
    there: Cluster,
    pool: Pool,
    role: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> None:
    shared = {
        "cluster_name": settings.prefix,
        "pool_name": pool.name,
        "instance_types": pool_types(pool),
        "capacity": pool.capacity,
        "reservation_ids": [*pool.reservations, *pool.capacity_blocks],
        "zone": pool.zone,
        "efa": pool.efa,
        "idle_minutes": pool.idle_minutes,
        "max_age_hours": pool.max_age_hours,
        "purpose": pool.purpose,
        "vpc_id": base.network.vpc_id,
        "subnet_ids": _subnets(settings, base, pool),
        "security_group_id": there.security_group_id,
        "node_role": role,
        "kms_key_arn": base.keys.arns["internal"],
        "tags": settings.tags,
    }
    if pool.accelerator:
        GpuPool(
            pool.name,
            GpuPoolArgs(
                accelerator=pool.accelerator,
                gpus_per_node=pool.per_node,
                max_gpus=pool.max_gpus or 0,
                disk_gib=DISK_GIB["gpu"],
                **shared,
            ),
            opts,
        )
    else:
        cpus = min(table()[name].vcpus for name in pool_types(pool))
        CpuPool(
            pool.name,
            CpuPoolArgs(cpus_per_node=cpus, max_cpus=pool.max_cpus or 0, disk_gib=DISK_GIB["cpu"], **shared),
            opts,
        )


def _group(
    settings: Settings,
    base: Foundation,
    there: Cluster,
    pool: Pool,
    role_arn: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> NodeGroupPool:
    assert pool.accelerator, "the settings refuse a partition, a share and a block without an accelerator"
    types = pool_types(pool)
    return NodeGroupPool(
        pool.name,
        NodeGroupPoolArgs(
            cluster_name=settings.prefix,
            cluster=there.cluster_name,
            pool_name=pool.name,
            accelerator=pool.accelerator,
            instance_types=types[:1] if pool.capacity_blocks else types,
            gpus_per_node=pool.per_node,
            units_per_node=pieces(pool),
            partition=pool.partition,
            share=pool.share,
            capacity=pool.capacity,
            reservation_ids=pool.reservations,
            capacity_block_ids=pool.capacity_blocks,
            efa_interfaces=table()[types[0]].efa if pool.efa else 0,
            max_gpus=pool.max_gpus or 0,
            purpose=pool.purpose,
            vpc_id=base.network.vpc_id,
            subnet_ids=_subnets(settings, base, pool),
            security_group_id=there.security_group_id,
            role_arn=role_arn,
            kms_key_arn=base.keys.arns["internal"],
            disk_gib=DISK_GIB["gpu"],
            tags=settings.tags,
        ),
        opts,
    )


def _subnets(settings: Settings, base: Foundation, pool: Pool) -> Sequence[pulumi.Output[str]]:
    """The subnet of the pool's one zone where the network is ours; of one that is not, nobody here knows the zones."""
    every = base.network.private_subnet_ids
    if pool.zone is None or pool.zone not in settings.zone_names:
        return every
    return [every[settings.zone_names.index(pool.zone)]]
