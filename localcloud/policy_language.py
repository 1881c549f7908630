"""The policy language of AWS: which statements of a document apply to a request, conditions included."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

Effect = Literal["Allow", "Deny"]


@dataclass(frozen=True)
class Request:
    """What a policy is asked about; `context` holds condition keys in lower case, absent keys left out."""

    actions: tuple[str, ...]
    resource: str
    principal: str | None
    """ARN of who asks (a role's, also for its sessions), a service's name, or None for anonymous."""
    account: str | None
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)


def effects(document: Mapping[str, Any], request: Request) -> set[Effect]:
    """The effects of all statements that apply; an explicit Deny among them decides.

    Rules: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".
    """
    return {statement["Effect"] for statement in listed(document["Statement"]) if applies(statement, request)}


def applies(statement: Mapping[str, Any], request: Request) -> bool:
    """Whether principal, action, resource and conditions of a statement all match the request."""
    return (
        _principal_matches(statement, request)
        and _matches(statement, "Action", request.actions, _action_like)
        and _matches(statement, "Resource", (request.resource,), _resource_like(request))
        and conditions_hold(statement.get("Condition", {}), request.context)
    )


def listed(value: Any) -> list[Any]:
    """A value of the language that may stand alone or in a list, as a list."""
    return value if isinstance(value, list) else [value]


def _principal_matches(statement: Mapping[str, Any], request: Request) -> bool:
    if "NotPrincipal" in statement:
        return not _is_named(statement["NotPrincipal"], request)
    return "Principal" not in statement or _is_named(statement["Principal"], request)


def _is_named(principal: Any, request: Request) -> bool:
    if principal == "*":
        return True
    named = [(kind, name) for kind, names in principal.items() for name in listed(names)]
    if ("AWS", "*") in named:
        return True
    if request.principal is None:
        return False
    whole_account = (request.account, f"arn:aws:iam::{request.account}:root")
    return any(name == request.principal or (kind == "AWS" and name in whole_account) for kind, name in named)


def _matches(
    statement: Mapping[str, Any], element: str, found: Sequence[str], like: Callable[[str, str], bool]
) -> bool:
    if f"Not{element}" in statement:
        return not any(like(p, value) for p in listed(statement[f"Not{element}"]) for value in found)
    if element not in statement:
        return element == "Resource"
    return any(like(pattern, value) for pattern in listed(statement[element]) for value in found)


def _action_like(pattern: str, action: str) -> bool:
    return _glob(pattern.lower()).fullmatch(action.lower()) is not None


def _resource_like(request: Request) -> Callable[[str, str], bool]:
    def like(pattern: str, resource: str) -> bool:
        filled = _filled(pattern, request.context)
        return filled is not None and _glob(filled).fullmatch(resource) is not None

    return like


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\$\{[*?$]\}|\*|\?)", pattern)
    special = {"*": ".*", "?": ".", "${*}": r"\*", "${?}": r"\?", "${$}": r"\$"}
    return re.compile("".join(special.get(part) or re.escape(part) for part in parts), re.DOTALL)


_VARIABLE = re.compile(r"\$\{([^}*?$,]+?)(?:\s*,\s*'([^']*)')?\}")


def _filled(pattern: str, context: Mapping[str, Sequence[str]]) -> str | None:
    """The pattern with its policy variables replaced; None where one has no value, which matches nothing."""
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        values = context.get(match[1].lower())
        if values is None or len(values) != 1:
            missing = missing or match[2] is None
            return match[2] or ""
        return re.sub(r"[*?$]", lambda special: f"${{{special[0]}}}", values[0])

    filled = _VARIABLE.sub(value, pattern)
    return None if missing else filled


def conditions_hold(conditions: Mapping[str, Any], context: Mapping[str, Sequence[str]]) -> bool:
    """Whether every operator holds for every key.

    Rules: IAM User Guide, "Condition operators" and "Single-valued vs. multivalued context keys".
    """
    return all(
        _holds(operator, [_text(value) for value in listed(wanted)], key.lower(), context)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, wanted: list[str], key: str, context: Mapping[str, Sequence[str]]) -> bool:
    values = context.get(key)
    name, quantifier = operator, ""
    if ":" in name:
        quantifier, name = name.split(":", 1)
    if name == "Null":
        return (values is None) == (wanted[0].lower() == "true")
    if_exists = name.endswith("IfExists")
    test, is_negated = OPERATORS[name.removesuffix("IfExists")]
    if name.startswith(("String", "Arn")):
        wanted = [filled for value in wanted if (filled := _filled(value, context)) is not None]
    if values is None:
        return if_exists or quantifier == "ForAllValues" or (is_negated and quantifier != "ForAnyValue")

    def one(value: str) -> bool:
        return any(test(pattern, value) for pattern in wanted) != is_negated

    return (
        all(map(one, values))
        if quantifier == "ForAllValues" or (is_negated and not quantifier)
        else any(map(one, values))
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _arn_like(pattern: str, arn: str) -> bool:
    wanted, found = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(found) == 6 and all(
        _glob(part).fullmatch(value) for part, value in zip(wanted, found, strict=True)
    )


def _in_network(network: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _number(test: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compare(wanted: str, found: str) -> bool:
        try:
            return test(float(found), float(wanted))
        except ValueError:
            return False

    return compare


def _moment(text: str) -> datetime:
    if re.fullmatch(r"\d+(\.\d+)?", text) and len(text) > 4:
        return datetime.fromtimestamp(float(text), UTC)
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _date(test: Callable[[datetime, datetime], bool]) -> Callable[[str, str], bool]:
    def compare(wanted: str, found: str) -> bool:
        try:
            return test(_moment(found), _moment(wanted))
        except ValueError:
            return False

    return compare


def _string_like(pattern: str, value: str) -> bool:
    return _glob(pattern).fullmatch(value) is not None


def _plain(pattern: str) -> str:
    return re.sub(r"\$\{([*?$])\}", r"\1", pattern)


OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (lambda wanted, found: _plain(wanted) == found, False),
    "StringNotEquals": (lambda wanted, found: _plain(wanted) == found, True),
    "StringEqualsIgnoreCase": (lambda wanted, found: _plain(wanted).lower() == found.lower(), False),
    "StringNotEqualsIgnoreCase": (lambda wanted, found: _plain(wanted).lower() == found.lower(), True),
    "StringLike": (_string_like, False),
    "StringNotLike": (_string_like, True),
    "Bool": (lambda wanted, found: wanted.lower() == found.lower(), False),
    "BinaryEquals": (lambda wanted, found: wanted == found, False),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
}
for _prefix, _make in (("Numeric", _number), ("Date", _date)):
    OPERATORS[f"{_prefix}Equals"] = (_make(lambda found, wanted: found == wanted), False)
    OPERATORS[f"{_prefix}NotEquals"] = (_make(lambda found, wanted: found == wanted), True)
    OPERATORS[f"{_prefix}LessThan"] = (_make(lambda found, wanted: found < wanted), False)
    OPERATORS[f"{_prefix}LessThanEquals"] = (_make(lambda found, wanted: found <= wanted), False)
    OPERATORS[f"{_prefix}GreaterThan"] = (_make(lambda found, wanted: found > wanted), False)
    OPERATORS[f"{_prefix}GreaterThanEquals"] = (_make(lambda found, wanted: found >= wanted), False)
"""What each condition operator tests, and whether it is the negated form."""
