"""Budgets and cost anomalies."""

from collections.abc import Iterator

from components.account import partition
from seedbed.account import Account
from seedbed.services.kind import Kind, Listed, asked, named


def _budgets(account: Account) -> Iterator[Listed]:
    number = account.settings.account
    for one in account.pages("budgets", "describe_budgets", "Budgets", AccountId=number):
        name = one["BudgetName"]
        # Budgets belong to no region (service authorization reference, "AWS Budgets").
        arn = f"arn:{partition(account.settings.region)}:budgets::{number}:budget/{name}"
        tags = asked(account, "budgets", "list_tags_for_resource", "ResourceARN", arn, "ResourceTags")
        yield Listed(f"{number}:{name}", name, arn, tags)


def _monitors(account: Account) -> Iterator[Listed]:
    for one in account.pages("ce", "get_anomaly_monitors", "AnomalyMonitors"):
        arn = one["MonitorArn"]
        tags = asked(account, "ce", "list_tags_for_resource", "ResourceArn", arn, "ResourceTags")
        yield Listed(arn, one["MonitorName"], arn, tags)


def _subscriptions(account: Account) -> Iterator[Listed]:
    for one in account.pages("ce", "get_anomaly_subscriptions", "AnomalySubscriptions"):
        arn = one["SubscriptionArn"]
        tags = asked(account, "ce", "list_tags_for_resource", "ResourceArn", arn, "ResourceTags")
        yield Listed(arn, one["SubscriptionName"], arn, tags)


KINDS = {
    "aws:budgets/budget:Budget": Kind("budget", _budgets, named("name"), "budgets:budget/"),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": Kind(
        "anomaly monitor", _monitors, named("name"), "ce:anomalymonitor/"
    ),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": Kind(
        "anomaly subscription", _subscriptions, named("name"), "ce:anomalysubscription/"
    ),
}
