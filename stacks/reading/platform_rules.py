"""Rules between the settings of database, cluster, SageMaker endpoints and budget."""

from collections.abc import Iterator
from typing import Any

from stacks import names
from stacks.file.database import LARGEST_STORAGE_GIB
from stacks.file.network import NEEDED_EVERYWHERE
from stacks.reading.problems import Location, Problem, path, shown
from stacks.reading.sound import ENVIRONMENT, are, entries

CLUSTER: Location = (ENVIRONMENT, "cluster")

CALLED_FROM_INSIDE = {
    "cluster": ("ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "logs", "monitoring", "sts"),
    "database": ("secretsmanager",),
}
"""What a network without the internet needs an endpoint for (EKS user guide, "Deploy private clusters with limited
internet access"; RDS keeps the database's credentials in Secrets Manager)."""

KEPT_NAMESPACES = ("default", "kserve", "kueue-system", "serving", "tracking")
"""Names that are taken before any team has one: namespaces, and the queue of the endpoints."""

KEPT_STARTS = ("amazon-", "kube-")
"""Starts of namespaces that AWS and Kubernetes make themselves."""


def access(name: Any, config: Any) -> Iterator[Problem]:
    """A public API says who may reach it, and a private one needs no list."""
    cluster, at = config.environment.cluster, (*CLUSTER, "publicCidrs")
    if not cluster or not are(str, cluster.access) or not isinstance(cluster.public_cidrs, list | tuple):
        return
    if cluster.access == "public" and not cluster.public_cidrs:
        wrong, fix = "is missing, while access is public", "add the networks that your people come from"
        yield Problem(at, wrong, "nothing", "public IPv4 blocks, never the whole internet", fix)
    elif cluster.access == "private" and cluster.public_cidrs:
        wrong, fix = "stands beside access private", "remove it, or write access: public"
        yield Problem(at, wrong, shown(cluster.public_cidrs), "only with access public", fix)


def system_nodes(name: Any, config: Any) -> Iterator[Problem]:
    """EKS Auto Mode brings its own nodes."""
    cluster = config.environment.cluster
    if cluster and cluster.compute == "auto" and cluster.system_nodes:
        wrong, fix = "stands beside compute auto", "remove it, or write compute: managed"
        yield Problem((*CLUSTER, "systemNodes"), wrong, "a mapping", "only with compute managed", fix)


def least_and_most(name: Any, config: Any) -> Iterator[Problem]:
    """What scales from `min` to `max` does not start above it."""
    places: list[tuple[Location, Any]] = []
    if cluster := config.environment.cluster:
        places.append(((*CLUSTER, "systemNodes"), cluster.system_nodes))
    places += [((*at, "instances"), endpoint.instances) for at, endpoint in entries(config, "sagemakerEndpoints")]
    places += [((*at, "replicas"), endpoint.replicas) for at, endpoint in entries(config, "endpoints")]
    for at, limits in places:
        if limits and are(int, limits.min, limits.max) and limits.min > limits.max:
            allowed = f"1 to {limits.max}, which is max"
            fix = f"write {limits.max} or less, or raise max"
            yield Problem((*at, "min"), f"is more than max {limits.max}", shown(limits.min), allowed, fix)


def more_than_everything(name: Any, config: Any) -> Iterator[Problem]:
    """Who administers the cluster may do all that viewers and teams may."""
    all_powerful: dict[str, Location] = {}
    for at, role in entries(config, "cluster", "administrators"):
        if are(str, role):
            all_powerful.setdefault(role, at)
    others = list(entries(config, "cluster", "viewers"))
    for at, team in entries(config, "teams"):
        others += [((*at, "roles", number), role) for number, role in enumerate(team.roles)]
    for at, role in others:
        if are(str, role) and role in all_powerful:
            wrong = f"is the same as {path(all_powerful[role])}, which may do everything"
            fix = "remove one of the two, or give the team a role of its own"
            yield Problem(at, wrong, shown(role), "a role that does not administer the cluster", fix)


def team_access(name: Any, config: Any) -> Iterator[Problem]:
    """A team's roles open its namespace, for which there is a cluster and a name that is free."""
    cluster = config.environment.cluster
    for at, team in entries(config, "teams"):
        if cluster is None and team.roles:
            wrong, fix = "stands there without a cluster", "add cluster, or remove roles"
            yield Problem((*at, "roles"), wrong, shown(team.roles), "only with cluster", fix)
        kept = are(str, team.name) and (team.name in KEPT_NAMESPACES or team.name.startswith(KEPT_STARTS))
        if cluster and kept:
            allowed = f"anything but {', '.join(KEPT_NAMESPACES)} and what starts with {' or '.join(KEPT_STARTS)}"
            wrong = "is a namespace that the cluster has for itself"
            yield Problem((*at, "name"), wrong, shown(team.name), allowed, "choose another name")


def reached_from_inside(name: Any, config: Any) -> Iterator[Problem]:
    """Where nothing leads to the internet, what cluster and database call has an endpoint."""
    network = config.environment.network
    if getattr(network, "egress", None) != "endpoints-only":
        return
    there = NEEDED_EVERYWHERE if network.endpoints is None else network.endpoints
    if not there or not are(str, *there):
        return
    nouns = [noun for noun in CALLED_FROM_INSIDE if getattr(config.environment, noun)]
    needed = sorted({service for noun in nouns for service in CALLED_FROM_INSIDE[noun]})
    if missing := [service for service in needed if service not in there]:
        wrong = f"lacks what {' and '.join(nouns)} need, while egress is endpoints-only"
        fix = f"write endpoints: [{', '.join([*there, *missing])}], or choose another egress"
        at = (ENVIRONMENT, "network", "endpoints")
        yield Problem(at, wrong, f"no {', '.join(missing)}", f"with {', '.join(needed)}", fix)


def storage(name: Any, config: Any) -> Iterator[Problem]:
    """Storage grows to a tenth more than it has, or RDS refuses (RDS user guide, storage autoscaling)."""
    if not (database := config.environment.database):
        return
    size, most = database.storage_gib, database.max_storage_gib
    least = -(-size * 11 // 10) if are(int, size) else 0
    if least and are(int, most) and most < least:
        wrong = f"is less than a tenth above storageGib {size}"
        largest = LARGEST_STORAGE_GIB
        allowed = f"{least} to {largest}" if least <= largest else f"nothing: storageGib is over {largest * 10 // 11}"
        fix = f"write {least} or more, or lower storageGib"
        yield Problem((ENVIRONMENT, "database", "maxStorageGib"), wrong, shown(most), allowed, fix)


def captured_traffic(name: Any, config: Any) -> Iterator[Problem]:
    """Who keeps requests is responsible for them (GDPR Art. 4(7)), in a bucket whose name fits."""
    system, account = config.environment.system, next(iter(config.allowed_account_ids), None)
    for at, endpoint in (*entries(config, "sagemakerEndpoints"), *entries(config, "endpoints")):
        if not endpoint.capture:
            continue
        if config.environment.controller is None:
            wrong = "stands there without a controller: what is kept is personal data (GDPR Art. 4(7))"
            fix = "add controller: {name, contact} to the environment, or remove capture"
            yield Problem((*at, "capture"), wrong, "no controller", "only with a controller", fix)
        if not are(str, name, system, account, endpoint.name):
            continue
        bucket = names.capture_bucket(system, name, str(account), endpoint.name)
        if (excess := len(bucket) - names.LONGEST_BUCKET_NAME) > 0:
            room = max(len(endpoint.name) - excess, 0)
            allowed = f"{room} characters, so that {bucket} ({len(bucket)}) fits in 63"
            fix = f"shorten the name, or the system, by {excess}"
            wrong = "makes the name of the bucket of kept requests too long"
            yield Problem((*at, "name"), wrong, shown(endpoint.name), allowed, fix)


def anomaly(name: Any, config: Any) -> Iterator[Problem]:
    """An anomaly is told before it is the whole budget."""
    if not (budget := config.environment.budget) or not are(int, budget.monthly_usd, budget.anomaly_usd):
        return
    if budget.anomaly_usd >= budget.monthly_usd:
        most = budget.monthly_usd - 1
        allowed = f"1 to {most}" if most else "no value: leave the key out"
        fix = f"write {most} or less, or remove it for the default" if most else "remove it"
        wrong = f"is not less than monthlyUsd {budget.monthly_usd}"
        yield Problem((ENVIRONMENT, "budget", "anomalyUsd"), wrong, shown(budget.anomaly_usd), allowed, fix)


RULES = (
    access,
    system_nodes,
    least_and_most,
    more_than_everything,
    team_access,
    reached_from_inside,
    storage,
    captured_traffic,
    anomaly,
)
