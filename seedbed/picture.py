"""An environment drawn from its program: a band a layer, a card a component, and on each card what it stands on."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from seedbed.check import check
from seedbed.checkout import find_checkout
from seedbed.layers import layer_of, place
from seedbed.rehearsal import Declared

COLUMNS, CARD_WIDTH, GAP, MARGIN = 5, 244, 18, 28
LINE, HEAD, FOOT, CHIP, TITLE = 16, 48, 10, 19, 30
SURFACE = "#ffffff"
COLOURS = {  # by data class: fill of the badge
    "public": "#2e7d32",
    "internal": "#37618e",
    "confidential": "#6a4c93",
    "personal": "#b3541e",
    "special": "#a4161a",
}
STRIPES = ("#1f77b4", "#d9822b", "#3b8f5a", "#8a5cb8", "#b5485d", "#7a6a4f", "#c2558f", "#5f6f86", "#8f8a1f", "#2a9d9d")
"""Colours of what others stand on, as told on their cards."""

MOST_CHIPS = 5
PARTS = {
    "AccessEntry": ("AccessPolicyAssociation",),
    "Bucket": ("Bucket",),
    "Detector": ("Detector",),
    "NatGateway": ("Eip",),
    "Role": ("Role",),
    "RouteTable": ("Route",),
    "SecurityGroup": ("SecurityGroup",),
    "Topic": ("Topic",),
}
"""Kinds whose parts are resources of their own and say little in a picture: how the kinds of the parts start."""


@dataclass(frozen=True)
class Card:
    urn: str
    name: str
    noun: str
    layer: str
    data_class: str | None
    lines: tuple[str, ...]
    stands_on: tuple[tuple[str, str], ...]
    """URN and name of each card that must be there before it, by name."""


def cards(resources: Sequence[Declared]) -> list[Card]:
    """One card for each component that the program itself declares, with all that lies inside it."""
    by_urn = {r.urn: r for r in resources}

    def top(urn: str) -> str:
        while by_urn[urn].parent:
            urn = by_urn[urn].parent
        return urn

    tops = {r.urn: r.name for r in resources if not r.parent and not r.custom}
    made = []
    for component in (by_urn[urn] for urn in tops):
        inside = [r for r in resources if r.custom and top(r.urn) == component.urn]
        needs = {
            top(u) for r in inside for urns in (*r.dependencies.values(), r.depends_on) for u in urns if u in by_urn
        }
        kinds = Counter(r.type.rsplit(":", 1)[-1] for r in inside if r.type.startswith("aws:"))
        others = Counter(r.type.rsplit(":", 1)[-1] for r in inside if not r.type.startswith("aws:"))
        made.append(
            Card(
                urn=component.urn,
                name=component.name,
                noun=component.type.rsplit(":", 1)[-1],
                layer=layer_of(component.type),
                data_class=_data_class(component, inside),
                lines=(*_lines(kinds), *_counted(others)),
                stands_on=tuple(
                    sorted(((u, tops[u]) for u in needs - {component.urn} if u in tops), key=lambda n: n[1])
                ),
            )
        )
    return made


def _lines(kinds: Mapping[str, int]) -> Iterator[str]:
    """Kinds with their counts; the parts of a bucket or of a role are counted with it."""
    parts: Counter[str] = Counter()
    left = dict(kinds)
    for whole in PARTS.keys() & kinds.keys():
        for kind in [k for k in left if k not in PARTS and k.startswith(PARTS[whole])]:
            parts[whole] += left.pop(kind)
    for kind, line in zip(sorted(left), _counted(left), strict=True):
        yield line + (f" and {parts[kind]} part{'s' * (parts[kind] != 1)}" if parts[kind] else "")


def _counted(kinds: Mapping[str, int]) -> Iterator[str]:
    """Kinds by name, with their counts where there are several."""
    return (f"{count} × {kind}" if count > 1 else kind for kind, count in sorted(kinds.items()))


def _data_class(component: Declared, inside: Sequence[Declared]) -> str | None:
    classes = {str(r.inputs["tags"]["data-class"]) for r in inside if "data-class" in (r.inputs.get("tags") or {})}
    stores = ("storage", "access_log", "database", "captured_requests")
    return classes.pop() if len(classes) == 1 and component.type.split(":")[1] in stores else None


def bands(drawn: Sequence[Card]) -> list[tuple[str, list[Card]]]:
    """Cards by layer, the lowest layer first, and in each the tallest first, so that little space is left."""
    rows: dict[str, list[Card]] = {}
    for card in sorted(drawn, key=lambda c: (place(c.layer), -_height(c), c.noun, c.name)):
        rows.setdefault(card.layer, []).append(card)
    return list(rows.items())


def draw(title: str, resources: Sequence[Declared]) -> str:
    """The environment as SVG that needs nothing from outside: no font, no style sheet, no script."""
    drawn = cards(resources)
    needed = sorted({on for card in drawn for on in card.stands_on}, key=lambda n: n[1])
    stripes = {urn: STRIPES[number % len(STRIPES)] for number, (urn, _) in enumerate(needed)}
    width = COLUMNS * (CARD_WIDTH + GAP) - GAP + 2 * MARGIN
    y, parts = MARGIN + 40, []
    for layer, row in bands(drawn):
        parts.append(f'<text x="{MARGIN}" y="{y + 14}" font-size="13" fill="#5b6577">{escape(layer)}</text>')
        bottoms = [y + TITLE] * min(COLUMNS, len(row))
        for card in row:
            column = bottoms.index(min(bottoms))
            parts.append(_card(MARGIN + column * (CARD_WIDTH + GAP), bottoms[column], card, stripes))
            bottoms[column] += _height(card) + GAP
        y = max(bottoms) + 6
    count = sum(r.custom and not r.type.startswith("pulumi:") for r in resources)
    height = y - GAP + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif">',
            f'<rect width="{width}" height="{height}" rx="14" fill="#f7f8fb"/>',
            f'<text x="{MARGIN}" y="{MARGIN + 14}" font-size="18" font-weight="600" '
            f'fill="#1d2433">{escape(title)}</text>',
            f'<text x="{width - MARGIN}" y="{MARGIN + 14}" font-size="13" fill="#5b6577" text-anchor="end">'
            f"{count} resources · coloured dots say what a component stands on</text>",
            *parts,
            "</svg>",
            "",
        ]
    )


def _chips(card: Card) -> list[list[tuple[str, str | None, int]]]:
    """Rows of what a card stands on: name, URN and width of each; what does not fit is counted."""
    shown = [(name, urn) for urn, name in card.stands_on[:MOST_CHIPS]]
    more = len(card.stands_on) - MOST_CHIPS
    rows: list[list[tuple[str, str | None, int]]] = [[]]
    used = 0
    for name, urn in [*shown, *([(f"{more} more", None)] if more > 0 else [])]:
        wide = round(6.1 * len(name)) + 22
        if rows[-1] and used + wide > CARD_WIDTH - 24:
            rows.append([])
            used = 0
        rows[-1].append((name, urn, wide))
        used += wide + 6
    return [row for row in rows if row]


def _height(card: Card) -> int:
    chips = len(_chips(card))
    return HEAD + LINE * len(card.lines) + FOOT + (chips * CHIP + 8 if chips else 0)


def _card(x: int, y: int, card: Card, stripes: Mapping[str, str]) -> str:
    height = _height(card)
    parts = [
        f'<g transform="translate({x},{y})">',
        f'<rect width="{CARD_WIDTH}" height="{height}" rx="8" fill="{SURFACE}" stroke="#c9d0dc"/>',
    ]
    if stripe := stripes.get(card.urn):
        parts.append(f'<rect x="1" y="9" width="4" height="{height - 18}" rx="2" fill="{stripe}"/>')
    parts += [
        f'<text x="14" y="23" font-size="14.5" font-weight="600" fill="#1d2433">{escape(card.name)}</text>',
        f'<text x="14" y="39" font-size="11.5" fill="#5b6577">{escape(card.noun)}</text>',
    ]
    if card.data_class:
        wide = 7 * len(card.data_class) + 14
        parts.append(
            f'<rect x="{CARD_WIDTH - wide - 10}" y="28" width="{wide}" height="18" rx="9" '
            f'fill="{COLOURS[card.data_class]}"/><text x="{CARD_WIDTH - wide / 2 - 10:.0f}" y="41" font-size="11" '
            f'fill="#ffffff" text-anchor="middle">{card.data_class}</text>'
        )
    parts += [
        f'<text x="14" y="{HEAD + LINE * i + 10}" font-size="12" fill="#323b4c">{escape(line)}</text>'
        for i, line in enumerate(card.lines)
    ]
    top = HEAD + LINE * len(card.lines) + FOOT
    if rows := _chips(card):
        parts.append(f'<path d="M14,{top} H{CARD_WIDTH - 14}" stroke="#e3e7ee"/>')
        parts += [
            _chip(left, top + 7 + CHIP * n, *chip, stripes) for n, row in enumerate(rows) for left, chip in _at(row)
        ]
    return "".join([*parts, "</g>"])


def _at(row: Sequence[tuple[str, str | None, int]]) -> Iterator[tuple[int, tuple[str, str | None, int]]]:
    left = 12
    for chip in row:
        yield left, chip
        left += chip[2] + 6


def _chip(x: int, y: int, name: str, urn: str | None, wide: int, stripes: Mapping[str, str]) -> str:
    dot = f'<circle cx="{x + 5}" cy="{y + 7}" r="3.5" fill="{stripes[urn]}"/>' if urn else ""
    return f'{dot}<text x="{x + 12}" y="{y + 11}" font-size="11" fill="#5b6577">{escape(name)}</text>'


def main(environment: str, file: str) -> None:
    """Draws a shipped environment into `file`."""
    checkout = find_checkout()
    title = f"Environment {environment}, drawn from its program"
    _, rehearsal = check(environment, checkout.file(environment))
    Path(file).write_text(draw(title, rehearsal.resources))


if __name__ == "__main__":
    main(*sys.argv[1:])
