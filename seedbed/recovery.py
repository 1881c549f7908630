"""What a killed run leaves behind, put in order before the next one starts.

The engine writes its state before and after every operation, so that whatever a killed run was making is named in the
state as a pending creation. Each is looked for in the account by its name or its tags: what is there is taken into the
state, where the next `up` finishes it; what is not there is struck off. Nothing in the account is deleted or changed.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pulumi.automation import Deployment, Stack
from pulumi.automation.errors import StackNotFoundError

import localcloud
from seedbed import engine_process, pending
from seedbed.account import Account
from seedbed.engine_run import EngineRun, name_of, short_type, type_of
from seedbed.failures import RefusedError
from seedbed.settling import settle, slow_ones
from seedbed.steps import Steps
from seedbed.untold import UNTOLD, remembered
from seedbed.workspace import PROJECT, Workspace, saved, state_file

PATIENCE_SECONDS = 1800.0
"""How long to wait for an earlier run that still goes on; an environment takes minutes."""

LIVE = (
    "Another person's run that goes on right now looks just the same: say yes only if nobody else is working on this "
    "environment."
)
"""What a person must know before a state that others share is put in order."""


@dataclass
class Mending:
    """What there is to put in order in a state."""

    adopted: dict[str, str] = field(default_factory=dict)
    """Import id by URN of what a cut-short creation made."""
    struck: list[str] = field(default_factory=list)
    """URNs of cut-short creations that made nothing, or that can be done again without harm."""
    unknown: list[str] = field(default_factory=list)
    """URNs of cut-short creations that nobody here knows how to look for."""
    foreign: dict[str, str] = field(default_factory=dict)
    """What has the name of a cut-short creation but not the environment's tags, by URN."""
    reread: list[str] = field(default_factory=list)
    """URNs of cut-short updates and deletions: what came of them is read from the account."""

    def __bool__(self) -> bool:
        return bool(self.adopted or self.struck or self.unknown or self.foreign or self.reread)

    def lines(self) -> list[str]:
        """What was found and what follows, in words."""
        said = [f"{_named(urn)} was made: {id_} is taken over" for urn, id_ in self.adopted.items()]
        said += [f"{_named(urn)} was not finished: it is done again" for urn in self.struck]
        said += [f"{_named(urn)} was being changed or deleted: it is read again" for urn in self.reread]
        said += [
            f"{_named(urn)}: whether it was made cannot be told; should `up` say that it exists, delete it, or take it "
            f"over with `pulumi import`"
            for urn in self.unknown
        ]
        said += [
            f"{_named(urn)}: {id_} exists, but does not bear this environment's tags (system, env), so it is not taken "
            f"over: `up` will say that the name is taken"
            for urn, id_ in self.foreign.items()
        ]
        return said


def recover(workspace: Workspace, steps: Steps, agree: Callable[[list[str]], bool]) -> None:
    """Puts in order what an earlier run of the environment left, if it was cut short.

    `agree` is shown what will be done to the state of an environment that is not on this machine. Raises RefusedError
    when it does not agree, while somebody else's run goes on, or where one changed the state meanwhile.
    """
    _outlive(workspace, steps)
    deployment = deployment_of(workspace)
    if not deployment.get("pending_operations"):
        return
    with steps.step("an earlier run was cut short: looking for what it was making") as step:
        if workspace.running:
            localcloud.wait_until_quiet(workspace.running)
        account = Account(workspace.settings, workspace.running)
        mending = examine(deployment, account)
        for line in mending.lines():
            step.note(f"       {line}")
    if not workspace.on_this_machine and not agree([*mending.lines(), LIVE]):
        raise RefusedError(
            f"{workspace.name}: an earlier run was cut short, and its state was not put in order.",
            do="Agree, or put it in order with `pulumi refresh`.",
        )
    known = {str(r["urn"]): str(r.get("id", "")) for r in deployment.get("resources", []) if r.get("custom")}
    begun = slow_ones({**{urn: known.get(urn, "") for urn in mending.reread}, **mending.adopted})
    if begun:
        with steps.step("waiting until what it began has ended") as step:
            settle(account, begun, mending.adopted, step, time.sleep)
    with steps.step("putting the state in order") as step:
        stack = workspace.stack(create=False)
        # Looking and asking took time; what a run of somebody else saved since must not be overwritten.
        if deployment_of(workspace) != deployment:
            raise RefusedError(
                f"{workspace.name}: another run changed the state while this one looked at it; nothing was changed.",
                do="Find out who works on the environment, wait for that run to end, then run the same command again.",
            )
        mend(stack, deployment, mending)
        targets = [*mending.adopted, *mending.reread]
        if targets:
            run = EngineRun(expected=len(targets))
            step.follow(run.line)
            stack.refresh(target=targets, on_event=run.observe, show_secrets=False)
        made = [operation["resource"] for operation in deployment["pending_operations"]]
        asked = {r["urn"]: r.get("inputs") or {} for r in made if r["urn"] in mending.adopted and r["type"] in UNTOLD}
        told = remembered(deployment_of(workspace), asked) if asked else None
        if told is not None:
            stack.import_stack(Deployment(version=3, deployment=told))


