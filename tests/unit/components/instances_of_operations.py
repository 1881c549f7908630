"""Instances of the components that watch, tell and serve."""

from components.alerts import AlertTopic, AlertTopicArgs
from components.spend import SpendGuard, SpendGuardArgs
from tests.unit.components.instance import instance

TOPIC = "arn:aws:sns:eu-central-1:000000000000:alerts"
OTHER_TOPIC = "arn:aws:sns:eu-central-1:000000000000:other"

OPERATIONS = [
    instance(
        AlertTopic,
        AlertTopicArgs,
        topic_name=("seedbed-test-alerts", "seedbed-other-alerts"),
        emails=(["ml@example.com"], ["ml@example.com", "risk@example.com"]),
    ),
    instance(
        SpendGuard,
        SpendGuardArgs,
        system=("seedbed", "credit"),
        environment=("test", "other"),
        monthly_usd=(1000, 2000),
        anomaly_usd=(100, 50),
        topic_arn=(TOPIC, OTHER_TOPIC),
        emails=(["ml@example.com"], []),
    ),
]
