"""Pools of GPUs: none without a cap."""

from collections.abc import Iterator

from policies.gpus import CAPACITY_TYPE, NODE_POOL, POOLS, TEMPLATE, cap, has_gpus, instance_types, requirement
from policies.rule import (
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    UndeterminedError,
    control,
    expect,
    fail,
    items,
    look,
    number,
    parts,
    skip,
    undetermined,
)

KEEPS_AWAY = ("NoSchedule", "NoExecute", "NO_SCHEDULE", "NO_EXECUTE")
"""Effects of a taint, as Kubernetes and as EKS write them."""


@control(
    "COST-02",
    title="GPU pools are capped",
    kind="stack",
    severity="high",
    types=(*POOLS, TEMPLATE),
    subjects=POOLS,
    basis=("32(1)(b)",),
    refs=("design:own",),
)
def gpu_pools_are_capped(pool: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A pool whose nodes may have GPUs, and a node pool without requirements is one, takes instance types of the list
    {types} alone, has a literal limit of GPUs or of nodes, alone and with all other pools at most {gpus} GPUs, and
    keeps other pods away by a taint. Where {spot} is asked, it may go to zero nodes and takes spot capacity.
    """
    if not has_gpus(pool, stack):
        yield skip("has no GPUs")
        return
    cheap = parts(_spot(pool), _zero(pool)) if given.get("spot") else ()
    yield from parts(_types(pool, stack, given), _capped(pool, stack, given), _tainted(pool), cheap)


def _types(pool: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    found, listed = instance_types(pool, stack), given.get("types", {})
    if found is None:
        path = "spec.template.spec.requirements" if pool.type == NODE_POOL else "instanceTypes"
        yield fail(path, "any instance type", "name instance types of COST-02.types")
    elif not all(one in listed for one in found[1]):
        yield fail(found[0], "an instance type that is not on the list", "name instance types of COST-02.types")


def _capped(pool: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    mine, most = cap(pool, stack, given), given.get("gpus", 0)
    fix = f"set {most} GPUs or less in all pools together, or raise COST-02.gpus"
    if mine.most is None:
        place = "nvidia.com/gpu" if pool.type == NODE_POOL else "maxSize"
        yield fail(mine.path, "no limit, so it grows as long as pods wait", f"set {place}")
    elif mine.most > most:
        yield fail(mine.path, "above the cap of the environment", fix)
    elif mine.most + _others(pool, stack, given) > most:
        yield fail(mine.path, "above the cap of the environment together with the other pools", fix)


def _others(pool: Resource, stack: Stack, given: Parameters) -> float:
    """GPUs of all other pools; those of a pool that is not bounded, or unknown, are that pool's own matter."""
    found = 0.0
    for one in stack.of(POOLS):
        try:
            found += (cap(one, stack, given).most or 0) if one.urn != pool.urn and has_gpus(one, stack) else 0
        except UndeterminedError:
            continue
    return found


def _tainted(pool: Resource) -> Iterator[Problem]:
    path = "spec.template.spec.taints" if pool.type == NODE_POOL else "taints"
    effects = [UNKNOWN if entry is UNKNOWN else look(entry, "effect") for _, entry in items(pool.props, path)]
    if any(effect in KEEPS_AWAY for effect in effects):
        return
    fix = "add a taint with the effect NoSchedule, which pods with GPUs tolerate"
    unsure = UNKNOWN in effects
    yield undetermined(path) if unsure else fail(path, "pods without GPUs keep its nodes alive", fix)


def _spot(pool: Resource) -> Iterator[Problem]:
    fix = "allow spot capacity"
    if pool.type == NODE_POOL:
        found = requirement(pool, CAPACITY_TYPE)
        if found is None or "spot" not in found[1]:
            path = found[0] if found else "spec.template.spec.requirements"
            yield fail(path, "no spot capacity", fix)
        return
    accepted = "SPOT"
    yield from expect(
        pool.props, "capacityType", lambda value: value == accepted, "no spot capacity", fix, default="ON_DEMAND"
    )


def _zero(pool: Resource) -> Iterator[Problem]:
    if pool.type != NODE_POOL and number(pool.props, "scalingConfig.minSize") != 0:
        yield fail("scalingConfig.minSize", "nodes run when nobody needs them", "set 0")
