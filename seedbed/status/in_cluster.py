"""What an environment's cluster tells, and a cluster that does not answer."""

from collections.abc import Callable, Iterable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from seedbed.account import Account
from seedbed.cluster import ClusterError, NoClusterError, open_cluster
from seedbed.status.endpoints_in_cluster import HEAD as ENDPOINTS
from seedbed.status.endpoints_in_cluster import endpoints
from seedbed.status.pools import HEAD as POOLS
from seedbed.status.pools import pools
from seedbed.status.queues import HEAD as QUEUES
from seedbed.status.queues import queues
from seedbed.status.section import Line, Row, Section
from seedbed.status.teams import HEAD as TEAMS
from seedbed.status.teams import teams


def in_cluster(account: Account) -> Iterator[Section]:
    """The cluster, its pools, queues, teams and endpoints; a cluster that does not answer is said to be silent once."""
    environment = account.settings.environment
    if environment.cluster is None:
        return
    try:
        kube = open_cluster(account)
        version = kube.version()
    except (ClusterError, BotoCoreError, ClientError) as error:
        absent = isinstance(error, NoClusterError)
        do = f": seedbed up {account.settings.name}" if absent else ""
        what = "not there" if absent else "not reachable"
        yield Section("cluster", [Line(account.prefix, f"{what}: {' '.join(str(error).split())}{do}", None)])
        for title, listed in (
            ("pools", environment.pools),
            ("teams", environment.teams),
            ("endpoints", environment.endpoints),
        ):
            if listed:
                named = ", ".join(one.name for one in listed)
                yield Section(title, [Line(title, f"{named}: not known, as the cluster is {what}", None)])
        return
    yield Section("cluster", [Line(account.prefix, f"Kubernetes {version} at {kube.address.endpoint}")])
    yield told("pools", POOLS, lambda: pools(kube, environment.pools), "none in the file")
    yield told("queues", QUEUES, lambda: queues(kube), "none")
    yield told("teams", TEAMS, lambda: teams(kube, environment.teams), "none in the file")
    yield told("endpoints", ENDPOINTS, lambda: endpoints(kube, environment.endpoints), "none in the file")


def told(title: str, head: tuple[str, ...], ask: Callable[[], Iterable[Row]], nothing: str) -> Section:
    """A section whose rows come from the cluster; what was learnt before it failed is kept.

    `nothing` is said where there is none of the kind.
    """
    rows: list[Row] = []
    lines: list[Line] = []
    try:
        rows.extend(ask())
    except ClusterError as error:
        lines.append(Line(title, f"not known: {' '.join(str(error).split())}", None))
    if not rows and not lines:
        lines.append(Line(title, nothing))
    return Section(title, lines, head, rows)
