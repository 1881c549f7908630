"""moto's budgets cannot be changed, know no subscribers and no tags, and break on a budget that is not there."""

from datetime import UTC, datetime
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Refusal

END = datetime(2087, 6, 15, tzinfo=UTC)
"""End of a budget that is given none; AWS Budgets API Reference, TimePeriod."""

COSTS = {
    **dict.fromkeys(
        (
            "IncludeTax", "IncludeSubscription", "IncludeRefund", "IncludeCredit", "IncludeUpfront", "IncludeRecurring",
            "IncludeOtherSubscription", "IncludeSupport", "IncludeDiscount",
        ),
        True,
    ),
    "UseBlended": False,
    "UseAmortized": False,
}  # fmt: skip
"""What a cost budget counts where it does not say; API Reference, CostTypes."""

MOST = 10, 11
"""Notifications of a budget, and subscribers of a notification (one SNS topic and ten addresses)."""

SAME = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
"""What tells one notification of a budget from another."""


def _kept(call: Call) -> dict[str, dict[str, Any]]:
    if call.input.get("AccountId", call.account) != call.account:
        raise Refusal("AccessDeniedException", f"Account {call.input['AccountId']} is not yours.")
    return vars(call.backend).setdefault("kept_budgets", {})


def _one(call: Call, name: str | None = None) -> dict[str, Any]:
    wanted = name or call.input["BudgetName"]
    found = _kept(call).get(wanted)
    if found is None:
        raise Refusal("NotFoundException", f"Unable to get budget: {wanted} - the budget doesn't exist.")
    return found


def _whole(budget: dict[str, Any]) -> dict[str, Any]:
    """The budget with what AWS fills in; API Reference, Budget."""
    if not any(name in budget for name in ("BudgetLimit", "PlannedBudgetLimits", "AutoAdjustData")):
        raise Refusal(
            "InvalidParameterException",
            "Unable to create/update budget - please provide one of the followings: Budget Limit/ Planned Budget "
            "Limit/ Auto Adjust Data",
        )
    start = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    whole = {**budget, "TimePeriod": {"Start": start, "End": END, **budget.get("TimePeriod", {})}}
    if budget["BudgetType"] == "COST" and "FilterExpression" not in budget:
        whole["CostTypes"] = {**COSTS, **budget.get("CostTypes", {})}
    spent = {"ActualSpend": {"Amount": "0.0", "Unit": "USD"}}
    return {**whole, "CalculatedSpend": spent, "LastUpdatedTime": datetime.now(UTC)}


@overlay.answers("budgets", "CreateBudget")
def create(call: Call) -> dict[str, Any]:
    """API Reference, CreateBudget."""
    budget = call.input["Budget"]
    name = budget["BudgetName"]
    if name in _kept(call):
        raise Refusal("DuplicateRecordException", f"Error creating budget: {name} - the budget already exists.")
    made = {"budget": _whole(budget), "notices": [], "tags": _pairs(call)}
    for notice in call.input.get("NotificationsWithSubscribers", []):
        _add(made, notice["Notification"], notice["Subscribers"])
    _kept(call)[name] = made
    return {}


@overlay.answers("budgets", "UpdateBudget")
def update(call: Call) -> dict[str, Any]:
    """API Reference, UpdateBudget: the new budget takes the place of the old; notifications and tags stay."""
    given = call.input["NewBudget"]
    kept = _one(call, given["BudgetName"])
    kept["budget"] = _whole(given)
    return {}


@overlay.answers("budgets", "DescribeBudget")
def describe(call: Call) -> dict[str, Any]:
    """One budget."""
    return {"Budget": _one(call)["budget"]}


@overlay.answers("budgets", "DescribeBudgets")
def describe_all(call: Call) -> dict[str, Any]:
    """All budgets of the account."""
    return {"Budgets": [kept["budget"] for kept in _kept(call).values()]}


@overlay.answers("budgets", "DeleteBudget")
def delete(call: Call) -> dict[str, Any]:
    """The budget goes, with its notifications and subscribers."""
    _one(call)
    del _kept(call)[call.input["BudgetName"]]
    return {}


