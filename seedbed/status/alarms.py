"""What the alarms of an environment say."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from seedbed.account import Account
from seedbed.status.section import Line

WORDS = {"OK": "quiet", "ALARM": "in alarm", "INSUFFICIENT_DATA": "without data yet"}
"""What a state of CloudWatch means (CloudWatch user guide, "alarm states")."""


def alarms(account: Account, others: list[str]) -> Iterator[Line]:
    """How many alarms are in which state, and each that is in alarm; the composite one of the environment first."""
    kinds = ["MetricAlarm", "CompositeAlarm"]
    page = {"AlarmNamePrefix": account.prefix, "AlarmTypes": kinds}
    found: list[dict[str, Any]] = []
    for result in ("CompositeAlarms", "MetricAlarms"):
        listed = account.pages("cloudwatch", "describe_alarms", result, **page)
        found += [one for one in listed if account.names(one["AlarmName"], others)]
    whole = next((one for one in found if one["AlarmName"] == account.prefix), None)
    if whole:
        yield Line("environment", WORDS[whole["StateValue"]], whole["StateValue"] != "ALARM")
    states = Counter(one["StateValue"] for one in found if one is not whole)
    if states:
        said = ", ".join(f"{states[state]} {word}" for state, word in WORDS.items() if states[state])
        yield Line("alarms", said, not states["ALARM"])
    for one in found:
        if one["StateValue"] == "ALARM" and one is not whole:
            since = one.get("StateTransitionedTimestamp") or one.get("StateUpdatedTimestamp")
            yield Line(one["AlarmName"], f"in alarm{f' since {since:%Y-%m-%d %H:%M} UTC' if since else ''}", False)
