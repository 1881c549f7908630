"""What the tests expect of a control, asked while a fault is in its rule."""

import ast
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from types import FunctionType
from typing import Any

from policies.control import _REGISTRY
from policies.rule import Config, Stack, Verdict, Waiver, config, judge
from tests.policies import (
    test_exceptions,
    test_mutations,
    test_permissions,
    test_registers,
    test_rules,
    test_rules_of_clusters,
    test_rules_of_findings,
    test_subjects,
    test_words_of_rights,
)
from tests.policies.cases import TODAY, cases, resources, world
from tests.policies.deviations import deviations
from tests.policies.test_controls import WORST


@dataclass(frozen=True)
class Exhibit:
    """Something that the tests expect of a control."""

    name: str
    control: str
    differs: Callable[[], bool]
    """Asked while the mutant is in force."""


@cache
def near(id: str) -> tuple[Exhibit, ...]:
    """Its fixtures, their deviations, and its single answers."""
    made = [
        Exhibit(one.id, id, _expects(id, one.resources, config(one.environment), one.expected, waivers=one.waivers))
        for one in cases()
        if one.control == id
    ]
    for answer in test_rules.ANSWERS:
        if answer["control"] == id:
            some, levels = resources(answer["resources"], "staging"), config("staging")
            own = {**levels.of(id), **answer.get("given", {})}
            given = replace(levels, parameters={**levels.parameters, id: own})
            (urn,) = (one.urn for one in some if one.name == "one")
            made.append(Exhibit(answer["says"], id, _expects(id, some, given, answer["expect"], urn=urn)))
    mine = (one for one in deviations() if one.control == id)
    return (*made, *(Exhibit(one.id, id, _expects(id, one.resources, one.config, one.expect)) for one in mine))


@cache
def far(id: str) -> tuple[Exhibit, ...]:
    """The mutations of the catalogue: met by it or, where they are not its, left alone.

    A control that judges the judging has every other one judge first, so it is asked of its own mutations only.
    """
    own = sorted(_deviations(), key=lambda one: id not in one[2])
    if _REGISTRY[id].kind == "verdict":
        own = [one for one in own if id in one[2] or not one[2]]
    return tuple(Exhibit(says, id, _speaks(id, stack, _staging(), expected)) for says, stack, expected in own)


@cache
def _staging() -> Config:
    return config("staging")


@cache
def _deviations() -> list[tuple[str, Stack, set[str]]]:
    """Deviations of the compliant stack and that stack itself, each with the controls that have to speak."""
    made: list[tuple[str, Stack, set[str]]] = [("the compliant stack", Stack(world()), set())]
    for one in test_mutations.MUTATIONS:
        also = one.get("also", [])
        expected = {one["control"], *([also] if isinstance(also, str) else also)}
        made.append((one["says"], Stack(test_mutations.mutated(one)), expected))
    return made


@cache
def told(id: str) -> tuple[Exhibit, ...]:
    """The tests that name it and need nothing but their parameters."""
    return tuple(
        Exhibit(function.__name__, id, _fails(function, given))
        for file in (
            test_rules,
            test_rules_of_clusters,
            test_rules_of_findings,
            test_registers,
            test_permissions,
            test_subjects,
            test_exceptions,
            test_words_of_rights,
        )
        for function in vars(file).values()
        if isinstance(function, FunctionType) and function.__name__.startswith("test_") and _about(function, id)
        for given in _given(function)
    )


WHOLE = {"tests.policies.test_permissions": "IAM-01", "tests.policies.test_exceptions": "GOV-03"}
"""Files of tests that are about one control as a whole, though its id does not stand in each."""


def _about(function: FunctionType, id: str) -> bool:
    if hasattr(function, "hypothesis") or function is test_rules.test_a_control_answers:
        return False
    if function.__module__ in WHOLE:
        return id == WHOLE[function.__module__]
    tree = _texts(function.__module__)
    return re.search(rf"\b{id}\b", tree[function.__name__]) is not None


@cache
def _texts(module: str) -> Mapping[str, str]:
    source = Path(sys.modules[module].__file__ or "").read_text()
    return {one.name: ast.unparse(one) for one in ast.parse(source).body if isinstance(one, ast.FunctionDef)}


def _given(function: FunctionType) -> Iterator[dict[str, Any]]:
    """What pytest would call it with; nothing for a test that needs fixtures of pytest."""
    marks = [one for one in getattr(function, "pytestmark", []) if one.name == "parametrize"]
    named = [
        [one.strip() for one in (m.args[0].split(",") if isinstance(m.args[0], str) else m.args[0])] for m in marks
    ]
    wanted = function.__code__.co_varnames[: function.__code__.co_argcount]
    if {name for names in named for name in names} == set(wanted):
        for row in product(*(mark.args[1] for mark in marks)):
            pairs = zip(named, row, strict=True)
            yield {
                k: v for names, some in pairs for k, v in zip(names, some if len(names) > 1 else [some], strict=True)
            }


def _fails(function: FunctionType, given: dict[str, Any]) -> Callable[[], bool]:
    def differs() -> bool:
        try:
            function(**given)
        except Exception:
            return True
        return False

    return differs


def _expects(
    id: str, some: Any, levels: Config, expected: str, *, urn: str = "", waivers: tuple[Waiver, ...] = ()
) -> Callable[[], bool]:
    stack = Stack(some)

    def differs() -> bool:
        made = _judged(id, stack, levels, waivers)
        states = made.states(id)
        came = states[urn] if urn in states else min(states.values(), key=WORST.index)
        return came != expected or _broke(made)

    return differs


def _speaks(id: str, stack: Stack, levels: Config, expected: set[str]) -> Callable[[], bool]:
    asked = id in expected

    def differs() -> bool:
        made = _judged(id, stack, levels, ())
        states = set(made.states(id).values())
        open_ = "undetermined" in states and "GOV-04" not in expected
        return ("fail" in states) != asked or open_ or _broke(made)

    return differs


def _judged(id: str, stack: Stack, levels: Config, waivers: tuple[Waiver, ...]) -> Verdict:
    only = None if _REGISTRY[id].kind == "verdict" else [_REGISTRY[id]]
    return judge(stack, levels, waivers, today=TODAY, only=only)


def _broke(made: Verdict) -> bool:
    return any("itself broke" in one.message for one in made.findings)