def examine(deployment: Mapping[str, Any], account: Account) -> Mending:
    """Looks in the account for everything that a saved deployment calls pending; changes nothing."""
    mending = Mending()
    # By type: a database, its subnet group and an alarm may well have one name.
    recorded: dict[str, set[str]] = {}
    for resource in deployment.get("resources", []):
        if resource.get("id"):
            recorded.setdefault(resource["type"], set()).add(resource["id"])
    known = {resource["urn"] for resource in deployment.get("resources", [])}
    for operation in deployment.get("pending_operations", []):
        resource = operation["resource"]
        urn, type_ = resource["urn"], resource["type"]
        if operation["type"] != "creating":
            if urn in known and urn not in mending.reread:
                mending.reread.append(urn)
        elif not resource.get("custom") or type_ in pending.REPEATABLE:
            mending.struck.append(urn)
        else:
            try:
                known_ids = recorded.setdefault(type_, set())
                found = pending.find(account, type_, resource.get("inputs") or {}, known_ids)
            except pending.UnknownTypeError:
                mending.unknown.append(urn)
            except pending.ForeignError as foreign:
                mending.foreign[urn] = str(foreign)
            except (BotoCoreError, ClientError) as error:
                raise RefusedError(
                    f"{urn}: cannot look in account {account.settings.account} for what an earlier run was making: "
                    f"{error}",
                    do="See that the account answers (credentials, network), then run the same command again.",
                ) from error
            else:
                if found is None:
                    mending.struck.append(urn)
                else:
                    # Two creations alike must not be led to the same thing.
                    known_ids.add(found)
                    mending.adopted[urn] = found
    return mending


def mend(stack: Stack, deployment: Mapping[str, Any], mending: Mending) -> None:
    """Writes the state without its pending operations, and with what was found.

    What was found gets no outputs yet: the refresh that follows then imports it by its id, as `pulumi import` does.
    """
    resources = [dict(resource) for resource in deployment.get("resources", [])]
    for operation in deployment["pending_operations"]:
        made = operation["resource"]
        if operation["type"] != "creating" or made["urn"] not in mending.adopted:
            continue
        # Of a resource being replaced, the old one stays in the state until it is deleted.
        resources = [r for r in resources if not (r["urn"] == made["urn"] and r.get("pendingReplacement"))]
        for resource in resources:
            if resource["urn"] == made["urn"]:
                resource["delete"] = True
        resources.append({**made, "id": mending.adopted[made["urn"]], "outputs": {}})
    mended = {**deployment, "resources": resources}
    mended.pop("pending_operations")
    stack.import_stack(Deployment(version=3, deployment=mended))


def deployment_of(workspace: Workspace) -> dict[str, Any]:
    """The environment's saved deployment; empty where there is none."""
    if workspace.backend is not None:
        return saved(workspace.backend, workspace.name)
    try:
        return dict(workspace.stack(create=False).export_stack().deployment or {})
    except StackNotFoundError:
        return {}


def _outlive(workspace: Workspace, steps: Steps) -> None:
    """Waits for an earlier run that still goes on, and ends what a dead one left running or locked."""
    record = workspace.run_record
    left = engine_process.survivors(record)
    if left:
        pid = int(json.loads(record.read_text())["pid"])
        if pid in left:
            with steps.step(f"waiting for the run that already goes on (pid {pid})"):
                until = time.monotonic() + PATIENCE_SECONDS
                while engine_process.alive(pid):
                    if time.monotonic() > until:
                        raise RefusedError(
                            f"{workspace.name}: another run still goes on after {PATIENCE_SECONDS / 60:.0f} minutes.",
                            do=f"Wait for it, or interrupt it: kill -INT {pid}",
                        )
                    time.sleep(0.5)
            left = engine_process.survivors(record)
        if left:
            names = ", ".join(f"{name} ({pid})" for pid, name in sorted(left.items()))
            with steps.step(f"ending what a killed run left running: {names}"):
                engine_process.end(left)
    if workspace.backend is not None:
        _unlock(workspace, workspace.backend, steps)
        _drop_cut_sidecars(state_file(workspace.backend, workspace.name))
    record.unlink(missing_ok=True)


def _drop_cut_sidecars(state: Path) -> None:
    """Removes what a killed engine wrote half beside a state.

    The engine writes the state itself in one stroke, but not the file of its attributes: a cut one keeps it from
    reading the state ("failed to load checkpoint: EOF"), a missing one does not.
    """
    for sidecar in state.parent.glob(f"{state.name}*.attrs"):
        try:
            json.loads(sidecar.read_text())
        except ValueError:
            sidecar.unlink(missing_ok=True)


def _unlock(workspace: Workspace, backend: Path, steps: Steps) -> None:
    locks = backend / ".pulumi" / "locks" / "organization" / PROJECT / workspace.name
    files = sorted(locks.glob("*.json")) if locks.is_dir() else []
    for file in files:
        try:
            owner = json.loads(file.read_text())
            pid, host = int(owner["pid"]), str(owner["hostname"])
        except (ValueError, KeyError, TypeError):
            # Cut short while it was written: its owner never got to work.
            pid, host = 0, socket.gethostname()
        if host != socket.gethostname() or (pid > 0 and pid != os.getpid() and engine_process.alive(pid)):
            raise RefusedError(
                f"{file}: {workspace.name} is locked by process {pid} on {host}, which still runs.",
                do=f"Wait for it to end. If it is stuck, end process {pid}, then run the same command again.",
            )
    if files:
        with steps.step("taking over the lock of a run that is no more"):
            for file in files:
                file.unlink(missing_ok=True)


def _named(urn: str) -> str:
    return f"{name_of(urn)} ({short_type(type_of(urn))})"
