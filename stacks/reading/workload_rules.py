"""Rules between the settings of what runs in the cluster: pipelines, endpoints and the watch for drift."""

from collections.abc import Iterator
from typing import Any

from stacks.instances import most_replicas, offered, pieces, table, units
from stacks.reading.pool_rules import counted, known_types, pools, sliced
from stacks.reading.problems import Location, Problem, nearest, path, shown
from stacks.reading.sound import ENVIRONMENT, Unsound, are, entries

KINDS = ("pipelines", "endpoints")
NOT_FOR = {"pipelines": "serving", "endpoints": "training"}
"""Purpose of the pools in which each of them does not run."""


def workloads(config: Any) -> Iterator[tuple[str, Location, Any]]:
    """Pipelines and endpoints, each with its kind and location."""
    for kind in KINDS:
        for at, workload in entries(config, kind):
            yield kind, at, workload


def known_names(name: Any, config: Any) -> Iterator[Problem]:
    """Teams, pools and callers that are named exist."""
    environment = config.environment
    teams = _names(environment.teams)
    there = _names(environment.pools)
    for _, at, workload in workloads(config):
        named: list[tuple[Location, Any, list[str] | None, str]] = [((*at, "team"), workload.team, teams, "team")]
        named.append(((*at, "pool"), workload.pool, there, "pool"))
        callers = getattr(workload, "callers", ())
        named += [((*at, "callers", number), caller, teams, "team") for number, caller in enumerate(callers)]
        for here, wanted, known, noun in named:
            if known is not None and are(str, wanted) and wanted not in known:
                near = nearest(wanted, known)
                fix = f"write {near}" if near else f"declare it under {noun}s, or remove it"
                allowed = ", ".join(known) if known else f"nothing: no {noun} is declared"
                yield Problem(here, f"is no {noun} of this environment", shown(wanted), allowed, fix)
        for number, caller in enumerate(callers):
            if are(str, caller, workload.team) and caller == workload.team:
                allowed = "teams beside its own, which may call it anyway"
                yield Problem((*at, "callers", number), "is its own team", shown(caller), allowed, "remove it")


def one_name_one_endpoint(name: Any, config: Any) -> Iterator[Problem]:
    """Dashboards, roles and buckets tell endpoints apart by name, whoever serves them."""
    others = {one.name: at for at, one in entries(config, "sagemakerEndpoints") if are(str, one.name)}
    for at, endpoint in entries(config, "endpoints"):
        if are(str, endpoint.name) and endpoint.name in others:
            wrong = f"is the same as {path((*others[endpoint.name], 'name'))}"
            fix = f"choose another, for example {endpoint.name[:16].rstrip('-')}-online"
            yield Problem((*at, "name"), wrong, shown(endpoint.name), "each only once, of both kinds", fix)


def images(name: Any, config: Any) -> Iterator[Problem]:
    """What runs comes out of this environment's registry."""
    known = config.environment.images.repositories
    places: list[tuple[Location, Any]] = [
        ((*at, "model", "image"), endpoint.model.image if endpoint.model else None)
        for at, endpoint in entries(config, "sagemakerEndpoints")
    ]
    places += [((*at, "image"), workload.image) for _, at, workload in workloads(config)]
    drift = config.environment.monitoring.drift
    places.append(((ENVIRONMENT, "monitoring", "drift", "image"), drift.image if drift else None))
    for here, image in places:
        if not known or not are(str, image, *known):
            continue
        repository = image.split("@")[0]
        if repository not in known:
            near = nearest(repository, known)
            fix = f"write {near}@sha256:..." if near else "add the repository under images.repositories"
            allowed = f"one of {', '.join(known)}, by digest"
            yield Problem(here, "is in no repository of this environment", shown(image), allowed, fix)


