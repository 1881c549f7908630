"""The verdict of the policies without cloud, engine or credentials."""

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from policies import rule
from seedbed.failures import RefusedError, WrongInputError
from seedbed.machine import charts_at_hand
from seedbed.rehearsal import Declared, Rehearsal, rehearse_environment
from stacks.reading.yaml_file import read_document


def check(environment: str, file: Path) -> tuple[rule.Verdict, Rehearsal]:
    """Rehearses the program with an environment's file, which must be valid, and judges what it declares."""
    try:
        with charts_at_hand():
            rehearsal = rehearse_environment(environment, configuration(file))
    except Exception as error:
        raise RefusedError(
            f"{environment}: the program stops before it has declared everything: {type(error).__name__}: {error}",
            do=f"The whole traceback: seedbed preview {environment} --offline",
        ) from error
    stack = rule.Stack(resource(declared) for declared in rehearsal.resources)
    return judge(environment, stack), rehearsal


def judge(environment: str, stack: rule.Stack) -> rule.Verdict:
    """The verdict of all controls at the environment's levels, with the exceptions that hold today."""
    today = datetime.datetime.now(datetime.UTC).date()
    try:
        levels, waivers = rule.config(environment), rule.waivers()
    except ValueError as error:
        raise WrongInputError(str(error)) from error
    return rule.judge(stack, levels, waivers, today=today)


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
    )


def _plain(value: Any) -> Any:
    if isinstance(value, pulumi.output.Unknown):
        return rule.UNKNOWN
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
