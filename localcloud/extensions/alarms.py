"""moto has no composite alarms, and its metric alarms begin as OK and keep their tags beyond deletion."""

from datetime import UTC, datetime
from typing import Any

from localcloud import overlay
from localcloud.alarm_rule import AlarmRule, RuleError, read
from localcloud.call import Call
from localcloud.refusal import Answer, Refusal

FIRST = "INSUFFICIENT_DATA"
MISSING = ("breaching", "notBreaching", "ignore", "missing")
SHORT_PERIODS = (10, 20, 30)
A_DAY, A_WEEK, AN_HOUR = 86_400, 604_800, 3_600

FIELDS = (
    "AlarmName", "AlarmRule", "AlarmDescription", "ActionsSuppressor", "ActionsSuppressorWaitPeriod",
    "ActionsSuppressorExtensionPeriod",
)  # fmt: skip
LISTS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def _composites(call: Call) -> dict[str, dict[str, Any]]:
    return vars(call.backend).setdefault("composites", {})


def _arn(call: Call, name: str) -> str:
    return f"arn:aws:cloudwatch:{call.region}:{call.account}:alarm:{name}"


def _name(call: Call, alarm: str) -> str:
    return alarm.removeprefix(_arn(call, ""))


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationError", message)


@overlay.checks("cloudwatch", "PutMetricAlarm")
def a_metric_alarm_is_one_that_can_be_evaluated(call: Call) -> None:
    """API Reference, PutMetricAlarm: periods, how much they span together, data points, missing data, one metric."""
    given = call.input
    period, count = given.get("Period"), given["EvaluationPeriods"]
    if ("MetricName" in given) == bool(given.get("Metrics")):
        raise _invalid("Exactly one of MetricName and Metrics is needed")
    if "MetricName" in given and ("Statistic" in given) == ("ExtendedStatistic" in given):
        raise _invalid("Exactly one of Statistic and ExtendedStatistic is needed")
    if period is not None and period not in SHORT_PERIODS and (period < 60 or period % 60):
        raise _invalid(f"Period: found {period}, allowed are 10, 20, 30 and multiples of 60")
    most = A_WEEK if (period or 0) >= AN_HOUR else A_DAY
    if period is not None and period * count > most:
        raise _invalid(f"Metrics cannot be checked across more than {most} seconds (EvaluationPeriods * Period)")
    if given.get("DatapointsToAlarm", 1) > count:
        raise _invalid("DatapointsToAlarm: not more than EvaluationPeriods")
    if given.get("TreatMissingData", "missing") not in MISSING:
        raise _invalid(f"TreatMissingData: allowed are {', '.join(MISSING)}")
    if given["AlarmName"] in _composites(call):
        raise _invalid(f"{given['AlarmName']} is a composite alarm")
    call.environ["localcloud.old_alarm"] = call.backend.alarms.get(given["AlarmName"])


@overlay.follows("cloudwatch", "PutMetricAlarm")
def a_new_alarm_has_no_data(call: Call, _: Answer) -> None:
    """API Reference, PutMetricAlarm: INSUFFICIENT_DATA at first; an update leaves the state as it was, and the tags."""
    alarm, old = call.backend.alarms[call.input["AlarmName"]], call.environ["localcloud.old_alarm"]
    if old is None:
        alarm.state_value = FIRST
        return
    for name in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
        setattr(alarm, name, getattr(old, name))


@overlay.answers("cloudwatch", "PutCompositeAlarm")
def put(call: Call) -> dict[str, Any]:
    """API Reference, PutCompositeAlarm: the rule reads, its alarms are there, and no alarm depends on itself."""
    name, kept = call.input["AlarmName"], _composites(call)
    if name in call.backend.alarms:
        raise _invalid(f"{name} is a metric alarm")
    children = [_name(call, alarm) for alarm in _rule(call.input["AlarmRule"]).alarms]
    suppressor = call.input.get("ActionsSuppressor")
    if suppressor and not {"ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"} <= set(call.input):
        raise _invalid("ActionsSuppressor needs ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod")
    needed = [*children, *([_name(call, suppressor)] if suppressor else [])]
    if missing := [alarm for alarm in needed if alarm not in call.backend.alarms and alarm not in kept]:
        raise _invalid(f"Could not save the composite alarm, as alarms {missing} in the alarm rule do not exist")
    if name in _below(call, children):
        raise _invalid(f"Could not save the composite alarm, as {name} would depend on itself")
    old = kept.get(name, {})
    now = datetime.now(UTC)
    kept[name] = {
        **{field: call.input[field] for field in FIELDS if field in call.input},
        **{field: call.input.get(field, []) for field in LISTS},
        "AlarmArn": _arn(call, name),
        "ActionsEnabled": call.input.get("ActionsEnabled", True),
        "AlarmConfigurationUpdatedTimestamp": now,
        "StateUpdatedTimestamp": old.get("StateUpdatedTimestamp", now),
    }
    if not old:
        call.backend.tagger.tag_resource(_arn(call, name), call.input.get("Tags", []))
    return {}


