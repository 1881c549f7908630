"""The packs as the Pulumi engine runs them: it sends resources, these policies ask the controls."""

import datetime
import gc
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies.control import Control, Kind, controls
from policies.inputs import plain, undecoded
from policies.levels import FOLDER, Config, Level, config
from policies.stack import ROOT, UNKNOWN, Resource, Stack, environment_of
from policies.verdict import Finding, Verdict, judge
from policies.waivers import FILE, waivers

DESCRIPTIONS: Mapping[Level, str] = {
    "mandatory": "Must hold in this environment",
    "advisory": "Should hold in this environment",
}


def serve(pack: str) -> None:
    """Serve the controls of `policies/PACK` to the engine that started this process; returns when it ends."""
    undecoded()
    made = policies(pack)
    gc.freeze()  # what is loaded stays: the collector need not look through it again and again
    PolicyPack(f"seedbed-{pack}", made, EnforcementLevel.MANDATORY)


def policies(
    pack: str,
    *,
    folder: Path = FOLDER,
    exceptions: Path = FILE,
    today: Callable[[], datetime.date] = lambda: datetime.datetime.now(datetime.UTC).date(),
) -> list[Policy]:
    """The Pulumi policies of a pack: one a level for single resources, and one a level for the whole stack.

    Few, because the SDK decodes all inputs anew for each; the levels are those of the environment named in the URN.
    """
    court = _Court(pack, folder, exceptions, today)
    return [
        ResourceValidationPolicy("controls", DESCRIPTIONS["mandatory"], court.resource("mandatory"), MANDATORY),
        ResourceValidationPolicy("advice", DESCRIPTIONS["advisory"], court.resource("advisory"), ADVISORY),
        StackValidationPolicy("stack-controls", DESCRIPTIONS["mandatory"], court.stack("mandatory"), MANDATORY),
        StackValidationPolicy("stack-advice", DESCRIPTIONS["advisory"], court.stack("advisory"), ADVISORY),
    ]


MANDATORY, ADVISORY = EnforcementLevel.MANDATORY, EnforcementLevel.ADVISORY


class _Court:
    """Remembers the inputs of each resource, because the stack policies get outputs, which may be empty at preview."""

    def __init__(self, pack: str, folder: Path, exceptions: Path, today: Callable[[], datetime.date]) -> None:
        chosen = [one for one in controls() if one.pack == pack or one.kind == "verdict"]
        self._kinds: dict[str, Kind] = {one.id: one.kind for one in chosen}
        self._early: Callable[[str], list[Control]] = cache(lambda token: _early(chosen, token))
        self._inputs: dict[str, Mapping[str, Any]] = {}
        self._last = _Last()
        self._waivers, self._today = waivers(exceptions), today
        # Whether an exception is still needed depends on all findings; without one only what is told is judged again.
        self._late = chosen if self._waivers else [one for one in chosen if one.kind != "resource"]
        self._config: Callable[[str], Config] = cache(lambda environment: config(environment, folder))

    def resource(self, level: Level) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
        """What a resource alone and its provider decide, so that a violation stops before anything is made."""

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            verdict = self._last.verdict(level, args.urn, lambda: self._alone(args))
            _tell(report, (one for one in verdict.findings if one.urn == args.urn and one.level == level))

        return validate

    def stack(self, level: Level) -> Callable[[StackValidationArgs, ReportViolation], None]:
        """What only all resources together decide, and what is wrong with the exceptions."""

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            if not args.resources:
                return
            verdict = self._last.verdict(level, WHOLE, lambda: self._together(args.resources))
            late = (one for one in verdict.findings if self._kinds[one.about or one.control] != "resource")
            _tell(report, (one for one in late if one.level == level))
            for note in verdict.notes if level == "advisory" else ():
                report(note, None)

        return validate

    def _alone(self, args: ResourceValidationArgs) -> Verdict:
        """The verdict on one resource."""
        self._inputs[args.urn] = args.props
        environment, token, made = environment_of(args.urn), args.resource_type, args.provider
        if not self._early(token):
            return Verdict(environment=environment, findings=())
        props = self._inputs[args.urn] = plain(args.props)
        provider, protect = made.urn if made else "", protected(args.opts)
        some = [Resource(urn=args.urn, type=token, name=args.name, props=props, provider=provider, protect=protect)]
        if made and made.urn != args.urn:
            some.append(Resource(urn=made.urn, type=made.resource_type, name=made.name, props=plain(made.props)))
        return self._judge(some, self._early(token), environment)

    def _together(self, resources: Iterable[PolicyResource]) -> Verdict:
        """The verdict on all resources."""
        some = [self._resource(one) for one in resources]
        return self._judge(some, self._late, environment_of(some[0].urn))

    def _judge(self, some: Iterable[Resource], by: list[Control], environment: str) -> Verdict:
        return judge(Stack(some), self._config(environment), self._waivers, today=self._today(), only=by)

    def _resource(self, one: PolicyResource) -> Resource:
        return Resource(
            urn=one.urn,
            type=one.resource_type,
            name=one.name,
            props=self._known(one),
            dependencies={key: tuple(d.urn for d in some) for key, some in one.property_dependencies.items()},
            parent=one.parent.urn if one.parent else "",
            provider=one.provider.urn if one.provider else "",
            protect=protected(one.opts),
            ignores=ignored(one.opts),
        )

    def _known(self, one: PolicyResource) -> Mapping[str, Any]:
        """Inputs with what outputs add to them; outputs alone of the stack, and where no inputs came."""
        if one.resource_type == ROOT or one.urn not in self._inputs:
            return plain(one.props)
        inputs = plain(self._inputs[one.urn])
        return filled(inputs, plain(one.props)) if is_open(inputs) else inputs


