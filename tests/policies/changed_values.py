"""Operators on one value: what may stand there instead, as it stands in policies, networks, numbers and regions."""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

FAR = "us-east-1"
"""A region without an adequacy decision that holds for everybody."""

EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}
TOO_MUCH, TOO_LITTLE = 1_000_000, 0
WIDEST = {
    "ipProtocol": "-1",
    "protocol": "-1",
    "fromPort": 0,
    "toPort": 65535,
    "verbs": ["*"],
    "resources": ["*"],
    "apiGroups": ["*"],
    "namespaceSelector": {},
    "podSelector": {},
}
"""By the name of an input, what admits most: of rules of security groups, of roles and network policies of clusters."""

_EUROPEAN = re.compile(r"\beu-[a-z]+-\d")

Made = Iterator[tuple[str, Any]]
"""What was done and the value that stands there now."""


def flip(_: str, value: Any) -> Made:
    if isinstance(value, bool):
        yield "flip", not value
    elif value in ("true", "false"):
        yield "flip", "false" if value == "true" else "true"


def widen(path: str, value: Any) -> Made:
    """What admits more: networks, ports, protocols, and the selectors and verbs of Kubernetes."""
    last = path.rpartition(".")[2]
    if last in WIDEST and value != WIDEST[last]:
        yield "widen", WIDEST[last]
    if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F.:]+/\d+", value):
        wide = EVERYWHERE[ipaddress.ip_network(value, strict=False).version]
        if wide != value:
            yield "widen", wide


def widened(path: str, value: Any) -> Iterator[tuple[str, Any, frozenset[str]]]:
    """A policy with one allowance that is wider in one way, or without one denial: path, text, id of the statement."""
    if not isinstance(value, str) or not value.startswith("{") or '"Statement"' not in value:
        return
    for index, one in enumerate(_statements(json.loads(value))):
        where, known = f"{path}:Statement[{index}]", frozenset({one.get("Sid", "")})
        if one["Effect"] == "Deny":
            yield where, _policy(value, index, None), known
        for part in ("Principal", "Action", "Resource") if one["Effect"] == "Allow" else ():
            if one.get(part, "*") != "*":
                yield f"{where}.{part}", _policy(value, index, {**one, part: "*"}), known
        if one["Effect"] == "Allow" and "Condition" in one:
            rest = {part: entry for part, entry in one.items() if part != "Condition"}
            yield f"{where}.Condition", _policy(value, index, rest), known


def _policy(text: str, index: int, instead: Mapping[str, Any] | None) -> str:
    content = json.loads(text)
    some = _statements(content)
    changed = [*some[:index], *([instead] if instead else []), *some[index + 1 :]]
    return json.dumps({**content, "Statement": changed})


def _statements(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    some = content["Statement"]
    return some if isinstance(some, list) else [some]


def past_bounds(_: str, value: Any) -> Made:
    """A number, or a text that is one, above and below what anybody would ask."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        form: Callable[[Any], Any] = type(value)
    elif isinstance(value, str) and re.fullmatch(r"\d{1,6}", value):
        form = str
    else:
        return
    for said, bound in (("raise", TOO_MUCH), ("lower", TOO_LITTLE)):
        if form(bound) != value:
            yield said, form(bound)


def move(_: str, value: Any) -> Made:
    """A European region elsewhere, as a name or within an ARN, an address or a zone."""
    if isinstance(value, str) and len(value) < 1000 and _EUROPEAN.search(value):
        yield f"region {FAR}", _EUROPEAN.sub(FAR, value)


def untag_defaults(path: str, value: Any) -> Made:
    """A provider that gives one tag less; the engine keeps its inputs as JSON text."""
    if path == "defaultTags" and isinstance(value, str):
        given = json.loads(value)["tags"]
        for key in given:
            rest = {other: one for other, one in given.items() if other != key}
            yield f"untag {key}", json.dumps({"tags": rest})
