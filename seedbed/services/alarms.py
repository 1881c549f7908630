"""Alarms, dashboards, topics and event rules."""

from collections.abc import Callable, Iterator

from seedbed.account import Account
from seedbed.services.kind import Inputs, Kind, Listed, asked, named


def _alarms(type_: str, result: str) -> Callable[[Account], Iterator[Listed]]:
    def listed(account: Account) -> Iterator[Listed]:
        for one in account.pages("cloudwatch", "describe_alarms", result, AlarmTypes=[type_]):
            arn = one["AlarmArn"]
            tags = asked(account, "cloudwatch", "list_tags_for_resource", "ResourceARN", arn, "Tags")
            yield Listed(one["AlarmName"], one["AlarmName"], arn, tags)

    return listed


def _dashboards(account: Account) -> Iterator[Listed]:
    for one in account.pages("cloudwatch", "list_dashboards", "DashboardEntries"):
        yield Listed(one["DashboardName"], one["DashboardName"])


def _topics(account: Account) -> Iterator[Listed]:
    for one in account.pages("sns", "list_topics", "Topics"):
        arn = one["TopicArn"]
        tags = asked(account, "sns", "list_tags_for_resource", "ResourceArn", arn, "Tags")
        yield Listed(arn, arn.rpartition(":")[2], arn, tags)


def _rules(account: Account) -> Iterator[Listed]:
    for one in account.pages("events", "list_rules", "Rules"):
        # A service's own rule goes when the service lets it go.
        if not one.get("ManagedBy"):
            tags = asked(account, "events", "list_tags_for_resource", "ResourceARN", one["Arn"], "Tags")
            yield Listed(one["Name"], one["Name"], one["Arn"], tags)


def _targets(account: Account) -> Iterator[Listed]:
    for rule in _rules(account):
        if not rule.name.startswith(f"{account.prefix}-"):
            continue
        for one in account.pages("events", "list_targets_by_rule", "Targets", Rule=rule.name):
            yield Listed(f"{rule.name}/{one['Id']}", f"{rule.name}/{one['Arn']}")


def _target(inputs: Inputs) -> str:
    # The provider invents an id where the program gives none, so that the pair of rule and target is the name.
    return f"{inputs['rule']}/{inputs['arn']}"


KINDS = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": Kind(
        "alarm", _alarms("MetricAlarm", "MetricAlarms"), named("name"), "cloudwatch:alarm:"
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": Kind(
        "composite alarm", _alarms("CompositeAlarm", "CompositeAlarms"), named("alarmName"), "cloudwatch:alarm:"
    ),
    "aws:cloudwatch/dashboard:Dashboard": Kind("dashboard", _dashboards, named("dashboardName")),
    "aws:sns/topic:Topic": Kind("topic", _topics, named("name"), "sns:"),
    "aws:cloudwatch/eventRule:EventRule": Kind("event rule", _rules, named("name"), "events:rule/"),
    "aws:cloudwatch/eventTarget:EventTarget": Kind("event target", _targets, _target, swept=False),
}
