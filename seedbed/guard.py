"""What no command takes unless it is told to: stores, keys, databases, clusters, and whatever is protected."""

import difflib
import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from seedbed.engine_run import Change, EngineRun, name_of, short_type, type_of
from seedbed.failures import RefusedError, WrongInputError
from seedbed.stakes import Stake
from seedbed.workspace import Workspace

PROTECTED = re.compile(r"because it is protected|marked for protection")
QUOTED_URN = re.compile(r'resource "(?P<urn>urn:[^"]+)"')


def known(workspace: Workspace, deployment: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Raises WrongInputError for a URN that the environment does not have: a slip must not look like a consent."""
    there = [str(resource["urn"]) for resource in deployment.get("resources", [])]
    for urn in allowed:
        if urn in there:
            continue
        near = difflib.get_close_matches(urn, there, n=1, cutoff=0.8) or [u for u in there if name_of(u) == urn][:1]
        raise WrongInputError(
            f"--allow-replace {shlex.quote(urn)}: {workspace.name} has no such resource"
            + (f". Nearest: {near[0]}" if near else "."),
            do=f"Take the URN from `seedbed preview {workspace.name}`, in single quotes: a shell reads $ as its own. "
            "Nothing was changed.",
        )


def protected(deployment: Mapping[str, Any]) -> list[str]:
    """URNs that the engine deletes only after their protection is lifted."""
    return [str(one["urn"]) for one in deployment.get("resources", []) if one.get("protect") and one.get("custom")]


def refuse_down(workspace: Workspace, deployment: Mapping[str, Any]) -> None:
    """Raises RefusedError where something is protected: the engine would destroy all the rest first."""
    kept = protected(deployment)
    if kept:
        listed = "\n".join(f"  {_said(urn)}" for urn in kept)
        raise RefusedError(
            f"{workspace.name}: nothing was destroyed, because {len(kept)} resources are protected:\n{listed}",
            do=_lift(workspace, "down"),
        )


def protected_in(run: EngineRun) -> list[str]:
    """URNs of which the engine said that it will not delete or replace them, as they are protected."""
    said = (QUOTED_URN.search(d.message) for d in run.diagnostics if PROTECTED.search(d.message))
    return list(dict.fromkeys(match["urn"] for match in said if match))


def unspoken(run: EngineRun) -> EngineRun:
    """The run without the engine's words on protection: `pulumi state unprotect` would leave the service's own on."""
    rest = [d for d in run.diagnostics if not PROTECTED.search(d.message) and d.message != "preview failed"]
    return replace(run, diagnostics=rest)


def protection(workspace: Workspace, deployment: Mapping[str, Any], urns: Iterable[str]) -> tuple[str, str]:
    """What to say of a change that would take what is protected: what is wrong, and what to do."""
    ids = {str(one["urn"]): one.get("id", "") for one in deployment.get("resources", [])}
    listed = "\n".join(f"  {_said(urn)} {ids.get(urn, '')}\n      {urn}" for urn in urns)
    return (
        f"{workspace.name}: nothing was changed, because these would be deleted or replaced and are "
        f"protected:\n{listed}",
        f"Keep them in {workspace.checkout.file(workspace.name)} as they were. Or: {_lift(workspace, 'up')}",
    )


def refuse_up(workspace: Workspace, stakes: Sequence[Stake], allowed: Collection[str]) -> None:
    """Raises RefusedError where a change would take something that is not named, or that AWS will not let go."""
    unnamed = [stake for stake in stakes if stake.change.urn not in allowed]
    full = [stake for stake in stakes if stake.change.urn in allowed and stake.in_the_way]
    if not unnamed and not full:
        return
    said, do = [], []
    if unnamed:
        said.append("these would be deleted or replaced:\n" + _listed(unnamed))
        flags = " ".join(f"--allow-replace {shlex.quote(urn)}" for urn in _urns(stakes))
        do += [
            f"Keep them in {workspace.checkout.file(workspace.name)} as they were.",
            f"Or save what you need and name each that may go: seedbed up {workspace.name} {flags}",
        ]
    if any(stake.in_the_way for stake in stakes):
        do.append("A bucket or repository must be empty then: AWS deletes none that holds something.")
    if full:
        said.append("these may go, but AWS will not delete them while they hold something:\n" + _listed(full))
        do.append("Empty them, then run the same command again.")
    do.append(f"To give up the whole environment with its data: seedbed down {workspace.name} --delete-data")
    raise RefusedError(f"{workspace.name}: nothing was changed, because " + "\n".join(said), do="\n   ".join(do))


def _urns(stakes: Sequence[Stake]) -> list[str]:
    return [stake.change.urn for stake in stakes]


def _listed(stakes: Sequence[Stake]) -> str:
    return "\n".join(f"  {_said(s.change.urn)}{_because(s.change)}, {s.holds}\n      {s.change.urn}" for s in stakes)


def _because(change: Change) -> str:
    return f", because of {', '.join(change.because)}" if change.because else ""


def _said(urn: str) -> str:
    return f"{name_of(urn)} ({short_type(type_of(urn))})"


def _lift(workspace: Workspace, then: str) -> str:
    file = workspace.checkout.file(workspace.name)
    return (
        f"Set `protect: false` below seedbed:environment in {file}, run `seedbed up {workspace.name}`, which lifts the "
        f"protection in the engine and in the service, then `seedbed {then} {workspace.name}` again."
    )
