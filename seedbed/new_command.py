"""The commands `seedbed new ...`."""

from typing import Annotated

import typer
from rich.text import Text

from seedbed.command import running
from seedbed.failures import RefusedError
from seedbed.new_control import Wish, make, places

app = typer.Typer(no_args_is_help=True, help="Make the files of something new.")


@app.callback()
def new() -> None:
    """Make the files of something new."""


@app.command("control")
def control(
    id: Annotated[str, typer.Argument(metavar="ID", help="Family and number: STO-07.")],
    title: Annotated[str, typer.Option("--title", help="What must hold, in a few words.")] = "",
    pack: Annotated[str, typer.Option("--pack", help="Default: that of the family.")] = "",
    concern: Annotated[
        str, typer.Option("--concern", metavar="NAME", help="File in the pack, new or existing. Default: the id.")
    ] = "",
    types: Annotated[
        list[str] | None, typer.Option("--type", metavar="TOKEN", help="Type that it judges; repeatable.")
    ] = None,
    articles: Annotated[
        list[str] | None, typer.Option("--article", metavar="N", help="Article of the GDPR, 32(1)(a); repeatable.")
    ] = None,
) -> None:
    """Make rule, five fixtures, levels and a mutation of a control; the tests then say what to fill in."""
    with running() as told:
        wish = Wish(id=id, pack=pack, concern=concern, title=title, types=types or (), articles=articles or ())
        try:
            made = make(told.checkout, wish)
        except OSError as error:
            raise RefusedError(f"{error.filename}: {error.strerror}; nothing was changed.") from error
        root = told.checkout.root
        for path in made:
            told.out.print(Text(f"{path.relative_to(root)}"), soft_wrap=True)
        told.out.print()
        told.out.print("fill in:")
        for place in places(root, id):
            told.out.print(Text(f"  {place}"), soft_wrap=True)
        told.out.print()
        told.out.print("next:")
        told.out.print(f"  pytest tests/policies -k {id}    until it passes")
        told.out.print("  python -m policies guide          the table in docs/policies.md")
