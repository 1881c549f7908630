"""The model of the key `pools`."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from stacks.file.vocabulary import Allowed, InstanceType, Name, Part
from stacks.instances import offered

Accelerator = Literal["t4", "a10g", "l4", "l40s", "a100", "a100-80gb", "h100", "h200", "b200"]
Capacity = Literal["spot", "on-demand", "reserved"]
ReservationId = Annotated[
    str,
    StringConstraints(pattern=r"^cr-[0-9a-f]{8,17}$"),
    Allowed("the id of a capacity reservation, for example cr-0a1b2c3d4e5f60718"),
]
MigProfile = Annotated[
    str,
    StringConstraints(pattern=r"^[1-7]g\.[0-9]{1,3}gb$"),
    Allowed("a MIG profile of the GPU, for example 3g.20gb"),
]
ZoneName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9][a-f]$"),
    Allowed("an availability zone, for example eu-central-1a"),
]

CPU_TYPES: tuple[InstanceType, ...] = ("m7i.xlarge", "m7i.2xlarge", "m7i.4xlarge")
"""Types of a pool without an accelerator that names none."""


def _fewest(given: dict[str, Any]) -> int:
    accelerator = given.get("accelerator")
    return offered(accelerator)[0] if accelerator else 0


def _cpu_types(given: dict[str, Any]) -> tuple[InstanceType, ...]:
    return () if given.get("accelerator") else CPU_TYPES


class Pool(Part):
    """Nodes of one kind, which come when pods ask for them and go when none does."""

    name: Name
    """Unique in the environment; nodes bear it as the label `seedbed.dev/pool`, by which workloads choose. Without
    an accelerator they bear it as a taint too (NoSchedule), which a pod must tolerate that chooses them."""

    accelerator: Accelerator | None = None
    """Kind of GPU; without it a pool of CPUs."""

    per_node: Annotated[int, Field(ge=1, le=8)] = Field(default_factory=_fewest)
    """GPUs of a node, exactly. Default: the fewest that AWS offers, which is 1, or 8 for a100, a100-80gb, h200 and
    b200."""

    instance_types: Annotated[tuple[InstanceType, ...], Field(strict=False, min_length=1, max_length=20)] = Field(
        default_factory=_cpu_types
    )
    """Types of the nodes of a CPU pool, out of `stacks/instances.yaml`. Default: m7i.xlarge, m7i.2xlarge, m7i.4xlarge.
    With an accelerator the types follow from it and from `perNode`."""

    capacity: Annotated[tuple[Capacity, ...], Field(strict=False, min_length=1, max_length=3)] = ("on-demand",)
    """How nodes are bought, the preferred way first; `reserved` with `reservations` or `capacityBlocks`."""

    reservations: Annotated[tuple[ReservationId, ...], Field(strict=False, max_length=20)] = ()
    """On-demand capacity reservations that the nodes are placed in."""

    capacity_blocks: Annotated[tuple[ReservationId, ...], Field(strict=False, max_length=20)] = ()
    """Capacity blocks for machine learning that the nodes are placed in; never with `spot`."""

    partition: MigProfile | None = None
    """MIG profile into which every GPU is cut: pods get one part, with its memory to itself."""

    share: Annotated[int, Field(ge=2, le=16)] | None = None
    """Pods that take turns on one GPU (time slicing), with nothing between them; not with `partition`."""

    efa: bool = False
    """Nodes with the Elastic Fabric Adapter, for training over several of them; needs `zone`."""

    zone: ZoneName | None = None
    """The one zone of the nodes. Default: every zone of the network."""

    max_gpus: Annotated[int, Field(ge=1, le=4096)] | None = None
    """Cap in whole GPUs, needed with an accelerator; whole nodes."""

    max_cpus: Annotated[int, Field(ge=2, le=100_000)] | None = None
    """Cap in vCPUs, needed without an accelerator; room for a node of the smallest type at least."""

    idle_minutes: Annotated[int, Field(ge=1, le=1440)] = 10
    """Minutes after which a node that nothing needs is gone."""

    max_age_hours: Annotated[int, Field(ge=1, le=720)] = 336
    """Hours after which a node is replaced by one with the newest image. At most 480 where
    Karpenter makes the nodes: EKS Auto Mode lets none live longer than 504, draining included."""

    purpose: Literal["training", "serving", "any"] = "any"
    """What may run there: pipelines and notebooks, endpoints, or both."""
