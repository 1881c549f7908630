"""What the commands do with an environment, in the order in which they do it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pulumi.automation import Stack
from pulumi.automation.errors import CommandError, InvalidVersionError, StackNotFoundError

from seedbed import data, guard, inventory, recovery, stakes
from seedbed.account import Account
from seedbed.engine_run import EXPECTED, EngineRun
from seedbed.failures import INTERRUPTED, MissingError, RefusedError, SeedbedError, WrongInputError
from seedbed.leaving import leaving
from seedbed.remedies import mend_settings, way_on
from seedbed.stakes import Stake
from seedbed.steps import Step, Steps
from seedbed.workspace import Workspace
from stacks.settings import Settings

Agree = Callable[[str], bool]
"""Asks a person for a yes; the text says what will happen."""

Shown = Callable[[EngineRun, Sequence[Stake]], None]
"""Shows a preview, and what it would take."""


PARALLEL = 32
"""Operations at once: nearly all of them wait for AWS, and the engine's own choice is four a core."""


class StoppedError(SeedbedError):
    """A person stopped the command."""

    code = INTERRUPTED


class EngineRefusedError(RefusedError):
    """The engine said no; the run holds its words."""

    def __init__(self, message: str, run: EngineRun, words: str, do: str = "") -> None:
        super().__init__(message, do)
        self.run = run
        self.words = words
        """What the engine wrote to its standard error, for the case that no event said it."""


def up(
    workspace: Workspace,
    steps: Steps,
    agree: Agree,
    shown: Shown,
    refresh: bool = False,
    allowed: Collection[str] = (),
) -> EngineRun:
    """Brings the environment up: what an earlier run left is put in order, previewed, judged, then made.

    `shown` gets the preview before anything is made; with `refresh` what was changed by hand is mended too; `allowed`
    are the URNs of stores, keys, databases and clusters that may be deleted or replaced. Raises EngineRefusedError
    where a mandatory policy or the engine says no, WrongInputError for a URN that is not there, and RefusedError where
    something that is not allowed to would go, or where AWS would keep it.
    """
    deployment = recover(workspace, steps, agree)
    guard.known(workspace, deployment, allowed)
    recovery.await_webhooks(workspace, steps, deployment)
    with steps.step("preview, judged by the policies") as step:
        planned = preview(workspace, step, create=True, refresh=refresh)
    lost = at_stake(workspace, steps, planned)
    shown(planned, lost)
    guard.refuse_up(workspace, lost, allowed)
    if (
        not workspace.on_this_machine
        and planned.changed
        and not agree(f"Make these {len(planned.changed)} changes in account {workspace.settings.account}?")
    ):
        raise RefusedError(f"{workspace.name}: nothing was changed, as you said.")
    with steps.step(f"up: {len(planned.changed)} changes") as step:
        return _run(
            workspace,
            step,
            lambda stack, observe: stack.up(
                policy_packs=_packs(workspace),
                on_event=observe,
                refresh=refresh,
                parallel=PARALLEL,
                show_secrets=False,
                color="never",
            ),
            expected=len(planned.changes),
            create=True,
        )


def at_stake(workspace: Workspace, steps: Steps, planned: EngineRun) -> list[Stake]:
    """What the account tells of everything that a run would take; asks nobody where it would take nothing."""
    going = stakes.guarded(planned.at_stake)
    if not going:
        return []
    with steps.step(f"looking at what would be lost: {len(going)} resources"):
        return stakes.look(lambda: Account(workspace.settings, workspace.running), going)


def preview(workspace: Workspace, step: Step, create: bool = False, refresh: bool = False) -> EngineRun:
    """What `up` would do, judged by the policies; changes nothing, but for a missing stack if told to `create` it.

    Raises EngineRefusedError where the program, the engine or a mandatory policy says no, or where something that is
    protected would go.
    """
    try:
        return _run(
            workspace,
            step,
            lambda stack, observe: stack.preview(
                policy_packs=_packs(workspace), on_event=observe, refresh=refresh, color="never"
            ),
            create=create,
        )
    except EngineRefusedError as refused:
        kept = guard.protected_in(refused.run)
        if not kept or refused.run.blocking:
            raise
        message, do = guard.protection(workspace, recovery.deployment_of(workspace), kept)
        raise EngineRefusedError(message, guard.unspoken(refused.run), "", do) from refused


def recover(workspace: Workspace, steps: Steps, agree: Agree) -> dict[str, Any]:
    """Puts in order what an earlier run left; see `recovery.recover`."""
    with engine_words(workspace, EngineRun()):
        return recovery.recover(
            workspace, steps, lambda lines: agree("\n".join([*lines, "Put the state in order so?"]))
        )


