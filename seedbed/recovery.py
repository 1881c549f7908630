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
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pulumi.automation import Deployment
from pulumi.automation.errors import StackNotFoundError

import localcloud
from seedbed import engine_process
from seedbed.account import Account
from seedbed.cluster import ClusterError, NoClusterError, open_cluster
from seedbed.cluster.cut_short import is_cluster, wait_until_gone
from seedbed.cluster.webhooks import KINDS, await_answers
from seedbed.engine_run import EngineRun, type_of
from seedbed.failures import RefusedError
from seedbed.mending import examine, mend, named
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


def recover(workspace: Workspace, steps: Steps, agree: Callable[[list[str]], bool]) -> dict[str, Any]:
    """Puts in order what an earlier run of the environment left, if it was cut short; the saved deployment.

    `agree` is shown what will be done to the state of an environment that is not on this machine. Raises RefusedError
    when it does not agree, while somebody else's run goes on, or where one changed the state meanwhile.
    """
    _outlive(workspace, steps)
    deployment = deployment_of(workspace)
    if not deployment.get("pending_operations"):
        return deployment
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
    if _outwait_deletions(account, deployment, mending.reread, steps):
        workspace = workspace.without_cluster()
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
    return deployment_of(workspace)


def await_webhooks(workspace: Workspace, steps: Steps, deployment: Mapping[str, Any]) -> None:
    """Waits for programs of the cluster that the API server asks, such as those that a killed run had just started.

    Where the cluster or a program stays silent the engine says so.
    """
    webhooks = [(str(r["type"]), str(r["id"])) for r in deployment.get("resources", []) if r["type"] in KINDS]
    if not webhooks:
        return
    with steps.step("controllers of the cluster") as step:
        try:
            kube = open_cluster(Account(workspace.settings, workspace.running))
            silent = await_answers(kube, webhooks, step.say)
        except (ClusterError, BotoCoreError, ClientError):
            return
        for service in silent:
            step.note(f"       {service} does not answer: what its webhooks are asked about may be refused")


def _outwait_deletions(account: Account, deployment: Mapping[str, Any], urns: list[str], steps: Steps) -> bool:
    """Waits for what is on its way out of the cluster: read before it is gone, it would count as there.

    True where the whole cluster is gone, with everything that was in it.
    """
    inputs = {r["urn"]: r.get("inputs") or {} for r in deployment.get("resources", [])}
    going = {urn: inputs[urn] for urn in urns if is_cluster(type_of(urn)) and urn in inputs}
    if not going:
        return False
    try:
        kube = open_cluster(account)
        kube.version()
    except NoClusterError:
        return True
    except ClusterError:
        return False  # the engine says so, and what to do
    with steps.step("waiting for what is on its way out of the cluster") as step:
        left = wait_until_gone(kube, going, step.say)
    if left:
        listed = "\n".join(f"  {named(urn)}" for urn in left)
        raise RefusedError(
            f"{account.settings.name}: these have been on their way out of the cluster for ten minutes:\n{listed}",
            do="See what holds them (metadata.finalizers, and whether the controller that ends them runs), then run "
            "the same command again.",
        )
    return False


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
