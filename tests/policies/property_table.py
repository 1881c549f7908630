"""Which control must speak when a property of what is shipped changes, and what all of them say then.

`python -m tests.policies.property_table prod` makes every deviation of an environment that the operators know, in the
table and outside, and prints the controls that speak; `... prod aws:kms/key:Key` only those of one type.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from policies.control import Control, controls
from policies.reading import text
from policies.rule import UNKNOWN, Config, Resource, Stack, config, judge
from seedbed.check import configuration, seen
from seedbed.machine import charts_at_hand
from seedbed.rehearsal import rehearse_environment
from tests.policies.cases import HERE, TODAY, Loader
from tests.policies.operators import Mutation, mutations

CHECKOUT = Path(__file__).parents[2]
ENVIRONMENTS = ("prod", "staging", "local", "dev")
"""Those shipped, in the order in which a deviation is sought in them."""

TABLE = yaml.load((HERE / "property_table.yaml").read_text(), Loader)
SURVIVORS = {one["mutation"]: one["reason"] for one in yaml.safe_load((HERE / "survivors.yaml").read_text())}

CONTROLS = {one.id: one for one in controls()}
PROVIDER = "pulumi:providers:"
ASKS = ("fail", "undetermined")
Said = frozenset[tuple[str, str, str]]
"""Control, URN and state of what asks for something."""


class Shipped:
    """An environment as its file says, with what it takes to judge it again quickly."""

    def __init__(self, name: str, resources: Sequence[Resource]) -> None:
        self.name = name
        self.resources = tuple(resources)
        self.stack = Stack(resources)
        self.config: Config = config(name)

    @cached_property
    def first(self) -> Said:
        """What asks for something before anything is changed."""
        return self.said(self.resources)

    def said(self, resources: Iterable[Resource], only: Sequence[Control] | None = None) -> Said:
        """What asks for something, of a whole stack or a part of it; controls that judge the judging are left out."""
        asked = [one for one in (controls() if only is None else only) if one.kind != "verdict"]
        found = judge(Stack(resources), self.config, today=TODAY, only=asked).findings
        return frozenset((one.control, one.urn, one.state) for one in found if one.state in ASKS and one.urn)

    def heard(self, mutation: Mutation, only: Sequence[Control] | None = None) -> Said:
        """What a deviation makes controls say, asked of those that read the type, or of `only`.

        A control of kind `resource` is decided on one resource and its provider, so it sees no more than these; so is
        GOV-05, which asks the other controls only where changes are ignored.
        """
        asked = [one for one in (readers(mutation.type) if only is None else only) if one.kind != "verdict"]
        near = {one.id for one in asked if one.kind == "resource"}
        if not mutation.operator.startswith("ignore"):
            near.add("GOV-05")
        alone = [one for one in asked if one.id in near and not mutation.type.startswith(PROVIDER)]
        found: Said = frozenset()
        if alone and mutation.instead:
            provider = self.stack.provider_of(mutation.instead)
            found |= self.said([mutation.instead, *([provider] if provider else [])], alone)
        if whole := [one for one in asked if one not in alone]:
            found |= self.said(mutation.applied(self.resources), whole)
        return found - self.first

    def first_of_each(self, token: str) -> Iterator[Mutation]:
        """The deviations of a type: of those with one name, that of the first resource in order of URN."""
        known = set()
        for one in self.stack.of([token]):
            for mutation in mutations(one, self.stack.by_type, legal(token)):
                if mutation.name not in known:
                    known.add(mutation.name)
                    yield mutation

    def related(self, mutation: Mutation) -> frozenset[str]:
        """URNs of the resource, of what comes from it and what it comes from, of its namespace, and of the stack."""
        found = {mutation.urn, self.stack.root}
        changed = mutation.instead.dependencies.values() if mutation.instead else ()
        for step in (self._behind, self._before):
            queue = [mutation.urn, *(urn for urns in changed for urn in urns)]
            while queue:
                found.update(queue)
                queue = [urn for one in queue for urn in step.get(one, ()) if urn not in found]
        return frozenset(found) | self._beside(mutation.urn)

    def _beside(self, urn: str) -> frozenset[str]:
        space = _space(self.stack.by_urn[urn]) if urn in self.stack.by_urn else ""
        return frozenset(one.urn for one in self.resources if space and _space(one) == space)

    @cached_property
    def _behind(self) -> Mapping[str, frozenset[str]]:
        return {one.urn: frozenset(urn for urns in one.dependencies.values() for urn in urns) for one in self.resources}

    @cached_property
    def _before(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for one, behind in self._behind.items():
            for urn in behind:
                found.setdefault(urn, set()).add(one)
        return {urn: frozenset(some) for urn, some in found.items()}


def _space(one: Resource) -> str:
    """The namespace that a resource stands in or is."""
    if not one.type.startswith("kubernetes:"):
        return ""
    kind = one.type.rpartition(":")[2]
    return text(one.props, "metadata.name" if kind == "Namespace" else "metadata.namespace")


@cache
def shipped(name: str) -> Shipped:
    """Rehearses an environment, once in a session."""
    with charts_at_hand():
        rehearsal = rehearse_environment(name, configuration(CHECKOUT / f"Pulumi.{name}.yaml"))
    return Shipped(name, seen(name, rehearsal).resources)


@cache
def readers(token: str) -> tuple[Control, ...]:
    """The controls that read resources of a type."""
    return tuple(one for one in controls() if any(fnmatchcase(token, some) for some in one.types))


@dataclass(frozen=True, kw_only=True)
class Row:
    """Properties of a type that one control is about, and what must not be done to them unheard."""

    type: str
    """A token, or a pattern for many."""

    control: str
    paths: tuple[str, ...]
    operators: tuple[str, ...]
    resource: str = "*"
    """Pattern of the name; the first that fits, in order of URN, stands for all."""

    environment: str = ""
    """Where it is done; empty for the first environment that has the type."""

    entry: str = ""
    """A text in the entry of a list that the path leads through; empty for the first."""

    @property
    def words(self) -> frozenset[str]:
        return frozenset(one.partition(" ")[0] for one in self.operators)

    def meets(self, mutation: Mutation) -> bool:
        return (
            mutation.place in self.paths
            and (mutation.operator.split(" ")[0] in self.operators or mutation.operator in self.operators)
            and (not self.entry or self.entry in mutation.through)
        )


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A deviation of the table, where it was made, and what came of it."""

    row: Row
    environment: str
    mutation: Mutation
    states: frozenset[str]
    """What the named control says anew, about whichever resource."""

    @property
    def name(self) -> str:
        only = " ".join(one for one in (self.row.resource.replace("*", ""), self.row.entry) if one)
        return f"{self.mutation.name}{f' ({only})' if only else ''} -> {self.row.control}"

    @property
    def caught(self) -> bool:
        """What is not known, or comes from a resource that is gone, may leave it open; all else is a violation."""
        open_too = self.mutation.operator in ("unknown", "remove")
        return bool(self.states) if open_too else "fail" in self.states


