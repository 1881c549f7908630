"""Small deviations of the fixtures and answers, each with the verdict that its control has to come to."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import yaml

from policies.rule import Config, Resource, config
from tests.policies.cases import FIXTURES, HERE, KINDS, Loader, resources

GIVEN = "given"
"""In the place of a resource's name: the parameters of the control."""


class Base(NamedTuple):
    """What a deviation starts from."""

    entries: list[dict[str, Any]]
    given: dict[str, Any]
    environment: str


class Deviation(NamedTuple):
    control: str
    resources: tuple[Resource, ...]
    config: Config
    expect: str
    id: str


@cache
def bases(control: str) -> Mapping[str, Base]:
    """Fixtures of a control by their kind, and its answers by what they say."""
    content = yaml.load((FIXTURES / f"{control}.yaml").read_text(), Loader)
    made = {} if "exceptions" in content else {
        kind: Base(content[kind], {}, content.get("environment", "staging")) for kind in KINDS
    }  # fmt: skip
    for one in _answers().get(control, ()):
        made[one["says"]] = Base(one["resources"], one.get("given", {}), "staging")
    return made


@cache
def _answers() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(HERE.glob("answers*.yaml")):
        for one in yaml.load(path.read_text(), Loader):
            found.setdefault(one["control"], []).append(one)
    return found


@cache
def deviations() -> tuple[Deviation, ...]:
    """Every entry of `deviations.yaml` and of the files beside it that begin so."""
    return tuple(
        deviation(control, entry)
        for path in sorted(HERE.glob("deviations*.yaml"))
        for control, entries in yaml.load(path.read_text(), Loader).items()
        for entry in entries
    )


def deviation(control: str, entry: Mapping[str, Any]) -> Deviation:
    """One entry: `of` a fixture or an answer, with `set`, `also` (set a second input), `drop`, `without`, or `add` (one
    resource or a list).
    """
    entries, given, environment = deepcopy(bases(control)[entry["of"]])
    trees = {one["name"]: one for one in entries if "name" in one} | {GIVEN: given}
    for name, path, value in (entry[key] for key in ("set", "also") if key in entry):
        _put(trees[name], path, deepcopy(value))
    if "drop" in entry:
        name, path = entry["drop"]
        _drop(trees[name], path)
    if "without" in entry:
        entries.remove(trees[entry["without"]])
    if "add" in entry:
        added = deepcopy(entry["add"])
        entries += added if isinstance(added, list) else [added]
    levels = config(environment)
    own = {**levels.of(control), **given}
    return Deviation(
        control=control,
        resources=resources(entries, environment),
        config=replace(levels, parameters={**levels.parameters, control: own}) if given else levels,
        expect=entry.get("expect", ""),
        id=f"{control} {', '.join(f'{key} {_plain(value)}' for key, value in entry.items() if key != 'expect')}",
    )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _put(tree: Any, path: list[Any], value: Any) -> Any:
    """Set the value at `path`; a path that goes on within text goes on in the JSON that it holds."""
    if not path:
        return value
    if isinstance(tree, str):
        return json.dumps(_put(json.loads(tree), path, value))
    head, *rest = path
    known = head in tree if isinstance(tree, dict) else head < len(tree)
    made = _put(tree[head] if known else {}, rest, value)
    if known or isinstance(tree, dict):
        tree[head] = made
    else:
        tree.append(made)
    return tree


def _drop(tree: Any, path: list[Any]) -> Any:
    if isinstance(tree, str):
        return json.dumps(_drop(json.loads(tree), path))
    head, *rest = path
    if rest:
        tree[head] = _drop(tree[head], rest)
    else:
        del tree[head]
    return tree
