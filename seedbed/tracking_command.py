"""The commands `seedbed tracking ...`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.text import Text

from localcloud import CloudError, Running
from localcloud.told_registry import tell_registry
from seedbed import machine
from seedbed.account import Account
from seedbed.command import Command, running
from seedbed.failures import MissingError
from seedbed.reaching import reaching
from seedbed.steps import Step
from seedbed.tracking import Choice, Tracking
from seedbed.tracking_server import Gone, Server
from seedbed.workspace import is_local

app = typer.Typer(
    no_args_is_help=True, help="Experiment tracking: MLflow on this machine, on the environment's bucket."
)

Environment = Annotated[str, typer.Argument(metavar="ENV", help="Name of an environment: Pulumi.<ENV>.yaml")]


@dataclass(frozen=True)
class _Scene:
    command: Command
    tracking: Tracking
    account: Account
    running: Running | None


@contextmanager
def _scene(environment: str) -> Iterator[_Scene]:
    """What a command needs that asks the account."""
    with running() as command:
        settings = command.checkout.settings(environment)
        cloud = machine.start_cloud(command.checkout, command.steps) if is_local(settings) else None
        with reaching(settings):
            yield _Scene(command, Tracking(command.checkout, settings), Account(settings, cloud), cloud)


@app.command("start")
def start(
    environment: Environment = "local",
    store: Annotated[
        Choice, typer.Option("--store", help="auto: PostgreSQL where the environment has one and this machine too.")
    ] = "auto",
) -> None:
    """Start the server, or find it running."""
    with _scene(environment) as scene:
        with scene.command.steps.step("tracking server") as step:
            server = scene.tracking.start(scene.account, scene.running, store, step)
            _introduce(scene, server, step)
        _say(scene.command, server)
        scene.command.out.print()
        scene.command.out.print(f"  export MLFLOW_TRACKING_URI={server.url}")


@app.command("status")
def status(environment: Environment = "local") -> None:
    """Show whether the server runs, and where. Exit code 3 where it does not."""
    with running() as command:
        found = Tracking(command.checkout, command.checkout.settings(environment)).status()
        if isinstance(found, Server):
            _say(command, found)
            return
        why = str(found) if isinstance(found, Gone) else f"{environment}: the tracking server is stopped."
        raise MissingError(why, do=f"seedbed tracking start {environment}")


@app.command("stop")
def stop(environment: Environment = "local") -> None:
    """Stop the server; what it holds is kept for the next start."""
    with running() as command, command.steps.step("stopping the tracking server") as step:
        Tracking(command.checkout, command.checkout.settings(environment)).stop(step)


@app.command("backup")
def backup(environment: Environment = "local") -> None:
    """Keep runs and models' names as of now in the artifact bucket."""
    with _scene(environment) as scene:
        with scene.command.steps.step("backup") as step:
            made = scene.tracking.backup(scene.account, step)
        place = f"s3://{scene.tracking.bucket}/{made.key}"
        scene.command.out.print(
            Text(f"{made.name}  {made.kind} {made.version}, {made.bytes} bytes, {place}"), soft_wrap=True
        )


@app.command("restore")
def restore(
    environment: Environment = "local",
    name: Annotated[str | None, typer.Option("--backup", help="Name of a backup; without it the newest.")] = None,
) -> None:
    """Bring a backup back; what is there is set aside."""
    with _scene(environment) as scene:
        with scene.command.steps.step("restore") as step:
            made = scene.tracking.restore(scene.account, name, step)
        scene.command.out.print(f"{made.name} is back: {made.kind}, {made.bytes} bytes")
        scene.command.out.print(f"next: seedbed tracking start {environment}")


def _introduce(scene: _Scene, server: Server, step: Step) -> None:
    """Endpoints of a local cluster get their models from it; without that word they wait, and no more."""
    if scene.running is None or not scene.running.programs:
        return
    try:
        tell_registry(scene.running, scene.account.settings.region, scene.account.prefix, server.url)
    except CloudError as error:
        step.note(f"endpoints in the cluster go on without its models: {error}")


def _say(command: Command, server: Server) -> None:
    line = f"{server.url}  store {server.store}, artifacts {server.artifacts}, process {server.pid}"
    command.out.print(Text(line), soft_wrap=True)
