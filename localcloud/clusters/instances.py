"""What machines of each EC2 instance type have, as their nodes tell it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SYSTEM = {
    "t3.medium": (2, 4, 17), "t3.large": (2, 8, 35), "t3.xlarge": (4, 16, 58),
    "m5.large": (2, 8, 29), "m5.xlarge": (4, 16, 58), "m5.2xlarge": (8, 32, 58),
    "m6i.large": (2, 8, 29), "m6i.xlarge": (4, 16, 58), "m6i.2xlarge": (8, 32, 58),
    "m7i.large": (2, 8, 29), "m7i.xlarge": (4, 16, 58), "m7i.2xlarge": (8, 32, 58), "m7i.4xlarge": (16, 64, 234),
}  # fmt: skip
"""vCPUs, GiB of memory and pods of types for system nodes, known without a file.

Amazon EC2 instance types guide, "General purpose"; pods: awslabs/amazon-eks-ami, eni-max-pods.txt.
"""

GPU, EFA = "nvidia.com/gpu", "vpc.amazonaws.com/efa"
"""Resources as the device plugins of NVIDIA and AWS name them."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One instance type."""

    name: str
    vcpus: int
    memory_gib: float
    pods: int
    accelerator: str | None = None
    gpus: int = 0
    gpu_memory_gib: float = 0
    """Of one GPU."""

    efa: int = 0
    architecture: str = "amd64"
    mig: tuple[str, ...] = ()
    """Profiles into which one of its GPUs can be cut."""

    usd: Mapping[str, float] | None = None
    """An hour on demand, by region."""

    def capacity(self, gpu_resource: str = GPU, gpu_units: int | None = None, disk_gib: int = 20) -> dict[str, str]:
        """The node's resources; `gpu_units` of `gpu_resource` in place of whole GPUs where these are cut or shared."""
        units = self.gpus if gpu_units is None else gpu_units
        return {
            "cpu": str(self.vcpus),
            "memory": f"{int(self.memory_gib * 1024)}Mi",
            "pods": str(self.pods),
            "ephemeral-storage": f"{disk_gib}Gi",
            **({gpu_resource: str(units)} if units else {}),
            **({EFA: str(self.efa)} if self.efa else {}),
        }

    def allocatable(self, capacity: Mapping[str, str]) -> dict[str, str]:
        """What is left for pods; awslabs/amazon-eks-ami, nodeadm: reserved CPU and memory, and the eviction threshold.

        CPU: 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of all others. Memory: 255 MiB,
        11 MiB a pod, and 100 MiB.
        """
        shares = (60, 10, 5, 5)
        reserved = sum(shares[: self.vcpus]) + 2.5 * max(0, self.vcpus - len(shares))
        memory = int(self.memory_gib * 1024) - (255 + 11 * self.pods + 100)
        return {**capacity, "cpu": f"{int(self.vcpus * 1000 - reserved)}m", "memory": f"{memory}Mi"}


class Instances(Mapping[str, Instance]):
    """The types of a table, by name."""

    def __init__(self, types: Mapping[str, Instance], source: str) -> None:
        self._types, self.source = dict(types), source

    def __getitem__(self, name: str) -> Instance:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)


def read(file: Path | None) -> Instances:
    """The table of a file (`types: {NAME: {vcpus, memoryGib, pods, ...}}`), or the types for system nodes without one.

    Raises ValueError that names file, type and key.
    """
    if file is None:
        known = {name: Instance(name=name, vcpus=c, memory_gib=m, pods=p) for name, (c, m, p) in SYSTEM.items()}
        return Instances(known, "the types for system nodes (no table of instances was given)")
    try:
        types = yaml.safe_load(file.read_text())["types"]
        return Instances({name: _read(name, said) for name, said in types.items()}, str(file))
    except (OSError, yaml.YAMLError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} is no table of instances (types: {{NAME: {{...}}}}): {error}") from error
    except KeyError as error:
        raise ValueError(f"{file}: {error.args[0]} is missing") from error


def _read(name: str, said: Mapping[str, Any]) -> Instance:
    missing = [key for key in ("vcpus", "memoryGib", "pods") if key not in said]
    if missing:
        raise KeyError(f"types.{name}.{missing[0]}")
    return Instance(
        name=name,
        vcpus=int(said["vcpus"]),
        memory_gib=float(said["memoryGib"]),
        pods=int(said["pods"]),
        accelerator=said.get("accelerator") or None,
        gpus=int(said.get("gpus") or 0),
        gpu_memory_gib=float(said.get("gpuMemoryGib") or 0),
        efa=int(said.get("efa") or 0),
        architecture=said.get("architecture") or "amd64",
        mig=tuple(said.get("mig") or ()),
        usd=said.get("usd"),
    )
