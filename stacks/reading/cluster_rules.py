"""Rules between the settings of what is inside the cluster: who needs whom, teams and their quotas."""

from collections.abc import Iterator
from typing import Any

from stacks.file.teams import Team
from stacks.reading.pool_rules import pools
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
    """What teams are sure of is there: quotas of teams that borrow nothing fit under the caps of the pools."""
    if isinstance(config.environment.pools, Unsound) or config.environment.cluster is None:
        return
    caps = trainable_gpus(config)
    if caps is None:
        return
    teams = [(at, team) for at, team in entries(config, "teams") if are(int, team.gpu_quota) and team.gpu_quota]
    if not caps:
        for at, team in teams:
            wrong = "promises GPUs that no pool has"
            allowed = "0 without a pool that has an accelerator and takes training"
            fix = "remove it, or add a pool with accelerator, maxGpus and purpose training or any"
            yield Problem((*at, "gpuQuota"), wrong, shown(team.gpu_quota), allowed, fix)
        return
    taken = 0
    for at, team in teams:
        if team.gpu_quota > caps:
            wrong = f"is more than the caps of all pools for training, {caps}"
            fix = f"write {caps} or less, or raise maxGpus"
            yield Problem((*at, "gpuQuota"), wrong, shown(team.gpu_quota), f"0 to {caps}", fix)
        elif team.borrow is False:
            left, taken = caps - taken, taken + team.gpu_quota
            if taken > caps:
                wrong = f"cannot be kept: with the teams before it that do not borrow, {taken} GPUs of {caps}"
                fix = f"write {max(left, 0)} or less, write borrow: true, or raise maxGpus of a pool"
                yield Problem((*at, "gpuQuota"), wrong, shown(team.gpu_quota), f"0 to {max(left, 0)}", fix)


def trainable_gpus(config: Any) -> int | None:
    """Caps of all pools that take training, in whole GPUs; None where one of them is not known."""
    total = 0
    for _, pool in pools(config):
        if pool.accelerator is None or pool.purpose == "serving":
            continue
        if not are(str, pool.accelerator, pool.purpose) or not are(int, pool.max_gpus):
            return None
        total += pool.max_gpus
    return total


RULES = (needs_cluster, needs_registry, groups, quotas)
