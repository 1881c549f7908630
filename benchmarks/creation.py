"""The creation of an environment, simulated: its graph, the seconds of each resource, and who waits for whom."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from seedbed.rehearsal import Declared

HERE = Path(__file__).parent
IAM = "aws:iam/"
IN_CLUSTER = "kubernetes:"


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Seconds of each type, from latency.yaml, at one of its columns."""

    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    propagation: float
    column: int
    object: float = 0.0
    """Seconds of an object of a cluster whose kind has no row."""

    def seconds(self, declared: Declared) -> float:
        """Seconds of creating a resource; raises LookupError for a type without a row."""
        if not declared.custom or declared.type.startswith("pulumi:"):
            return 0.0
        for row in self.rows.get(declared.type, ()):
            if _fits(row.get("when", {}), declared.inputs):
                return float(row["create"][self.column])
        if declared.type.startswith(IN_CLUSTER):
            return self.object
        raise LookupError(f"{HERE / 'latency.yaml'}: no row for {declared.type}, which {declared.name} is; add one")


def latency(kind: str = "typical") -> Latency:
    """The table at its `kind`: least, typical or most."""
    data = yaml.safe_load((HERE / "latency.yaml").read_text())
    column, small = data["kinds"].index(kind), data["small"]
    rows = {**data["types"], **{name: [{"create": small["create"]}] for name in small["types"]}}
    return Latency(
        rows=rows,
        propagation=float(data["propagation"]["create"][column]),
        column=column,
        object=float(data["object"]["create"][column]),
    )


def _fits(wanted: Any, given: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(given, Mapping) and all(_fits(w, given.get(key)) for key, w in wanted.items())
    return wanted == given


@dataclass(kw_only=True)
class Step:
    """One resource on its way: how long it takes, and what it waits for."""

    urn: str
    name: str
    type: str
    seconds: float
    custom: bool
    needs: dict[str, str] = field(default_factory=dict)
    """URN to why: property; explicit; or component, whose arguments its children wait for."""

    settling: dict[str, float] = field(default_factory=dict)
    """URN of a need to the seconds that must pass after it, inside this step, until it can be used."""


def graph(resources: Sequence[Declared], table: Latency, *, only_properties: bool = False) -> dict[str, Step]:
    """The steps of creating `resources`, by URN; with `only_properties` without any other waiting.

    A component is registered when its arguments are known, and its children after it: an argument that a resource
    gives holds back every child, whether the child uses it or not.
    """
    by_urn = {r.urn: r for r in resources}
    steps = {}
    for r in resources:
        step = Step(urn=r.urn, name=r.name, type=r.type, seconds=table.seconds(r), custom=r.custom)
        implied = {u for urns in r.dependencies.values() for u in urns} & by_urn.keys()
        if r.custom or not only_properties:
            step.needs = dict.fromkeys(implied, "property")
        if not only_properties:
            step.needs |= {u: "explicit" for u in r.depends_on if u in by_urn and u not in implied}
            if r.parent in by_urn:
                step.needs.setdefault(r.parent, "component")
        if r.custom and not r.type.startswith(IAM):
            fresh = [u for u in step.needs if by_urn[u].type.startswith(IAM)]
            step.settling = dict.fromkeys(fresh, table.propagation)
        steps[r.urn] = step
    return steps


def users(steps: Mapping[str, Step]) -> dict[str, list[str]]:
    """Who waits for each step."""
    waiting: dict[str, list[str]] = {urn: [] for urn in steps}
    for step in steps.values():
        for urn in step.needs:
            waiting[urn].append(step.urn)
    return waiting


def remaining(steps: Mapping[str, Step]) -> dict[str, float]:
    """Seconds from the start of each step to the end of everything that waits for it."""
    behind, left = users(steps), {}
    for urn in reversed(in_order(steps)):
        after = (left[u] + steps[u].settling.get(urn, 0.0) for u in behind[urn])
        left[urn] = steps[urn].seconds + max(after, default=0.0)
    return left


def in_order(steps: Mapping[str, Step]) -> list[str]:
    """URNs, each after what it needs; raises ValueError for a circle."""
    behind, open_needs = users(steps), {urn: len(step.needs) for urn, step in steps.items()}
    order = [urn for urn, count in open_needs.items() if not count]
    for urn in order:
        for user in behind[urn]:
            open_needs[user] -= 1
            if not open_needs[user]:
                order.append(user)
    if len(order) < len(steps):
        raise ValueError(f"resources wait for one another in a circle: {sorted(steps.keys() - set(order))}")
    return order


@dataclass(frozen=True)
class Span:
    start: float
    end: float


def schedule(steps: Mapping[str, Step], parallel: int | None = None, *, by_path: bool = True) -> dict[str, Span]:
    """When each step runs, with at most `parallel` at a time.

    Among those that may start, the one with the longest way to the end goes first; with `by_path=False` the one that
    could start first, as the engine does it.
    """
    left, behind = remaining(steps), users(steps)
    open_needs = {urn: len(step.needs) for urn, step in steps.items()}
    spans: dict[str, Span] = {}
    ready: list[tuple[float, str]] = []
    running: list[tuple[float, str]] = []
    clock, slots = 0.0, parallel or len(steps)

    def offer(urns: Iterable[str]) -> None:
        for urn in urns:
            if steps[urn].custom:
                heapq.heappush(ready, (-left[urn] if by_path else clock, urn))
            else:  # a component is only a registration: it takes no place
                end(urn, clock)

    def end(urn: str, start: float) -> None:
        spans[urn] = Span(start, clock)
        for user in behind[urn]:
            open_needs[user] -= 1
        offer([user for user in behind[urn] if not open_needs[user]])

    begun: dict[str, float] = {}
    offer([urn for urn, count in open_needs.items() if not count])
    while ready or running:
        while ready and len(running) < slots:
            _, urn = heapq.heappop(ready)
            begun[urn] = clock
            usable = max((spans[need].end + wait for need, wait in steps[urn].settling.items()), default=clock)
            heapq.heappush(running, (max(clock, usable) + steps[urn].seconds, urn))
        clock, urn = heapq.heappop(running)
        end(urn, begun[urn])
    return spans


def length(spans: Mapping[str, Span]) -> float:
    """Seconds from the first start to the last end."""
    return max((span.end for span in spans.values()), default=0.0)


def critical_path(steps: Mapping[str, Step], spans: Mapping[str, Span]) -> list[str]:
    """URNs of the chain that ends last in a schedule without limit, the first one first."""
    path = [max(spans, key=lambda urn: (spans[urn].end, urn))]
    while needs := steps[path[-1]].needs:
        settling = steps[path[-1]].settling
        path.append(max(sorted(needs), key=lambda urn: spans[urn].end + settling.get(urn, 0.0)))
    return path[::-1]


def explicit_edges(steps: Mapping[str, Step]) -> list[tuple[str, str]]:
    """Pairs (what, until) that stand in the program as an order only: no chain of properties implies them."""
    chains: dict[str, set[str]] = {}
    for urn in in_order(steps):
        near = [need for need, why in steps[urn].needs.items() if why == "property"]
        chains[urn] = set(near).union(*(chains[need] for need in near))
    return [
        (step.urn, need)
        for step in steps.values()
        if step.custom
        for need, why in step.needs.items()
        if why == "explicit" and need not in chains[step.urn]
    ]
