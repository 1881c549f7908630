"""What a command's end looks like to a person."""

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from policies.rule import Finding, Verdict
from seedbed.engine_run import Diagnostic, EngineRun, Violation, short_type
from seedbed.layers import layer_of, outermost, place
from seedbed.stakes import Stake
from seedbed.status.section import Line, Section

WORDS = {
    "create": "to create",
    "update": "to change",
    "replace": "to replace",
    "delete": "to delete",
    "same": "unchanged",
}
DONE = {"create": "created", "update": "changed", "replace": "replaced", "delete": "deleted", "same": "unchanged"}
STEPS_OF_A_REPLACEMENT = frozenset({"create-replacement", "delete-replaced", "discard-replaced"})


def show_resources(console: Console, run: EngineRun) -> None:
    """Resources by layer and component."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    for column in ("layer", "component", "resources"):
        table.add_column(column, overflow="fold")
    rows: dict[tuple[str, str], Counter[str]] = {}
    parents = {urn: change.parent for urn, change in run.changes.items()}
    for change in run.changes.values():
        if change.op == "delete" or not change.type.startswith(("aws:", "kubernetes:")):
            continue
        token, name = outermost(change.urn, parents)
        rows.setdefault((layer_of(token), f"{token.rpartition(':')[2]} {name}".strip()), Counter())[
            change.type.rpartition(":")[2]
        ] += 1
    last = ""
    for (layer, component), kinds in sorted(rows.items(), key=lambda row: (place(row[0][0]), row[0][1])):
        listed = ", ".join(f"{kind} {n}" if n > 1 else kind for kind, n in sorted(kinds.items()))
        table.add_row("" if layer == last else layer, component, f"{sum(kinds.values()):>3}  {listed}")
        last = layer
    if rows:
        console.print(table)


def show_changes(console: Console, run: EngineRun, stakes: Sequence[Stake] = ()) -> None:
    """What a preview would change; what would be lost comes first, in red, with what the account tells of it."""
    holds = {stake.change.urn: stake.holds for stake in stakes}
    for change in run.at_stake:
        because = f" because of {', '.join(change.because)}" if change.because else ""
        said = [
            f"WOULD BE {'REPLACED' if change.op == 'replace' else 'DELETED'}{because}: {change.name} "
            f"({short_type(change.type)}); lost: {change.at_stake}"
        ]
        if change.urn in holds:
            said.append(
                f"  {holds[change.urn]}; `up` refuses it unless told: --allow-replace {shlex.quote(change.urn)}"
            )
        else:
            said.append(f"  {change.urn}")
        console.print(Text("\n".join(said), style="bold red"), soft_wrap=True)
    for change in run.changed:
        if change.type.startswith("pulumi:"):
            continue
        style = {"create": "green", "delete": "red", "replace": "magenta"}.get(change.op, "yellow")
        why = f"  ({', '.join(change.because)})" if change.because and change.op != "create" else ""
        console.print(
            Text.assemble((f"{change.op:>8} ", style), f"{change.name}  ", (short_type(change.type), "dim"), why),
            soft_wrap=True,
        )
    console.print(tally(run, WORDS))
    if sides := by_side(run):
        console.print(sides)


SIDES = {"aws:": "AWS", "kubernetes:": "Kubernetes"}
"""Where a resource is, by the start of its type token."""


def by_side(run: EngineRun) -> str:
    """How many resources there will be in AWS and how many in Kubernetes; empty where all are in one of them."""
    counts = Counter(
        side
        for change in run.changes.values()
        for start, side in SIDES.items()
        if change.op != "delete" and change.type.startswith(start)
    )
    return "resources: " + ", ".join(f"{n} in {side}" for side, n in sorted(counts.items())) if len(counts) > 1 else ""


def tally(run: EngineRun, words: Mapping[str, str]) -> str:
    """How many resources were created, changed, ... in one line."""
    counts = {op: n for op, n in run.tally.items() if n and op not in STEPS_OF_A_REPLACEMENT}
    changed = sum(n for op, n in counts.items() if op != "same")
    parts = [f"{n} {words.get(op, op)}" for op, n in sorted(counts.items(), key=lambda item: item[0] == "same")]
    return f"{changed} changes" + (f": {', '.join(parts)}" if parts else "")


def show_violations(console: Console, violations: Sequence[Violation]) -> None:
    """Every policy violation in full: level, control, resource, message."""
    for violation in sorted(violations, key=lambda one: (not one.blocking, one.control, one.urn)):
        _show_judged(console, violation.level, violation.control, violation.urn, violation.words)


def show_verdict(console: Console, run: EngineRun) -> None:
    """The policies' verdict in one line."""
    packs = f"packs {', '.join(sorted(run.packs))}" if run.packs else "packs"
    stopping = len(run.blocking)
    advice = len(run.violations) - stopping
    if run.violations:
        console.print(f"policies: {stopping} violations that stop, {advice} advisories ({packs})")
    else:
        console.print(f"policies: no violation ({packs})")


