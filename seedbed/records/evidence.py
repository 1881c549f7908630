"""What each control came to, and the resources that it looked at."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from policies import rule

Outcome = Literal["satisfied", "violated", "waived", "undetermined", "not applicable", "not asked"]
"""`waived`: violated, and an exception of the register answers for it; `not asked`: disabled in the environment."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One control in one environment."""

    control: rule.Control
    level: rule.Level
    outcome: Outcome
    looked_at: tuple[tuple[str, rule.State], ...]
    """Each resource that it judged, by URN, with the worst that it came to there."""

    findings: tuple[rule.Finding, ...]
    """What it asks for: violations and what it could not decide."""

    @property
    def words(self) -> str:
        """The outcome as a sentence: `control STO-01 satisfied`."""
        return f"control {self.control.id} {self.outcome}"


def evidence(verdict: rule.Verdict, levels: rule.Config) -> tuple[Evidence, ...]:
    """Every control by id, those too that the environment disables."""
    return tuple(_of(one, verdict, levels) for one in rule.controls())


def _of(control: rule.Control, verdict: rule.Verdict, levels: rule.Config) -> Evidence:
    level = levels.level(control.id)
    own = [one for one in verdict.findings if one.control == control.id]
    return Evidence(
        control=control,
        level=level,
        outcome="not asked" if level == "disabled" else outcome(own),
        looked_at=tuple((urn, state) for urn, state in sorted(verdict.states(control.id).items()) if urn),
        findings=tuple(one for one in own if one.state in ("fail", "undetermined")),
    )


def outcome(findings: Iterable[rule.Finding]) -> Outcome:
    """What findings of one control come to together; the worst decides, and nothing is `not applicable`."""
    found = list(findings)
    failed = [one for one in found if one.state == "fail"]
    if any(one.waiver is None for one in failed):
        return "violated"
    if any(one.state == "undetermined" for one in found):
        return "undetermined"
    if failed:
        return "waived"
    return "satisfied" if any(one.state == "pass" for one in found) else "not applicable"


@dataclass(frozen=True, kw_only=True)
class Safeguard:
    """A control that looked at a data store, or at what belongs to it."""

    control: str
    title: str
    outcome: Outcome
    articles: tuple[str, ...]


def safeguards(urns: Collection[str], verdict: rule.Verdict) -> tuple[Safeguard, ...]:
    """Controls that judged any of the resources, with what they came to there."""
    by_control: dict[str, list[rule.Finding]] = {}
    for one in verdict.findings:
        if one.urn in urns:
            by_control.setdefault(one.control, []).append(one)
    made = []
    for control in rule.controls():
        found = outcome(by_control.get(control.id, ()))
        if found != "not applicable":
            made.append(Safeguard(control=control.id, title=control.title, outcome=found, articles=tuple(control.gdpr)))
    return tuple(made)
