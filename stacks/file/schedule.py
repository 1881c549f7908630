"""The type of a schedule: cron as a Kubernetes CronJob reads it."""

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from stacks.file.vocabulary import Allowed, refused

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 6, DAYS),
)
"""Name, least, most and names of each field (Kubernetes, CronJob, "schedule syntax"; Sunday is 0 and never 7)."""

LONGEST_MONTH = dict(zip(range(1, 13), (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True))

_PIECE = re.compile(
    r"(?P<all>\*)(/(?P<every>[0-9]{1,2}))?"
    r"|(?P<low>[0-9]{1,2}|[a-z]{3})(-(?P<high>[0-9]{1,2}|[a-z]{3})(/(?P<step>[0-9]{1,2}))?)?"
)


def times(schedule: str) -> tuple[frozenset[int], ...]:
    """What each of the five fields of a schedule allows. Raises the error that says what to write instead."""
    fields = schedule.split(" ")
    if len(fields) != len(FIELDS) or "" in fields:
        raise refused("write minute, hour, day of the month, month and day of the week, for example 0 3 * * 1")
    found = tuple(frozenset(_values(text, *about)) for text, about in zip(fields, FIELDS, strict=True))
    _, _, days, months, _ = found
    if fields[4] == "*" and min(days) > max(LONGEST_MONTH[month] for month in months):
        raise refused("choose a day that the month has: this one never comes")
    return found


def _values(text: str, field: str, least: int, most: int, names: tuple[str, ...]) -> Iterable[int]:
    def number(word: str) -> int:
        value = names.index(word) + least if word in names else int(word) if word.isdecimal() else -1
        if not least <= value <= most:
            also = f" or {names[0]} to {names[-1]}" if names else ""
            raise refused(f"write the {field} as {least} to {most}{also}")
        return value

    for piece in text.lower().split(","):
        read = _PIECE.fullmatch(piece)
        if read is None:
            raise refused(f"write the {field} as *, a number, 1-5, 1,2 or */5")
        low = least if read["all"] else number(read["low"])
        high = most if read["all"] else number(read["high"] or read["low"])
        step = int(read["every"] or read["step"] or 1)
        if low > high:
            raise refused(f"write the lower end of the {field} first")
        if not 1 <= step <= most - least:
            raise refused(f"write a step of the {field} from 1 to {most - least}")
        yield from range(low, high + 1, step)


def _schedule(text: str) -> str:
    times(text)
    return text


Schedule = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(_schedule),
    WithJsonSchema({"type": "string", "pattern": r"^\S+ \S+ \S+ \S+ \S+$", "maxLength": 100}),
    Allowed("a cron schedule of five fields in UTC, for example 0 3 * * 1 (Mondays at three)"),
]
