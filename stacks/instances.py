"""Facts of instance types, and what follows from them for a pool."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from stacks.file.pools import Pool
    from stacks.file.workloads import Endpoint

TABLE = Path(__file__).with_name("instances.yaml")

KARPENTERS_ORDER = ("reserved", "spot", "on-demand")

NOT_READ = float("inf")
"""Stands for a price that the table lacks where types are put in order: they come last."""


class InstanceType(BaseModel):
    """One EC2 instance type."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)

    vcpus: Annotated[int, Field(ge=1)]
    memory_gib: Annotated[int, Field(ge=1)]

    pods: Annotated[int, Field(ge=1)]
    """Most pods of a node."""

    accelerator: str | None = None
    """Name of the GPU as settings write it; None without one."""

    gpus: Annotated[int, Field(ge=0)]
    gpu_memory_gib: Annotated[int, Field(ge=0)]

    efa: Annotated[int, Field(ge=0)]
    """Interfaces of the Elastic Fabric Adapter."""

    architecture: Literal["amd64", "arm64"]

    mig: tuple[Annotated[str, StringConstraints(pattern=r"^[1-7]g\.[0-9]+gb$")], ...]
    """MIG profiles of one GPU."""

    usd: dict[str, Annotated[float, Field(gt=0)]]
    """US dollars an hour on demand, by region; a region that is missing was not read."""

    spot_ratio: Annotated[float, Field(gt=0, le=1)]
    """What a spot instance costs of that, roughly."""

    source: Annotated[str, StringConstraints(min_length=5)]
    """Where the numbers are from, by the names in the table's head."""


class PoolCost(NamedTuple):
    """What a pool costs an hour in US dollars."""

    node: float
    """Its cheapest node on demand."""

    least: float
    """The whole cap on the cheapest type at the cheapest of its capacities."""

    most: float
    """The whole cap on the dearest type at the dearest of its capacities."""

    unread: tuple[str, ...]
    """Types whose price in the region is not in the table: they are left out."""


@cache
def table() -> Mapping[str, InstanceType]:
    """Every type of `instances.yaml` by name. Raises pydantic's ValidationError where the file is not sound."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as quick where libyaml is there
    content = yaml.load(TABLE.read_text(encoding="utf-8"), Loader=loader)
    return {name: InstanceType.model_validate(facts) for name, facts in content["types"].items()}


@cache
def offered(accelerator: str) -> tuple[int, ...]:
    """How many GPUs of a kind a node may have, the fewest first; empty for a kind that the table lacks."""
    return tuple(sorted({facts.gpus for facts in table().values() if facts.accelerator == accelerator}))


@cache
def matching(accelerator: str, per_node: int, efa: bool = False) -> tuple[str, ...]:
    """Types with exactly `per_node` GPUs of a kind (and with EFA where it is asked for), the cheapest first."""
    found = [
        name
        for name, facts in table().items()
        if (facts.accelerator, facts.gpus) == (accelerator, per_node) and (facts.efa or not efa)
    ]
    return _cheapest_first(found)


def profiles(accelerator: str) -> tuple[str, ...]:
    """MIG profiles of a kind of GPU; empty where it has none."""
    return next((facts.mig for facts in table().values() if facts.accelerator == accelerator), ())


def parts(accelerator: str, profile: str) -> int:
    """Into how many equal parts a GPU is cut: it has 7 slices for computing and 8 of memory (NVIDIA MIG user guide).

    Raises ValueError for a profile that the GPU does not have.
    """
    if profile not in profiles(accelerator):
        allowed = ", ".join(profiles(accelerator)) or "no profile"
        raise ValueError(f"{accelerator} is not cut into {profile}; allowed is {allowed}: choose one of these")
    memory = next(facts.gpu_memory_gib for facts in table().values() if facts.accelerator == accelerator)
    computing, _, held = profile.removesuffix("gb").partition("g.")
    return min(7 // int(computing), round(memory / int(held)))


def usd(instance_type: str, region: str, capacity: str = "on-demand") -> float | None:
    """US dollars an hour of an instance; None where the table lacks its price in the region.

    What is reserved costs what it would on demand, used or not (EC2 user guide, "Capacity Reservation pricing").
    """
    facts = table()[instance_type]
    price = facts.usd.get(region)
    return price * facts.spot_ratio if price is not None and capacity == "spot" else price


def pool_types(pool: "Pool") -> tuple[str, ...]:
    """The instance types of a pool, exactly, the cheapest first."""
    if pool.accelerator:
        return matching(pool.accelerator, pool.per_node, pool.efa)
    return _cheapest_first([name for name in pool.instance_types if not pool.efa or table()[name].efa])


def served_by(pool: "Pool") -> Literal["karpenter", "node-group"]:
    """Who makes a pool's nodes: Karpenter, or a managed node group where the nodes need settings of their own.

    EKS Auto Mode's node class says nothing of MIG, of time slicing and of the network cards of a capacity block.
    """
    own = pool.partition or pool.share or (pool.capacity_blocks and pool.efa)
    return "node-group" if own else "karpenter"


def pieces(pool: "Pool") -> int:
    """GPUs that a node of the pool offers to pods: whole ones, parts of a partition, or turns of a share."""
    if not pool.accelerator:
        return 0
    each = parts(pool.accelerator, pool.partition) if pool.partition else pool.share or 1
    return pool.per_node * each


def most_nodes(pool: "Pool") -> int:
    """Nodes at the pool's cap, of its smallest type."""
    if pool.accelerator:
        return (pool.max_gpus or 0) // pool.per_node
    return (pool.max_cpus or 0) // min(table()[name].vcpus for name in pool_types(pool))


