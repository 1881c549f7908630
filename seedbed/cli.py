"""The command line."""

import json
import os
import warnings
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

import localcloud
from seedbed import (
    bootstrap_command,
    kubectl_command,
    machine,
    new_command,
    operations,
    records_command,
    summary,
    tracking_command,
    variables,
)
from seedbed.command import Command, running
from seedbed.engine_run import EngineRun
from seedbed.failures import RefusedError
from seedbed.stakes import Stake
from seedbed.workspace import Workspace, is_local
from stacks.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Brings machine-learning environments up, judges them and takes them down.",
    epilog="Exit codes: 0 done, 1 a policy or the engine said no, 2 the input is wrong, 3 the machine lacks something.",
)
cloud_app = typer.Typer(no_args_is_help=True, help="The AWS account on this machine.")
app.add_typer(cloud_app, name="cloud")
app.add_typer(tracking_command.app, name="tracking")
app.add_typer(new_command.app, name="new")
app.command("bootstrap")(bootstrap_command.command)
app.command("kubectl-config")(kubectl_command.command)
app.command("records")(records_command.command)

Environment = Annotated[str, typer.Argument(metavar="ENV", help="Name of an environment: Pulumi.<ENV>.yaml")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="First look at what was changed by hand in the account.")]


@app.command()
def up(
    environment: Environment = "local",
    refresh: Refresh = False,
    allow_replace: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-replace",
            metavar="URN",
            help="A bucket, repository, key, database or cluster that may be replaced or deleted; repeatable.",
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Bring an environment up: preview, policies, then the real thing. Run again, it changes what differs."""
    from seedbed.account import Account
    from seedbed.status.in_cluster import in_cluster

    with running() as command:
        settings = command.checkout.settings(environment)
        workspace = machine.open_workspace(command.checkout, settings, command.steps)
        agree = command.agree(yes, f"up {environment}")

        def shown(planned: EngineRun, stakes: Sequence[Stake]) -> None:
            if planned.at_stake or not workspace.on_this_machine:
                summary.show_changes(command.err, planned, stakes)

        run = operations.up(workspace, command.steps, agree, shown, refresh, allow_replace or ())
        out = command.out
        out.print()
        summary.show_resources(out, run)
        summary.show_diagnostics(out, (d for d in run.diagnostics if d.severity in ("warning", "error")))
        summary.show_violations(out, run.violations)
        out.print()
        out.print(Text(f"{environment}: {summary.tally(run, summary.DONE)}", style="bold"))
        summary.show_verdict(out, run)
        out.print()
        summary.show_outputs(out, command.outputs(settings))
        summary.show_sections(out, in_cluster(Account(settings, workspace.running)))
        out.print()
        summary.show_notes(out, settings.notes)
        out.print("next:")
        out.print(f'  eval "$(seedbed env {environment})"    point aws, boto3, dvc at it')
        if settings.environment.cluster:
            out.print(f"  seedbed kubectl-config {environment} -o FILE    point kubectl at it: export KUBECONFIG=FILE")
        file = command.checkout.file(environment).name
        out.print(f"  seedbed preview {environment}          see what a change of {file} does")
        out.print(f"  seedbed down {environment}             take it down")


@app.command()
def preview(
    environment: Environment = "local",
    offline: Annotated[
        bool, typer.Option("--offline", help="Against an empty account on this machine: no credentials, no cloud.")
    ] = False,
    refresh: Refresh = False,
) -> None:
    """Show what `up` would do, judged by the policies. Changes nothing."""
    with running() as command:
        settings = command.checkout.settings(environment)
        if offline:
            with machine.open_offline(command.checkout, settings, command.steps) as workspace:
                run = _preview(command, workspace)
            command.out.print(operations.offline_note(settings))
        else:
            run = _preview(command, machine.open_workspace(command.checkout, settings, command.steps), refresh)
        summary.show_notes(command.out, settings.notes)
        summary.show_verdict(command.out, run)


def _preview(command: Command, workspace: Workspace, refresh: bool = False) -> EngineRun:
    with command.steps.step("preview, judged by the policies") as step:
        run = operations.preview(workspace, step, refresh=refresh)
    summary.show_changes(command.out, run, operations.at_stake(workspace, command.steps, run))
    summary.show_diagnostics(command.out, (d for d in run.diagnostics if d.severity in ("warning", "error")))
    summary.show_violations(command.out, run.violations)
    return run


@app.command()
def down(
    environment: Environment = "local",
    yes: Yes = False,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Delete objects, all their versions, and images first.")
    ] = False,
) -> None:
    """Destroy an environment, then look in its account whether anything is left."""
    with running() as command:
        settings = command.checkout.settings(environment)
        agree = command.agree(yes, f"down {environment}")
        if not is_local(settings):
            lost = " and all data in it" if delete_data else ""
            if not agree(f"Destroy {environment}{lost} in account {settings.account}, {settings.region}?"):
                raise RefusedError(f"{environment}: nothing was destroyed, as you said.")
        workspace = machine.open_workspace(command.checkout, settings, command.steps)
        run = operations.down(workspace, command.steps, agree, delete_data)
        if is_local(settings):
            with command.steps.step("stopping the local cloud") as step:
                machine.cloud(command.checkout).stop(report=step.say)
        command.out.print(Text(f"{environment}: {summary.tally(run, summary.DONE)}", style="bold"))
        command.out.print(f"account {settings.account}: nothing of it is left")


@app.command()
def status(
    environment: Annotated[str | None, typer.Argument(metavar="[ENV]", help="One environment only.")] = None,
) -> None:
    """Show engine, local cloud and environments; of a named one also its cluster and its account. Starts nothing."""
    from seedbed.status import glance
    from seedbed.status import status as look

    with running() as command:
        if environment is not None:
            command.checkout.file(environment)
        summary.show_lines(command.out, look(command.checkout, environment))
        if environment is not None:
            summary.show_sections(command.out, glance(command.checkout, command.checkout.settings(environment)))


@app.command()
def outputs(
    environment: Environment = "local",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Print what an environment offers: names, addresses."""
    with running(for_machines=True) as command:
        found = command.outputs(command.checkout.settings(environment))
        if as_json:
            command.out.file.write(json.dumps(found, indent=2) + "\n")
        else:
            summary.show_outputs(command.out, found)


@app.command()
def env(
    environment: Environment = "local",
    as_json: Annotated[bool, typer.Option("--json/--export", help="JSON, or lines for a shell.")] = False,
    engine: Annotated[bool, typer.Option("--engine", help="Also what plain `pulumi` needs.")] = False,
) -> None:
    """Print what a shell or a CI job needs: eval "$(seedbed env local)"."""
    with running(for_machines=True) as command:
        settings = command.checkout.settings(environment)
        local = is_local(settings)
        found = _address(command, settings) | variables.of_outputs(environment, command.outputs(settings))
        if engine:
            found |= _for_the_engine(command, settings)
        if as_json:
            command.out.file.write(json.dumps(found, indent=2) + "\n")
        else:
            command.out.file.write(variables.as_shell(found, variables.SHADOWING if local else ()) + "\n")


def _address(command: Command, settings: Settings) -> dict[str, str]:
    if is_local(settings):
        return localcloud.environment(command.cloud(), settings.region)
    return {"AWS_REGION": settings.region, "AWS_DEFAULT_REGION": settings.region}


def _for_the_engine(command: Command, settings: Settings) -> dict[str, str]:
    workspace = machine.open_workspace(command.checkout, settings, command.steps)
    if is_local(settings):
        workspace.stack()
    return {
        **workspace.engine_variables(os.environ.get("PATH", os.defpath)),
        **workspace.own_variables(),
        "SEEDBED_PULUMI_PROJECT": str(workspace.project),
    }


@app.command()
def check(
    environment: Environment = "local",
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="ID", help="Ask this control alone; repeatable.")
    ] = None,
) -> None:
    """Judge an environment by the policies without cloud, engine or credentials, in seconds."""
    from seedbed.check import check as judged

    with running() as command:
        settings = command.checkout.settings(environment)
        verdict, rehearsal = judged(environment, command.checkout.file(environment), only or ())
        summary.show_findings(command.out, verdict)
        summary.show_notes(command.out, settings.notes)
        made = sum(resource.custom for resource in rehearsal.resources)
        command.out.print(f"{environment}: {made} resources declared")
        if verdict.blocking:
            raise RefusedError(
                f"{environment}: {len(verdict.blocking)} violations stop it.",
                do=f"Mend what each names (settings: {command.checkout.file(environment)}).",
            )


