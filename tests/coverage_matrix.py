"""The matrix article × control × test of a run, from the reports of its tests."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from policies.control import controls
from policies.matrix import FIXTURES, Tally, matrix

OWN = {
    "test_a_control_comes_to_the_verdict_of_its_fixture": "",
    "test_a_deviation_is_met_by_its_control_alone": "deviations",
    "test_the_sdk_comes_to_the_same_verdict_on_every_fixture": "SDK",
    "test_the_engine_comes_to_the_same_verdict_on_saved_states": "engine",
}
"""Kind of a test by its function; empty where the fixture says it, `others` for the rest that name a control."""

CONTROL = re.compile(r"\b([A-Z][A-Z0-9]{1,5}-\d{2})(?:-([a-z]+))?\b")


def outcome(reports: Iterable[Any]) -> str:
    """The matrix; nothing where not every control was put before its fixtures, because then it would mislead."""
    counts: dict[tuple[str, str], list[int]] = {}
    for report in reports:
        if getattr(report, "when", "") != "call":
            continue
        for control, kind in _of(report):
            one = counts.setdefault((control, kind), [0, 0])
            one[0] += 1
            one[1] += report.outcome == "passed"
    ids = [one.id for one in controls()]
    if not all((id, kind) in counts for id in ids for kind in FIXTURES):
        return ""
    tallies = {id: {kind: Tally(*count) for (control, kind), count in counts.items() if control == id} for id in ids}
    return matrix(tallies)


def _of(report: Any) -> Iterator[tuple[str, str]]:
    """Controls that a test is about, each with the kind of the test."""
    function, _, parameters = report.nodeid.rpartition("::")[2].partition("[")
    kind = OWN.get(function, "others")
    judged = [value for name, value in report.user_properties if name == "judged"]
    found = CONTROL.findall(" ".join(judged) if judged else parameters)
    if kind in ("deviations", "others"):
        found = found[:1]
    for control, fixture in found:
        if kind or fixture in FIXTURES:
            yield control, kind or fixture
