"""moto has no cost anomaly monitors and no subscriptions to them."""

import re
import uuid
from datetime import UTC, datetime
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Refusal

KINDS = {"monitor": "UnknownMonitorException", "subscription": "UnknownSubscriptionException"}
"""What there is, and the error for one that is not there; Cost Explorer API Reference."""

FREQUENCIES = {"IMMEDIATE": "SNS", "DAILY": "EMAIL", "WEEKLY": "EMAIL"}
"""How often a subscription tells, and by what; API Reference, AnomalySubscription."""

ADDRESSES = {"EMAIL": re.compile(r"[^@\s]+@[^@\s]+"), "SNS": re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+")}


def _kept(call: Call, kind: str) -> dict[str, dict[str, Any]]:
    return vars(call.backend).setdefault(f"anomaly_{kind}s", {})


def _one(call: Call, kind: str, arn: str) -> dict[str, Any]:
    found = _kept(call, kind).get(arn)
    if found is None:
        raise Refusal(KINDS[kind], f"There is no anomaly {kind} {arn}")
    return found


def _make(call: Call, kind: str, given: dict[str, Any], name: str) -> dict[str, Any]:
    arn = f"arn:aws:ce::{call.account}:anomaly{kind}/{uuid.uuid4()}"
    tags = {tag["Key"]: tag["Value"] for tag in call.input.get("ResourceTags", [])}
    _kept(call, kind)[arn] = {"said": {**given, name: arn}, "tags": tags}
    return {name: arn}


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


@overlay.answers("ce", "CreateAnomalyMonitor")
def create_monitor(call: Call) -> dict[str, Any]:
    """API Reference, AnomalyMonitor: by a dimension, one of the services an account, or by a specification."""
    given = call.input["AnomalyMonitor"]
    if (given["MonitorType"] == "DIMENSIONAL") != ("MonitorDimension" in given):
        raise _invalid("MonitorDimension: needed with MonitorType DIMENSIONAL, refused with CUSTOM")
    if (given["MonitorType"] == "CUSTOM") != ("MonitorSpecification" in given):
        raise _invalid("MonitorSpecification: needed with MonitorType CUSTOM, refused with DIMENSIONAL")
    by_service = [kept for kept in _kept(call, "monitor").values() if kept["said"].get("MonitorDimension") == "SERVICE"]
    if given.get("MonitorDimension") == "SERVICE" and by_service:
        raise Refusal("LimitExceededException", "Limit exceeded on dimensional spend monitor creation")
    now = datetime.now(UTC).isoformat()
    return _make(call, "monitor", {**given, "CreationDate": now, "LastUpdatedDate": now}, "MonitorArn")


@overlay.answers("ce", "GetAnomalyMonitors")
def get_monitors(call: Call) -> dict[str, Any]:
    """All monitors, or those named, which must be there."""
    wanted = call.input.get("MonitorArnList") or list(_kept(call, "monitor"))
    return {"AnomalyMonitors": [_one(call, "monitor", arn)["said"] for arn in wanted]}


@overlay.answers("ce", "UpdateAnomalyMonitor")
def update_monitor(call: Call) -> dict[str, Any]:
    """API Reference, UpdateAnomalyMonitor: another name; the rest is for ever."""
    said = _one(call, "monitor", call.input["MonitorArn"])["said"]
    said["MonitorName"] = call.input.get("MonitorName", said["MonitorName"])
    said["LastUpdatedDate"] = datetime.now(UTC).isoformat()
    return {"MonitorArn": said["MonitorArn"]}


@overlay.answers("ce", "DeleteAnomalyMonitor")
def delete_monitor(call: Call) -> dict[str, Any]:
    """The monitor goes."""
    _one(call, "monitor", call.input["MonitorArn"])
    del _kept(call, "monitor")[call.input["MonitorArn"]]
    return {}


def _check(call: Call, said: dict[str, Any]) -> None:
    """API Reference, AnomalySubscription: immediate messages go to a topic, summaries to addresses."""
    for arn in said["MonitorArnList"]:
        _one(call, "monitor", arn)
    if said["Frequency"] not in FREQUENCIES:
        raise _invalid(f"Frequency: allowed are {', '.join(FREQUENCIES)}")
    wanted = FREQUENCIES[said["Frequency"]]
    for subscriber in said["Subscribers"]:
        kind, address = subscriber.get("Type"), subscriber.get("Address", "")
        if kind != wanted:
            raise _invalid(f"Frequency {said['Frequency']} needs subscribers of type {wanted}, found {kind}")
        if not ADDRESSES[kind].fullmatch(address):
            raise _invalid(f"Subscribers: {address} is no address of type {kind}")
    if ("Threshold" in said) == ("ThresholdExpression" in said):
        raise _invalid("Exactly one of Threshold and ThresholdExpression is needed")


@overlay.answers("ce", "CreateAnomalySubscription")
def create_subscription(call: Call) -> dict[str, Any]:
    """API Reference, CreateAnomalySubscription."""
    given = call.input["AnomalySubscription"]
    _check(call, given)
    subscribers = [{**one, "Status": "CONFIRMED"} for one in given["Subscribers"]]
    said = {"AccountId": call.account, **given, "Subscribers": subscribers}
    return _make(call, "subscription", said, "SubscriptionArn")


@overlay.answers("ce", "GetAnomalySubscriptions")
def get_subscriptions(call: Call) -> dict[str, Any]:
    """All subscriptions, or those named, which must be there, or those to a monitor."""
    wanted = call.input.get("SubscriptionArnList") or list(_kept(call, "subscription"))
    found = [_one(call, "subscription", arn)["said"] for arn in wanted]
    monitor = call.input.get("MonitorArn")
    return {"AnomalySubscriptions": [said for said in found if not monitor or monitor in said["MonitorArnList"]]}


@overlay.answers("ce", "UpdateAnomalySubscription")
def update_subscription(call: Call) -> dict[str, Any]:
    """API Reference, UpdateAnomalySubscription: what is named changes."""
    kept = _one(call, "subscription", call.input["SubscriptionArn"])
    names = ("Threshold", "Frequency", "MonitorArnList", "Subscribers", "SubscriptionName", "ThresholdExpression")
    given = {name: call.input[name] for name in names if name in call.input}
    said = {**kept["said"], **given}
    if "Threshold" in given:
        said.pop("ThresholdExpression", None)
    elif "ThresholdExpression" in given:
        said.pop("Threshold", None)
    _check(call, said)
    kept["said"] = said
    return {"SubscriptionArn": call.input["SubscriptionArn"]}


@overlay.answers("ce", "DeleteAnomalySubscription")
def delete_subscription(call: Call) -> dict[str, Any]:
    """The subscription goes."""
    _one(call, "subscription", call.input["SubscriptionArn"])
    del _kept(call, "subscription")[call.input["SubscriptionArn"]]
    return {}


def _tags(call: Call) -> dict[str, str] | None:
    arn = call.input["ResourceArn"]
    kind = next((kind for kind in KINDS if f":anomaly{kind}/" in arn), None)
    if kind is None:
        return None
    found = _kept(call, kind).get(arn)
    if found is None:
        raise Refusal("ResourceNotFoundException", f"There is no anomaly {kind} {arn}")
    return found["tags"]


@overlay.answers("ce", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any] | None:
    """Tags of a monitor or subscription; those of other things are moto's."""
    tags = _tags(call)
    if tags is None:
        return None
    return {"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@overlay.answers("ce", "TagResource")
def tag(call: Call) -> dict[str, Any] | None:
    """Adds tags, or changes them."""
    tags = _tags(call)
    if tags is None:
        return None
    tags.update({tag["Key"]: tag["Value"] for tag in call.input["ResourceTags"]})
    return {}


@overlay.answers("ce", "UntagResource")
def untag(call: Call) -> dict[str, Any] | None:
    """Takes tags away."""
    tags = _tags(call)
    if tags is None:
        return None
    for key in call.input["ResourceTagKeys"]:
        tags.pop(key, None)
    return {}