def places_to_run(name: Any, config: Any) -> Iterator[Problem]:
    """GPUs are asked for in a pool that has them, in one that is for this kind of work, and not left unused."""
    by_name = {pool.name: pool for _, pool in pools(config) if are(str, pool.name)}
    for kind, at, workload in workloads(config):
        if not are(int, workload.gpus):
            continue
        if workload.pool is None and workload.gpus:
            able = [one for one, pool in by_name.items() if pool.accelerator and pool.purpose != NOT_FOR[kind]]
            wrong = f"is missing, while gpus is {workload.gpus}"
            fix = f"add pool: {able[0]}" if able else "declare a pool with an accelerator, or write gpus: 0"
            yield Problem((*at, "pool"), wrong, "nothing", ", ".join(able) or "a pool with an accelerator", fix)
        pool = by_name.get(workload.pool) if are(str, workload.pool) else None
        if pool is None or isinstance(pool.accelerator, Unsound):
            continue
        if workload.gpus and pool.accelerator is None:
            able = [one for one, other in by_name.items() if other.accelerator and other.purpose != NOT_FOR[kind]]
            wrong = f"asks for GPUs in pool {pool.name}, which has none"
            fix = f"write pool: {able[0]}" if able else "write gpus: 0"
            yield Problem((*at, "gpus"), wrong, shown(workload.gpus), "0 in a pool of CPUs", fix)
        elif not workload.gpus and pool.accelerator:
            wrong = f"asks for no GPU in pool {pool.name}, whose machines cost what their GPUs cost"
            fix = "write how many, or remove pool"
            yield Problem((*at, "gpus"), wrong, shown(workload.gpus), "1 or more in a pool of GPUs", fix)
        if pool.purpose == NOT_FOR[kind]:
            able = [one for one, other in by_name.items() if other.purpose != NOT_FOR[kind]]
            wrong = f"is a pool for {pool.purpose} only"
            fix = f"choose another, or write purpose: any at pool {pool.name}"
            yield Problem((*at, "pool"), wrong, shown(pool.name), ", ".join(able) or "another pool", fix)


def larger_than_a_node(name: Any, config: Any) -> Iterator[Problem]:
    """A pod runs on one node, and all replicas together under the pool's cap."""
    by_name = {pool.name: pool for _, pool in pools(config) if are(str, pool.name)}
    for _, at, workload in workloads(config):
        pool = by_name.get(workload.pool) if are(str, workload.pool) else None
        if pool is None or not (types := known_types(pool)):
            continue
        for key, wanted, most, unit in (
            ("cpus", workload.cpus, max(table()[one].vcpus for one in types), "vCPUs"),
            ("memoryGib", workload.memory_gib, max(table()[one].memory_gib for one in types), "GiB"),
        ):
            if are(int, wanted) and wanted >= most:
                wrong = f"does not fit on a node of pool {pool.name}: the largest has {most} {unit}, and keeps some"
                fix = f"write {most - 1} or less, or choose a pool with larger nodes"
                yield Problem((*at, key), wrong, shown(wanted), f"less than {most}", fix)
        if are(int, workload.gpus) and pool.accelerator and sliced(pool):
            yield from _too_many_gpus(at, workload, pool)


def _too_many_gpus(at: Location, workload: Any, pool: Any) -> Iterator[Problem]:
    here, found, wanted = (*at, "gpus"), shown(workload.gpus), workload.gpus
    # Several turns of one GPU are no more of it (Bottlerocket: fail-requests-greater-than-one).
    node = 1 if pool.share else pieces(pool)
    what = f"parts ({pool.partition})" if pool.partition else "GPUs"
    if wanted > node:
        wrong = f"is more than a node of pool {pool.name} has, {node} {what}"
        if pool.share:
            wrong = f"asks for more than one turn in pool {pool.name}, which shares each GPU: that gives no more of it"
        more = [count for count in offered(pool.accelerator) if count >= wanted and not pool.partition]
        fix = f"write {node} or less" + (f", or perNode: {more[0]} at the pool" if more and not pool.share else "")
        yield Problem(here, wrong, found, f"1 to {node}", fix)


