"""Operators: each makes deviations of one resource, whatever a control may think of them."""

import importlib
import inspect
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from policies.reading import ABSENT, is_list, leaves
from policies.rule import UNKNOWN, Resource
from policies.stack import ROOT
from tests.policies.changed_values import FAR, Made, flip, move, past_bounds, untag_defaults, widen, widened

TAGS = ("tags", "defaultTags", "metadata.labels", "metadata.annotations")
"""Inputs beneath which a value that is left out is a tag that is taken away."""

_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One resource that is otherwise than shipped."""

    urn: str
    type: str
    path: str
    """With indices, as the controls write it; empty for the whole resource, in parentheses for an option."""

    operator: str
    """What was done, and where there is a choice what was put there: `other Suspended`."""

    instead: Resource | None
    """The resource as it is now; None where it is gone."""

    through: frozenset[str] = frozenset()
    """Texts in the entries of lists on the way, by which an entry is told from its neighbours."""

    @property
    def place(self) -> str:
        """The path without indices: what is the same in every list."""
        return general(self.path)

    @property
    def name(self) -> str:
        return " ".join(one for one in (self.type, self.place, self.operator) if one)

    def applied(self, resources: Sequence[Resource]) -> tuple[Resource, ...]:
        """The stack with it; of a resource that is gone nothing can come any more."""
        if self.instead is None:
            return tuple(without(one, self.urn) for one in resources if one.urn != self.urn)
        if not any(one.urn == self.urn for one in resources):
            return (*resources, self.instead)
        return tuple(self.instead if one.urn == self.urn else one for one in resources)


def general(path: str) -> str:
    return _INDEX.sub("[]", path)


def without(one: Resource, urn: str) -> Resource:
    """The resource as a program would declare it that does not declare `urn`."""
    if not any(urn in urns for urns in one.dependencies.values()):
        return one
    behind = {prop: tuple(other for other in urns if other != urn) for prop, urns in one.dependencies.items()}
    return replace(one, dependencies={prop: urns for prop, urns in behind.items() if urns})


Place = tuple[str | int, ...]
GONE: Any = object()
"""Stands for no value at all."""


def mutations(
    one: Resource,
    siblings: Mapping[str, Sequence[Resource]],
    legal: Mapping[str, Sequence[Any]],
    paths: Collection[str] | None = None,
) -> Iterator[Mutation]:
    """Every deviation of a resource.

    siblings: the resources of the stack by type.
    legal: by path without indices, the values that the service takes there.
    paths: those of interest, without indices; all where it is None.
    """
    asked = None if paths is None else {path.partition(":")[0] for path in paths}

    def made(path: str, operator: str, instead: Resource | None, through: frozenset[str] = frozenset()) -> Mutation:
        return Mutation(urn=one.urn, type=one.type, path=path, operator=operator, instead=instead, through=through)

    for place, value, through in nodes(one.props):
        path = written(place)
        if asked is not None and general(path) not in asked:
            continue
        for said, instead in _values(path, value, legal.get(general(path), ())):
            yield made(path, said, put(one, place, instead), through)
        for inside, instead, known in widened(path, value):
            yield made(inside, "widen", put(one, place, instead), through | known)
    for path, some in legal.items():
        if (place := _absent(one, path)) and (asked is None or path in asked):
            for instead in some:
                yield made(path, f"other {instead}", put(one, place, instead))
    if one.type == ROOT:
        return
    yield made("", "remove", None)
    if one.protect:
        yield made("(protect)", "drop", replace(one, protect=False))
    if one.provider:
        yield made("(provider)", "default", replace(one, provider=_default(one.provider)))
    for prop in one.props:
        yield made(prop, "ignore changes", replace(one, ignores=(*one.ignores, prop)))
    for prop in one.dependencies:
        if other := _swapped(one, prop, siblings):
            yield made(prop, "swap", other)
    if "region" not in one.props and regional(one.type):
        yield made("region", f"region {FAR}", put(one, ("region",), FAR))


def _values(path: str, value: Any, legal: Sequence[Any]) -> Made:
    tagged = any(path.startswith((f"{start}.", f"{start}[")) for start in TAGS)
    yield "untag" if tagged else "drop", GONE
    if value is UNKNOWN:
        return
    yield "unknown", UNKNOWN
    for operator in (flip, widen, past_bounds, move, untag_defaults):
        yield from operator(path, value)
    for instead in legal:
        if instead != value:
            yield f"other {instead}", instead


def nodes(
    value: Any, place: Place = (), through: frozenset[str] = frozenset()
) -> Iterator[tuple[Place, Any, frozenset[str]]]:
    """Every value beneath, mappings and lists too, with its place and the texts of the entries that it stands in."""
    if isinstance(value, Mapping):
        inside: list[tuple[str | int, Any]] = [(str(key), entry) for key, entry in value.items()]
    else:
        inside = list(enumerate(value)) if is_list(value) else []
    for key, entry in inside:
        known = through | (_texts(entry) if isinstance(key, int) else frozenset())
        yield (*place, key), entry, known
        yield from nodes(entry, (*place, key), known)


def _texts(entry: Any) -> frozenset[str]:
    inside = entry.values() if isinstance(entry, Mapping) else [entry]
    return frozenset(one for one in inside if isinstance(one, str))


def _absent(one: Resource, path: str) -> Place:
    """The place of an input that is not set, empty where it is or where there is nothing to set it in."""
    *above, last = path.split(".")
    inside: Any = one.props
    for part in above:
        inside = inside.get(part) if isinstance(inside, Mapping) else None
    return (*above, last) if isinstance(inside, Mapping) and last not in inside and "[" not in path else ()


def written(place: Place) -> str:
    """The path as the controls write it: `rules[0].status`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


