"""How a rule reads an input: known, absent or unknown are three different answers."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from policies.stack import UNKNOWN

ABSENT: Any = type("_Absent", (), {"__repr__": lambda self: "ABSENT", "__bool__": lambda self: False})()
"""What `look` answers for a missing or null input."""

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class UndeterminedError(Exception):
    """Raised when a rule needs a value that is unknown; `path` is the whole path of the input."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is unknown until the deployment")
        self.path = path


def look(props: Any, path: str) -> Any:
    """The value at `path` (`rules[0].status`), `ABSENT`, or `UNKNOWN` when it or a part above it is unknown."""
    value = props
    for name, index in _PART.findall(path):
        if value is UNKNOWN:
            return UNKNOWN
        if name and isinstance(value, Mapping):
            value = value.get(name, ABSENT)
        elif index and is_list(value) and int(index) < len(value):
            value = value[int(index)]
        else:
            return ABSENT
    return ABSENT if value is None else value


def present(props: Any, path: str) -> bool:
    """Whether the input is set; an unknown value counts as set."""
    value = look(props, path)
    return value is UNKNOWN or (value is not ABSENT and value != "")


def literal(props: Any, path: str, default: Any = None) -> Any:
    """The value at `path`, or `default` when absent; raises `UndeterminedError` when it is not known."""
    value = look(props, path)
    if value is UNKNOWN:
        raise UndeterminedError(path)
    return default if value is ABSENT else value


def text(props: Any, path: str, default: str = "") -> str:
    """The value at `path` as text; anything that is no text counts as `default`."""
    value = literal(props, path, default)
    return value if isinstance(value, str) else default


def word(props: Any, path: str) -> Any:
    """The text at `path`, empty where it is none, `UNKNOWN` where it is not known: always fit for a set."""
    value = look(props, path)
    return value if isinstance(value, str) or value is UNKNOWN else ""


def number(props: Any, path: str) -> float | None:
    """The value at `path` as a number (the engine sends 7 as 7.0, a tag as "7"), or None when it is none."""
    return as_number(literal(props, path))


def as_number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        return float(value) if not isinstance(value, str) or value.strip().isdecimal() else None
    except (ValueError, OverflowError):
        return None


def is_on(value: Any) -> bool:
    """Whether a switch is on, in any of the forms in which the engine may send it."""
    return value is True or value == "true"


def is_off(value: Any) -> bool:
    """Whether a switch is off, in any of the forms in which the engine may send it."""
    return value is False or value == "false"


def items(props: Any, path: str) -> list[tuple[str, Any]]:
    """The entries of a list at `path`, each with its own path; a single block counts as a list of one."""
    value = literal(props, path, [])
    if is_list(value):
        return [(f"{path}[{index}]", entry) for index, entry in enumerate(value)]
    return [(path, value)] if isinstance(value, Mapping) else []


def document(props: Any, path: str) -> Any:
    """JSON held at `path` as text or already as an object; ABSENT when absent, None when it does not parse."""
    value = literal(props, path, ABSENT)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def as_list(value: Any) -> list[Any]:
    """`value` as a list: AWS writes a list of one without brackets."""
    if value is None or value is ABSENT:
        return []
    return list(value) if is_list(value) else [value]


def whole(props: Any, path: str) -> None:
    """Raise `UndeterminedError` for the first unknown value at or beneath `path`."""
    for where, value in leaves(look(props, path), path):
        if value is UNKNOWN:
            raise UndeterminedError(where)


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every value that is neither mapping nor list, with its path."""
    found: list[tuple[str, Any]] = []
    queue: list[tuple[str, Any]] = [(path, value)]
    while queue:
        where, one = queue.pop()
        if isinstance(one, Mapping):
            queue += [(f"{where}.{key}" if where else str(key), entry) for key, entry in one.items()]
        elif is_list(one):
            queue += [(f"{where}[{index}]", entry) for index, entry in enumerate(one)]
        elif one is not ABSENT:
            found.append((where, one))
    return sorted(found, key=lambda pair: pair[0])
