"""Budgets: every environment has one, and it tells somebody."""

from collections.abc import Iterator
from typing import Any

from policies.reading import as_list, leaves
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    items,
    look,
    parts,
    present,
    skip,
    text,
    undetermined,
)
from policies.stack import ROOT

BUDGET, ACTION = "aws:budgets/budget:Budget", "aws:budgets/budgetAction:BudgetAction"
ANOMALIES = "aws:costexplorer/anomalySubscription:AnomalySubscription"

KINDS = {"ACTUAL": "what was spent", "FORECASTED": "what the month will cost"}
SUBSCRIBERS = ("subscriberEmailAddresses", "subscriberSnsTopicArns", "subscribers")


TAG = ("env", "user:env")
"""Key of the tag that says whose environment it is, as the billing services write it."""

ACCOUNT: Any = object()
"""Stands for an account that a filter names."""

Wanted = tuple[str, Any]
"""Path and value of what a filter admits."""


@control(
    "COST-01",
    title="Every environment has a budget that tells someone",
    kind="stack",
    severity="medium",
    types=(ROOT, BUDGET, ACTION, ANOMALIES),
    subjects=(ROOT, BUDGET),
    basis=(),
    refs=("design:own",),
)
def somebody_is_told(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """An environment with AWS resources has a monthly cost budget in USD over itself (a filter on the tag env, or on an
    account) of at most {monthlyUsd}, with a threshold of what was spent and one of the forecast, each with a
    subscriber; where {anomalies} is asked, an anomaly subscription with one too.
    """
    if one.type == BUDGET:
        yield from parts(_scope(one, stack), _limit(one, given), *(_told(one, kind, stack) for kind in KINDS))
    elif not any(found.type.startswith("aws:") for found in stack.resources):
        yield skip("holds nothing that costs")
    else:
        yield from parts(_there(stack), _anomalies(stack, given))


def _there(stack: Stack) -> Iterator[Problem]:
    if not any(True for _ in stack.of([BUDGET])):
        yield fail("", "no budget", "add a Budget over the environment, with a threshold and a subscriber")


def _anomalies(stack: Stack, given: Parameters) -> Iterator[Problem]:
    if not given.get("anomalies"):
        return
    some = list(stack.of([ANOMALIES]))
    if not some:
        yield fail("", "no anomaly detection", "add an AnomalySubscription with a subscriber")
    elif not any(present(one.props, "subscribers") and look(one.props, "subscribers") != [] for one in some):
        yield fail("AnomalySubscription.subscribers", "nobody is told", "name an address or a topic")


def _scope(budget: Resource, stack: Stack) -> Iterator[Problem]:
    found = "another kind than cost"
    yield from expect(budget.props, "budgetType", lambda value: value == "COST", found, "set COST", default="none")
    path = "costFilters"
    where = "costFilters" if present(budget.props, path) else "filterExpression"
    if look(budget.props, where) is ABSENT:
        fix = f"filter by TagKeyValue user:env${stack.environment}, or by LinkedAccount"
        yield fail(path, "not set, so the budget is that of the whole account", fix)
        return
    values = list(_filters(budget) if where == path else _expressions(budget, where))
    if any(value is ACCOUNT or _names(value, stack.environment) for _, value in values):
        return
    unknown = next((place for place, value in values if value is UNKNOWN), "")
    if unknown:
        yield undetermined(unknown)
    else:
        yield fail(where, "names neither the environment nor an account", f"add user:env${stack.environment}")


def _filters(budget: Resource) -> Iterator[Wanted]:
    """What the filters on tags and accounts admit; one of a kind that is unknown may be such a filter."""
    path = "costFilters"
    if look(budget.props, path) is UNKNOWN:
        yield path, UNKNOWN
        return
    for where, _ in items(budget.props, path):
        kind = look(budget.props, f"{where}.name")
        if kind == "TagKeyValue":
            yield from leaves(look(budget.props, f"{where}.values"), f"{where}.values")
        elif kind in (UNKNOWN, "LinkedAccount"):
            yield f"{where}.name", UNKNOWN if kind is UNKNOWN else ACCOUNT


def _expressions(budget: Resource, where: str) -> Iterator[Wanted]:
    """The same of an expression and of those that it joins; what it leaves out (`not`) is no environment."""
    for kind, keys in (("tags", TAG), ("dimensions", ("LINKED_ACCOUNT",))):
        key = look(budget.props, f"{where}.{kind}.key")
        if key is UNKNOWN:
            yield f"{where}.{kind}.key", UNKNOWN
        elif key in keys:
            values = leaves(look(budget.props, f"{where}.{kind}.values"), f"{where}.{kind}.values")
            yield from values if kind == "tags" else ((place, ACCOUNT) for place, _ in values)
    for kind in ("ands", "ors"):
        for inside, _ in [] if look(budget.props, where) is UNKNOWN else items(budget.props, f"{where}.{kind}"):
            yield from _expressions(budget, inside)


def _names(value: object, environment: str) -> bool:
    """Whether a filter's value is the tag env of this environment (AWS Budgets: `user:KEY$VALUE`)."""
    return value in (f"user:env${environment}", f"env${environment}", environment)


def _limit(budget: Resource, given: Parameters) -> Iterator[Problem]:
    month = expect(
        budget.props, "timeUnit", lambda value: value == "MONTHLY", "not monthly", "set MONTHLY", default="none"
    )
    unit = expect(budget.props, "limitUnit", lambda value: value == "USD", "another unit", "set USD", default="none")
    yield from parts(month, unit, _amount(budget, given))


def _amount(budget: Resource, given: Parameters) -> Iterator[Problem]:
    path, most = "limitAmount", given.get("monthlyUsd")
    value = look(budget.props, path)
    if value is UNKNOWN:
        yield undetermined(path)
        return
    try:
        amount = float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        amount = None
    if amount is None or not amount > 0:
        yield fail(path, "no amount", "set the monthly limit")
    elif most is not None and amount > most:
        yield fail(path, "above the ceiling of the environment", f"set {most} or less, or raise COST-01.monthlyUsd")


def _told(budget: Resource, kind: str, stack: Stack) -> Iterator[Problem]:
    """One threshold of a kind has a subscriber; one that an action brings counts too."""
    path, fix = "notifications", f"add a notification of type {kind} with an address or a topic"
    value = look(budget.props, path)
    blocks = [] if value is UNKNOWN else [(budget, where) for where, _ in items(budget.props, path)]
    actions = [
        one
        for one in stack.of([ACTION])
        if any(found.urn == budget.urn for found in stack.referents(one, "budgetName", [BUDGET]))
    ]
    some = [*blocks, *((one, "") for one in actions)]
    mine = [place for place in some if _kind(*place) == kind]
    if any(_heard(*place) for place in mine):
        return
    if value is UNKNOWN or any(_kind(*place) == "" for place in some):
        yield undetermined(path)
    else:
        yield fail(path, f"nobody is told {KINDS[kind]}", fix)


def _kind(holder: Resource, where: str) -> str:
    path = f"{where}.notificationType" if where else "notificationType"
    return "" if look(holder.props, path) is UNKNOWN else text(holder.props, path, "none")


def _heard(holder: Resource, where: str) -> bool:
    values = [look(holder.props, f"{where}.{one}" if where else one) for one in SUBSCRIBERS]
    return any(value is UNKNOWN or as_list(value) for value in values)
