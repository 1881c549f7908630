"""Schedules: how far apart the runs of a CronJob or state machine are at most."""

import datetime
import math
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from policies.alerts import RULE, RULE_TARGET
from policies.reading import ABSENT, look
from policies.stack import UNKNOWN, Resource, Stack
from policies.workload_roles import CRON_JOB, STATE_MACHINE

SCHEDULE = "aws:scheduler/schedule:Schedule"

MACROS = {"@hourly": 1, "@daily": 1, "@midnight": 1, "@weekly": 7, "@monthly": 31, "@yearly": 366, "@annually": 366}
UNITS = {"minute": 1440, "hour": 24, "day": 1}
"""Parts of a day in the units of an AWS `rate()`."""

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
DAYS = [datetime.date(2023, 1, 1) + datetime.timedelta(number) for number in range(9 * 366)]
"""Nine years, in which every day of the year comes twice at least."""


def spans(job: Resource, stack: Stack) -> Iterator[float | None]:
    """Days that the runs of each schedule of a job are apart at most, None where that is unknown; none where it is off.

    Read are the schedule of a CronJob, and for a state machine the event rules with it as target and its schedules of
    EventBridge Scheduler.
    """
    if job.type == CRON_JOB:
        yield from _span(look(job.props, "spec.schedule"), look(job.props, "spec.suspend"), (True, "true"))
        return
    for rule in _rules(job, stack):
        switch = next((one for path in ("state", "isEnabled") if (one := look(rule.props, path)) is not ABSENT), ABSENT)
        yield from _span(look(rule.props, "scheduleExpression"), switch, ("DISABLED", False, "false"))
    for one in stack.of([SCHEDULE]):
        if _leads(one, "target", "target.arn", job, stack) and look(one.props, "endDate") is ABSENT:
            yield from _span(look(one.props, "scheduleExpression"), look(one.props, "state"), ("DISABLED",))


def _span(expression: object, switch: object, off: tuple[object, ...]) -> Iterator[float | None]:
    if switch in off or expression in (ABSENT, ""):
        return
    yield None if UNKNOWN in (switch, expression) or not isinstance(expression, str) else longest(expression)


def _rules(machine: Resource, stack: Stack) -> Iterator[Resource]:
    for target in stack.of([RULE_TARGET]):
        if _leads(target, "arn", "arn", machine, stack):
            name = look(target.props, "rule")
            behind = {one.urn for one in stack.referents(target, "rule", [RULE])}
            named = [one for one in stack.of([RULE]) if isinstance(name, str) and look(one.props, "name") == name]
            yield from named or [one for one in stack.of([RULE]) if {one.urn} == behind]


def _leads(one: Resource, prop: str, path: str, machine: Resource, stack: Stack) -> bool:
    behind = stack.referents(one, prop, [STATE_MACHINE])
    arn, name = look(one.props, path), look(machine.props, "name")
    literal = isinstance(arn, str) and isinstance(name, str) and arn.endswith(f":stateMachine:{name}")
    return literal or [found.urn for found in behind] == [machine.urn]


@cache
def longest(expression: str) -> float | None:
    """Most days between two runs: of a cron expression of five fields or a macro (Kubernetes), of `cron()` or `rate()`
    (AWS); endless where it runs once, None for what is written otherwise.
    """
    text = expression.strip()
    if text in MACROS:
        return MACROS[text]
    if text.startswith("at("):
        return math.inf
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", text):
        return int(rate[1]) / UNITS[rate[2]]
    aws = re.fullmatch(r"cron\((.*)\)", text)
    fields = (aws[1] if aws else text).split()
    if aws and (len(fields) != 6 or fields.pop() != "*"):
        return None
    return _cron(fields, first=1 if aws else 0) if len(fields) == 5 else None


def _cron(fields: list[str], first: int) -> float | None:
    """first: the number of Sunday."""
    minute, hour, day, month, weekday = fields
    week = [*range(first, first + 7), *([] if first else [7])]
    read = (
        _values(minute, range(60)), _values(hour, range(24)), _values(day, range(1, 32)),
        _values(month, range(1, 13), MONTHS), _values(weekday, week, WEEKDAYS),
    )  # fmt: skip
    if any(not one for one in read):
        return None
    days, months, weekdays = read[2] or set(), read[3] or set(), {(one - first) % 7 for one in read[4] or ()}
    either = not (day[0] in "*?" or weekday[0] in "*?")
    runs = [
        at
        for at, one in enumerate(DAYS)
        if one.month in months and (any if either else all)((one.day in days, one.isoweekday() % 7 in weekdays))
    ]
    return max((later - earlier for earlier, later in pairwise(runs)), default=math.inf)


def _values(field: str, allowed: range | list[int], names: list[str] | None = None) -> set[int] | None:
    """The numbers that a field stands for, None where it is written otherwise (`L`, `W`, `#`)."""
    found: set[int] = set()
    for index, name in enumerate(names or ()):
        field = re.sub(name, str(allowed[0] + index), field, flags=re.IGNORECASE)
    for part in field.split(","):
        shape = re.fullmatch(r"(?:(\*|\?)|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", part)
        if shape is None:
            return None
        low = allowed[0] if shape[1] else int(shape[2])
        last = allowed[-1] if shape[1] or (shape[4] and not shape[3]) else int(shape[3] or shape[2])
        if low not in allowed or last not in allowed or last < low:
            return None
        found |= set(range(low, last + 1, int(shape[4] or 1)))
    return found
