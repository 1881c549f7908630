"""Rules between the settings of pools: how nodes are bought, who makes them, and how many there may be."""

from collections.abc import Iterator
from typing import Any

from stacks.instances import matching, most_nodes, offered, served_by, table, ways
from stacks.names import prefix
from stacks.reading.pool_rules import known_types, pools
from stacks.reading.problems import Problem, shown
from stacks.reading.sound import Unsound, are, entries

TAKEN = ("any-pool", "general-purpose", "system")
"""Names of the queue's flavor for work that names no pool, and of the pools that EKS Auto Mode may bring itself (EKS
user guide, "Auto Mode built-in node pools")."""

LONGEST_GROUP_NAME = 63
"""Characters of a managed node group's name (EKS API reference, CreateNodegroup, nodegroupName)."""

OLDEST_HOURS = 480
"""EKS Auto Mode ends a node after 21 days; draining it may take the last of them (EKS user guide, "Auto Mode")."""


def caps(name: Any, config: Any) -> Iterator[Problem]:
    """A cap leaves room for one node at least, and a cap in GPUs for whole nodes."""
    for at, pool in pools(config):
        if are(str, pool.accelerator) and are(int, pool.per_node, pool.max_gpus):
            each, most, here = pool.per_node, pool.max_gpus, (*at, "maxGpus")
            if each not in offered(pool.accelerator) or most % each == 0:
                continue
            smallest = matching(pool.accelerator, each)[0]
            allowed, found = f"{each}, {2 * each}, {3 * each} and so on: GPUs come by the node", shown(most)
            if most < each:
                wrong = f"is less than one node: the smallest type, {smallest}, has {each}"
                fewer = [count for count in offered(pool.accelerator) if count <= most]
                or_else = f", or perNode: {fewer[-1]}" if fewer else ", or choose another accelerator"
                yield Problem(here, wrong, found, allowed, f"write {each} or more{or_else}")
            else:
                wrong = f"is no whole number of nodes, of which each has {each}"
                fix = f"write {most // each * each} or {(most // each + 1) * each}"
                yield Problem(here, wrong, found, allowed, fix)
        elif pool.accelerator is None and are(int, pool.max_cpus) and (types := known_types(pool)):
            smallest = min(types, key=lambda one: table()[one].vcpus)
            least = table()[smallest].vcpus
            if pool.max_cpus < least:
                wrong = f"is less than one node: the smallest type, {smallest}, has {least}"
                fix = f"write {least} or more, or add a smaller type to instanceTypes"
                yield Problem((*at, "maxCpus"), wrong, shown(pool.max_cpus), f"{least} or more", fix)


def a_node_each_way(name: Any, config: Any) -> Iterator[Problem]:
    """Each way to buy nodes has its own part of the cap, which is a node at least."""
    for at, pool in pools(config):
        lists = (pool.capacity, pool.reservations, pool.capacity_blocks)
        if not known_types(pool) or any(not isinstance(one, list | tuple) for one in lists):
            continue
        if not are(str, *pool.capacity):
            continue
        key, most = ("maxGpus", pool.max_gpus) if pool.accelerator else ("maxCpus", pool.max_cpus)
        if not are(int, most) or isinstance(pool.partition, Unsound) or isinstance(pool.share, Unsound):
            continue
        nodes, needed = most_nodes(pool), ways(pool)
        if 0 < nodes < needed:
            order = ", ".join(pool.capacity)
            wrong = f"is {nodes} node{'s' * (nodes > 1)}, while capacity {order} comes in {needed} groups"
            least = needed * (pool.per_node or min(table()[one].vcpus for one in known_types(pool)))
            fix = f"write {least} or more, or fewer kinds of capacity"
            yield Problem((*at, key), wrong, shown(most), f"{least} or more: a node in each group", fix)


