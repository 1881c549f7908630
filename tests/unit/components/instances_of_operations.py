"""Instances of the components that watch, tell and serve."""

from components.alerts import AlertTopic, AlertTopicArgs
from tests.unit.components.instance import instance

OPERATIONS = [
    instance(
        AlertTopic,
        AlertTopicArgs,
        topic_name=("seedbed-test-alerts", "seedbed-other-alerts"),
        emails=(["ml@example.com"], ["ml@example.com", "risk@example.com"]),
    ),
]
