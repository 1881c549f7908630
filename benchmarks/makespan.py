"""Creation of each shipped environment, simulated, against its own critical path.

    .venv/bin/python -m benchmarks.makespan [PICTURE]

The graph is that of the program's own registrations, the seconds are those of latency.yaml. Prints how long each
environment takes and on what; ends with exit code 1 where a goal is missed or an order has no reason in order.yaml.
With PICTURE it draws prod into that file.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from benchmarks.creation import (
    HERE,
    Latency,
    Span,
    Step,
    critical_path,
    explicit_edges,
    graph,
    latency,
    length,
    schedule,
)
from benchmarks.gantt import draw
from seedbed.check import configuration
from seedbed.machine import charts_at_hand
from seedbed.rehearsal import Declared, rehearse_environment

ROOT = HERE.parent
PARALLEL = 8
"""Steps at a time of the engine on a runner with two processors: four a processor."""

ALONE = 1.02
"""Goal: without limit, at most this many times the path of property dependencies alone."""

LIMITED = 1.15
"""Goal: with PARALLEL steps at a time, at most this many times the same path."""

MINUTES = {"prod": 14.5}
"""Goal: minutes of an environment, without limit, on the typical column."""

DRAWN = "prod"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One environment's creation."""

    environment: str
    steps: Mapping[str, Step]
    spans: Mapping[str, Span]
    path: Sequence[str]
    bound: float
    """Seconds of the longest chain of property dependencies: no order of work can be quicker."""

    alone: float
    limited: float
    arriving: float
    """Seconds with PARALLEL steps at a time in the order in which they become ready."""

    range: tuple[float, float]
    """Seconds without limit at the least and the most of each type."""

    missed: tuple[str, ...]
    """Goals that are not met, in words."""


def measure(environment: str, resources: Sequence[Declared]) -> Measured:
    """Simulate the creation of `resources`; raises LookupError for a type without seconds."""
    table = latency()
    steps = graph(resources, table)
    spans = schedule(steps)
    bound = length(schedule(graph(resources, table, only_properties=True)))
    alone, limited = length(spans), length(schedule(steps, PARALLEL))
    goals = [
        (alone <= ALONE * bound, f"without limit {alone / bound:.3f} of its critical path, allowed is {ALONE}"),
        (limited <= LIMITED * bound, f"{PARALLEL} at a time {limited / bound:.3f}, allowed is {LIMITED}"),
    ]
    if most := MINUTES.get(environment):
        goals.append((alone <= 60 * most, f"{alone / 60:.1f} minutes, allowed is {most}"))
    return Measured(
        environment=environment,
        steps=steps,
        spans=spans,
        path=critical_path(steps, spans),
        bound=bound,
        alone=alone,
        limited=limited,
        arriving=length(schedule(steps, PARALLEL, by_path=False)),
        range=(_length(resources, latency("least")), _length(resources, latency("most"))),
        missed=(*(said for met, said in goals if not met), *unexplained(steps)),
    )


def _length(resources: Sequence[Declared], table: Latency) -> float:
    return length(schedule(graph(resources, table)))


def unexplained(steps: Mapping[str, Step]) -> list[str]:
    """Explicit dependencies without a reason in order.yaml, in words."""
    known = yaml.safe_load((HERE / "order.yaml").read_text())
    return [
        f"{steps[what].name} waits for {steps[until].name} without a property that needs it: remove the depends_on, "
        f"or give the reason in {HERE / 'order.yaml'} for {steps[what].type} until {steps[until].type}"
        for what, until in explicit_edges(steps)
        if not any(
            fnmatchcase(steps[what].type, row["what"]) and fnmatchcase(steps[until].type, row["until"]) for row in known
        )
    ]


def shipped() -> list[str]:
    """Names of the environments whose files are in the repository."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in ROOT.glob("Pulumi.*.yaml"))


def rehearsed(environment: str) -> Sequence[Declared]:
    """What the program registers for a shipped environment."""
    with charts_at_hand():
        return rehearse_environment(environment, configuration(ROOT / f"Pulumi.{environment}.yaml")).resources


def report(one: Measured) -> str:
    """What was found about an environment, for a terminal."""
    count = sum(step.custom and not step.type.startswith("pulumi:") for step in one.steps.values())
    low, high = one.range
    work = sum(step.seconds for step in one.steps.values())
    lines = [
        f"{one.environment}: {count} resources, one after the other {work / 60:.1f} min",
        f"  critical path of properties   {one.bound / 60:6.1f} min",
        f"  without limit                 {one.alone / 60:6.1f} min   {one.alone / one.bound:.3f}   "
        f"({low / 60:.1f} to {high / 60:.1f} min from least to most)",
        f"  {PARALLEL} at a time, longest way first {one.limited / 60:5.1f} min   {one.limited / one.bound:.3f}",
        f"  {PARALLEL} at a time, as they come      {one.arriving / 60:5.1f} min   {one.arriving / one.bound:.3f}",
        "  on the path:",
    ]
    before = ""
    for urn in one.path:
        step, span = one.steps[urn], one.spans[urn]
        why = step.needs.get(before, "")
        if step.seconds:
            held = f"   held by: {why}" if why not in ("", "property") and one.spans[before].end else ""
            lines.append(f"    {span.start:6.0f} s  + {span.end - span.start:4.0f} s  {step.name}{held}")
        before = urn
    return "\n".join([*lines, *(f"  MISSED: {said}" for said in one.missed)])


def picture(one: Measured) -> str:
    """An environment's creation without limit, as SVG."""
    return draw(one.environment, one.steps, one.spans, one.path)


def main() -> int:
    """Report every shipped environment; exit code 1 where a goal is missed."""
    found = [measure(environment, rehearsed(environment)) for environment in shipped()]
    for one in found:
        print(report(one))
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(picture(next(one for one in found if one.environment == DRAWN)))
    return int(any(one.missed for one in found))


if __name__ == "__main__":
    raise SystemExit(main())