def capacity(name: Any, config: Any) -> Iterator[Problem]:
    """What is reserved is named, and what is named is used; a capacity block is of P instances and never spot."""
    for at, pool in pools(config):
        if not isinstance(pool.capacity, list) or not are(str, *pool.capacity):
            continue
        for key, ids in (("reservations", pool.reservations), ("capacityBlocks", pool.capacity_blocks)):
            if ids and "reserved" not in pool.capacity:
                wrong, allowed = "stands there without reserved in capacity", "only with reserved in capacity"
                fix = f"write capacity: [{', '.join(['reserved', *pool.capacity])}], or remove {key}"
                yield Problem((*at, key), wrong, shown(ids), allowed, fix)
        nothing_named = not pool.reservations and not pool.capacity_blocks
        unsound = any(not isinstance(ids, list | tuple) for ids in (pool.reservations, pool.capacity_blocks))
        if "reserved" in pool.capacity and nothing_named and not unsound:
            wrong, fix = "has reserved without saying what is", "add reservations: [cr-...], or remove reserved"
            allowed = "reserved only with reservations or capacityBlocks"
            yield Problem((*at, "capacity"), wrong, ", ".join(pool.capacity), allowed, fix)
        if pool.capacity_blocks and not any(one.startswith("p") for one in known_types(pool)) and known_types(pool):
            wrong = f"stands there with {known_types(pool)[0]}: AWS sells blocks of P instances"
            fix = "remove it, or choose such an accelerator"
            allowed = "only with a100, a100-80gb, h100, h200, b200"
            yield Problem((*at, "capacityBlocks"), wrong, shown(pool.capacity_blocks), allowed, fix)
        if pool.capacity_blocks and "spot" in pool.capacity:
            wrong = "has spot beside capacityBlocks: a block's machines are bought for its time"
            fix = "remove spot, or make a second pool for it"
            yield Problem((*at, "capacity"), wrong, ", ".join(pool.capacity), "reserved, on-demand", fix)


def makers(name: Any, config: Any) -> Iterator[Problem]:
    """Karpenter is part of EKS Auto Mode; without that, nodes are those of managed node groups."""
    cluster = config.environment.cluster
    for at, pool in entries(config, "pools"):
        given = (pool.partition, pool.share, pool.capacity_blocks, pool.efa)
        if any(value is not None and not isinstance(value, str | int | list | tuple) for value in given):
            continue
        karpenter = served_by(pool) == "karpenter"
        if cluster and cluster.compute == "managed" and karpenter:
            wrong = "needs Karpenter, which is not there under compute managed"
            allowed = "pools with partition, share, or capacityBlocks with efa"
            fix = "write cluster.compute: auto"
            if are(str, pool.accelerator):
                fix += ", or partition the GPUs (partition) or share them (share)"
            found = shown(pool.name) if are(str, pool.name) else "a pool"
            yield Problem(at, wrong, found, allowed, fix)
        if are(int, pool.max_age_hours) and karpenter and pool.max_age_hours > OLDEST_HOURS:
            wrong, fix = (
                "is more than EKS Auto Mode lets a node live, which is 21 days",
                f"write {OLDEST_HOURS} or less",
            )
            yield Problem((*at, "maxAgeHours"), wrong, shown(pool.max_age_hours), f"1 to {OLDEST_HOURS}", fix)


def names(name: Any, config: Any) -> Iterator[Problem]:
    """Some names are taken: of pools that EKS Auto Mode may bring, and of the flavor of everything else."""
    for at, pool in entries(config, "pools"):
        if are(str, pool.name) and pool.name in TAKEN:
            wrong, allowed = "is a name that the cluster has for itself", f"anything but {', '.join(TAKEN)}"
            yield Problem((*at, "name"), wrong, shown(pool.name), allowed, "choose another name")


def group_names(name: Any, config: Any) -> Iterator[Problem]:
    """A managed node group bears the names of environment, pool and way to buy in 63 characters (EKS)."""
    system: Any = config.environment.system
    for at, pool in pools(config):
        lists = (pool.capacity, pool.reservations, pool.capacity_blocks)
        if not are(str, name, system, pool.name) or any(not isinstance(one, list | tuple) for one in lists):
            continue
        if not are(str, *pool.capacity, *pool.reservations, *pool.capacity_blocks) or served_by(pool) == "karpenter":
            continue
        reserved = (*pool.reservations, *pool.capacity_blocks)
        called = [way for kind in pool.capacity for way in (reserved if kind == "reserved" else (kind,))]
        longest = max((f"{prefix(system, name)}-{pool.name}-{way}" for way in called), key=len, default="")
        if (excess := len(longest) - LONGEST_GROUP_NAME) > 0:
            room = max(len(pool.name) - excess, 0)
            allowed = f"{room} characters, so that {longest} ({len(longest)}) fits in {LONGEST_GROUP_NAME}"
            fix = f"shorten the name, or the system, by {excess}"
            yield Problem((*at, "name"), "makes a node group's name too long", shown(pool.name), allowed, fix)


RULES = (caps, a_node_each_way, capacity, makers, names, group_names)
