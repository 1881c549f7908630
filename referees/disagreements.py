"""Where a referee and the controls judge one resource differently, and what people said about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import yaml

from policies.rule import Stack, Verdict
from referees.checkov import Result

TABLE = Path(__file__).parent / "disagreements.yaml"

Side = Literal["fails", "passes"]
FIELDS = ("check", "control", "referee", "resource", "reason")


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """One resource on which a check of the referee and a control came to opposite verdicts."""

    environment: str
    check: str
    control: str
    referee: Side
    urn: str

    @property
    def resource(self) -> str:
        """Type and name, without the stack and the parents that the URN has too."""
        path, _, name = self.urn.split("::", 2)[2].partition("::")
        return f"{path.rpartition('$')[2]}::{name}"

    def __str__(self) -> str:
        ours = "does not" if self.referee == "fails" else "fails it"
        return f"{self.environment}: {self.check} {self.referee} {self.resource}, {self.control} {ours}"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the reviewed table."""

    check: str
    control: str
    referee: Side
    """What the referee says; the control says the opposite."""

    resource: str
    """Type and name, `aws:s3/bucket:Bucket::*`; only the name may have wildcards."""

    reason: str

    def covers(self, one: Disagreement) -> bool:
        same = (self.check, self.control, self.referee) == (one.check, one.control, one.referee)
        return same and fnmatchcase(one.resource, self.resource)


def table(file: Path = TABLE) -> tuple[Entry, ...]:
    """The reviewed table; ValueError for an entry that says too little or means too much."""
    return tuple(_entry(entry, number) for number, entry in enumerate(yaml.safe_load(file.read_text()) or (), 1))


def _entry(entry: Mapping[str, Any], number: int) -> Entry:
    where = f"{TABLE.name}, entry {number}"
    if not isinstance(entry, Mapping) or set(entry) != set(FIELDS) or not all(entry.values()):
        raise ValueError(f"{where}: exactly {', '.join(FIELDS)} are wanted, each with a value")
    if entry["referee"] not in ("fails", "passes"):
        raise ValueError(f"{where}: referee is {entry['referee']!r}, allowed are fails and passes")
    type_, _, name = entry["resource"].partition("::")
    if not name or any(sign in type_ for sign in "*?["):
        raise ValueError(f"{where}: resource is {entry['resource']!r}; write TYPE::NAME, wildcards in the name alone")
    return Entry(**entry)


def compared(
    environment: str,
    stack: Stack,
    verdict: Verdict,
    results: Iterable[Result],
    witnesses: Mapping[str, Sequence[str]],
    inverted: Mapping[str, Sequence[str]],
) -> tuple[Disagreement, ...]:
    """All disagreements about one stack.

    A control that judges nothing here (its level is `disabled`) is not compared.
    results: what the referee says about this stack, in its own order.
    witnesses: checks that may testify, by control.
    inverted: controls that ask for the opposite, by check: where the check fails, it disagrees whatever they say.
    """
    said: dict[str, dict[str, set[bool]]] = {}
    for one in results:
        said.setdefault(one.check, {}).setdefault(one.urn, set()).add(one.passed)
    near = _neighbours(stack)
    found: list[Disagreement] = []

    def add(check: str, control: str, referee: Side, urn: str) -> None:
        found.append(Disagreement(environment=environment, check=check, control=control, referee=referee, urn=urn))

    for control, checks in witnesses.items():
        states = verdict.states(control)
        failed = {urn for urn, state in states.items() if state == "fail"}
        for check in checks if states else ():
            for urn, told in said.get(check, {}).items():
                if False in told and not failed & {urn, *near.get(urn, ())}:
                    add(check, control, "fails", urn)
        for urn in failed:
            heard = {check: said[check][urn] for check in checks if urn in said.get(check, {})}
            if heard and not any(False in told for told in heard.values()):
                add(min(heard), control, "passes", urn)
    for check, ids in inverted.items():
        for urn, told in said.get(check, {}).items():
            for control in ids if False in told else ():
                add(check, control, "fails", urn)
    return tuple(sorted(found, key=lambda one: (one.check, one.control, one.urn, one.referee)))


def problems(found: Iterable[Disagreement], entries: Sequence[Entry]) -> list[str]:
    """What is wrong between the disagreements of all environments and the table; nothing where they fit."""
    some = list(found)
    new = [f"{one}: not in {TABLE.name}" for one in some if not any(entry.covers(one) for entry in entries)]
    idle = [
        f"{entry.check} {entry.referee} {entry.resource} against {entry.control}: nothing uses this entry any more"
        for entry in entries
        if not any(entry.covers(one) for one in some)
    ]
    return [*new, *idle]


def _neighbours(stack: Stack) -> dict[str, set[str]]:
    """What each resource refers to and what refers to it: a referee may blame the one, a control the other."""
    near: dict[str, set[str]] = {}
    for one in stack.resources:
        for others in one.dependencies.values():
            for other in others:
                near.setdefault(one.urn, set()).add(other)
                near.setdefault(other, set()).add(one.urn)
    return near
