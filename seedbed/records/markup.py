"""Pieces of a page, every text escaped."""

from collections.abc import Iterable, Sequence
from html import escape

DASH = "–"


class Html(str):
    """Markup that is escaped already."""

    __slots__ = ()


def text(value: object) -> Html:
    """A value as markup: as it is where it is markup, escaped where it is text, a dash where it is empty."""
    if isinstance(value, Html):
        return value
    return Html(escape(str(value)) if value not in ("", None, (), []) else DASH)


def marked(name: str, words: object, tag: str = "span") -> Html:
    """Words in the class `name`: an outcome or a data class, which the style sheet colours."""
    return Html(f'<{tag} class="{escape(name.replace(" ", "-"))}">{text(words)}</{tag}>')


def joined(values: Iterable[object], by: str = ", ") -> Html:
    """Values one after another, a dash where there are none."""
    return Html(escape(by).join(text(one) for one in values) or DASH)


def code(value: object) -> Html:
    return Html(f"<code>{text(value)}</code>")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    """A table whose first cell of each row is its heading."""
    heads = "".join(f'<th scope="col">{text(one)}</th>' for one in head)
    body = "\n".join(
        f'<tr><th scope="row">{text(first)}</th>{"".join(f"<td>{text(one)}</td>" for one in rest)}</tr>'
        for first, *rest in rows
    )
    return Html(
        f'<div class="scroll"><table><caption>{text(caption)}</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


def pairs(entries: Iterable[tuple[str, object]]) -> Html:
    """Names with what they mean."""
    return Html("<dl>" + "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in entries) + "</dl>")


def items(name: str, entries: Iterable[object]) -> Html:
    return Html(f'<ul class="{escape(name)}">' + "".join(f"<li>{text(one)}</li>" for one in entries) + "</ul>")
