"""Where data may go: from stores to teams, their pipelines and models, to callers and recipients."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from policies.tags import CLASSES
from seedbed.records.stores import DataStore
from stacks.settings import Settings

COLUMNS = ("stores", "teams", "pipelines", "models", "endpoints", "kept requests", "recipients")
PLACES = dict(
    zip(("store", "team", "pipeline", "model", "endpoint", "kept", "recipient"), COLUMNS, strict=True),
)
"""Column of a station by the first word of its id."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One station of data."""

    id: str
    """Kind and name: `store applications`."""

    name: str
    column: str
    data_class: str
    """The highest class of what lies there or may come there; empty where the program says none."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A way that data may take."""

    source: str
    target: str
    data_class: str
    """The highest class of what may go there."""

    why: str
    """What of the program opens the way."""


@dataclass(frozen=True, kw_only=True)
class Flows:
    nodes: tuple[Node, ...]
    flows: tuple[Flow, ...]


def flows(stores: Sequence[DataStore], settings: Settings) -> Flows:
    """The ways of data in an environment, from its stores and from the settings that open them.

    What comes of data keeps its class: whether a model holds personal data is a question of each case (EDPB Opinion
    28/2024), which no program answers.
    """
    known = {_id(one): one for one in stores if one.stage in ("dataset", "capture")}
    ways = dict.fromkeys(
        (*_to_teams(known, settings), *_in_the_cluster(settings), *_kept(known, settings), *_on(known.values()))
    )
    ids = {*known, *(end for way in ways for end in (way.source, way.target))}
    classes = _classes({id: known[id].data_class if id in known else "" for id in ids}, list(ways))
    nodes = [Node(id=id, name=_name(id), column=PLACES[id.partition(" ")[0]], data_class=classes[id]) for id in ids]
    return Flows(
        nodes=tuple(sorted(nodes, key=lambda one: (COLUMNS.index(one.column), -_rank(one.data_class), one.name))),
        flows=tuple(
            replace(way, data_class=classes[way.source] or classes[way.target])
            for way in sorted(ways, key=lambda way: (way.source, way.target))
        ),
    )


def _id(store: DataStore) -> str:
    return f"{'kept' if store.stage == 'capture' else 'store'} {store.name}"


def _name(id: str) -> str:
    kind, _, name = id.partition(" ")
    return f"models of {name}" if kind == "model" else name


def _rank(data_class: str) -> int:
    return CLASSES.index(data_class) if data_class in CLASSES else -1


def _classes(own: Mapping[str, str], ways: Sequence[Flow]) -> dict[str, str]:
    """The class of each station: its own, or the highest that may come to it."""
    found = dict(own)
    changed = True
    while changed:
        changed = False
        for way in ways:
            keeps = not own[way.target] and _rank(found[way.source]) > _rank(found[way.target])
            if keeps:
                found[way.target] = found[way.source]
                changed = True
    return found


def _to_teams(known: Mapping[str, DataStore], settings: Settings) -> Iterator[Flow]:
    for team in settings.environment.teams:
        for name in team.datasets:
            if f"store {name}" in known:
                yield _way(f"store {name}", f"team {team.name}", f"policy {name}--{team.name} opens the team's prefix")


def _in_the_cluster(settings: Settings) -> Iterator[Flow]:
    trains = {one.team for one in settings.environment.pipelines}
    for one in settings.environment.pipelines:
        yield _way(f"team {one.team}", f"pipeline {one.name}", "runs with the team's access to data")
        yield _way(f"pipeline {one.name}", f"model {one.team}", "leaves its models in the artifact bucket")
    for one in settings.environment.endpoints:
        source = "model" if one.team in trains else "team"
        yield _way(f"{source} {one.team}", f"endpoint {one.name}", f"serves the model {one.model}")
        for caller in one.callers:
            yield _way(f"endpoint {one.name}", f"recipient team {caller}", "the team's pods may call it")


def _kept(known: Mapping[str, DataStore], settings: Settings) -> Iterator[Flow]:
    for one in (*settings.environment.sagemaker_endpoints, *settings.environment.endpoints):
        target = f"kept {one.name}-captured"
        if one.capture is not None and target in known:
            yield _way(f"endpoint {one.name}", target, f"{one.capture.percent} % of the requests are kept")


def _on(stores: Iterable[DataStore]) -> Iterator[Flow]:
    for one in stores:
        for who in one.recipients:
            yield _way(_id(one), f"recipient {who}", "is named as a recipient")


def _way(source: str, target: str, why: str) -> Flow:
    return Flow(source=source, target=target, data_class="", why=why)