def down(workspace: Workspace, steps: Steps, agree: Agree, delete_data: bool) -> EngineRun:
    """Destroys the environment and looks for itself whether anything is left; raises RefusedError where something is.

    Refuses before it touches anything if something is protected, or if stores hold data and `delete_data` is false.
    """
    deployment = recover(workspace, steps, agree)
    guard.refuse_down(workspace, deployment)
    account = Account(workspace.settings, workspace.running)
    cluster = leaving(workspace, account, deployment, steps)
    with steps.step("looking for data"):
        held = [*data.held(account), *cluster.held()]
    if held and not delete_data:
        what = "\n".join(f"  {one.kind} {one.name}: {one.amount}" for one in held)
        raise RefusedError(
            f"{workspace.name}: nothing was destroyed, because these hold data:\n{what}",
            do=f"Save what you need, then: seedbed down {workspace.name} --delete-data",
        )
    if held:
        with steps.step(f"deleting the data of {len(held)} stores") as step:
            data.delete(account, held, step.say)
    cluster.end(steps)
    with steps.step("down") as step:
        run = _run(
            cluster.workspace,
            step,
            lambda stack, observe: stack.destroy(
                on_event=observe, parallel=PARALLEL, show_secrets=False, color="never"
            ),
            expected=len(deployment.get("resources", [])),
        )
    with steps.step("looking in the account for anything left"):
        sweep = inventory.leftovers(account, workspace.checkout.environments())
    if sweep.left:
        listed = "\n".join(f"  {one.kind} {one.id}" for one in sorted(sweep.left))
        raise RefusedError(
            f"{workspace.name}: {len(sweep.left)} things are still in account {workspace.settings.account}:\n{listed}",
            do="The engine does not know them, so it could not delete them. Delete them by hand, or find out whose "
            "they are: something outside the program bears the environment's name or tags.",
        )
    if sweep.unasked:
        listed = "\n".join(f"  {words}" for words in sweep.unasked)
        raise RefusedError(
            f"{workspace.name}: the engine has destroyed everything that it knew; whether something else is left in "
            f"account {workspace.settings.account} is not known of:\n{listed}",
            do=f"See that the account answers (rights, network), then run again: seedbed down {workspace.name}",
        )
    if workspace.on_this_machine:
        workspace.stack(create=False).workspace.remove_stack(workspace.name)
    return run


def agree_by(yes: bool, ask: Callable[[str], bool], can_ask: bool, command: str) -> Agree:
    """How a command gets its yes: given beforehand, or asked for where somebody can answer."""

    def agree(text: str) -> bool:
        if yes:
            return True
        if not can_ask:
            raise WrongInputError(f"{text}\nNobody can answer here: this is not a terminal.", do=f"{command} --yes")
        return ask(text)

    return agree


def _packs(workspace: Workspace) -> list[str]:
    return [str(pack) for pack in workspace.checkout.policy_packs]


def _run(
    workspace: Workspace,
    step: Step,
    operation: Callable[[Stack, Callable[[Any], None]], object],
    expected: int | None = None,
    create: bool = False,
) -> EngineRun:
    """Runs an operation of the engine; `create` lets it make a stack in a backend that is not on this machine."""
    run = EngineRun(expected=expected)

    step.follow(run.line)
    with engine_words(workspace, run):
        operation(workspace.stack(create=create or workspace.on_this_machine), run.observe)
    return run


@contextmanager
def engine_words(workspace: Workspace, run: EngineRun) -> Iterator[None]:
    """Turns the engine's failures into ours, with its own words whole."""
    try:
        yield
    except StackNotFoundError as error:
        raise RefusedError(
            f"{workspace.name}: your backend has no stack of this name, so it is not up.",
            do=f"Bring it up: seedbed up {workspace.name}. Or look at it without a cloud: "
            f"seedbed preview {workspace.name} --offline",
        ) from error
    except CommandError as error:
        if workspace.command.interrupted:
            raise StoppedError(
                f"{workspace.name}: stopped as you asked, after what had been begun was ended.",
                do="Run the same command again: it goes on where this one stopped.",
            ) from error
        if workspace.command.killed_by:
            raise EngineRefusedError(
                f"{workspace.name}: the engine was killed (signal {workspace.command.killed_by}) before it was done.",
                run,
                "",
                "Run the same command again: what was begun is looked for, and finished.",
            ) from error
        if run.blocking:
            raise EngineRefusedError(f"{workspace.name}: policies say no", run, "", mend_settings(workspace)) from error
        lines = (workspace.command.words or str(error)).splitlines()
        words = "\n".join(line for line in lines if not EXPECTED.search(line)).strip()
        raise EngineRefusedError(
            f"{workspace.name}: the engine says no", run, words, way_on(workspace, words, run)
        ) from error
    except InvalidVersionError as error:
        raise MissingError(str(error), do="Update pulumi, or let ours be built: SEEDBED_ENGINE=build") from error
    if workspace.command.interrupted:
        raise StoppedError(f"{workspace.name}: stopped as you asked.", do="Run the same command again to go on.")


def offline_note(settings: Settings) -> str:
    """What a preview without a cloud can and cannot say."""
    return (
        f"Offline: shown against an empty account {settings.account} on this machine, so everything is new. "
        "No cloud was asked."
    )