def _key(notice: dict[str, Any]) -> tuple[Any, ...]:
    return tuple({"ThresholdType": "PERCENTAGE", **notice}.get(name) for name in SAME)


def _find(call: Call) -> dict[str, Any]:
    for kept in _one(call)["notices"]:
        if _key(kept["notice"]) == _key(call.input["Notification"]):
            return kept
    raise Refusal("NotFoundException", f"Budget {call.input['BudgetName']} has no such notification.")


def _add(budget: dict[str, Any], notice: dict[str, Any], subscribers: list[dict[str, Any]]) -> None:
    if any(_key(kept["notice"]) == _key(notice) for kept in budget["notices"]):
        raise Refusal("DuplicateRecordException", "The budget already has this notification.")
    if len(budget["notices"]) >= MOST[0]:
        raise Refusal("CreationLimitExceededException", f"A budget has {MOST[0]} notifications at most.")
    if not 1 <= len(subscribers) <= MOST[1]:
        raise Refusal("InvalidParameterException", f"A notification has 1 to {MOST[1]} subscribers.")
    budget["notices"].append({"notice": {**notice, "NotificationState": "OK"}, "subscribers": list(subscribers)})


@overlay.answers("budgets", "CreateNotification")
def create_notification(call: Call) -> dict[str, Any]:
    """API Reference, CreateNotification."""
    _add(_one(call), call.input["Notification"], call.input["Subscribers"])
    return {}


@overlay.answers("budgets", "DeleteNotification")
def delete_notification(call: Call) -> dict[str, Any]:
    """The notification goes, with its subscribers."""
    found = _find(call)
    _one(call)["notices"].remove(found)
    return {}


@overlay.answers("budgets", "UpdateNotification")
def update_notification(call: Call) -> dict[str, Any]:
    """API Reference, UpdateNotification: another threshold for the same subscribers."""
    old = {"Notification": call.input["OldNotification"]}
    found = next((kept for kept in _one(call)["notices"] if _key(kept["notice"]) == _key(old["Notification"])), None)
    if found is None:
        raise Refusal("NotFoundException", f"Budget {call.input['BudgetName']} has no such notification.")
    found["notice"] = {**call.input["NewNotification"], "NotificationState": "OK"}
    return {}


@overlay.answers("budgets", "DescribeNotificationsForBudget")
def describe_notifications(call: Call) -> dict[str, Any]:
    """All notifications of a budget."""
    return {"Notifications": [kept["notice"] for kept in _one(call)["notices"]]}


@overlay.answers("budgets", "DescribeSubscribersForNotification")
def describe_subscribers(call: Call) -> dict[str, Any]:
    """Who is told."""
    return {"Subscribers": _find(call)["subscribers"]}


@overlay.answers("budgets", "CreateSubscriber")
def create_subscriber(call: Call) -> dict[str, Any]:
    """One more is told."""
    found = _find(call)
    if call.input["Subscriber"] in found["subscribers"]:
        raise Refusal("DuplicateRecordException", "The notification already has this subscriber.")
    found["subscribers"].append(call.input["Subscriber"])
    return {}


@overlay.answers("budgets", "DeleteSubscriber")
def delete_subscriber(call: Call) -> dict[str, Any]:
    """One less is told."""
    found = _find(call)
    if call.input["Subscriber"] not in found["subscribers"]:
        raise Refusal("NotFoundException", "The notification does not have this subscriber.")
    found["subscribers"].remove(call.input["Subscriber"])
    return {}


def _pairs(call: Call) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in call.input.get("ResourceTags", [])}


def _tags(call: Call) -> dict[str, str]:
    return _one(call, call.input["ResourceARN"].split("/", 1)[-1])["tags"]


@overlay.answers("budgets", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    """Tags of a budget."""
    return {"ResourceTags": [{"Key": key, "Value": value} for key, value in _tags(call).items()]}


@overlay.answers("budgets", "TagResource")
def tag(call: Call) -> dict[str, Any]:
    """Adds tags, or changes them."""
    _tags(call).update(_pairs(call))
    return {}


@overlay.answers("budgets", "UntagResource")
def untag(call: Call) -> dict[str, Any]:
    """Takes tags away."""
    for key in call.input["ResourceTagKeys"]:
        _tags(call).pop(key, None)
    return {}