@cache
def rows() -> tuple[Row, ...]:
    return tuple(
        Row(
            type=token,
            control=one["control"],
            paths=tuple([one["path"]] if isinstance(one["path"], str) else one["path"]),
            operators=tuple(word.replace(":", " ") for word in one["by"].split()),
            resource=one.get("resource", "*"),
            environment=one.get("in", ""),
            entry=one.get("entry", ""),
        )
        for token, some in (*TABLE["rows"].items(), *_of_pods())
        for one in some
    )


def _of_pods() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows about pods, for each type that holds them, at the place where it holds them."""
    for token, place in TABLE["pods"]["places"].items():
        yield token, [{**one, "path": [f"{place}.{path}" for path in one["path"]]} for one in TABLE["pods"]["rows"]]


@cache
def legal(token: str) -> Mapping[str, Sequence[Any]]:
    """By path without indices, the values that a type takes there."""
    place = TABLE["pods"]["places"].get(token)
    inside = {f"{place}.{path}": some for path, some in TABLE["pods"]["legal"].items()} if place else {}
    return {**TABLE["legal"].get(token, {}), **inside}


@cache
def meetings(type_: str) -> tuple[Meeting, ...]:
    """The deviations that the rows of a type (or pattern) ask for, each judged by the control that it names."""
    return tuple(one for row in rows() if row.type == type_ for one in _meetings(row))


def _meetings(row: Row) -> Iterator[Meeting]:
    known: set[str] = set()
    for name in [row.environment] if row.environment else ENVIRONMENTS:
        if config(name).level(row.control) == "disabled" or (known and "*" not in row.type):
            continue
        there = shipped(name)
        for token in sorted(there.stack.by_type) if "*" in row.type else [row.type]:
            for mutation in _done(row, there, token):
                if mutation.name not in known:
                    known.add(mutation.name)
                    heard = there.heard(mutation, [CONTROLS[row.control]])
                    states = frozenset(state for _, _, state in heard)
                    yield Meeting(row=row, environment=name, mutation=mutation, states=states)


def _done(row: Row, there: Shipped, token: str) -> Iterator[Mutation]:
    """What a row asks for of the resources of a type; of a pattern's types the first resource is enough."""
    if not fnmatchcase(token, row.type):
        return
    some = [one for one in there.stack.of([token]) if fnmatchcase(one.name, row.resource)]
    for one in some[:1] if "*" in row.type else some:
        for mutation in mutations(one, there.stack.by_type, legal(token), row.paths):
            if row.meets(mutation):
                yield mutation


