"""Accelerators as Kubernetes sees them: names of labels, taints and resources, and what a partition gives."""

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

GPU = "nvidia.com/gpu"
"""What a pod asks for. Whole, partitioned and shared GPUs all go by this name: the device plugin of Bottlerocket knows
the MIG strategy `single` only, and names a share like a whole (EKS user guide, "Use multi-instance GPUs (MIG)", "MIG
strategies"; "Use time-slicing", "rename by default")."""

TAINT = MappingProxyType({"key": GPU, "value": "present", "effect": "NoSchedule"})
"""Keeps pods that need no GPU from nodes that have some."""

TOLERATION = MappingProxyType({"key": GPU, "operator": "Exists", "effect": "NoSchedule"})
"""What a pod with GPUs bears."""

PARTITIONS = MappingProxyType(
    {
        "a100": {"1g.5gb": 7, "1g.10gb": 4, "2g.10gb": 3, "3g.20gb": 2, "4g.20gb": 1, "7g.40gb": 1},
        "a100-80gb": {"1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "4g.40gb": 1, "7g.80gb": 1},
        "h100": {"1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "4g.40gb": 1, "7g.80gb": 1},
        "h200": {"1g.18gb": 7, "1g.35gb": 4, "2g.35gb": 3, "3g.71gb": 2, "4g.71gb": 1, "7g.141gb": 1},
        "b200": {"1g.23gb": 7, "1g.45gb": 4, "2g.45gb": 3, "3g.90gb": 2, "4g.90gb": 1, "7g.180gb": 1},
    }
)
"""Instances that one GPU is cut into, by accelerator and profile (EKS user guide, "MIG profiles per instance type")."""


def gpu_resource(partition: str | None) -> str:
    """Name of the resource by which a pod asks for a GPU, or for a `partition` of one."""
    del partition  # the strategy `single`: see GPU
    return GPU


def units(accelerator: str, partition: str | None, share: int | None) -> int:
    """How many pods that ask for one `gpu_resource` a whole GPU takes.

    Raises ValueError for a partition that the accelerator does not have.
    """
    if partition is None:
        return share or 1
    profiles = PARTITIONS.get(accelerator, {})
    if partition not in profiles:
        known = ", ".join(profiles) or "none: this accelerator cannot be partitioned"
        raise ValueError(f"partition: found {partition} with accelerator {accelerator}; allowed: {known}")
    return profiles[partition]
