"""What the conditions of a statement come to for one role of the stack, as far as the request need not be known."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from policies.documents import Statement
from policies.outsiders import known
from policies.reading import look
from policies.stack import Resource, Stack

OPERATOR = re.compile(r"(?:ForAnyValue:)?(?:String|Arn)(Not)?(?:Equals|Like)(?:IfExists)?", re.IGNORECASE)


@dataclass(frozen=True)
class Caller:
    """A role as a condition sees it; empty where it is not known."""

    account: str
    name: str
    """With its path, as in the ARN: `team/eraser`."""

    def matches(self, key: str, pattern: object) -> bool | None:
        """Whether a value of a condition on `key` covers the role; None where that cannot be said."""
        if pattern == "*":
            return True
        if not isinstance(pattern, str):
            return None
        if key == "aws:principalaccount":
            return _covers(pattern, self.account) if self.account else None
        account, _, resource = pattern.partition("::")[2].partition(":")
        if not pattern.startswith("arn:") or not resource or not self.name:
            return None
        if not _covers(resource, f"role/{self.name}"):
            return False
        return True if account == "*" else _covers(account, self.account) if self.account else None


def caller(role: Resource, stack: Stack) -> Caller:
    """The role, in the account that its provider is pinned to."""
    accounts, name = known(role, stack, {}).accounts, look(role.props, "name")
    path = look(role.props, "path") or "/"
    whole = isinstance(name, str) and isinstance(path, str)
    return Caller(min(accounts) if len(accounts) == 1 else "", f"{path}{name}".lstrip("/") if whole else "")


def holds(entry: Statement, who: Caller) -> bool | None:
    """Whether all conditions of a statement hold for a call of the role; None where that depends on more than the role.

    Calls go over TLS, as every client of AWS makes them.
    """
    found = [_holds(*condition, who) for condition in entry.conditions]
    return False if False in found else None if None in found else True


def settled(entries: Iterable[Statement], who: Caller, *, doubt: bool) -> tuple[Statement, ...]:
    """The statements that count for a role, without their conditions.

    doubt: whether what is undecided is taken in its favour, so that an allowance counts and a denial does not.
    """
    found = ((one, holds(one, who)) for one in entries)
    return tuple(replace(one, conditions=()) for one, sure in found if (one.allow == doubt if sure is None else sure))


def denied(entry: Statement, who: Caller) -> bool | None:
    """Whether a denial is meant for a role, by its principals and conditions; None where that cannot be said."""
    if entry.anonymous:
        return holds(entry, who)
    found = [_principal(one.partition(":")[2], who) for one in entry.principals]
    meant = True if True in found else None if None in found else False
    return holds(entry, who) if meant else meant


def _principal(name: str, who: Caller) -> bool | None:
    """A denial for an account is one for all its roles."""
    account = name if name.isdecimal() else name.removesuffix(":root").rpartition(":")[2]
    if name.isdecimal() or name.endswith(":root"):
        return who.matches("aws:principalaccount", account)
    return who.matches("aws:principalarn", name) if ":role/" in name else False


def _holds(operator: str, key: str, values: tuple[object, ...], who: Caller) -> bool | None:
    if key == "aws:securetransport" and operator.lower() in ("bool", "boolifexists"):
        return any(str(one).lower() == "true" for one in values)
    shape = OPERATOR.fullmatch(operator)
    if shape is None or key not in ("aws:principalarn", "aws:principalaccount"):
        return None
    found = [who.matches(key, one) for one in values]
    some = True if True in found else None if None in found else False
    return some if some is None else some != bool(shape[1])


def _covers(pattern: str, value: str) -> bool:
    """As IAM compares values: `*` and `?` are wildcards, and case counts."""
    written = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch(written, value, re.DOTALL) is not None