def ignored(options: Any) -> tuple[str, ...]:
    """Paths of inputs whose changes the engine leaves alone."""
    return tuple(getattr(options, "ignore_changes", None) or ())


class _Last(threading.local):
    """The verdict that the mandatory policy has just come to, for the advisory one, which the SDK asks right after it
    in the same thread and about the same."""

    kept: tuple[str, Verdict] | None = None

    def verdict(self, level: Level, about: str, judged: Callable[[], Verdict]) -> Verdict:
        """Once: the next time `judged` is asked again, be it about the same resource, which may have other inputs."""
        kept, self.kept = self.kept, None
        if level == "advisory" and kept is not None and kept[0] == about:
            return kept[1]
        found = judged()
        if level == "mandatory":
            self.kept = about, found
        return found


WHOLE = "the whole stack"


def protected(options: Any) -> bool:
    """Whether the engine says that it will not delete the resource; options that it leaves out protect nothing."""
    return getattr(options, "protect", None) is True


def _early(chosen: Iterable[Control], token: str) -> list[Control]:
    """Those that a resource of this type is judged by alone, and the one that speaks for what they cannot decide."""
    asked = [one for one in chosen if one.kind == "resource" and one.judges(token)]
    return [*asked, *(one for one in chosen if one.id == "GOV-04")] if asked else []


def is_open(value: Any) -> bool:
    """Whether a value or one within it is unknown."""
    if isinstance(value, dict):
        return any(map(is_open, value.values()))
    return any(map(is_open, value)) if isinstance(value, list) else value is UNKNOWN


def filled(inputs: Any, outputs: Any) -> Any:
    """The inputs, with an unknown one taken from the outputs where they know it."""
    if inputs is UNKNOWN:
        return UNKNOWN if outputs is None else outputs
    if isinstance(inputs, dict):
        known = outputs if isinstance(outputs, dict) else {}
        return {key: filled(one, known.get(key)) for key, one in inputs.items()}
    if isinstance(inputs, list) and isinstance(outputs, list) and len(inputs) == len(outputs):
        return [filled(one, other) for one, other in zip(inputs, outputs, strict=True)]
    return inputs


def _tell(report: ReportViolation, findings: Iterable[Finding]) -> None:
    for one in findings:
        report(str(one), one.urn or None)
