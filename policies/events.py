"""Events: whether an event pattern, or the pattern of a metric filter, hears of an event.

An event is its fields by path (`detail.eventName`), empty where it has none. What is asked of a field that the event
does not fix narrows below it, so such a pattern does not hear of all that the event stands for.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from policies.reading import as_list, is_list

Event = Mapping[str, str]

FILTER = re.compile(r"\s*\{(.*)\}\s*", re.DOTALL)
COMPARISON = re.compile(r'\$\.([\w.]+)\s*(?:(!?=)\s*("[^"]*"|[^\s()&|]+)|NOT\s+EXISTS)')
"""A comparison of a filter of JSON (CloudWatch Logs user guide, "filter pattern syntax"); others hold for no event."""

GROUP = re.compile(r"\(([^()]*)\)")


def matched(pattern: Any, event: Event, path: str = "") -> bool:
    """Whether an event pattern of EventBridge matches an event; what it leaves out it does not ask."""
    if isinstance(pattern, Mapping):
        return all(matched(asked, event, f"{path}.{key}" if path else str(key)) for key, asked in pattern.items())
    return path in event and is_list(pattern) and any(_allows(one, event[path]) for one in pattern)


def filtered(pattern: str, event: Event) -> bool:
    """Whether a metric filter matches the call that is the event's detail."""
    inner = FILTER.fullmatch(pattern)
    rest = COMPARISON.sub(lambda found: str(_holds(found, event)), inner[1]) if inner else ""
    while group := GROUP.search(rest):
        rest = f"{rest[: group.start()]}{_either(group[1])}{rest[group.end() :]}"
    return _either(rest)


def _either(text: str) -> bool:
    return any(all(one.strip() == "True" for one in part.split("&&")) for part in text.split("||"))


def _holds(found: re.Match[str], event: Event) -> bool:
    have, operator = event.get(f"detail.{found[1]}"), found[2]
    if not operator or not have:
        return have == "" and not operator
    wanted = found[3].strip('"')
    alike = fnmatchcase(have, wanted) or fnmatchcase(wanted, have)
    return alike == (operator == "=")


def _allows(wanted: Any, have: str) -> bool:
    if not isinstance(wanted, Mapping):
        return isinstance(wanted, str) and have != "" and fnmatchcase(wanted, have)
    if set(wanted) == {"prefix"}:
        return isinstance(wanted["prefix"], str) and have.startswith(wanted["prefix"])
    if set(wanted) == {"anything-but"}:
        others = as_list(wanted["anything-but"])
        return have != "" and all(isinstance(one, str) and not fnmatchcase(one, have) for one in others)
    return set(wanted) == {"exists"} and wanted["exists"] is (have != "")
