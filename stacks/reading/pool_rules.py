"""Rules between the settings of pools: what AWS offers."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from stacks.file.pools import CPU_TYPES, Pool
from stacks.file.regions import ZONES, zone_names
from stacks.instances import matching, offered, profiles, table
from stacks.reading.problems import Location, Problem, nearest, shown
from stacks.reading.shape import fields
from stacks.reading.sound import Defaulted, Unsound, are, entries


def pools(config: Any) -> Iterator[tuple[Location, Any]]:
    """The pools as far as they are sound, with defaults that follow from other keys filled in."""
    for at, pool in entries(config, "pools"):
        if isinstance(pool, Unsound):
            continue
        filled = SimpleNamespace(**vars(pool))
        kind = pool.accelerator
        if isinstance(pool.per_node, Defaulted) and (kind is None or are(str, kind)):
            filled.per_node = offered(kind)[0] if kind else 0
        if isinstance(pool.instance_types, Defaulted) and (kind is None or are(str, kind)):
            filled.instance_types = [] if kind else list(CPU_TYPES)
        yield at, filled


def known_types(pool: Any) -> tuple[str, ...]:
    """Types of a pool; none where its settings do not say which."""
    if are(str, pool.accelerator) and are(int, pool.per_node):
        return matching(pool.accelerator, pool.per_node, pool.efa is True)
    types = pool.instance_types
    if pool.accelerator is None and isinstance(types, list) and all(are(str, one) and one in table() for one in types):
        return tuple(one for one in types if table()[one].efa or pool.efa is not True)
    return ()


def sliced(pool: Any) -> bool:
    """Whether it is known how many GPUs, parts or turns a node of a pool has."""
    whole = pool.partition is None or (are(str, pool.partition) and pool.partition in profiles(pool.accelerator))
    shared = pool.share is None or are(int, pool.share)
    return whole and shared and are(int, pool.per_node) and pool.per_node in offered(pool.accelerator)


def counted(endpoint: Any) -> bool:
    """Whether it is known how many replicas an endpoint has at most."""
    percent = endpoint.canary_percent
    return are(int, getattr(endpoint.replicas, "max", None)) and (percent is None or are(int, percent))


def kinds(name: Any, config: Any) -> Iterator[Problem]:
    """A pool is of GPUs or of CPUs, and has the keys of the one and not of the other."""
    for at, pool in entries(config, "pools"):
        if not are(str, pool.accelerator) and pool.accelerator is not None:
            continue
        needed, others = "maxCpus", ("perNode", "partition", "share", "maxGpus")
        with_or_without = "without an accelerator"
        if pool.accelerator:
            needed, others, with_or_without = "maxGpus", ("instanceTypes", "maxCpus"), "beside an accelerator"
        for key in others:
            value = getattr(pool, _attribute(key))
            if value is not None and not isinstance(value, Defaulted):
                allowed = "only with an accelerator" if others[0] == "perNode" else "only without an accelerator"
                fix = "remove it, or add accelerator" if others[0] == "perNode" else "remove it, or remove accelerator"
                yield Problem((*at, key), f"stands there {with_or_without}", shown(value), allowed, fix)
        if getattr(pool, _attribute(needed)) is None:
            what = "whole GPUs" if needed == "maxGpus" else "vCPUs"
            wrong = f"is missing {with_or_without}"
            fix = f"add {needed}: a pool without a cap spends without one"
            yield Problem((*at, needed), wrong, "nothing", f"the cap of the pool in {what}", fix)


def gpus_of_a_node(name: Any, config: Any) -> Iterator[Problem]:
    """AWS has a machine with that many GPUs of the kind."""
    for at, pool in pools(config):
        if are(str, pool.accelerator) and are(int, pool.per_node):
            counts = offered(pool.accelerator)
            if pool.per_node not in counts:
                wrong = f"is not offered for {pool.accelerator}"
                near = min(counts, key=lambda count: abs(count - pool.per_node))
                allowed = " or ".join(map(str, counts))
                yield Problem((*at, "perNode"), wrong, shown(pool.per_node), allowed, f"write {near}")


def cpu_types(name: Any, config: Any) -> Iterator[Problem]:
    """Types of a CPU pool have facts, no GPUs, and one architecture: an image runs on one."""
    cpus = [one for one, facts in table().items() if not facts.gpus]
    for at, pool in entries(config, "pools"):
        if pool.accelerator is not None or not isinstance(pool.instance_types, list):
            continue
        first = next((one for one in pool.instance_types if one in cpus), None)
        for number, one in enumerate(pool.instance_types):
            here = (*at, "instanceTypes", number)
            if not are(str, one):
                continue
            if one not in table():
                near = nearest(one, cpus)
                fix = f"write {near}" if near else "choose another, or add its facts to stacks/instances.yaml"
                wrong = "is not in stacks/instances.yaml, which knows what a type has and costs"
                yield Problem(here, wrong, shown(one), "for example " + ", ".join(CPU_TYPES), fix)
            elif table()[one].gpus:
                kind = table()[one].accelerator
                fix = f"remove it, or make a pool with accelerator: {kind}"
                yield Problem(here, "has GPUs", shown(one), "types without", fix)
            elif first and (built := table()[one].architecture) != (other := table()[first].architecture):
                wrong = f"is built for {built}, while {first} is for {other}"
                yield Problem(here, wrong, shown(one), f"types for {other}", "make a pool of its own of it")


def partitions(name: Any, config: Any) -> Iterator[Problem]:
    """Only some GPUs can be cut, each into its own profiles; what is cut is not also shared in turns."""
    for at, pool in entries(config, "pools"):
        here = (*at, "partition")
        if are(str, pool.partition, pool.accelerator) and pool.partition not in profiles(pool.accelerator):
            known = profiles(pool.accelerator)
            if known:
                wrong, allowed = f"is no profile of {pool.accelerator}", ", ".join(known)
                fix = f"write {next((one for one in known if one[:2] == pool.partition[:2]), known[0])}"
            else:
                able = [kind for kind in _accelerators() if profiles(kind)]
                wrong, allowed = f"is not possible: {pool.accelerator} has no MIG", f"only with {', '.join(able)}"
                fix = "remove it, write share: 2 for turns on a whole GPU, or choose such an accelerator"
            yield Problem(here, wrong, shown(pool.partition), allowed, fix)
        if are(str, pool.partition) and are(int, pool.share):
            wrong, fix = "stands beside partition", "keep one: partition parts the memory too, share only the time"
            yield Problem((*at, "share"), wrong, shown(pool.share), "one of partition and share", fix)


def fabric(name: Any, config: Any) -> Iterator[Problem]:
    """EFA is a thing of some machines, and works between machines of one zone (EC2 user guide, EFA limitations)."""
    for at, pool in pools(config):
        if pool.efa is not True:
            continue
        if pool.zone is None:
            wrong = "is missing, while efa is true: it works inside one zone"
            zone = f"{config.region}a" if are(str, config.region) else "the zone"
            yield Problem((*at, "zone"), wrong, "nothing", "one zone of the region", f"add zone: {zone}")
        types = known_types(SimpleNamespace(**{**vars(pool), "efa": False}))
        if types and not any(table()[one].efa for one in types):
            wrong, found = "stands there with types that have none", ", ".join(types)
            allowed = "only with types that have EFA, which are the largest of each family"
            fix = "remove it, or name such types in instanceTypes, for example m7i.48xlarge"
            yield Problem((*at, "efa"), wrong, found, allowed, fix)


def zones(name: Any, config: Any) -> Iterator[Problem]:
    """A pool's zone is one of the region, and one in which the network has a subnet."""
    region, network = config.region, config.environment.network
    if not are(str, region):
        return
    there = [f"{region}{letter}" for letter in ZONES[region]]
    count: Any = getattr(network, "zones", None)
    reached = zone_names(region, count) if are(int, count) and count <= len(there) else there
    for at, pool in entries(config, "pools"):
        if not are(str, pool.zone) or pool.zone in reached:
            continue
        wrong, fix = f"is no zone of {region}", f"write {nearest(pool.zone, reached) or reached[0]}"
        if pool.zone in there:
            wrong, fix = "is a zone in which the network has no subnet", f"write {reached[0]}, or raise network.zones"
        yield Problem((*at, "zone"), wrong, shown(pool.zone), ", ".join(reached), fix)


def _attribute(key: str) -> str:
    return fields(Pool)[key].attribute


def _accelerators() -> list[str]:
    return list(dict.fromkeys(facts.accelerator for facts in table().values() if facts.accelerator))


RULES = (kinds, gpus_of_a_node, cpu_types, partitions, fabric, zones)
