"""Alerts: what a rule or an alarm hears of, and which topics it tells."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.reading import ABSENT, as_list, document, is_off, items, look, word
from policies.stack import UNKNOWN, Resource, Stack

RULE, RULE_TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
FILTER, ALARM = "aws:cloudwatch/logMetricFilter:LogMetricFilter", "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC, TOPIC_POLICY = "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"

CALL = "AWS API Call via CloudTrail"


@dataclass(frozen=True)
class Watch:
    """An enabled event rule, or a metric filter with an alarm, and whom it tells."""

    holder: Resource
    topics: tuple[Resource, ...]
    pattern: Any = None
    """Of a rule: the parsed pattern, UNKNOWN where preview does not know it."""

    words: frozenset[str] = field(default=frozenset())
    """Of a metric filter: the words of its pattern."""

    @property
    def unknown(self) -> bool:
        return self.pattern is UNKNOWN

    def call(self, service: str, name: str) -> bool:
        """Whether it hears of every call of an operation of a service (`kms`, `DisableKey`)."""
        if self.words:
            return name in self.words
        detail = self._detail(f"aws.{service}", CALL)
        if detail is None or set(detail) - {"eventName", "eventSource"}:
            return False
        sources = detail.get("eventSource")
        return _allows(detail.get("eventName"), name) and _allows(sources, f"{service}.amazonaws.com")

    def root(self) -> bool:
        """Whether it hears of the root user's calls."""
        if self.words:
            return "Root" in self.words
        detail = self._detail("", CALL)
        return detail is not None and "Root" in as_list(look(detail, "userIdentity.type"))

    def role(self, name: str) -> bool:
        """Whether it hears of a role, by name, being taken on."""
        if self.words:
            return "AssumeRole" in self.words and name in self.words
        detail = self._detail("aws.sts", CALL)
        if detail is None or not _allows(detail.get("eventName"), "AssumeRole"):
            return False
        roles = as_list(look(detail, "requestParameters.roleArn"))
        return any(isinstance(one, str) and one.endswith(f":role/{name}") for one in roles)

    def source(self, name: str) -> bool:
        """Whether it hears of events of a source other than calls (`aws.access-analyzer`)."""
        return not self.words and isinstance(self.pattern, Mapping) and name in as_list(self.pattern.get("source"))

    def _detail(self, source: str, kind: str) -> Mapping[str, Any] | None:
        """What the pattern asks of an event's detail; None where it asks for other events."""
        if not isinstance(self.pattern, Mapping):
            return None
        if source and not _allows(self.pattern.get("source"), source):
            return None
        detail = self.pattern.get("detail", {})
        fits = _allows(self.pattern.get("detail-type"), kind)
        return detail if fits and isinstance(detail, Mapping) else None


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
        yield Watch(rule, tuple(told.values()), pattern)


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
        words = frozenset(re.findall(r"[\w-]+", pattern)) if isinstance(pattern, str) else frozenset()
        yield Watch(one, tuple(told.values()), UNKNOWN if pattern is UNKNOWN else None, words)


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


def _allows(wanted: Any, value: str) -> bool:
    """Whether a list of an event pattern matches a value; what a pattern leaves out it does not ask."""
    if wanted is None or wanted is ABSENT:
        return True
    return any(
        one == value or (isinstance(one, Mapping) and _prefix(one, value))
        for one in (wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else [])
    )


def _prefix(matcher: Mapping[str, Any], value: str) -> bool:
    prefix = matcher.get("prefix")
    return isinstance(prefix, str) and value.startswith(prefix)
