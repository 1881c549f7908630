"""Shares of the GPUs: each namespace has its own, and all together no more than there is."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.gpus import ACCELERATOR, POOLS, has_gpus, labels, units
from policies.namespaces import NAMESPACE, named, space_of
from policies.pods import MAIN, MODEL, STARTING, WORKLOADS, containers, core, pods
from policies.reading import as_list, as_number
from policies.rule import (
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    UndeterminedError,
    control,
    fail,
    items,
    literal,
    look,
    parts,
    skip,
    undetermined,
)

QUOTA, LIMITS = core("ResourceQuota"), core("LimitRange")
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"


def _kueue(kind: str) -> tuple[str, ...]:
    return tuple(f"kubernetes:kueue.x-k8s.io/{version}:{kind}" for version in ("v1beta1", "v1beta2"))


CLUSTER_QUEUE, LOCAL_QUEUE = _kueue("ClusterQueue"), _kueue("LocalQueue")
COHORT, FLAVOR = _kueue("Cohort"), _kueue("ResourceFlavor")


@control(
    "COST-03",
    title="GPU use is shared fairly by quota",
    kind="stack",
    severity="medium",
    types=(*NAMESPACE, *QUOTA, *LIMITS, *FLAVOR, *CLUSTER_QUEUE, *COHORT, *LOCAL_QUEUE, BINDING, *WORKLOADS, *POOLS),
    subjects=(*NAMESPACE, *FLAVOR),
    basis=("32(1)(b)",),
    refs=("trivy:KSV-0040", "trivy:KSV-0039"),
)
def gpus_are_shared_by_quota(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Where pools have GPUs, every namespace that may run work on them (by a role for people, a queue, or a workload of
    the stack that asks for one) has a resource quota that names GPUs, no more than the pools have, and a limit range.
    What is guaranteed adds up to no more than there is: the nominal quotas of Kueue in each flavor to what its pools
    have, and the resource quotas of namespaces without a queue to what all pools have.
    """
    there = [pool for pool in stack.of(POOLS) if _is_gpu_pool(pool, stack)]
    if not there:
        yield skip("no pool of the stack has GPUs")
    elif one.type in FLAVOR:
        yield from _nominal(one, stack, [pool for pool in there if _leads_to(one, pool)], given)
    elif named(one) in (spaces := _working(stack)):
        most = sum(units(pool, stack, given) for pool in there)
        yield from parts(_quota(one, stack, most), _limit_range(one, stack))
    elif look(one.props, "metadata.name") is UNKNOWN or None in spaces:
        yield undetermined("metadata.name" if None not in spaces else "metadata.namespace")
    else:
        yield skip("nobody runs work on GPUs in it")


def _is_gpu_pool(pool: Resource, stack: Stack) -> bool:
    try:
        return has_gpus(pool, stack)
    except UndeterminedError:
        return True


def _working(stack: Stack) -> set[str | None]:
    """Namespaces where work on GPUs may run; None among them where one is unknown."""
    some = [one for one in stack.of([BINDING]) if _people(one)]
    some += [one for one in stack.of(WORKLOADS) if _asks(one)]
    return _queued(stack) | {space_of(one, stack) for one in some}


def _people(binding: Resource) -> bool:
    subjects = look(binding.props, "subjects")
    kinds = [look(one, "kind") if isinstance(one, Mapping) else one for one in as_list(subjects)]
    return subjects is UNKNOWN or any(kind in ("Group", "User") or kind is UNKNOWN for kind in kinds)


def _asks(one: Resource) -> bool:
    try:
        some = [found for pod in pods(one) for found in containers(one, pod, (MAIN, STARTING, MODEL))]
    except UndeterminedError:
        return False
    asked = [look(one.props, f"{found.path}.resources.{kind}") for found in some for kind in ("limits", "requests")]
    return any(ACCELERATOR.fullmatch(str(key)) for value in asked if isinstance(value, Mapping) for key in value)


def _quota(namespace: Resource, stack: Stack, most: float) -> Iterator[Problem]:
    space, path = named(namespace), "ResourceQuota.spec.hard"
    fix = "add a ResourceQuota with requests.nvidia.com/gpu"
    found = [value for one in stack.of(QUOTA) if space_of(one, stack) == space for value in _hard(one)]
    numbers = [as_number(value) for value in found]
    if UNKNOWN in found:
        yield undetermined(path)
    elif not found or None in numbers:
        yield fail(path, "no quota names GPUs, so one namespace may take all", fix)
    elif any(number is not None and number > most for number in numbers):
        yield fail(path, "more GPUs than the pools have", "lower the quota, or raise the limits of the pools")
    elif space not in (queued := _queued(stack)) and _sum(stack, queued) > most:
        yield fail(path, "quotas without a queue add up to more than the pools have", "lower a quota, or add queues")


def _queued(stack: Stack) -> set[str | None]:
    """Namespaces whose work waits in a queue of Kueue."""
    return {space_of(one, stack) for one in stack.of(LOCAL_QUEUE)}


def _hard(quota: Resource) -> list[Any]:
    """Values of a quota for accelerators; raises UndeterminedError where it is unknown what it names."""
    hard = literal(quota.props, "spec.hard", {})
    some = hard.items() if isinstance(hard, Mapping) else ()
    return [value for key, value in some if ACCELERATOR.fullmatch(str(key).removeprefix("requests."))]


def _sum(stack: Stack, queued: set[str | None]) -> float:
    found = 0.0
    for one in (quota for quota in stack.of(QUOTA) if space_of(quota, stack) not in queued):
        try:
            found += sum(as_number(value) or 0 for value in _hard(one))
        except UndeterminedError:
            continue
    return found


def _limit_range(namespace: Resource, stack: Stack) -> Iterator[Problem]:
    space = named(namespace)
    if not any(space_of(one, stack) == space for one in stack.of(LIMITS)):
        yield fail("LimitRange", "none, so a container without requests counts as nothing", "add a LimitRange")


def _leads_to(flavor: Resource, pool: Resource) -> bool:
    wanted, own = look(flavor.props, "spec.nodeLabels"), labels(pool)
    pairs = wanted.items() if isinstance(wanted, Mapping) else ()
    return all(own.get(key) == value for key, value in pairs)


def _nominal(flavor: Resource, stack: Stack, pools: list[Resource], given: Parameters) -> Iterator[Problem]:
    name, path = look(flavor.props, "metadata.name"), "ClusterQueue.spec.resourceGroups"
    values = [value for one in stack.of((*CLUSTER_QUEUE, *COHORT)) for value in _promised(one, name)]
    there = sum(units(pool, stack, given) for pool in pools)
    if UNKNOWN in values:
        yield undetermined(path)
    elif sum(as_number(value) or 0 for value in values) > there:
        yield fail(path, "queues are promised more GPUs than its pools have", "lower a nominalQuota, or raise a limit")


def _promised(queue: Resource, flavor: Any) -> list[Any]:
    """Nominal quotas of accelerators that a queue or cohort has in a flavor; UNKNOWN for an entry that may be one."""
    found = []
    for group, _ in items(queue.props, "spec.resourceGroups"):
        for place, entry in items(queue.props, f"{group}.flavors"):
            if (called := look(entry, "name")) is UNKNOWN:
                found.append(UNKNOWN)
            for where, resource in items(queue.props, f"{place}.resources") if called == flavor else ():
                if (kind := look(resource, "name")) is UNKNOWN:
                    found.append(UNKNOWN)
                elif ACCELERATOR.fullmatch(str(kind)):
                    found.append(look(queue.props, f"{where}.nominalQuota"))
    return found