def show_notes(console: Console, notes: Iterable[str]) -> None:
    """What is allowed in the file and yet may surprise."""
    for note in notes:
        console.print(Text(f"note: {note}", style="yellow"), soft_wrap=True)


def show_findings(console: Console, verdict: Verdict) -> None:
    """The verdict of `seedbed check`, finding by finding."""
    for finding in (*verdict.blocking, *verdict.advisory):
        _show_judged(console, finding.level, finding.control, finding.urn, _said(finding))
    for note in verdict.notes:
        console.print(Text(note), soft_wrap=True)
    controls = {finding.control for finding in verdict.findings}
    judged = sum(n for state, n in verdict.counts.items() if state != "not-applicable")
    console.print(
        f"policies: {len(controls)} controls, {judged} judgements, {len(verdict.blocking)} that stop, "
        f"{len(verdict.advisory)} advisories, {len(verdict.exceptions)} by an exception"
    )


def _said(finding: Finding) -> str:
    return str(finding).removeprefix(f"{finding.control} ")


def _show_judged(console: Console, level: str, control: str, urn: str, message: str) -> None:
    style = "bold red" if level == "mandatory" else "yellow"
    console.print(Text.assemble((f"{level} ", style), (f"{control} ", "bold"), urn), soft_wrap=True)
    for line in message.splitlines():
        console.print(Text(f"    {line}"), soft_wrap=True)


def show_diagnostics(console: Console, diagnostics: Iterable[Diagnostic]) -> None:
    """What the engine, the providers and the program said, whole, with the resource it was said about."""
    for diagnostic in _once(diagnostics):
        style = {"error": "bold red", "warning": "yellow"}.get(diagnostic.severity, "dim")
        word = diagnostic.severity.removesuffix("#err")
        console.print(Text.assemble((f"{word}: ", style), diagnostic.urn), soft_wrap=True)
        for line in diagnostic.message.splitlines():
            console.print(Text(f"    {line}"), soft_wrap=True)


# The bridge logs an SDK error with this around it and then fails with the same words.
SDK_LOG = re.compile(r"^sdk-v2/\S+: sdk\.helper_schema: (?P<words>.*?)(: provider=aws@\S+)?$", re.DOTALL)


def _once(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics without those that only repeat another one."""
    distinct = list(dict.fromkeys(diagnostics))

    def repeats(one: Diagnostic) -> bool:
        log = SDK_LOG.match(one.message)
        return log is not None and any(
            other is not one and other.urn == one.urn and log["words"] in other.message for other in distinct
        )

    return [one for one in distinct if not repeats(one)]


STATES = {True: "green", False: "bold red", None: "yellow"}


def show_lines(console: Console, lines: Iterable[Line]) -> None:
    """Each thing with its state, as soon as it is known."""
    for line in lines:
        style = "green" if line.good else "yellow"
        console.print(Text.assemble((f"{line.what:<14}", style), line.state), soft_wrap=True)


def show_sections(console: Console, sections: Iterable[Section]) -> None:
    """Each section as a table of its own, as soon as it is known."""
    for section in sections:
        console.print()
        console.print(Text(section.title, style="bold"))
        if section.rows:
            rows = [(one.cells, one.good) for one in section.rows]
            console.print(_table(section.head, rows))
        if section.lines:
            console.print(_table((), [((one.what, one.state), one.good) for one in section.lines]))


def _table(head: Sequence[str], rows: Sequence[tuple[Sequence[str], bool | None]]) -> Table:
    """Rows whose first cell has the colour of their state."""
    table = Table(box=None, pad_edge=False, show_header=bool(head), header_style="dim")
    for number in range(max(len(cells) for cells, _ in rows)):
        name = head[number] if head else ""
        table.add_column(f"  {name}" if number == 0 else name, overflow="fold")
    for (first, *others), good in rows:
        table.add_row(Text(f"  {first}", style=STATES[good]), *map(Text, others))
    return table


def show_outputs(console: Console, outputs: Mapping[str, Any]) -> None:
    """Outputs as a tree of `name: value` lines."""
    for line in _lines(outputs, ""):
        console.print(Text(line), soft_wrap=True)


def _lines(value: Any, indent: str) -> list[str]:
    if isinstance(value, Mapping):
        lines = []
        for key, inner in value.items():
            if isinstance(inner, Mapping | list) and inner:
                lines += [f"{indent}{key}:", *_lines(inner, indent + "  ")]
            else:
                lines.append(f"{indent}{key}: {_plain(inner)}")
        return lines
    if isinstance(value, list):
        return [f"{indent}- {_plain(item)}" for item in value]
    return [f"{indent}{_plain(value)}"]


def _plain(value: Any) -> str:
    return "none" if value in (None, {}, []) else str(value)