@cloud_app.command("start")
def cloud_start() -> None:
    """Start the account, or find it running."""
    with running() as command:
        found = machine.start_cloud(command.checkout, command.steps)
        command.out.print(f"{found.endpoint}  account {found.account}, process {found.pid}")


@cloud_app.command("status")
def cloud_status() -> None:
    """Show whether the account runs, and where. Exit code 3 where it does not."""
    with running() as command:
        found = command.cloud()
        command.out.print(f"{found.endpoint}  account {found.account}, process {found.pid}, log {found.log}")


@cloud_app.command("stop")
def cloud_stop() -> None:
    """Stop the account; what is in it is kept for the next start."""
    with running() as command, command.steps.step("stopping the local cloud") as step:
        machine.cloud(command.checkout).stop(report=step.say)


@cloud_app.command("logs")
def cloud_logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 50,
) -> None:
    """Print the end of the account's log: one line a request."""
    with running() as command:
        command.out.print(Text(machine.cloud(command.checkout).logs(lines)), soft_wrap=True)


def main() -> None:
    """Entry point of `seedbed`."""
    # Of an engine that was killed, the event stream breaks; that it was killed is said in our own words.
    warnings.filterwarnings("ignore", message="Error in event stream", module=r"pulumi\.automation")
    app(prog_name="seedbed")
