"""The creation of an environment drawn over time: its critical path by name, everything else in grey below."""

from collections.abc import Mapping, Sequence
from html import escape

from benchmarks.creation import Span, Step, length

WIDTH, MARGIN, NAMES = 1180, 28, 330
"""Of the whole picture, around it, and of the column with the names."""

ROW, LANE, THIN, HEAD = 24, 11, 4, 84
"""Heights: of a named bar's row, of a row below with something in it that lasts, of one without, of what is above."""

LASTING = 0.03
"""Part of the whole from which on a grey bar gets a row of full height, and from thrice as much its name."""

SHORTEST = 1.6
"""Pixels of a bar that lasts next to nothing."""

COLOURS = {
    "network": "#37618e",
    "keys": "#6a4c93",
    "identities": "#8d6e2f",
    "stores": "#2e7d32",
    "compute": "#b3541e",
    "cluster": "#00798c",
}
KINDS = {
    "network": ("aws:ec2/", "aws:vpc/"),
    "keys": ("aws:kms/",),
    "identities": ("aws:iam/",),
    "stores": ("aws:s3/", "aws:rds/", "aws:ecr/"),
    "compute": ("aws:eks/", "aws:sagemaker/", "aws:appautoscaling/"),
    "cluster": ("kubernetes:",),
}
OTHER = "#5b6577"


def draw(environment: str, steps: Mapping[str, Step], spans: Mapping[str, Span], path: Sequence[str]) -> str:
    """SVG that needs nothing from outside: no font, no style sheet, no script."""
    named = [urn for urn in path if steps[urn].custom and steps[urn].seconds]
    rest = [urn for urn in spans if steps[urn].custom and steps[urn].seconds and urn not in named]
    rows = lanes(rest, spans)
    end = length(spans)
    scale = (WIDTH - 2 * MARGIN - NAMES) / end
    top = HEAD + ROW * len(named) + 34
    heights = [LANE if any(_part(spans[urn], end) > LASTING for urn in row) else THIN for row in rows]
    height = top + sum(heights) + MARGIN
    count = sum(step.custom and not step.type.startswith("pulumi:") for step in steps.values())
    x0 = MARGIN + NAMES
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif">',
            f'<rect width="{WIDTH}" height="{height}" rx="14" fill="#f7f8fb"/>',
            f'<text x="{MARGIN}" y="{MARGIN + 14}" font-size="18" font-weight="600" fill="#1d2433">'
            f"Creating {escape(environment)}: {end / 60:.1f} minutes, simulated</text>",
            f'<text x="{WIDTH - MARGIN}" y="{MARGIN + 14}" font-size="13" fill="#5b6577" text-anchor="end">'
            f"{count} resources · typical seconds of benchmarks/latency.yaml</text>",
            *_minutes(end, scale, x0, height),
            *(_named(steps[urn], spans[urn], x0, scale, HEAD + ROW * i) for i, urn in enumerate(named)),
            f'<text x="{MARGIN}" y="{top + 4}" font-size="12" fill="#5b6577">everything else, beside it</text>',
            *(_lane(row, steps, spans, x0, scale, top + sum(heights[:i]), heights[i]) for i, row in enumerate(rows)),
            "</svg>",
            "",
        ]
    )


def lanes(urns: Sequence[str], spans: Mapping[str, Span]) -> list[list[str]]:
    """As few rows as nothing that runs at one time shares one needs, the longest first where several start at once."""
    rows: list[list[str]] = []
    for urn in sorted(urns, key=lambda u: (spans[u].start, -spans[u].end, u)):
        free = next((row for row in rows if spans[row[-1]].end <= spans[urn].start), None)
        if free is None:
            rows.append([urn])
        else:
            free.append(urn)
    return rows


def _part(span: Span, end: float) -> float:
    return (span.end - span.start) / end


def _lane(
    row: Sequence[str], steps: Mapping[str, Step], spans: Mapping[str, Span], x0: int, scale: float, y: int, height: int
) -> str:
    drawn, end = "", (WIDTH - MARGIN - x0) / scale
    for urn, after in zip(row, [*row[1:], None], strict=True):
        span = spans[urn]
        drawn += _bar(span, x0, scale, y, height - 2, "#c3cad6", steps[urn].name)
        if _part(span, end) > 3 * LASTING:
            room = 6 * len(steps[urn].name)
            beside = ((spans[after].start if after else end) - span.end) * scale > room
            if beside or (span.end - span.start) * scale > room:
                x, colour = x0 + span.end * scale + (5 if beside else -room), "#8a94a6" if beside else "#5b6577"
                drawn += (
                    f'<text x="{x:.1f}" y="{y + height - 3}" font-size="10" fill="{colour}">'
                    f"{escape(steps[urn].name)}</text>"
                )
    return drawn


def _minutes(end: float, scale: float, x0: int, height: int) -> list[str]:
    drawn = []
    for minute in range(int(end // 60) + 1):
        x = x0 + 60 * minute * scale
        drawn.append(
            f'<path d="M{x:.1f},{HEAD - 12} V{height - MARGIN}" stroke="#dde2ea" stroke-width="1"/>'
            f'<text x="{x:.1f}" y="{HEAD - 17}" font-size="11" fill="#5b6577" text-anchor="middle">{minute} min</text>'
        )
    return drawn


def _named(step: Step, span: Span, x0: int, scale: float, y: int) -> str:
    token = step.type.rsplit(":", 1)[-1]
    colour = next((COLOURS[kind] for kind, begins in KINDS.items() if step.type.startswith(begins)), OTHER)
    name = step.name if len(step.name) <= 34 else f"{step.name[:33]}…"
    return (
        f'<text x="{MARGIN}" y="{y + 13}" font-size="12" fill="#1d2433">{escape(name)}'
        f'<tspan fill="#8a94a6" dx="6">{escape(token)}</tspan></text>'
        + _bar(span, x0, scale, y + 3, ROW - 10, colour, step.name)
        + _seconds(span, x0, scale, y)
    )


def _seconds(span: Span, x0: int, scale: float, y: int) -> str:
    said, end = f"{span.end - span.start:.0f} s", x0 + span.end * scale
    inside = end > WIDTH - MARGIN - 60
    x, anchor, colour = (end - 6, "end", "#ffffff") if inside else (end + 6, "start", "#5b6577")
    if inside and (span.end - span.start) * scale < 50:
        x, colour = x0 + span.start * scale - 6, "#5b6577"
    return f'<text x="{x:.1f}" y="{y + 14}" font-size="11" fill="{colour}" text-anchor="{anchor}">{said}</text>'


def _bar(span: Span, x0: int, scale: float, y: int, height: int, colour: str, title: str) -> str:
    width = max((span.end - span.start) * scale, SHORTEST)
    return (
        f'<rect x="{x0 + span.start * scale:.1f}" y="{y}" width="{width:.1f}" height="{height}" rx="2" '
        f'fill="{colour}"><title>{escape(title)}: {span.end - span.start:.0f} s</title></rect>'
    )
