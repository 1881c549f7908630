"""A command while it runs: its consoles, its checkout, and what becomes of its failures."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from rich.console import Console
from rich.text import Text

from localcloud import CloudError, Dead, Running
from seedbed import machine, operations, summary
from seedbed.checkout import Checkout, find_checkout
from seedbed.data import DeletionRefusedError
from seedbed.engine_run import EngineRun
from seedbed.failures import INTERRUPTED, MissingError, RefusedError, SeedbedError
from seedbed.steps import ClosedPipeTolerant, Steps
from seedbed.workspace import Workspace, is_local, saved
from stacks.settings import Settings


def _console(stream: Any) -> Console:
    # A log has no width; without one rich would fold every line at 80 columns.
    width = None if stream.isatty() or "COLUMNS" in os.environ else 160
    return Console(
        file=cast(IO[str], ClosedPipeTolerant(stream)), width=width, highlight=False, markup=False, emoji=False
    )


class Command:
    """What every command needs: the checkout, and where to say what."""

    def __init__(self, for_machines: bool = False) -> None:
        """`for_machines`: the output is read by a program, so what goes as expected is not mentioned."""
        self.out = _console(sys.stdout)
        """Results."""
        self.err = _console(sys.stderr)
        """Progress and failures, so that results can be piped."""
        self.steps = Steps(self.err, only_long_ones=for_machines)
        self.checkout: Checkout = find_checkout()

    def agree(self, yes: bool, command: str) -> operations.Agree:
        return operations.agree_by(
            yes, lambda text: typer.confirm(text, err=True), sys.stdin.isatty(), f"seedbed {command}"
        )

    def outputs(self, settings: Settings) -> dict[str, Any]:
        """The environment's outputs; RefusedError where it is not up."""
        if is_local(settings):
            state = saved(self.checkout.state / "state", settings.name)
            found = next(
                (r.get("outputs") or {} for r in state.get("resources", []) if r["type"] == "pulumi:pulumi:Stack"), {}
            )
        else:
            workspace = Workspace(self.checkout, settings, machine.find_engine(self.steps))
            with operations.engine_words(workspace, EngineRun()):
                found = {key: one.value for key, one in workspace.stack(create=False).outputs().items()}
        if not found:
            raise RefusedError(f"{settings.name}: not up, so it has no outputs.", do=f"seedbed up {settings.name}")
        return found

    def cloud(self) -> Running:
        state = machine.cloud(self.checkout).status()
        if isinstance(state, Running):
            return state
        why = str(state) if isinstance(state, Dead) else "the local cloud is stopped."
        raise MissingError(why, do="seedbed cloud start")


@contextmanager
def running(for_machines: bool = False) -> Iterator[Command]:
    """Runs a command's body; whatever stops it is said in words and becomes an exit code."""
    err = _console(sys.stderr)
    try:
        yield Command(for_machines)
    except SeedbedError as failure:
        _say(err, failure)
        raise typer.Exit(failure.code) from None
    except KeyboardInterrupt:
        err.print("\nstopped; run the same command again to go on")
        raise typer.Exit(INTERRUPTED) from None
    except NoCredentialsError as error:
        _say(err, MissingError(f"{error}", do="Log in to the environment's account, then run the command again."))
        raise typer.Exit(MissingError.code) from None
    except (ClientError, BotoCoreError, DeletionRefusedError, CloudError) as error:
        _say(err, RefusedError(f"the account says no: {error}", do="Mend the cause and run the same command again."))
        raise typer.Exit(RefusedError.code) from None


def _say(err: Console, failure: SeedbedError) -> None:
    if isinstance(failure, operations.EngineRefusedError):
        summary.show_violations(err, failure.run.violations)
        summary.show_diagnostics(err, failure.run.diagnostics)
        if failure.words and not any(d.severity == "error" for d in failure.run.diagnostics):
            err.print(Text(failure.words), soft_wrap=True)
    err.print(Text(failure.message, style="bold red"), soft_wrap=True)
    if failure.do:
        err.print(Text(f"-> {failure.do}"), soft_wrap=True)
