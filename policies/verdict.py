"""The judgement of a stack: every finding, with the level at which it counts."""

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from policies.control import Control, Parameters, Problem, State, controls, undetermined
from policies.levels import Config, Level
from policies.reading import UndeterminedError
from policies.stack import ROOT, Resource, Stack
from policies.waivers import Waiver


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one control says about one input of one resource."""

    control: str
    urn: str
    state: State
    path: str = ""
    message: str = ""
    title: str = ""
    level: Level = "disabled"
    """How it counts in this environment, exceptions applied; `disabled` for what asks for nothing."""

    about: str = ""
    """For a finding of GOV-04: the control that could not be decided."""

    waiver: Waiver | None = None
    """The exception that lowered the level, if any."""

    def __str__(self) -> str:
        """One line for people: control, title, whole path, what was found, what to do."""
        where = f" {self.path}:" if self.path else ""
        waived = self.waiver
        by = f" (waived until {waived.until} by {waived.approver}, {waived.ticket})" if waived else ""
        return f"{self.control} {self.title}:{where} {self.message}{by}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All findings of one judgement, in order of control, URN and path."""

    environment: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """Findings that stop the deployment."""
        return tuple(one for one in self.findings if one.level == "mandatory")

    @property
    def advisory(self) -> tuple[Finding, ...]:
        """Findings that are printed and stop nothing, those with an exception among them."""
        return tuple(one for one in self.findings if one.level == "advisory")

    @property
    def exceptions(self) -> tuple[Finding, ...]:
        """Findings that an exception turned into advice."""
        return tuple(one for one in self.findings if one.waiver)

    @property
    def counts(self) -> dict[State, int]:
        """Number of findings by state."""
        return dict(Counter(one.state for one in self.findings))

    def states(self, control: str) -> dict[str, State]:
        """The worst state by URN that a control came to."""
        order: dict[State, int] = {"fail": 0, "undetermined": 1, "pass": 2, "not-applicable": 3}
        found: dict[str, State] = {}
        for one in self.findings:
            if one.control == control:
                found[one.urn] = min(found.get(one.urn, one.state), one.state, key=order.__getitem__)
        return found


@dataclass(frozen=True, kw_only=True)
class Docket:
    """What a control of kind `verdict` judges: the findings of the others and the register of exceptions."""

    stack: Stack
    config: Config
    findings: tuple[Finding, ...]
    waivers: tuple[Waiver, ...]
    today: datetime.date
    judged: frozenset[str]
    """Ids of the controls that were asked."""

    strays: bool
    """Whether entries that name no control are judged here; one pack does it, so that they are said once."""


@dataclass(frozen=True)
class Remark:
    """What a control of kind `verdict` says about a resource, and about which other control."""

    urn: str
    problem: Problem
    about: str = ""


def judge(
    stack: Stack,
    config: Config,
    waivers: Sequence[Waiver] = (),
    *,
    today: datetime.date,
    only: Sequence[Control] | None = None,
) -> Verdict:
    """Judge a stack by every control, or by those of `only`.

    today: the day against which exceptions expire; rules find it in their parameters as `today`.
    """
    chosen = [one for one in (controls() if only is None else only) if config.level(one.id) != "disabled"]
    plain = [one for one in chosen if one.kind != "verdict"]
    found = [one for control in plain for one in _asked(control, stack, config, today)]
    docket = Docket(
        stack=stack,
        config=config,
        findings=tuple(found),
        waivers=tuple(waivers),
        today=today,
        judged=frozenset(one.id for one in plain),
        strays=only is None or any(one.pack == "security" for one in plain),
    )
    for control in chosen:
        if control.kind == "verdict":
            found += _reviewed(control, docket)
    found = [_weighed(one, docket) for one in found]
    found.sort(key=lambda one: (one.control, one.urn, one.path, one.about, one.message))
    return Verdict(environment=config.environment, findings=tuple(found), notes=config.notes)


def _asked(control: Control, stack: Stack, config: Config, today: datetime.date) -> Iterator[Finding]:
    """The findings of one control on every resource that is its subject."""
    subjects = [one for token, some in stack.by_type.items() if control.judges(token) for one in some]
    if control.judges(ROOT) and stack.root not in stack.by_urn and stack.resources:
        # Judged although nobody handed it over: its absence must not be a way round the control.
        subjects.append(Resource(urn=stack.root, type=ROOT, name=stack.root.rpartition("::")[2]))
    given = {**config.of(control.id), "today": today}
    for resource in subjects:
        problems = tuple(dict.fromkeys(_heard(control, resource, stack, given)))
        for one in problems or (Problem("pass"),):
            yield _finding(control, resource.urn, one)
    if not subjects:
        yield _finding(control, "", Problem("not-applicable"))


def _heard(control: Control, resource: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """What the rule says; a rule that breaks counts as violated, because nothing was proven."""
    try:
        yield from control.judge(resource, stack, given)
    except UndeterminedError as unknown:
        yield undetermined(unknown.path)
    except Exception as error:
        place = error.__traceback__
        while place and place.tb_next:
            place = place.tb_next
        file = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else "unknown"
        yield Problem("fail", "", f"the control itself broke ({type(error).__name__}, {file}); report it as a fault")


def _reviewed(control: Control, docket: Docket) -> Iterator[Finding]:
    """The findings of a control that judges the judging; content when it has nothing to say."""
    remarks = tuple(control.judge(docket))
    for one in remarks:
        yield _finding(control, one.urn, one.problem, one.about)
    if not remarks:
        yield _finding(control, docket.stack.root, Problem("pass"))


def _finding(control: Control, urn: str, one: Problem, about: str = "") -> Finding:
    return Finding(
        control=control.id,
        urn=urn,
        state=one.state,
        path=one.path,
        message=one.message,
        title=control.title,
        about=about,
    )


def _weighed(one: Finding, docket: Docket) -> Finding:
    """The finding with its level: the environment's, lowered by an exception or by the level of what is undecided."""
    if one.state != "fail":
        return one
    level = docket.config.level(one.control)
    if one.about and docket.config.level(one.about) == "advisory":
        level = "advisory"
    for waiver in docket.waivers if level == "mandatory" else ():
        if any(waiver.covers(name, one.urn, docket.today) for name in (one.control, one.about) if name):
            return replace(one, level="advisory", waiver=waiver)
    return replace(one, level=level)
