"""The command `seedbed records`."""

import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from seedbed.command import running
from seedbed.failures import MissingError, WrongInputError


def command(
    environment: Annotated[
        str, typer.Argument(metavar="ENV", help="Name of an environment: Pulumi.<ENV>.yaml")
    ] = "local",
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Default: .seedbed/records/<ENV>.")
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", "-f", help="html, json, sarif or junit; repeatable. Default: all.")
    ] = None,
) -> None:
    """Write the record of processing, the processor register, the data flows and the evidence, without cloud."""
    from seedbed.records import FORMATS, gather, write

    with running() as told:
        chosen = tuple(dict.fromkeys(formats or FORMATS))
        if unknown := [one for one in chosen if one not in FORMATS]:
            raise WrongInputError(f"--format {unknown[0]}: allowed are {', '.join(FORMATS)}.")
        told.checkout.settings(environment)
        with told.steps.step("rehearsing the program and judging it"):
            records = gather(told.checkout, environment, datetime.datetime.now(datetime.UTC))
        place = folder or told.checkout.state / "records" / environment
        try:
            written = write(records, place, chosen)
        except OSError as error:
            raise MissingError(
                f"{place}: cannot be written ({error.strerror}).", do="Name another folder with --output."
            ) from error
        for path in written:
            told.out.print(Text(f"{path}"), soft_wrap=True)
        basis = f"{len(records.activities)} stores of personal data, {len(records.evidence)} controls"
        told.out.print(Text(f"{environment}: {basis}", style="bold"))
        for word, some in (("violated", records.violated), ("undetermined", records.undetermined)):
            if some:
                ids = ", ".join(one.control.id for one in some)
                told.out.print(Text(f"{word}: {ids}; what to do: seedbed check {environment}"), soft_wrap=True)
