"""Alerts: what a rule or an alarm hears of, and which topics it tells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.events import Event, filtered, matched
from policies.outsiders import home
from policies.reading import ABSENT, as_list, document, is_off, items, look, word
from policies.stack import UNKNOWN, Resource, Stack

RULE, RULE_TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
FILTER, ALARM = "aws:cloudwatch/logMetricFilter:LogMetricFilter", "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC, TOPIC_POLICY = "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"

CALLED: Event = {"detail-type": "AWS API Call via CloudTrail", "detail.eventType": "AwsApiCall"}
"""What every call has that EventBridge hears of by CloudTrail."""


@dataclass(frozen=True)
class Watch:
    """An enabled event rule, or a metric filter with an alarm, and whom it tells."""

    holder: Resource
    topics: tuple[Resource, ...]
    pattern: Any = None
    """Of a rule: the parsed pattern, UNKNOWN where preview does not know it."""

    filter: str = ""
    """Of a metric filter: its pattern."""

    place: Event = field(default_factory=dict)
    """Of a rule: account and region, empty where they are not known."""

    @property
    def unknown(self) -> bool:
        return self.pattern is UNKNOWN

    def call(self, service: str, name: str) -> bool:
        """Whether it hears of every call of an operation of a service (`kms`, `DisableKey`) that does something."""
        return self._hears({**_called(service, name), "detail.errorCode": ""})

    def root(self) -> bool:
        """Whether it hears of the root user's calls, whatever they are; AWS's own in its name are none."""
        event = {"source": "aws.", "detail.userIdentity.type": "Root", "detail.userIdentity.invokedBy": ""}
        return self._hears({**event, **CALLED}, "userIdentity.type")

    def role(self, name: str) -> bool:
        """Whether it hears of a role, by name, being taken on."""
        event = {"detail.requestParameters.roleArn": f"arn:*:role/{name}", "detail.errorCode": ""}
        return self._hears({**_called("sts", "AssumeRole"), **event}, "requestParameters.roleArn")

    def source(self, name: str, kind: str) -> bool:
        """Whether it hears of all active events of a source and kind other than calls (`aws.access-analyzer`)."""
        event = {"source": name, "detail-type": kind, "detail.status": "ACTIVE"}
        return isinstance(self.pattern, Mapping) and "source" in self.pattern and self._hears(event)

    def _hears(self, event: Event, asked: str = "") -> bool:
        """asked: a field of the detail that the pattern has to name."""
        if self.filter:
            return asked in self.filter and filtered(self.filter, event)
        named = not asked or look(self.pattern, f"detail.{asked}") is not ABSENT
        return isinstance(self.pattern, Mapping) and named and matched(self.pattern, {**self.place, **event})


def _called(service: str, name: str) -> Event:
    source = {"source": f"aws.{service}", "detail.eventSource": f"{service}.amazonaws.com"}
    return {**source, "detail.eventName": name, **CALLED}


def watches(stack: Stack) -> list[Watch]:
    """Every rule and every metric filter of the stack that tells a topic of the stack."""
    return stack.once(("watches",), lambda: [one for one in (*_rules(stack), *_filters(stack)) if one.topics])


def _rules(stack: Stack) -> Iterator[Watch]:
    for rule in stack.of([RULE]):
        bus = look(rule.props, "eventBusName")
        off = look(rule.props, "state") == "DISABLED" or is_off(look(rule.props, "isEnabled"))
        if off or (isinstance(bus, str) and bus != "default"):
            continue
        name = look(rule.props, "name")
        targets = [
            one
            for one in stack.of([RULE_TARGET])
            if any(found.urn == rule.urn for found in stack.referents(one, "rule", [RULE]))
            or (isinstance(name, str) and look(one.props, "rule") == name)
        ]
        told = {topic.urn: topic for one in targets for topic in topics(one, "arn", stack)}
        decisive = [look(rule.props, path) for path in ("eventPattern", "state", "isEnabled", "eventBusName")]
        pattern = UNKNOWN if UNKNOWN in decisive else document(rule.props, "eventPattern")
        yield Watch(rule, tuple(told.values()), pattern, place=_place(rule, stack))


def _place(rule: Resource, stack: Stack) -> Event:
    accounts, region = home(rule, stack)
    return {"region": region, "account": next(iter(accounts)) if len(accounts) == 1 else ""}


def _filters(stack: Stack) -> Iterator[Watch]:
    for one in stack.of([FILTER]):
        pattern = look(one.props, "pattern")
        if pattern is not UNKNOWN and not isinstance(pattern, str):
            continue
        metrics = {
            (word(one.props, f"{where}.namespace"), word(one.props, f"{where}.name"))
            for where, _ in items(one.props, "metricTransformation")
        }
        alarms = [
            alarm
            for alarm in stack.of([ALARM])
            if (word(alarm.props, "namespace"), word(alarm.props, "metricName")) in metrics
            and not is_off(look(alarm.props, "actionsEnabled"))
        ]
        told = {topic.urn: topic for alarm in alarms for topic in topics(alarm, "alarmActions", stack)}
        known = isinstance(pattern, str)
        yield Watch(one, tuple(told.values()), None if known else UNKNOWN, pattern if known else "")


def topics(one: Resource, path: str, stack: Stack) -> tuple[Resource, ...]:
    """Topics of the stack that an input leads to: by dependency, through a topic's policy too, or by literal ARN."""
    behind = stack.referents(one, path, (TOPIC, TOPIC_POLICY))
    found = {
        topic.urn: topic
        for link in behind
        for topic in ([link] if link.type == TOPIC else stack.referents(link, "arn", [TOPIC]))
    }
    names = {arn.rpartition(":")[2] for arn in as_list(look(one.props, path)) if isinstance(arn, str)}
    found.update({topic.urn: topic for topic in stack.of([TOPIC]) if word(topic.props, "name") in names - {""}})
    return tuple(found[urn] for urn in sorted(found))


def subscriptions(topic: Resource, stack: Stack) -> tuple[Resource, ...]:
    """Subscriptions of a topic, by dependency."""
    return tuple(
        one for one in stack.of([SUBSCRIPTION]) if any(found.urn == topic.urn for found in topics(one, "topic", stack))
    )
