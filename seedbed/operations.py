"""What the commands do with an environment, in the order in which they do it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pulumi.automation import Stack
from pulumi.automation.errors import CommandError, InvalidVersionError, StackNotFoundError

from seedbed import data, inventory, recovery
from seedbed.account import Account
from seedbed.engine_run import EXPECTED, EngineRun
from seedbed.failures import INTERRUPTED, MissingError, RefusedError, SeedbedError, WrongInputError
from seedbed.steps import Step, Steps
from seedbed.workspace import Workspace
from stacks.settings import Settings

Agree = Callable[[str], bool]
"""Asks a person for a yes; the text says what will happen."""

LOOKS: dict[str, Callable[[Account, str], data.Held | None]] = {
    "aws:s3/bucket:Bucket": data.in_bucket,
    "aws:s3/bucketV2:BucketV2": data.in_bucket,
    "aws:ecr/repository:Repository": data.in_repository,
}
"""How to see what a store holds, by type."""


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
    workspace: Workspace, steps: Steps, agree: Agree, shown: Callable[[EngineRun], None], refresh: bool = False
) -> EngineRun:
    """Brings the environment up: what an earlier run left is put in order, previewed, judged, then made.

    `shown` gets the preview before anything is made; with `refresh` what was changed by hand is mended too. Raises
    EngineRefusedError where a mandatory policy or the engine says no, and RefusedError where a store that holds data
    would go: AWS keeps the store, but the engine would have taken its policies away by then.
    """
    recover(workspace, steps, agree)
    with steps.step("preview, judged by the policies") as step:
        planned = preview(workspace, step, create=True, refresh=refresh)
    shown(planned)
    _keep_data(workspace, steps, planned)
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
                policy_packs=_packs(workspace), on_event=observe, refresh=refresh, show_secrets=False, color="never"
            ),
            expected=len(planned.changes),
            create=True,
        )


def _keep_data(workspace: Workspace, steps: Steps, planned: EngineRun) -> None:
    """Refuses a run that would delete or replace a store that holds something; asks nobody where none goes."""
    going = [(LOOKS[change.type], change.id) for change in planned.at_stake if change.type in LOOKS and change.id]
    if not going:
        return
    with steps.step(f"looking for data in {len(going)} stores that would go"):
        account = Account(workspace.settings, workspace.running)
        held = [one for look, name in going if (one := look(account, name))]
    if held:
        what = "\n".join(f"  {one.kind} {one.name}: {one.amount}" for one in held)
        raise RefusedError(
            f"{workspace.name}: nothing was changed, because these would be deleted or replaced and hold data:\n{what}",
            do=f"Keep them in {workspace.checkout.file(workspace.name)} as they were; or save what you need, empty "
            f"them, and run the same command again. To give up the whole environment with its data: "
            f"seedbed down {workspace.name} --delete-data",
        )


def preview(workspace: Workspace, step: Step, create: bool = False, refresh: bool = False) -> EngineRun:
    """What `up` would do, judged by the policies; changes nothing, but for a missing stack if told to `create` it."""
    return _run(
        workspace,
        step,
        lambda stack, observe: stack.preview(
            policy_packs=_packs(workspace), on_event=observe, refresh=refresh, color="never"
        ),
        create=create,
    )


def recover(workspace: Workspace, steps: Steps, agree: Agree) -> None:
    """Puts in order what an earlier run left; see `recovery.recover`."""
    with engine_words(workspace, EngineRun()):
        recovery.recover(workspace, steps, lambda lines: agree("\n".join([*lines, "Put the state in order so?"])))


def down(workspace: Workspace, steps: Steps, agree: Agree, delete_data: bool) -> EngineRun:
    """Destroys the environment and looks for itself whether anything is left; raises RefusedError where something is.

    Refuses before it touches anything if stores hold data and `delete_data` is false.
    """
    recover(workspace, steps, agree)
    account = Account(workspace.settings, workspace.running)
    with steps.step("looking for data"):
        held = data.held(account)
    if held and not delete_data:
        what = "\n".join(f"  {one.kind} {one.name}: {one.amount}" for one in held)
        raise RefusedError(
            f"{workspace.name}: nothing was destroyed, because these hold data:\n{what}",
            do=f"Save what you need, then: seedbed down {workspace.name} --delete-data",
        )
    if held:
        with steps.step(f"deleting the data of {len(held)} stores") as step:
            data.delete(account, held, step.say)
    with steps.step("down") as step:
        run = _run(
            workspace,
            step,
            lambda stack, observe: stack.destroy(on_event=observe, show_secrets=False, color="never"),
            expected=len(recovery.deployment_of(workspace).get("resources", [])),
        )
    with steps.step("looking in the account for anything left"):
        left = inventory.leftovers(account, workspace.checkout.environments())
    if left:
        listed = "\n".join(f"  {one.kind} {one.id}" for one in left)
        raise RefusedError(
            f"{workspace.name}: {len(left)} things are still in account {workspace.settings.account}:\n{listed}",
            do="The engine does not know them, so it could not delete them. Delete them by hand, or find out whose "
            "they are: something outside the program bears the environment's name or tags.",
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
            raise EngineRefusedError(
                f"{workspace.name}: policies say no", run, "", _mend_settings(workspace)
            ) from error
        lines = (workspace.command.words or str(error)).splitlines()
        words = "\n".join(line for line in lines if not EXPECTED.search(line)).strip()
        raise EngineRefusedError(
            f"{workspace.name}: the engine says no", run, words, _next(workspace, words)
        ) from error
    except InvalidVersionError as error:
        raise MissingError(str(error), do="Update pulumi, or let ours be built: SEEDBED_ENGINE=build") from error
    if workspace.command.interrupted:
        raise StoppedError(f"{workspace.name}: stopped as you asked.", do="Run the same command again to go on.")


def _mend_settings(workspace: Workspace) -> str:
    return (
        f"Mend what each violation names (settings: {workspace.checkout.file(workspace.name)}), "
        f"then see: seedbed check {workspace.name}"
    )


def _next(workspace: Workspace, words: str) -> str:
    if workspace.on_this_machine:
        return "Mend the cause and run the same command again: it goes on. The account's log: seedbed cloud logs"
    if "passphrase" in words:
        return "Set PULUMI_CONFIG_PASSPHRASE, or change the stack's secrets provider."
    if "pulumi login" in words or "access token" in words.lower():
        return "Log in to the backend that keeps this environment's state: pulumi login"
    return "Mend the cause and run the same command again: it goes on where this one stopped."


def offline_note(settings: Settings) -> str:
    """What a preview without a cloud can and cannot say."""
    return (
        f"Offline: shown against an empty account {settings.account} on this machine, so everything is new. "
        "No cloud was asked."
    )