def units(pool: "Pool") -> int:
    """What all nodes at the cap offer to pods: GPUs, or parts and turns of GPUs."""
    return most_nodes(pool) * pieces(pool)


def kept(pool: "Pool", endpoints: Iterable["Endpoint"]) -> int:
    """Units of a pool that endpoints may take together when each has all its replicas, canaries included."""
    return sum(one.gpus * most_replicas(one) for one in endpoints if one.pool == pool.name)


def most_replicas(endpoint: "Endpoint") -> int:
    """Replicas of an endpoint at most; a canary's share of them comes on top, and is one at least."""
    most, percent = endpoint.replicas.max, endpoint.canary_percent
    return most if percent is None else most + max(1, -(-most * percent // 100))


def ways(pool: "Pool") -> int:
    """In how many groups the pool's nodes come: each has its own part of the cap, and a node at least.

    A managed node group is bought in one way; Karpenter tells ways apart by itself in its own order alone (Karpenter,
    "NodePools", karpenter.sh/capacity-type).
    """
    if served_by(pool) == "node-group":
        reserved = len(pool.reservations) + len(pool.capacity_blocks)
        return sum(reserved if way == "reserved" else 1 for way in pool.capacity)
    in_order = [way for way in KARPENTERS_ORDER if way in pool.capacity]
    return 1 if list(pool.capacity) == in_order else len(pool.capacity)


def pool_cost(pool: "Pool", region: str) -> PoolCost | None:
    """What a pool costs an hour in a region; None where the table lacks every price."""
    priced = {name: price for name in pool_types(pool) if (price := usd(name, region)) is not None}
    if not priced:
        return None
    whole = [
        (usd(name, region, capacity) or 0) * _nodes_at_cap(pool, name) for name in priced for capacity in pool.capacity
    ]
    unread = tuple(name for name in pool_types(pool) if name not in priced)
    return PoolCost(min(priced.values()), round(min(whole), 4), round(max(whole), 4), unread)


def pool_caps(pools: Iterable["Pool"]) -> list[tuple[str, Literal["on-demand", "spot"], int]]:
    """What `components.quotas.vcpu_quotas` wants to know: (instance type, capacity, instances at most) of the pools.

    A pool reaches its cap with its cheapest type, which is what Karpenter takes. Reservations count as on demand;
    capacity blocks and spot instances of the P6 family have no quota in vCPUs.
    """
    caps: list[tuple[str, Literal["on-demand", "spot"], int]] = []
    for pool in pools:
        cheapest = pool_types(pool)[0]
        if "on-demand" in pool.capacity or pool.reservations:
            caps.append((cheapest, "on-demand", _nodes_at_cap(pool, cheapest)))
        if "spot" in pool.capacity and not cheapest.startswith("p6"):
            caps.append((cheapest, "spot", _nodes_at_cap(pool, cheapest)))
    return caps


def _nodes_at_cap(pool: "Pool", name: str) -> int:
    facts = table()[name]
    return (pool.max_gpus or 0) // facts.gpus if pool.accelerator else (pool.max_cpus or 0) // facts.vcpus


def _cheapest_first(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (table()[name].usd.get("us-east-1", NOT_READ), name)))