@cache
def regional(token: str) -> bool:
    """Whether a type of AWS takes a region of its own, as the pinned SDK has it."""
    package, _, rest = token.partition(":")
    if package != "aws":
        return False
    module, _, name = rest.partition(":")
    module = module.partition("/")[0]
    found = importlib.import_module(f"pulumi_aws.{'lambda_' if module == 'lambda' else module}")
    return "region" in inspect.signature(getattr(found, name)._internal_init).parameters


def put(one: Resource, place: Place, value: Any) -> Resource:
    """The resource with `value` at `place`; with the last unknown of an input goes what it came from."""
    props, behind = _put(one.props, place, value), one.dependencies
    if place[0] in behind and not any(found is UNKNOWN for _, found in leaves(props.get(place[0], ABSENT))):
        behind = {prop: urns for prop, urns in behind.items() if prop != place[0]}
    return replace(one, props=props, dependencies=behind)


def _put(value: Any, place: Place, instead: Any) -> Any:
    copy: Any = list(value) if is_list(value) else dict(value)
    if place[1:]:
        copy[place[0]] = _put(copy[place[0]], place[1:], instead)
    elif instead is GONE:
        del copy[place[0]]
    else:
        copy[place[0]] = instead
    return copy


def _default(provider: str) -> str:
    """The URN of the provider that the engine takes where a program names none."""
    return "::".join([*provider.split("::")[:3], "default_7_21_0", "id"])


def _swapped(one: Resource, prop: str, siblings: Mapping[str, Sequence[Resource]]) -> Resource | None:
    """The resource with what another of its type has for the input, or with a sibling of what is behind it."""
    mine = one.dependencies[prop]
    for other in siblings.get(one.type, ()):
        theirs = other.dependencies.get(prop, ())
        if theirs and prop in other.props and not set(mine) & set(theirs):
            props = {**one.props, prop: other.props[prop]}
            return replace(one, props=props, dependencies={**one.dependencies, prop: theirs})
    for urn in mine if one.props.get(prop) is UNKNOWN else ():
        token = urn.split("::")[2].rpartition("$")[2]
        for other in siblings.get(token, ()):
            if other.urn not in mine:
                instead = tuple(other.urn if behind == urn else behind for behind in mine)
                return replace(one, dependencies={**one.dependencies, prop: instead})
    return None
