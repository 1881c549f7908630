"""What is wrong with an environment file, in words."""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Location = tuple[str | int | Path, ...]

LONGEST_SHOWN = 60
"""Characters of a found value that a message repeats; more hides the message."""

MOST_SHOWN = 100
"""Problems that one error lists; a file with more is not a file of ours."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_:-]{0,63}")
_CREDENTIAL_NAME = re.compile(
    r"secret|token|password|passphrase|access.?key|private.?key|credential(?!arn)", re.IGNORECASE
)
_CREDENTIAL_ITSELF = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN|\bgh[pousr]_[A-Za-z0-9]{20}|\bxox[abp]-|://[^/\s]*@"
)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and everything needed to put it right."""

    location: Location
    """Keys and positions from the top: the configuration key first, or the file's path where all of it is wrong."""

    wrong: str
    found: str
    allowed: str
    fix: str
    line: int | None = None
    """Line of the file, where it came from one."""

    @property
    def path(self) -> str:
        """Where it is, for example `seedbed:environment.datasets[0].name`."""
        return path(self.location)

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path} (line {self.line})"
        return f"{where}: {self.wrong}\n  found:   {self.found}\n  allowed: {self.allowed}\n  fix:     {self.fix}"


def path(location: Location) -> str:
    """A location as a person writes it, for example `seedbed:environment.datasets[0].name`."""
    first, *rest = location
    start = _printable(str(first)) if isinstance(first, Path) else short(str(first)).strip() or '""'
    return start + "".join(map(_step, rest))


class SettingsError(Exception):
    """An environment file that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem], source: str) -> None:
        """`source` names the file or the stack that the values came from."""
        super().__init__(problems, source)
        self.problems = list(problems)
        self.source = source

    def __str__(self) -> str:
        count = f"{len(self.problems)} problem" + "s" * (len(self.problems) != 1)
        return "\n\n".join([f"{self.source}: {count}, nothing was changed", *map(str, self.problems)])


def nearest(text: str, choices: Iterable[str]) -> str | None:
    """The choice that `text` was probably meant to be; None where no choice is near."""
    if len(text) > 64:
        return None
    flat = {_flat(choice): choice for choice in sorted(choices, reverse=True)}
    if len(text) > 3 and len(longer := [choice for choice in flat if choice.startswith(_flat(text))]) == 1:
        return flat[longer[0]]
    near = difflib.get_close_matches(_flat(text), flat, n=1, cutoff=0.65)
    return flat[near[0]] if near else None


def shown(value: Any, location: Location = ()) -> str:
    """A found value as a message repeats it: short, one line, nothing that a terminal would obey, no credential."""
    named = any(_CREDENTIAL_NAME.search(str(step)) for step in location)
    if named or (isinstance(value, str) and _CREDENTIAL_ITSELF.search(value)):
        return "a value that is not shown"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "a very large number"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "a number without an end"
    if isinstance(value, str):
        return f'"{short(value)}"'
    if isinstance(value, Mapping):
        return "a mapping" + (f" with {_enumerated(value)}" if value else " with nothing in it")
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    return f"a {type(value).__name__} ({short(str(value))})" if hasattr(value, "isoformat") else "something unreadable"


def short(text: str) -> str:
    """Text on one line, its middle left out where it is long, with odd characters escaped."""
    if len(text) > LONGEST_SHOWN:
        text = f"{text[: LONGEST_SHOWN - 20]}...{text[-10:]}"
    return _printable(text)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text)


def _enumerated(value: Mapping[Any, Any]) -> str:
    names = [short(str(key)) if isinstance(key, str) else "?" for key, _ in zip(value, range(4), strict=False)]
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _step(step: str | int | Path) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    key = str(step)
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f'["{short(key)}"]'


def _flat(text: str) -> str:
    return text.lower().replace("_", "").replace("-", "").replace(" ", "")
