"""A part of what `seedbed status` shows, and a part of the account that does not answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError


@dataclass(frozen=True)
class Line:
    """One thing and its state, in words."""

    what: str
    state: str
    good: bool | None = True
    """None where nobody knows."""


@dataclass(frozen=True)
class Row:
    """One thing with what is known of it, column by column."""

    cells: tuple[str, ...]
    good: bool | None = True
    """None where nobody knows."""


@dataclass(frozen=True)
class Section:
    """Lines on one subject, or a table of it."""

    title: str
    lines: list[Line] = field(default_factory=list)
    head: tuple[str, ...] = ()
    """Names of the columns; empty where there is no table."""

    rows: list[Row] = field(default_factory=list)


def unknown(what: str, why: object) -> Line:
    """A line of something that nobody knows, with the reason in one line."""
    return Line(what, f"unknown: {' '.join(str(why).split())}", good=None)


def asked(title: str, ask: Callable[[], Iterable[Line]], nothing: str) -> Section:
    """A section whose lines come from the account; one that does not answer keeps no other from being shown.

    `nothing` is said where there is none of the kind. What was learnt before the account failed is kept.
    """
    lines: list[Line] = []
    try:
        lines.extend(ask())
    except (BotoCoreError, ClientError) as error:
        lines.append(unknown(title, error))
    return Section(title, lines or [Line(title, nothing)])
