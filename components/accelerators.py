"""Accelerators as Kubernetes sees them: names of labels, taints and resources."""

from types import MappingProxyType

POOL = "seedbed.dev/pool"
"""Label of every node of a pool; a workload selects its pool by it."""

ACCELERATOR = "seedbed.dev/accelerator"
"""Label of a node with GPUs: their model."""

PURPOSE = "seedbed.dev/purpose"
"""Label of a node: what its pool is for."""

PARTITION = "seedbed.dev/partition"
"""Label of a node whose GPUs are partitioned: the profile."""

SHARE = "seedbed.dev/share"
"""Label of a node whose GPUs are shared: pods a GPU."""

EFA = "seedbed.dev/efa"
"""Label of a node of a managed group with the Elastic Fabric Adapter."""

GPU = "nvidia.com/gpu"
"""What a pod asks for. Whole, partitioned and shared GPUs all go by this name: the device plugin of Bottlerocket knows
the MIG strategy `single` only, and names a share like a whole (EKS user guide, "Use multi-instance GPUs (MIG)", "MIG
strategies"; "Use time-slicing", "rename by default")."""

TAINT = MappingProxyType({"key": GPU, "value": "present", "effect": "NoSchedule"})
"""Keeps pods that need no GPU from nodes that have some."""

TOLERATION = MappingProxyType({"key": GPU, "operator": "Exists", "effect": "NoSchedule"})
"""What a pod with GPUs bears."""


def pool_taint(pool: str) -> dict[str, str]:
    """Keeps pods that do not ask for a pool without GPUs from its nodes: there are none while nobody asks."""
    return {"key": POOL, "value": pool, "effect": "NoSchedule"}


def pool_toleration(pool: str) -> dict[str, str]:
    """What a pod bears that asks for a pool without GPUs."""
    return {"key": POOL, "operator": "Equal", "value": pool, "effect": "NoSchedule"}


def gpu_resource(partition: str | None) -> str:
    """Name of the resource by which a pod asks for a GPU, or for a `partition` of one."""
    del partition  # the strategy `single`: see GPU
    return GPU
