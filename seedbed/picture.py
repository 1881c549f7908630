"""An environment drawn from its program: a card a component, an arrow from each to what it stands on."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from seedbed.check import check
from seedbed.checkout import find_checkout
from seedbed.rehearsal import Declared

CARD_WIDTH, GAP, BAND_GAP, MARGIN = 276, 22, 64, 28
LINE, HEAD, FOOT = 17, 50, 12
COLOURS = {  # by data class: fill of the badge
    "public": "#2e7d32",
    "internal": "#37618e",
    "confidential": "#6a4c93",
    "personal": "#b3541e",
    "special": "#a4161a",
}


@dataclass(frozen=True)
class Card:
    urn: str
    name: str
    noun: str
    data_class: str | None
    lines: tuple[str, ...]
    stands_on: frozenset[str]
    """URNs of the cards that must be there before it."""

    @property
    def height(self) -> int:
        return HEAD + LINE * len(self.lines) + FOOT


def cards(resources: Sequence[Declared]) -> list[Card]:
    """One card for each component that the program itself declares, with all that lies inside it."""
    by_urn = {r.urn: r for r in resources}

    def top(urn: str) -> str:
        while by_urn[urn].parent:
            urn = by_urn[urn].parent
        return urn

    tops = [r for r in resources if not r.parent and not r.custom]
    made = []
    for component in tops:
        inside = [r for r in resources if r.custom and top(r.urn) == component.urn]
        needs = {
            top(u) for r in inside for urns in (*r.dependencies.values(), r.depends_on) for u in urns if u in by_urn
        }
        kinds = Counter(r.type.rsplit(":", 1)[-1] for r in inside)
        made.append(
            Card(
                urn=component.urn,
                name=component.name,
                noun=component.type.rsplit(":", 1)[-1],
                data_class=_data_class(component, inside),
                lines=tuple(f"{count} × {kind}" if count > 1 else kind for kind, count in sorted(kinds.items())),
                stands_on=frozenset(needs - {component.urn}) & {t.urn for t in tops},
            )
        )
    return made


def _data_class(component: Declared, inside: Sequence[Declared]) -> str | None:
    classes = {str(r.inputs["tags"]["data-class"]) for r in inside if "data-class" in (r.inputs.get("tags") or {})}
    return classes.pop() if len(classes) == 1 and component.type.split(":")[1] in ("storage", "access_log") else None


def bands(drawn: Sequence[Card]) -> list[list[Card]]:
    """Cards by how many others stand below them, the ones that need nothing first."""
    by_urn = {c.urn: c for c in drawn}

    def depth(card: Card) -> int:
        return 1 + max((depth(by_urn[u]) for u in card.stands_on), default=-1)

    rows: dict[int, list[Card]] = {}
    for card in sorted(drawn, key=lambda c: (c.noun, c.name)):
        rows.setdefault(depth(card), []).append(card)
    return [rows[d] for d in sorted(rows)]


def draw(title: str, resources: Sequence[Declared]) -> str:
    """The environment as SVG that needs nothing from outside: no font, no style sheet, no script."""
    rows = bands(cards(resources))
    width = max(len(row) * (CARD_WIDTH + GAP) - GAP for row in rows) + 2 * MARGIN
    places: dict[str, tuple[float, float, Card]] = {}
    y = MARGIN + 44
    for row in rows:
        x = (width - (len(row) * (CARD_WIDTH + GAP) - GAP)) / 2
        tallest = max(c.height for c in row)
        for card in row:
            # Bottoms in one line, where arrows arrive; the last row has none and hangs from the top.
            places[card.urn] = (x, y if row is rows[-1] else y + tallest - card.height, card)
            x += CARD_WIDTH + GAP
        y += tallest + BAND_GAP
    height = y - BAND_GAP + MARGIN
    count = sum(r.custom and not r.type.startswith("pulumi:") for r in resources)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif">',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto-start-reverse"><path d="M0,0 L8,4 L0,8 z" fill="#8a94a6"/></marker></defs>',
            f'<rect width="{width}" height="{height}" rx="14" fill="#f7f8fb"/>',
            f'<text x="{MARGIN}" y="{MARGIN + 14}" font-size="18" font-weight="600" '
            f'fill="#1d2433">{escape(title)}</text>',
            f'<text x="{width - MARGIN}" y="{MARGIN + 14}" font-size="13" fill="#5b6577" text-anchor="end">'
            f"{count} resources · an arrow points at what is stood on</text>",
            *_arrows(places),
            *(_card(x, y, card) for x, y, card in places.values()),
            "</svg>",
            "",
        ]
    )


def _arrows(places: Mapping[str, tuple[float, float, Card]]) -> list[str]:
    drawn = []
    for x, y, card in places.values():
        below = sorted(card.stands_on)
        for number, urn in enumerate(below, start=1):
            to_x, to_y, target = places[urn]
            start = x + CARD_WIDTH * number / (len(below) + 1)
            end_x, end_y = to_x + CARD_WIDTH / 2, to_y + target.height
            bend = (y - end_y) / 2
            drawn.append(
                f'<path d="M{start:.0f},{y:.0f} C{start:.0f},{y - bend:.0f} {end_x:.0f},{end_y + bend:.0f} '
                f'{end_x:.0f},{end_y + 2:.0f}" fill="none" stroke="#8a94a6" stroke-width="1.2" marker-end="url(#tip)"/>'
            )
    return drawn


def _card(x: float, y: float, card: Card) -> str:
    parts = [
        f'<g transform="translate({x:.0f},{y:.0f})">',
        f'<rect width="{CARD_WIDTH}" height="{card.height}" rx="9" fill="#ffffff" stroke="#c9d0dc"/>',
        f'<text x="14" y="24" font-size="15" font-weight="600" fill="#1d2433">{escape(card.name)}</text>',
        f'<text x="14" y="41" font-size="12" fill="#5b6577">{escape(card.noun)}</text>',
    ]
    if card.data_class:
        wide = 7 * len(card.data_class) + 14
        parts.append(
            f'<rect x="{CARD_WIDTH - wide - 10}" y="10" width="{wide}" height="18" rx="9" '
            f'fill="{COLOURS[card.data_class]}"/><text x="{CARD_WIDTH - wide / 2 - 10:.0f}" y="23" font-size="11" '
            f'fill="#ffffff" text-anchor="middle">{card.data_class}</text>'
        )
    parts += [
        f'<text x="14" y="{HEAD + LINE * i + 8}" font-size="12" fill="#323b4c">{escape(line)}</text>'
        for i, line in enumerate(card.lines)
    ]
    return "".join([*parts, "</g>"])


def main(environment: str, file: str) -> None:
    """Draws a shipped environment into `file`."""
    checkout = find_checkout()
    title = f"Environment {environment}, drawn from its program"
    _, rehearsal = check(environment, checkout.file(environment))
    Path(file).write_text(draw(title, rehearsal.resources))


if __name__ == "__main__":
    main(*sys.argv[1:])