def together(name: Any, config: Any) -> Iterator[Problem]:
    """The replicas of all endpoints of a pool fit under its cap: the queue keeps that much for them."""
    for _, pool in pools(config):
        if not are(str, pool.accelerator, pool.name) or not are(int, pool.max_gpus) or not sliced(pool):
            continue
        most, taken = units(pool), 0
        what = f"parts ({pool.partition})" if pool.partition else "turns" if pool.share else "GPUs"
        for at, endpoint in entries(config, "endpoints"):
            if endpoint.pool != pool.name or not are(int, endpoint.gpus) or not endpoint.gpus or not counted(endpoint):
                continue
            left, taken = max(most - taken, 0), taken + endpoint.gpus * most_replicas(endpoint)
            if most and taken > most:
                wrong = f"{_times(endpoint)} is more than pool {pool.name} has left for it, {left} of {most} {what}"
                fix = "lower replicas.max, or raise maxGpus at the pool"
                yield Problem((*at, "gpus"), wrong, shown(endpoint.gpus), f"together at most {most} in the pool", fix)


def larger_than_the_quota(name: Any, config: Any) -> Iterator[Problem]:
    """What a team's quota refuses never starts."""
    teams = {team.name: team for _, team in entries(config, "teams") if are(str, team.name)}
    for kind, at, workload in workloads(config):
        team = teams.get(workload.team) if are(str, workload.team) else None
        if team is None:
            continue
        if kind == "endpoints" and not counted(workload):
            continue
        times = most_replicas(workload) if kind == "endpoints" else 1
        for key, wanted, quota, quota_key in (
            ("cpus", workload.cpus, team.cpu_quota, "cpuQuota"),
            ("memoryGib", workload.memory_gib, team.memory_quota_gib, "memoryQuotaGib"),
        ):
            if are(int, wanted, quota) and wanted * times > quota:
                each = _times(workload) if kind == "endpoints" else ""
                wrong = f"{each} is more than {quota_key} {quota} of team {team.name}".strip()
                fix = f"lower it, or raise {quota_key} to {wanted * times} or more"
                yield Problem((*at, key), wrong, shown(wanted), f"together at most {quota}", fix)
        alone = kind == "pipelines" and team.borrow is False and are(int, workload.gpus, team.gpu_quota)
        if alone and workload.gpus > team.gpu_quota:
            wrong = (
                f"is more than gpuQuota {team.gpu_quota} of team {team.name}, which borrows nothing: it never starts"
            )
            fix = f"lower it, raise gpuQuota to {workload.gpus}, or write borrow: true"
            yield Problem((*at, "gpus"), wrong, shown(workload.gpus), f"0 to {team.gpu_quota}", fix)


def canaries(name: Any, config: Any) -> Iterator[Problem]:
    """A canary is another version than the one that it is compared with."""
    for at, endpoint in entries(config, "endpoints"):
        both = are(str, endpoint.alias, endpoint.canary_alias) and are(int, endpoint.canary_percent)
        if both and endpoint.alias == endpoint.canary_alias:
            wrong = f"is the same as alias {endpoint.alias}"
            fix = "choose another, for example challenger, or remove canaryPercent"
            yield Problem((*at, "canaryAlias"), wrong, shown(endpoint.canary_alias), "another than alias", fix)


def _times(endpoint: Any) -> str:
    canary = "" if endpoint.canary_percent is None else ", with the canary's"
    return f"times {most_replicas(endpoint)} replicas{canary},"


def _names(named: Any) -> list[str] | None:
    """Names of a list's entries; None where one is not known."""
    if isinstance(named, Unsound) or not are(str, *(one.name for one in named)):
        return None
    return list(dict.fromkeys(one.name for one in named))


RULES = (
    known_names,
    one_name_one_endpoint,
    images,
    places_to_run,
    larger_than_a_node,
    together,
    larger_than_the_quota,
    canaries,
)
