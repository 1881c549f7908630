"""Where prowler fails what the controls are content with, and what people said about it."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from policies.rule import Resource, Stack, Verdict, config, controls, judge
from referees.prowler_run import Calibration, Hearing

TABLE = Path(__file__).with_name("prowler_disagreements.yaml")
FIELDS = ("check", "resource", "reason")

ACCOUNT_ITSELF = "account"
UNDECLARED = "undeclared"
"""In place of a type: a resource that a service of AWS made by itself; its name is the ARN."""


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A failed check that no control named with it agrees with."""

    check: str
    controls: tuple[str, ...]
    resource: str
    """`account`, or type and name."""

    said: str

    def __str__(self) -> str:
        return f"{self.check} fails {self.resource}, {' and '.join(self.controls)} not: {self.said}"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the reviewed table."""

    check: str
    resource: str
    """`account`, or type and name, `aws:s3/bucket:Bucket::*`; only the name may have wildcards."""

    reason: str

    def covers(self, one: Disagreement) -> bool:
        return self.check == one.check and fnmatchcase(one.resource, self.resource)


def table(file: Path = TABLE) -> tuple[Entry, ...]:
    """The reviewed table; ValueError for an entry that says too little or means too much."""
    return tuple(_entry(entry, number) for number, entry in enumerate(yaml.safe_load(file.read_text()) or (), 1))


def _entry(entry: Any, number: int) -> Entry:
    where = f"{TABLE.name}, entry {number}"
    if not isinstance(entry, Mapping) or set(entry) != set(FIELDS) or not all(entry.values()):
        raise ValueError(f"{where}: exactly {', '.join(FIELDS)} are wanted, each with a value")
    type_, _, name = entry["resource"].partition("::")
    if entry["resource"] != ACCOUNT_ITSELF and (not name or any(sign in type_ for sign in "*?[")):
        raise ValueError(f"{where}: resource is {entry['resource']!r}; write account, or TYPE::NAME without * in TYPE")
    return Entry(**entry)


def stack_of(saved: Iterable[Mapping[str, Any]]) -> Stack:
    """A saved state as the policies see it."""
    return Stack(
        Resource(
            urn=one["urn"],
            type=one["type"],
            name=one["urn"].rpartition("::")[2],
            props=(one.get("outputs") if one["type"] == "pulumi:pulumi:Stack" else one.get("inputs")) or {},
            dependencies={key: tuple(urns) for key, urns in (one.get("propertyDependencies") or {}).items() if urns},
            parent=one.get("parent", ""),
            provider=one.get("provider", ""),
            protect=one.get("protect", False),
            ignores=tuple(one.get("ignoreChanges") or ()),
        )
        for one in saved
    )


def judged(environment: str, stack: Stack) -> Verdict:
    """What every control says, also those whose level here is `disabled`: rules are compared, not levels."""
    own = config(environment)
    return judge(
        stack,
        replace(own, levels=dict.fromkeys((one.id for one in controls()), "advisory")),
        today=datetime.datetime.now(datetime.UTC).date(),
    )


def urns_by_arn(saved: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """URN of each resource that has an ARN."""
    return {one["outputs"]["arn"]: one["urn"] for one in saved if one.get("outputs", {}).get("arn")}


def plain(arn: str) -> str:
    """prowler tells log groups with the streams in them."""
    return arn.removesuffix(":*")


def compared(
    saved: Sequence[Mapping[str, Any]],
    verdict: Verdict,
    told: Hearing,
    before: Hearing,
    calibration: Calibration,
    named: Mapping[str, Sequence[str]],
) -> tuple[Disagreement, ...]:
    """All disagreements about an environment that is up.

    before: what the same checks said about the account when nothing of the environment was there; what they saw then
    is the account's own, and judged only by checks about the account itself.
    named: controls by check.
    """
    urns = urns_by_arn(saved)
    own = {(f.check, f.arn) for f in before.findings}
    found = {}
    for f in told.findings:
        if f.status != "FAIL" or f.check not in calibration.testifying:
            continue
        ids, urn = tuple(named[f.check]), urns.get(plain(f.arn), "")
        failed = {urn for id in ids for urn, state in verdict.states(id).items() if state == "fail"}
        if f.check in calibration.of_account:
            where, agreed = ACCOUNT_ITSELF, bool(failed)
        elif urn:
            where, agreed = named_by(urn), urn in failed
        else:
            where, agreed = f"{UNDECLARED}::{f.arn}", (f.check, f.arn) in own
        if not agreed:
            one = Disagreement(check=f.check, controls=ids, resource=where, said=f.said)
            found[one.check, one.resource] = one
    return tuple(one for _, one in sorted(found.items()))


def named_by(urn: str) -> str:
    """Type and name, without the stack and the parents that a URN has too."""
    path, _, name = urn.split("::", 2)[2].partition("::")
    return f"{path.rpartition('$')[2]}::{name}"


def problems(found: Iterable[Disagreement], entries: Sequence[Entry]) -> list[str]:
    """What is wrong between the disagreements and the table; nothing where they fit."""
    some = list(found)
    new = [f"{one}; not in {TABLE.name}" for one in some if not any(entry.covers(one) for entry in entries)]
    idle = [
        f"{entry.check} on {entry.resource}: nothing uses this entry any more"
        for entry in entries
        if not any(entry.covers(one) for one in some)
    ]
    return [*new, *idle]