def _rule(text: str) -> AlarmRule:
    try:
        return read(text)
    except RuleError as error:
        raise _invalid(f"AlarmRule: {error}") from None


def _children(call: Call, name: str) -> list[str]:
    composite = _composites(call).get(name)
    return [_name(call, alarm) for alarm in read(composite["AlarmRule"]).alarms] if composite else []


def _below(call: Call, names: list[str]) -> set[str]:
    seen: set[str] = set()
    left = list(names)
    while left:
        if (name := left.pop()) not in seen:
            seen.add(name)
            left += _children(call, name)
    return seen


def state(call: Call, alarm: str) -> str:
    """State of a metric alarm as it was set, of a composite one as its rule has it."""
    name = _name(call, alarm)
    composite = _composites(call).get(name)
    if composite is None:
        known = call.backend.alarms.get(name)
        return known.state_value if known else FIRST
    return "ALARM" if read(composite["AlarmRule"]).holds(lambda child: state(call, child)) else "OK"


@overlay.follows("cloudwatch", "DescribeAlarms")
def describe(call: Call, answer: Answer) -> dict[str, Any]:
    """API Reference, DescribeAlarms: composite alarms only where AlarmTypes asks for them."""
    given, output = call.input, call.read(answer)
    kinds = given.get("AlarmTypes") or ["MetricAlarm"]
    found = [_said(call, one) for name, one in sorted(_composites(call).items()) if _is_wanted(given, name, one)]
    found = [one for one in found if given.get("StateValue") in (None, one["StateValue"])]
    return {
        "MetricAlarms": output.get("MetricAlarms", []) if "MetricAlarm" in kinds else [],
        "CompositeAlarms": found if "CompositeAlarm" in kinds else [],
    }


def _is_wanted(given: dict[str, Any], name: str, alarm: dict[str, Any]) -> bool:
    names, prefix, action = given.get("AlarmNames"), given.get("AlarmNamePrefix"), given.get("ActionPrefix")
    return (
        (not names or name in names)
        and (not prefix or name.startswith(prefix))
        and (not action or any(one.startswith(action) for one in alarm["AlarmActions"]))
    )


def _said(call: Call, alarm: dict[str, Any]) -> dict[str, Any]:
    reason = "Unchecked: Initial alarm creation"
    return {**alarm, "StateValue": state(call, alarm["AlarmName"]), "StateReason": reason, "StateReasonData": "{}"}


@overlay.checks("cloudwatch", "DeleteAlarms")
def an_alarm_goes_after_those_that_need_it(call: Call) -> None:
    """API Reference, DeleteAlarms: one composite alarm a request, and none that another composite alarm names."""
    going = call.input["AlarmNames"]
    if sum(name in _composites(call) for name in going) > 1:
        raise _invalid("AlarmNames: one composite alarm can be deleted in a request")
    for name in _composites(call):
        for child in {*_children(call, name)} & {*going} - {name}:
            raise _invalid(f"{child} cannot be deleted as there are composite alarm(s) depending on it: {name}")


@overlay.follows("cloudwatch", "DeleteAlarms")
def tags_go_with_the_alarm(call: Call, _: Answer) -> None:
    """Composite alarms go here; a later alarm of the same name starts without tags."""
    for name in call.input["AlarmNames"]:
        _composites(call).pop(name, None)
        call.backend.tagger.delete_all_tags_for_resource(_arn(call, name))


@overlay.follows("cloudwatch", "EnableAlarmActions", "DisableAlarmActions")
def actions_are_switched(call: Call, _: Answer) -> None:
    """Of composite alarms too."""
    for name in call.input["AlarmNames"]:
        if name in _composites(call):
            _composites(call)[name]["ActionsEnabled"] = call.operation == "EnableAlarmActions"


@overlay.answers("cloudwatch", "TagResource", "UntagResource")
def tag(call: Call) -> dict[str, Any] | None:
    """Composite alarms have tags as others do; an alarm without any has them taken away in peace."""
    arn = call.input["ResourceARN"]
    name = _name(call, arn)
    if name not in _composites(call) and name not in call.backend.alarms:
        return None
    if call.operation == "TagResource":
        call.backend.tagger.tag_resource(arn, call.input["Tags"])
    else:
        call.backend.tagger.untag_resource_using_names(arn, call.input["TagKeys"])
    return {}


@overlay.checks("cloudwatch", "ListTagsForResource")
def a_tagged_alarm_exists(call: Call) -> None:
    """API Reference, ListTagsForResource: ResourceNotFoundException."""
    name = _name(call, call.input["ResourceARN"])
    if ":alarm:" in call.input["ResourceARN"] and name not in _composites(call) and name not in call.backend.alarms:
        raise Refusal("ResourceNotFoundException", f"{call.input['ResourceARN']} does not exist", 404)
