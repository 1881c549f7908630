"""The verdict of the policies without cloud, engine or credentials."""

import datetime
import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pulumi

from policies import rule
from seedbed.failures import RefusedError, WrongInputError
from seedbed.machine import charts_at_hand
from seedbed.rehearsal import PROJECT, STACK_TYPE, Declared, Rehearsal, rehearse_environment
from stacks.reading.yaml_file import read_document

UNDECIDED = "GOV-04"
"""The control that speaks for what others cannot decide."""


def check(environment: str, file: Path, only: Sequence[str] = ()) -> tuple[rule.Verdict, Rehearsal]:
    """Rehearses the program with an environment's file, which must be valid, and judges what it declares.

    only: ids of the controls that are asked; all of them where none is named.
    """
    chosen = named(only)
    try:
        with charts_at_hand():
            rehearsal = rehearse_environment(environment, configuration(file))
    except Exception as error:
        raise RefusedError(
            f"{environment}: the program stops before it has declared everything: {type(error).__name__}: {error}",
            do=f"The whole traceback: seedbed preview {environment} --offline",
        ) from error
    return judge(environment, seen(environment, rehearsal), chosen), rehearsal


def seen(environment: str, rehearsal: Rehearsal) -> rule.Stack:
    """What a program declares as the policies see it."""
    return rule.Stack([*map(resource, rehearsal.resources), root(environment, rehearsal)])


def named(ids: Sequence[str]) -> list[rule.Control] | None:
    """The controls of these ids, and the one that speaks for what they cannot decide; None where no id is given."""
    known = {one.id: one for one in rule.controls()}
    for id in ids:
        if id not in known:
            near = ", ".join(get_close_matches(id, known, 1)) or "one that `python -m policies` lists"
            raise WrongInputError(f"--only {id}: no control has this id; write {near}.")
    return [one for id, one in known.items() if id in (*ids, UNDECIDED)] if ids else None


def judge(environment: str, stack: rule.Stack, only: Sequence[rule.Control] | None = None) -> rule.Verdict:
    """The verdict of all controls, or some, at the environment's levels, with the exceptions that hold today."""
    today = datetime.datetime.now(datetime.UTC).date()
    try:
        levels, waivers = rule.config(environment), rule.waivers()
    except ValueError as error:
        raise WrongInputError(str(error)) from error
    return rule.judge(stack, levels, waivers, today=today, only=only)


def configuration(file: Path) -> dict[str, str]:
    """The configuration of an environment's file as the engine hands it to a program: everything a string."""
    given = read_document(file).values.get("config") or {}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in given.items()}


def resource(declared: Declared) -> rule.Resource:
    """A declared resource as the policies see it."""
    return rule.Resource(
        urn=declared.urn,
        type=declared.type,
        name=declared.name,
        props=_plain(declared.inputs),
        dependencies=declared.dependencies,
        parent=declared.parent,
        provider=declared.provider,
        protect=declared.protect,
        ignores=declared.ignores,
    )


def root(environment: str, rehearsal: Rehearsal) -> rule.Resource:
    """The stack itself as the policies see it: with what the program exports."""
    name = f"{PROJECT}-{environment}"
    urn = f"urn:pulumi:{environment}::{PROJECT}::{STACK_TYPE}::{name}"
    return rule.Resource(urn=urn, type=STACK_TYPE, name=name, props=_plain(rehearsal.outputs))


def _plain(value: Any) -> Any:
    if isinstance(value, pulumi.output.Unknown):
        return rule.UNKNOWN
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
