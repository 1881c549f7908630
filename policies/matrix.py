"""Article × control × test: which controls serve an article of the GDPR, and what tests each of them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from policies.articles import heading, place
from policies.control import Control, controls

TESTS = Path(__file__).parents[1] / "tests" / "policies"
FIXTURES = ("good", "bad", "unknown", "absent", "na")
KINDS = (*FIXTURES, "SDK", "engine", "deviations", "others")
"""Columns. `SDK` and `engine`: fixtures that come to the same verdict there; `deviations`: of a compliant stack."""

NO_ARTICLE = "none"


class Tally(NamedTuple):
    """How many tests of one kind a control has, and how many of them passed; None where they were not run."""

    tests: int
    passed: int | None = None

    def __str__(self) -> str:
        return str(self.tests) if self.passed in (None, self.tests) else f"{self.passed}/{self.tests}"


Tallies = Mapping[str, Mapping[str, Tally]]
"""Control -> kind -> tally; a kind without a test may be left out."""


def matrix(tallies: Tallies, chosen: Sequence[Control] | None = None) -> str:
    """The matrix as a table of plain text, and beneath it what is not tested or did not pass.

    Controls that serve no article stand at the end.
    """
    some = controls() if chosen is None else chosen
    kinds = [kind for kind in KINDS if any(kind in tallies.get(one.id, {}) for one in some)]
    by_article: dict[str, list[Control]] = {}
    for one in some:
        for article in dict.fromkeys(one.gdpr or (NO_ARTICLE,)):
            by_article.setdefault(article, []).append(one)
    wide = max((len(one.id) for one in some), default=0)
    lines = [f"  {'':{wide}}  {'  '.join(f'{kind:>{_width(kind)}}' for kind in kinds)}"]
    for article in sorted(by_article, key=_order):
        title = heading(article) if article != NO_ARTICLE else ""
        lines.append(f"Art. {article}  {title}".rstrip() if title else "no article")
        lines += [f"  {one.id:{wide}}  {_cells(tallies.get(one.id, {}), kinds)}" for one in by_article[article]]
    return "\n".join([*lines, "", *_summary(tallies, some, by_article)]) + "\n"


def _order(article: str) -> tuple[int, int, str]:
    return (1000, 0, "") if article == NO_ARTICLE else place(article)


def _width(kind: str) -> int:
    return max(len(kind), 5)


def _cells(told: Mapping[str, Tally], kinds: Iterable[str]) -> str:
    return "  ".join(f"{str(told[kind]) if kind in told else '.':>{_width(kind)}}" for kind in kinds)


def _summary(tallies: Tallies, some: Sequence[Control], by_article: Mapping[str, Sequence[Control]]) -> list[str]:
    counted = [tally for one in some for tally in tallies.get(one.id, {}).values()]
    articles = len(by_article) - (NO_ARTICLE in by_article)
    lines = [f"{articles} articles, {len(some)} controls, {sum(tally.tests for tally in counted)} tests"]
    lacking = {one.id: [kind for kind in FIXTURES if kind not in tallies.get(one.id, {})] for one in some}
    lines += [f"not tested: {id}: {', '.join(kinds)}" for id, kinds in lacking.items() if kinds]
    for one in some:
        failed = [kind for kind, tally in tallies.get(one.id, {}).items() if tally.passed not in (None, tally.tests)]
        lines += [f"not passed: {one.id}: {', '.join(failed)}"] if failed else []
    return lines


def written(folder: Path = TESTS) -> dict[str, dict[str, Tally]]:
    """The tests that are written, whether or not anybody ran them: fixtures, and deviations of the compliant stack."""
    told: dict[str, dict[str, Tally]] = {}
    for path in sorted((folder / "fixtures").glob("*.yaml")):
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader) or {}
        told[path.stem] = {kind: Tally(1) for kind in FIXTURES if kind in content}
    mutations = folder / "mutations.yaml"
    entries = yaml.load(mutations.read_text(encoding="utf-8"), _Loader) if mutations.exists() else []
    for entry in entries or []:
        known = told.setdefault(entry["control"], {})
        known["deviations"] = Tally(known.get("deviations", Tally(0)).tests + 1)
    return told


class _Loader(yaml.SafeLoader):
    """YAML whose own tags, such as `!unknown`, are read as nothing."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
