"""Exceptions: findings that someone answers for, until a day."""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from policies.stack import environment_of

FILE = Path(__file__).parent / "exceptions.yaml"
FIELDS = ("control", "urn", "reason", "approver", "ticket", "until")
REGISTER = "GOV-03"
"""The control that judges the register; no entry waives it, so that none makes another one hold for ever."""

REASON_LENGTH = 20
"""Characters below which a reason explains nothing."""


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """One entry of the register: one control, one resource, a reason, who approved it, where, until when."""

    where: str
    """Place in the register, for messages."""

    control: str = ""
    urn: str = ""
    reason: str = ""
    approver: str = ""
    ticket: str = ""
    until: datetime.date | None = None
    faults: tuple[str, ...] = ()
    """What is wrong with the entry itself; an entry with faults waives nothing."""

    @property
    def environment(self) -> str:
        return environment_of(self.urn)

    def covers(self, control: str, urn: str, today: datetime.date) -> bool:
        """Whether a finding of this control on this resource is waived today; the end date is the last day."""
        valid = not self.faults and self.until is not None and today <= self.until
        return valid and (self.control, self.urn) == (control, urn)


def waivers(path: Path = FILE) -> tuple[Waiver, ...]:
    """The register of exceptions; what cannot be read becomes an entry with faults, never a silent nothing."""
    try:
        return entries_of(path.read_text(encoding="utf-8"), path.name)
    except FileNotFoundError:
        return ()
    except OSError as error:
        return (Waiver(where=str(path), faults=(f"cannot be read ({error.strerror})",)),)
    except UnicodeDecodeError:
        return (Waiver(where=str(path), faults=("is no UTF-8 text",)),)


def entries_of(text: str, name: str) -> tuple[Waiver, ...]:
    """The entries of a register's text; `name` says in messages where they stand."""
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return (Waiver(where=name, faults=("is no YAML; write a list `exceptions:` of entries",)),)
    if content is None or content == {"exceptions": None}:
        return ()
    entries = content.get("exceptions") if isinstance(content, dict) and set(content) == {"exceptions"} else None
    if not isinstance(entries, list):
        return (Waiver(where=name, faults=("must hold one key, `exceptions`, with a list of entries",)),)
    return tuple(_entry(entry, f"{name} exceptions[{index}]") for index, entry in enumerate(entries))


def faults(waiver: Waiver, known: Sequence[str], days: int, today: datetime.date) -> list[str]:
    """What is wrong with an entry today: its form, an unknown control, an end in the past or too far ahead."""
    found = list(waiver.faults)
    if waiver.control and waiver.control not in known:
        found.append("control: names no control of this project; see `python -m policies`")
    if waiver.until is not None and waiver.until < today:
        found.append(f"until: expired on {waiver.until}; mend the resource, or have the exception approved anew")
    if waiver.until is not None and (waiver.until - today).days > days:
        found.append(f"until: {waiver.until} is more than {days} days ahead; shorten it")
    return found


def _entry(entry: Any, where: str) -> Waiver:
    if not isinstance(entry, dict):
        return Waiver(where=where, faults=(f"must be a mapping with {', '.join(FIELDS)}",))
    wrong = [f"{key}: unknown field; allowed are {', '.join(FIELDS)}" for key in entry if key not in FIELDS]
    values = {}
    for field in FIELDS[:-1]:
        value = entry.get(field)
        values[field] = value.strip() if isinstance(value, str) else ""
        if not values[field]:
            wrong.append(f"{field}: missing; say it as text")
    until = entry.get("until")
    if isinstance(until, str):
        try:
            until = datetime.date.fromisoformat(until)
        except ValueError:
            until = None
    if not isinstance(until, datetime.date) or isinstance(until, datetime.datetime):
        until = None
        wrong.append("until: must be a day written YYYY-MM-DD")
    if re.search(r"[*?]", values["control"] + values["urn"]):
        wrong.append("control, urn: a wildcard; name one control and one URN an entry")
    elif values["urn"] and not re.fullmatch(r"urn:pulumi:[^:]+::[^:]+::.+::.+", values["urn"]):
        wrong.append("urn: must be a whole URN, urn:pulumi:STACK::PROJECT::TYPE::NAME")
    if values["control"] == REGISTER:
        wrong.append(f"control: {REGISTER} judges this register; mend the entry that it objects to")
    if values["reason"] and len(values["reason"]) < REASON_LENGTH:
        wrong.append(f"reason: too short to be understood later; use {REASON_LENGTH} characters or more")
    return Waiver(where=where, until=until, faults=tuple(wrong), **values)
