"""The register of processing: what the stack says of its personal data is what its resources say."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.gdpr.impact import ENDPOINT, INFERENCE
from policies.gdpr.residency import region_of
from policies.reading import as_list, as_number
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
    items,
    literal,
    look,
    parts,
    present,
    skip,
    undetermined,
    word,
)
from policies.stack import ROOT
from policies.stores import STORES, called
from policies.tags import PERSONAL, tags

REGISTER = "processing_register"
PROCESSING = (*STORES, ENDPOINT, INFERENCE)
TEXTS = {"purpose": "purpose", "legalBasis": "legal-basis", "categories": "data-class"}
FIX = "make the entry from the same settings as the resource"


@control(
    "PRIV-08",
    title="The stack exports its register of processing",
    kind="stack",
    severity="medium",
    types=(ROOT, *PROCESSING),
    subjects=(ROOT, *PROCESSING),
    basis=("30(1)", "30(2)", "5(2)"),
    refs=("design:own; prowler maps Art. 30 to audit logs only",),
)
def the_register_is_exported(one: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """The output processing_register has an entry for each store, endpoint and inference service of class personal or
    special, by its name: purpose, legalBasis, categories (the class), recipients, region and retentionDays as the
    resource has them, and safeguards, at least one; and no entry for anything else.
    """
    if one.type == ROOT:
        yield from _strays(one, stack)
        return
    marks = _marks(one, stack)
    if _mark(marks, "data-class") not in PERSONAL:
        yield skip("holds no personal data")
        return
    name, outputs = _name(one), next((root.props for root in stack.of([ROOT])), {})
    places = [where for where, _ in items(outputs, REGISTER)]
    mine = [where for where in places if name and word(outputs, f"{where}.name") == name]
    if mine:
        yield from parts(*_same(one, outputs, mine[0], stack))
    elif name is None or any(word(outputs, f"{where}.name") is UNKNOWN for where in places):
        yield undetermined(f"{REGISTER}[].name")
    else:
        yield fail(REGISTER, "no entry of the exported register has this name", FIX)


def _strays(root: Resource, stack: Stack) -> Iterator[Problem]:
    processing = [one for one in stack.of(PROCESSING) if _personal(one, stack)]
    names = {_name(one) for one in processing}
    entries = items(root.props, REGISTER)
    if not processing and not entries:
        yield skip("the stack holds no personal data")
    for where, _ in entries:
        name = word(root.props, f"{where}.name")
        if name is UNKNOWN or (name not in names and None in names):
            yield undetermined(f"{where}.name")
        elif name not in names:
            yield fail(f"{where}.name", "nothing personal in the stack has this name", "remove the entry")


def _personal(one: Resource, stack: Stack) -> bool:
    """Whether a resource holds personal data, or may: an unknown class is said where it stands."""
    try:
        return _mark(_marks(one, stack), "data-class") in PERSONAL
    except UndeterminedError:
        return True


def _same(one: Resource, outputs: Any, where: str, stack: Stack) -> Iterator[Iterator[Problem]]:
    marks = _marks(one, stack)
    for field, key in TEXTS.items():
        yield _text(outputs, f"{where}.{field}", marks, key)
    yield _recipients(outputs, f"{where}.recipients", marks)
    yield _retention(outputs, f"{where}.retentionDays", marks)
    if one.type != INFERENCE:
        yield _region(outputs, f"{where}.region", region_of(one, stack))
    yield _safeguards(outputs, f"{where}.safeguards")


def _text(outputs: Any, path: str, marks: Mapping[str, Any], key: str) -> Iterator[Problem]:
    if literal(outputs, path, "") != _mark(marks, key):
        yield fail(path, f"not what the resource says in {key}", FIX)


def _recipients(outputs: Any, path: str, marks: Mapping[str, Any]) -> Iterator[Problem]:
    listed = as_list(literal(outputs, path, []))
    if UNKNOWN in listed:
        yield undetermined(path)
    elif sorted(map(str, listed)) != sorted(filter(None, re.split(r"[\s+,:;/]+", _mark(marks, "recipients")))):
        yield fail(path, "not those of the resource", FIX)


def _retention(outputs: Any, path: str, marks: Mapping[str, Any]) -> Iterator[Problem]:
    if as_number(literal(outputs, path)) != as_number(_mark(marks, "retention-days") or None):
        yield fail(path, "not what the resource says in retention-days", FIX)


def _region(outputs: Any, path: str, region: object) -> Iterator[Problem]:
    if region is UNKNOWN:
        yield undetermined(path)
    elif literal(outputs, path, ABSENT) != region:
        yield fail(path, "not the region of the resource", FIX)


def _safeguards(outputs: Any, path: str) -> Iterator[Problem]:
    if not any(present({"one": one}, "one") for one in as_list(literal(outputs, path, []))):
        yield fail(path, "none named", "name what protects the data, such as its key (Art. 30(1)(g))")


def _name(one: Resource) -> str | None:
    """The name by which the register knows a resource; None where it is unknown."""
    if one.type in STORES:
        return called(one)
    name = word(one.props, "metadata.name" if one.type == INFERENCE else "name")
    return None if name is UNKNOWN else name or one.name


def _marks(one: Resource, stack: Stack) -> Mapping[str, Any]:
    if one.type != INFERENCE:
        return tags(one, stack)
    found = [look(one.props, path) for path in ("metadata.labels", "metadata.annotations")]
    if UNKNOWN in found:
        raise UndeterminedError("metadata.annotations")
    return {key: value for some in found if isinstance(some, Mapping) for key, value in some.items()}


def _mark(marks: Mapping[str, Any], key: str) -> str:
    """A tag or annotation as text, empty when absent; raises UndeterminedError when it is unknown."""
    value = marks.get(key, "")
    if value is UNKNOWN:
        raise UndeterminedError(f"tags.{key}")
    return value if isinstance(value, str) else ""
