"""Instances of the components that work runs on: pools, queues, charts."""

from components.chart import Chart, ChartArgs, Documents
from components.efa import EfaGroup, EfaGroupArgs
from components.efa_plugin import EfaPlugin, EfaPluginArgs
from components.node_group_pool import NodeGroupPool, NodeGroupPoolArgs
from components.node_group_role import NodeGroupRole, NodeGroupRoleArgs
from components.node_group_scaler import NodeGroupScaler, NodeGroupScalerArgs
from components.node_pool import NodePools, NodePoolsArgs
from components.pool_rights import PoolRights, PoolRightsArgs
from components.pools import CpuPool, CpuPoolArgs, GpuPool, GpuPoolArgs
from components.queue import GpuQueue, GpuQueueArgs, QueuedPool, Quota
from tests.unit.components.instance import instance

NODES = {
    "cluster_name": ("seedbed-test", "seedbed-other"),
    "vpc_id": ("vpc-1", "vpc-2"),
    "pool_name": ("train", "other"),
    "purpose": ("any", "training"),
    "subnet_ids": (["subnet-1", "subnet-2"], ["subnet-1", "subnet-3"]),
    "security_group_id": ("sg-1", "sg-2"),
    "disk_gib": (100, 200),
}
KARPENTER = {
    "efa": (True, False),
    "capacity": (["on-demand", "spot"], ["spot", "on-demand"]),
    "reservation_ids": ([], ["cr-0123456789abcdef0"]),
    "zone": (None, "eu-central-1a"),
    "idle_minutes": (10, 5),
    "max_age_hours": (336, 24),
    "node_role": ("seedbed-test-node", "seedbed-other-node"),
}
GPUS = {
    "accelerator": ("a100", "h100"),
    "instance_types": (["p4d.24xlarge"], ["p4de.24xlarge"]),
    "gpus_per_node": (8, 4),
    "max_gpus": (24, 32),
}
RELEASE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}
OTHER_RELEASE = {**RELEASE, "data": {"a": "c"}}

POOLS = [
    instance(EfaGroup, EfaGroupArgs, group_name=("seedbed-test-efa", "seedbed-other-efa"), vpc_id=("vpc-1", "vpc-2")),
    instance(EfaPlugin, EfaPluginArgs, image=("registry.example.com/efa:v1", "registry.example.com/efa:v2")),
    instance(
        NodePools,
        NodePoolsArgs,
        **{key: value for key, value in NODES.items() if key != "purpose"},
        **KARPENTER,
        instance_types=(["m7i.xlarge"], ["m7i.2xlarge"]),
        labels=({}, {"a": "b"}),
        taints=([], [{"key": "a", "value": "b", "effect": "NoSchedule"}]),
        resource=("cpu", "nvidia.com/gpu"),
        most=(24, 32),
        step=(8, 4),
        consolidation=("WhenEmpty", "WhenEmptyOrUnderutilized"),
    ),
    instance(GpuPool, GpuPoolArgs, **NODES, **KARPENTER, **GPUS),
    instance(
        CpuPool,
        CpuPoolArgs,
        **NODES,
        **KARPENTER,
        instance_types=(["m7i.xlarge"], ["m7i.2xlarge"]),
        cpus_per_node=(8, 4),
        max_cpus=(24, 32),
    ),
    instance(
        NodeGroupPool,
        NodeGroupPoolArgs,
        **NODES,
        **GPUS,
        cluster=("seedbed-test", "seedbed-other"),
        units_per_node=(8, 16),
        partition=(None, "3g.20gb"),
        share=(None, 4),
        capacity=(["reserved", "on-demand"], ["reserved", "spot"]),
        reservation_ids=(["cr-0000000000000000a"], ["cr-0000000000000000b"]),
        capacity_block_ids=(["cr-0000000000000000c"], ["cr-0000000000000000d"]),
        efa_interfaces=(4, 0),
        role_arn=("arn:aws:iam::000000000000:role/nodes", "arn:aws:iam::000000000000:role/other"),
    ),
    instance(
        NodeGroupRole,
        NodeGroupRoleArgs,
        role_name=("seedbed-test-pools", "seedbed-other-pools"),
        region=("eu-central-1", "cn-north-1"),
    ),
    instance(
        NodeGroupScaler,
        NodeGroupScalerArgs,
        cluster_name=("seedbed-test", "seedbed-other"),
        cluster=("seedbed-test", "seedbed-other"),
        image=("registry.example.com/cluster-autoscaler:v1", "registry.example.com/cluster-autoscaler:v2"),
        groups=([["test-a-spot", "test-a-on-demand"]], [["test-a-on-demand", "test-a-spot"]]),
        idle_minutes=(10, 5),
    ),
    instance(
        PoolRights,
        PoolRightsArgs,
        cluster_name=("seedbed-test", "seedbed-other"),
        role=("seedbed-test-cluster", "seedbed-other-cluster"),
        kms_aliases=(["alias/one"], ["alias/two"]),
    ),
    instance(
        GpuQueue,
        GpuQueueArgs,
        cohort=("seedbed-test", "seedbed-other"),
        pools=(
            {"train": QueuedPool(units=8, reserved=0, resource="nvidia.com/gpu")},
            {"train": QueuedPool(units=8, reserved=2, resource="nvidia.com/gpu")},
        ),
        teams=(
            {"scoring": Quota(gpus=4, cpus=32, memory_gib=128, borrow=True)},
            {"scoring": Quota(gpus=4, cpus=32, memory_gib=128, borrow=False)},
        ),
        serving_cpus=(8, 16),
        serving_memory_gib=(16, 32),
    ),
    instance(
        Chart,
        ChartArgs,
        documents=(Documents([RELEASE]), Documents([OTHER_RELEASE])),
        namespace=("kueue-system", "kserve"),
        namespace_labels=({}, {"pod-security.kubernetes.io/enforce": "restricted"}),
    ),
]
