"""High risk: processing that needs an impact assessment names it."""

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    UndeterminedError,
    control,
    fail,
    look,
    parts,
    skip,
)
from policies.stores import STORES
from policies.tags import tags

ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
INFERENCE = "kubernetes:serving.kserve.io/v1beta1:InferenceService"

EFFECTS = ("none", "legal", "significant")
"""Values of `decision-effect`: what an automated decision by the model does to people (GDPR Art. 22(1))."""


@control(
    "PRIV-07",
    title="High-risk processing cites its impact assessment",
    kind="resource",
    severity="high",
    types=(*STORES, ENDPOINT, INFERENCE),
    basis=("35(1)", "35(7)", "22(3)"),
    refs=("design:own (no scanner covers it)",),
)
def high_risk_is_assessed(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A store of class special, and an endpoint or inference service whose decision-effect is legal or significant,
    carries dpia-id and dpia-review, a day that is not past; such an endpoint also carries human-review, the way to a
    person who decides anew, each known before the deployment. Tags of AWS, annotations or labels of Kubernetes.
    """
    marks = _marks(one, stack)
    if one.type in STORES:
        if _mark(marks, "data-class") != "special":
            yield skip("holds no special categories")
            return
        yield from parts(_named(marks, "dpia-id"), _review(marks, given["today"]))
        return
    effect = _mark(marks, "decision-effect")
    if effect in ("", "none"):
        yield skip("decides nothing about people")
        return
    if effect not in EFFECTS:
        yield fail(_path(marks, "decision-effect"), "an unknown code", f"set one of {', '.join(EFFECTS)}")
    yield from parts(_named(marks, "dpia-id"), _review(marks, given["today"]), _named(marks, "human-review"))


Marks = tuple[str, Mapping[str, Any]]
"""Where the marks of a resource stand, and the marks."""


def _marks(one: Resource, stack: Stack) -> Marks:
    if one.type != INFERENCE:
        return "tags", tags(one, stack)
    found: dict[str, Any] = {}
    for path in ("metadata.labels", "metadata.annotations"):
        some = look(one.props, path)
        found |= some if isinstance(some, Mapping) else dict.fromkeys(MARKS, UNKNOWN) if some is UNKNOWN else {}
    return "metadata.annotations", found


MARKS = ("decision-effect", "dpia-id", "dpia-review", "human-review")


def _path(marks: Marks, key: str) -> str:
    return f"{marks[0]}.{key}"


def _mark(marks: Marks, key: str) -> Any:
    """The mark as text, empty when absent; raises UndeterminedError when it is unknown."""
    value = marks[1].get(key, ABSENT)
    if value is UNKNOWN:
        raise UndeterminedError(_path(marks, key))
    return value if isinstance(value, str) else ""


def _named(marks: Marks, key: str) -> Iterator[Problem]:
    if not re.search(r"\w", _mark(marks, key)):
        yield fail(_path(marks, key), "not set", f"set {key}, as the record of impact assessments has it")


def _review(marks: Marks, today: datetime.date) -> Iterator[Problem]:
    path, value = _path(marks, "dpia-review"), _mark(marks, "dpia-review")
    try:
        day = datetime.date.fromisoformat(value)
    except ValueError:
        found = "no day" if value else "not set"
        yield fail(path, found, "set the day of the next review, YYYY-MM-DD")
        return
    if day < today:
        yield fail(path, "the review is overdue", "review the assessment and set the day of the next one")
