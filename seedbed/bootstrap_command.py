"""The command `seedbed bootstrap`."""

import json
from typing import Annotated

import typer
from rich.text import Text

from seedbed import bootstrap, machine
from seedbed.account import Account
from seedbed.bootstrap_stack import Change
from seedbed.command import Command, running
from seedbed.reaching import reaching
from seedbed.workspace import is_local
from stacks import bootstrap as needs
from stacks.settings import Settings


def command(
    environment: Annotated[
        str, typer.Argument(metavar="ENV", help="Name of an environment: Pulumi.<ENV>.yaml")
    ] = "local",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    template: Annotated[
        bool, typer.Option("--template", help="Only print the CloudFormation template; no account is asked.")
    ] = False,
) -> None:
    """Prepare an account for Pulumi: bucket and key of its state, CI's identity. Run again, it changes what differs."""
    with running(for_machines=template) as told:
        settings = told.checkout.settings(environment)
        if template:
            told.out.file.write(json.dumps(needs.template(settings), indent=2) + "\n")
            return
        running_cloud = machine.start_cloud(told.checkout, told.steps) if is_local(settings) else None
        agree = told.agree(yes or is_local(settings), f"bootstrap {environment}")

        def shown(changes: list[Change]) -> None:
            for change in changes:
                told.err.print(Text(f"        {change}"), soft_wrap=True)

        with reaching(settings):
            outcome = bootstrap.prepare(Account(settings, running_cloud), told.steps, agree, shown)
        for note in outcome.notes:
            told.out.print(Text(note), soft_wrap=True)
        words = {"created": "created", "changed": "changed", "nothing": "nothing to do"}
        told.out.print(Text(f"{needs.stack_name(settings)}: {words[outcome.did]}", style="bold"))
        _next(told, settings)


def _next(told: Command, settings: Settings) -> None:
    """How to go on, as lines to copy."""
    name = settings.name
    opening = "next, once, by somebody who may write the state:"
    if is_local(settings):
        opening = f"{name} runs on this machine, so `seedbed up {name}` keeps its state in .seedbed. Elsewhere, once:"
    lines = ["", opening, f"  pulumi login '{needs.backend_url(settings)}'"]
    lines += [f"  pulumi stack init {name} --secrets-provider '{needs.secrets_provider(settings)}'"]
    lines += [f"  seedbed up {name}"]
    if (delivery := settings.environment.delivery) is not None:
        role = f"arn:{settings.partition}:iam::{settings.account}:role/{settings.prefix}"
        lines += ["", f"variables of the environments {name}-preview and {name} of {delivery.repository}:"]
        lines += [f"  AWS_REGION={settings.region}", f"  PULUMI_BACKEND_URL={needs.backend_url(settings)}"]
        lines += [f"  AWS_ROLE={role}-preview   ({name}-preview)", f"  AWS_ROLE={role}-deploy   ({name})"]
    for line in lines:
        told.out.print(Text(line), soft_wrap=True)