@cache
def additions() -> tuple[Meeting, ...]:
    """What has no place in an environment, added to prod."""
    return tuple(_added(shipped("prod"), one) for one in TABLE["additions"])


def _added(there: Shipped, one: Mapping[str, Any]) -> Meeting:
    row = Row(type=one["type"], control=one["control"], paths=("",), operators=("add",))
    package = row.type.partition(":")[0]
    provider = next(iter(there.stack.of([f"{PROVIDER}{package}"])), None)
    names = {some.name: some.urn for some in there.resources}
    from_ = {prop: (names[name],) for prop, name in one.get("from", {}).items()}
    added = Resource(
        urn=f"{there.stack.root.rpartition('::')[0].rpartition('::')[0]}::{row.type}::added",
        type=row.type,
        name="added",
        props={**dict.fromkeys(from_, UNKNOWN), **one["props"]},
        dependencies=from_,
        parent=there.stack.root,
        provider=f"{provider.urn}::id" if provider else "",
    )
    mutation = Mutation(urn=added.urn, type=row.type, path="", operator="add", instead=added)
    heard = there.heard(mutation, [CONTROLS[row.control]])
    return Meeting(row=row, environment=there.name, mutation=mutation, states=frozenset(state for *_, state in heard))


def outside(there: Shipped, token: str) -> Iterator[Mutation]:
    """The deviations of a type in an environment that no row names."""
    mine = [row for row in rows() if fnmatchcase(token, row.type)]
    for one in there.first_of_each(token):
        if not any(one.place in row.paths and one.operator.split(" ")[0] in row.words for row in mine):
            yield one


def main(words: Sequence[str]) -> None:
    there = shipped(words[0])
    for token in sorted(there.stack.by_type):
        for one in there.first_of_each(token) if len(words) == 1 or token in words[1:] else ():
            heard = {f"{id}{'?' if state == 'undetermined' else ''}" for id, _, state in there.heard(one)}
            print(f"{one.name}: {' '.join(sorted(heard)) or '-'}")


if __name__ == "__main__":
    main(sys.argv[1:])
