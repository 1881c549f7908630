"""Rules between the settings of what is inside the cluster: who needs whom, teams and their quotas."""

from collections.abc import Iterator
from typing import Any

from stacks.file.teams import Team
from stacks.instances import kept, pieces
from stacks.reading.pool_rules import counted, known_types, pools, sliced
from stacks.reading.problems import Location, Problem, shown
from stacks.reading.sound import ENVIRONMENT, Unsound, are, entries

INSIDE = ("pools", "tracking", "pipelines", "endpoints")
"""Keys of the environment that are about the cluster's inside."""

TEAMS_INSIDE = {
    "members": "members",
    "gpuQuota": "gpu_quota",
    "cpuQuota": "cpu_quota",
    "memoryQuotaGib": "memory_quota_gib",
}
"""Keys of a team that are, with their attributes."""


def needs_cluster(name: Any, config: Any) -> Iterator[Problem]:
    """What is inside a cluster needs one."""
    environment = config.environment
    if environment.cluster is not None:
        return
    places: list[tuple[Location, Any]] = [((ENVIRONMENT, key), getattr(environment, key)) for key in INSIDE]
    places.append(((ENVIRONMENT, "monitoring", "drift"), environment.monitoring.drift))
    for at, team in entries(config, "teams"):
        for key, attribute in TEAMS_INSIDE.items():
            value = getattr(team, attribute)
            if value != Team.model_fields[attribute].default:
                places.append(((*at, key), value))
    for at, value in places:
        if value and not isinstance(value, Unsound):
            found = shown(value) if isinstance(value, int | list) else "a mapping"
            fix = f"add cluster, or remove {at[-1]}"
            yield Problem(at, "stands there without a cluster", found, "only with cluster", fix)


def needs_registry(name: Any, config: Any) -> Iterator[Problem]:
    """Tracking keeps its records in the database, endpoints find their models through tracking, drift watches these."""
    environment = config.environment
    for key, value, needed, other in (
        (("tracking",), environment.tracking, "database", environment.database),
        (("endpoints",), environment.endpoints, "tracking", environment.tracking),
        (("monitoring", "drift"), environment.monitoring.drift, "endpoints", environment.endpoints),
    ):
        if value and not isinstance(value, Unsound) and (other is None or other == [] or other == ()):
            found = shown(value) if isinstance(value, list) else "a mapping"
            reason = {
                "database": "it keeps its records there",
                "tracking": "models are found by their alias there",
                "endpoints": "it watches what they are asked",
            }[needed]
            fix = f"add {needed}, or remove {key[-1]}"
            wrong = f"stands there without {needed}: {reason}"
            yield Problem((ENVIRONMENT, *key), wrong, found, f"only with {needed}", fix)


def aliases(name: Any, config: Any) -> Iterator[Problem]:
    """Endpoints follow an alias of the registry, and ModelDB has none that its API would tell."""
    environment = config.environment
    if environment.tracking and environment.tracking.backend == "modeldb" and environment.endpoints:
        wrong = "stands there with tracking.backend modeldb: they follow an alias of the registry, which ModelDB lacks"
        fix = "write backend: mlflow, or remove endpoints"
        found = shown(environment.endpoints)
        yield Problem((ENVIRONMENT, "endpoints"), wrong, found, "only with tracking.backend mlflow", fix)


def groups(name: Any, config: Any) -> Iterator[Problem]:
    """A group that has a team's name is that team's: named by another it would open both namespaces."""
    teams = {team.name: at for at, team in entries(config, "teams") if are(str, team.name)}
    for at, team in entries(config, "teams"):
        for number, group in enumerate(team.members):
            here = (*at, "members", number)
            if are(str, group, team.name) and group == team.name:
                yield Problem(here, "is the team's own group", shown(group), "other groups", "remove it")
            elif are(str, group) and group in teams:
                wrong = "is the group of another team, whose people would change what is this team's"
                fix = "remove it, or give these people a group of their own"
                yield Problem(here, wrong, shown(group), "groups that are no team's", fix)


def quotas(name: Any, config: Any) -> Iterator[Problem]:
    """What teams are sure of is there, for all of them at once: quotas fit under the caps of the pools together."""
    if isinstance(config.environment.pools, Unsound) or config.environment.cluster is None:
        return
    there = gpus_for_teams(config)
    if there is None:
        return
    taken = 0
    for at, team in entries(config, "teams"):
        if not are(int, team.gpu_quota) or not team.gpu_quota:
            continue
        here, found, left = (*at, "gpuQuota"), shown(team.gpu_quota), max(there - taken, 0)
        taken += team.gpu_quota
        if not there:
            wrong = "promises GPUs that no pool has for teams"
            allowed = "0 without a pool that has an accelerator and takes training"
            fix = "remove it, or add a pool with accelerator, maxGpus and purpose training or any"
            yield Problem(here, wrong, found, allowed, fix)
        elif taken > there:
            before = " with the teams before it" if taken > team.gpu_quota else ""
            wrong = f"cannot be kept:{before} {taken} GPUs are promised, and pools have {there} for teams"
            fix = f"write {left} or less, or raise maxGpus of a pool"
            if team.borrow is True:
                fix += "; borrow lets the team use what others leave idle beyond its quota"
            yield Problem(here, wrong, found, f"0 to {left}", fix)


def gpus_for_teams(config: Any) -> int | None:
    """Whole GPUs of all pools that take training, without what endpoints keep there; None where that is not known."""
    total = 0
    for _, pool in pools(config):
        if pool.accelerator is None or pool.purpose == "serving":
            continue
        if not known_types(pool) or not are(str, pool.purpose) or not are(int, pool.max_gpus) or not sliced(pool):
            return None
        inside = [one for _, one in entries(config, "endpoints") if one.pool == pool.name]
        if not all(are(int, one.gpus) and counted(one) for one in inside):
            return None
        each = pieces(pool) // pool.per_node
        total += max(pool.max_gpus - -(-kept(pool, inside) // each), 0)
    return total


RULES = (needs_cluster, needs_registry, aliases, groups, quotas)
