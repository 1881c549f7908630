"""Data flows drawn: a column a kind of station, a curve a way, coloured by the highest class that may go there."""

from html import escape

from seedbed.records.flows import COLUMNS, Flows, Node

WIDTH, HEIGHT, GAP, ROW = 158, 30, 64, 44
MARGIN, HEAD = 10, 34
LETTERS = 20
"""Letters of a name that fit into a station."""


def flow_picture(ways: Flows) -> str:
    """The flows as SVG for a page whose style sheet colours the data classes."""
    columns = [name for name in COLUMNS if any(node.column == name for node in ways.nodes)]
    rows = {name: [node for node in ways.nodes if node.column == name] for name in columns}
    tallest = max((len(some) for some in rows.values()), default=1)
    at: dict[str, tuple[int, int]] = {}
    for number, name in enumerate(columns):
        top = HEAD + (tallest - len(rows[name])) * ROW // 2
        for place, node in enumerate(rows[name]):
            at[node.id] = (MARGIN + number * (WIDTH + GAP), top + place * ROW)
    width = 2 * MARGIN + len(columns) * (WIDTH + GAP) - GAP
    height = HEAD + tallest * ROW
    titles = [
        f'<text class="column" x="{MARGIN + number * (WIDTH + GAP)}" y="18">{escape(name)}</text>'
        for number, name in enumerate(columns)
    ]
    curves = [
        f'<path class="{way.data_class or "none"}" d="{_curve(at[way.source], at[way.target])}">'
        f"<title>{escape(f'{way.source} → {way.target}: {way.why}')}</title></path>"
        for way in ways.flows
    ]
    counted = f"{len(ways.nodes)} stations of data and {len(ways.flows)} ways between them"
    return "\n".join(
        [
            f'<svg viewBox="0 0 {max(width, 1)} {height}" role="img" aria-labelledby="flows-title">',
            f'<title id="flows-title">{counted}</title>',
            *titles,
            *curves,
            *(_station(node, *at[node.id]) for node in ways.nodes),
            "</svg>",
        ]
    )


def _curve(source: tuple[int, int], target: tuple[int, int]) -> str:
    x, y = source[0] + WIDTH, source[1] + HEIGHT // 2
    end, level = target[0], target[1] + HEIGHT // 2
    bend = max(GAP, (end - x) // 2)
    return f"M{x},{y} C{x + bend},{y} {end - bend},{level} {end},{level}"


def _station(node: Node, x: int, y: int) -> str:
    name = node.name if len(node.name) <= LETTERS else node.name[: LETTERS - 1] + "…"
    return (
        f'<g class="{node.data_class or "none"}" transform="translate({x},{y})"><title>{escape(node.id)}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="6"/><text x="10" y="20">{escape(name)}</text></g>'
    )
