"""Problems in the order in which one meets them in the file."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stacks.reading.problems import MOST_SHOWN, Problem
from stacks.reading.yaml_file import Document


def in_order(problems: list[Problem], config: Any, document: Document) -> list[Problem]:
    """Problems as one meets them in the file, with their lines; of too many the first ones."""
    orders: dict[int, dict[Any, int]] = {}

    def position(problem: Problem) -> tuple[int, ...]:
        value: Any = config
        found = []
        for step in problem.location:
            if isinstance(value, Mapping):
                order = orders.setdefault(id(value), {key: number for number, key in enumerate(value)})
                found.append(order.get(step, len(order)))
                value = value.get(step)
            else:
                found.append(step if isinstance(step, int) else 0)
                value = value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None
        return tuple(found)

    ordered = sorted(problems, key=position)
    more = len(ordered) - MOST_SHOWN
    if more > 0:
        last = ordered[MOST_SHOWN]
        fix = "correct the ones above first"
        ordered[MOST_SHOWN:] = [Problem(last.location, f"and {more} more problems", last.found, "none", fix)]
    return [replace(p, line=document.line(p.location)) if p.line is None else p for p in ordered]
