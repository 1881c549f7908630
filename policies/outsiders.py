"""Outsiders: principals of a policy that are neither of the own account nor AWS itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.control import Parameters
from policies.documents import ACCOUNT_KEYS, POSITIVE, Statement
from policies.reading import as_list, look
from policies.stack import Resource, Stack
from policies.tags import configured

ORGANISATION = frozenset({"aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid"})
ARN_KEYS = frozenset({"aws:principalarn", "aws:sourcearn"})

ACCOUNT = re.compile(r"(?:arn:[\w-]+:(?:iam|sts)::)?(\d{12})(?::.+)?")
ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w*-]*:(\d{12}):.+")
SERVICE = re.compile(r"[a-z0-9.-]+\.(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|aws\.internal)")
ISSUER = re.compile(r"arn:[\w-]+:iam::(\d{12}):oidc-provider/([^/]+)(?:/.*)?")
DIRECTORY = re.compile(r"arn:[\w-]+:iam::(\d{12}):saml-provider/.+")
CLUSTER_ISSUER = re.compile(r"oidc\.eks\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|api\.aws)")


@dataclass(frozen=True)
class Known:
    """Accounts and issuers that a policy may name."""

    accounts: frozenset[str]
    issuers: frozenset[str]


def known(resource: Resource, stack: Stack, given: Parameters) -> Known:
    """The accounts that the resource's provider is pinned to, and the processors of the register `RES.processors`.

    A processor counts with a name, a country and a contract (GDPR Art. 28(3)).
    """
    provider = stack.provider_of(resource)
    own = as_list(configured(provider, "allowedAccountIds")) if provider else []
    complete = [one for one in given.get("processors", ()) if all(map(one.get, ("name", "country", "contract")))]
    accounts = [*own, *(account for one in complete for account in one.get("accounts", ()))]
    return Known(
        frozenset(one for one in accounts if isinstance(one, str)),
        frozenset(issuer for one in complete for issuer in one.get("issuers", ())),
    )


def home(resource: Resource, stack: Stack) -> tuple[frozenset[str], str]:
    """The accounts that the resource's provider is pinned to and the region of it; empty where nothing is said."""
    provider = stack.provider_of(resource)
    regions = [look(one.props, "region") for one in (resource, provider) if one]
    region = next((one for one in regions if isinstance(one, str)), "")
    return known(resource, stack, {}).accounts, region


def outsiders(entry: Statement, allowed: Known) -> Iterator[str]:
    """What is wrong with each principal that an allowance names and nobody knows."""
    if entry.anonymous:
        yield from _anonymous(entry, allowed)
        return
    for principal in entry.principals:
        kind, _, name = principal.partition(":")
        if principal == "*":
            yield from _anonymous(entry, allowed)
        elif kind == "AWS":
            yield from _account(name, allowed)
        elif kind == "Service":
            yield from _service(entry, name, allowed)
        elif kind == "Federated":
            yield from _issuer(name, allowed)
        else:
            yield "a principal of a kind that names no account"


def account_of(value: Any) -> str | None:
    """The account in an ARN or account id; None where there is none."""
    match = (ACCOUNT.fullmatch(value) or ARN.fullmatch(value)) if isinstance(value, str) else None
    return match[1] if match else None


def _account(name: str, allowed: Known) -> Iterator[str]:
    if name == "*":
        yield "everybody is a principal"
    elif (account := account_of(name)) is None:
        yield "a principal that names no account"
    elif account not in allowed.accounts:
        yield "an account that is neither the own one nor a registered processor's"


def _service(entry: Statement, name: str, allowed: Known) -> Iterator[str]:
    if not SERVICE.fullmatch(name):
        yield "a service that is not AWS itself"
    elif any(account not in allowed.accounts for account in _fixed(entry) if account):
        yield "a service that acts for an account which is neither the own one nor a registered processor's"


def _issuer(name: str, allowed: Known) -> Iterator[str]:
    issuer, directory = ISSUER.fullmatch(name), DIRECTORY.fullmatch(name)
    if directory or (issuer and CLUSTER_ISSUER.fullmatch(issuer[2])):
        match = directory or issuer
        if match and match[1] not in allowed.accounts:
            yield "an identity provider of another account"
    elif (issuer[2] if issuer else name) not in allowed.issuers:
        yield "an issuer of tokens that is no registered processor"


def _anonymous(entry: Statement, allowed: Known) -> Iterator[str]:
    accounts = _fixed(entry)
    if not accounts:
        organisation = any(key in ORGANISATION for _, key, _ in entry.conditions)
        yield "a whole organisation is a principal" if organisation else "everybody is a principal"
    elif any(account not in allowed.accounts for account in accounts):
        yield "an account that is neither the own one nor a registered processor's"


def _fixed(entry: Statement) -> list[str | None]:
    """Accounts that a positive condition ties the request to; empty where none does."""
    tied = (
        values
        for operator, key, values in entry.conditions
        if POSITIVE.match(operator) and key in (ACCOUNT_KEYS | ARN_KEYS) - ORGANISATION
    )
    # All conditions must hold, so one that ties the request to accounts is enough.
    return next(([account_of(value) for value in values] for values in tied if all(map(account_of, values))), [])
