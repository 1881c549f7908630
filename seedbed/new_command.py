"""The commands `seedbed new ...`."""

import typer

app = typer.Typer(no_args_is_help=True, help="Make the files of something new.")


@app.callback()
def new() -> None:
    """Make the files of something new."""
