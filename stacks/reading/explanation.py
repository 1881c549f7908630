"""What pydantic found, as problems that a person can act on."""

from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stacks.file.environment import Environment
from stacks.file.network import ExistingNetwork, NewNetwork
from stacks.file.stack import Config
from stacks.file.vocabulary import AccountId
from stacks.reading.problems import Location, Problem, nearest, shown
from stacks.reading.raw_config import renamed
from stacks.reading.shape import Place, fields, peel, place, walk, words


def explain(error: ValidationError, values: dict[str, Any], broken: set[Location]) -> list[Problem]:
    """One problem for each fault in `values` whose location is not in `broken`, which gets the locations of these too.

    A key that is missing because it is misspelt beside is one fault, not two.
    """
    faults = [(fault, place(Config, fault["loc"])) for fault in error.errors(include_url=False)]
    faults = [(fault, at) for fault, at in faults if at.location not in broken and not _is_echo(fault)]
    unknown = [(fault, at) for fault, at in faults if fault["type"] == "extra_forbidden"]
    others = [(fault, at) for fault, at in faults if fault["type"] != "extra_forbidden"]
    problems = [_unknown(fault, at, values, broken) for fault, at in unknown]
    for fault, at in others:
        if at.location not in broken:
            problems.append(_wrong(fault, at))
            broken.add(at.location)
    return problems


def _is_echo(fault: ErrorDetails) -> bool:
    """Whether pydantic repeats another fault: it does not count wrong entries, nor default from a wrong key."""
    if fault["type"] == "too_short":
        return len(fault["input"]) >= fault["ctx"]["min_length"]
    return fault["type"] == "default_factory_not_called"


def _unknown(fault: ErrorDetails, at: Place, values: Any, broken: set[Location]) -> Problem:
    part, key = at.part, str(at.location[-1])
    keys = list(fields(part)) if part else []
    found, allowed = shown(fault["input"], at.location), ", ".join(keys)
    broken.add(at.location)
    if part is ExistingNetwork and key in fields(NewNetwork):
        fix = "keep either existing, or cidr, zones and egress"
        return Problem(at.location, "belongs to a new network, beside an existing one", found, allowed, fix)
    if near := nearest(key, keys):
        for step in at.location[:-1]:
            values = values[step]
        if near not in values:
            broken.add((*at.location[:-1], near))
        return Problem(at.location, "is a key that does not exist", found, allowed, renamed(near, values))
    homes = [f"seedbed:environment.{p}" for p, _ in _ENVIRONMENT_KEYS if p.split(".")[-1] == key]
    fix = f"move it to {' or '.join(homes[:3])}" if homes else "remove it"
    return Problem(at.location, "is a key that does not exist", found, allowed, fix)


_ENVIRONMENT_KEYS = list(walk(Environment))


def _wrong(fault: ErrorDetails, at: Place) -> Problem:
    kind, value, allowed = fault["type"], fault["input"], words(at.annotation)
    found = shown(value, at.location)
    if kind == "missing":
        key = at.location[-1]
        return Problem(at.location, "is missing", "nothing", allowed, f"add {key} {_example(at.annotation)}")
    if kind == "refused":
        return Problem(at.location, "is not allowed", found, allowed, fault["ctx"]["fix"])
    if kind in ("greater_than_equal", "less_than_equal"):
        limit = fault["ctx"].get("ge", fault["ctx"].get("le"))
        return Problem(at.location, "is out of range", found, allowed, f"write {limit}, or a number within the range")
    if kind in ("greater_than", "less_than"):
        return Problem(at.location, "is out of range", found, allowed, "write a number within the range, not its end")
    if kind in ("too_short", "too_long"):
        fix = "add what is missing" if kind == "too_short" else "remove what is too much"
        return Problem(at.location, f"has too {'few' if kind == 'too_short' else 'many'} entries", found, allowed, fix)
    if kind == "literal_error":
        return Problem(at.location, "is not allowed", found, allowed, _choice(value, at.annotation))
    if kind in ("string_pattern_mismatch", "string_too_short", "string_too_long", "string_unicode"):
        return Problem(at.location, "is not well-formed", found, allowed, f"write {allowed}")
    return Problem(at.location, "has the wrong type", _typed(value, found), allowed, _retyped(value, at.annotation))


def _choice(value: Any, annotation: Any) -> str:
    core, _ = peel(annotation)
    choices = {str(choice): choice for choice in get_args(core)}
    if isinstance(value, str) and value in choices:
        return f"write {value} without quotes"
    if isinstance(value, int | float) and not isinstance(value, bool):
        numbers = [c for c in choices.values() if isinstance(c, int)]
        return f"write {min(numbers, key=lambda c: abs(c - value))}" if numbers else "write one of these words"
    near = nearest(value, choices) if isinstance(value, str) else None
    return f"write {near}" if near else "write one of these"


def _typed(value: Any, found: str) -> str:
    if isinstance(value, bool):
        return f"{found} (true or false)"
    if isinstance(value, int | float):
        return f"{found} (a number)"
    return f"{found} (a text)" if isinstance(value, str) else found


def _retyped(value: Any, annotation: Any) -> str:
    core, _ = peel(annotation)
    if core is int and isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return f"write {int(value)} without quotes"
    if core is int and isinstance(value, float) and value.is_integer() and abs(value) < 10**9:
        return f"write {int(value)}"
    if core is str and isinstance(value, int | float):
        is_account = annotation is AccountId
        return 'write it in quotes, as it is: "012345678901"' if is_account else f'write it in quotes: "{shown(value)}"'
    if get_origin(core) is tuple and isinstance(value, str) and value:
        return f"write a list: [{shown(value)[1:-1]}]"
    return f"write {words(annotation)}"


def _example(annotation: Any) -> str:
    core, _ = peel(annotation)
    if get_origin(core) is Literal:
        return f"as {' or '.join(map(str, get_args(core)))}"
    return f"with {words(annotation)}"
