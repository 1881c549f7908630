"""moto's log groups lack their class and their protection, and keep any number of days."""

from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Answer, Refusal

RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""Days that a log group may keep events; CloudWatch Logs API Reference, PutRetentionPolicy."""

CLASSES = ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")


def _group(call: Call, name: str) -> Any:
    found = call.backend.groups.get(name.split(":log-group:")[-1].removesuffix(":*"))
    if found is None:
        raise Refusal("ResourceNotFoundException", "The specified log group does not exist.")
    return found


@overlay.checks("logs", "PutRetentionPolicy")
def the_days_are_ones_a_group_may_have(call: Call) -> None:
    """CloudWatch Logs API Reference, PutRetentionPolicy."""
    if call.input["retentionInDays"] not in RETENTIONS:
        allowed = ", ".join(map(str, RETENTIONS))
        raise Refusal(
            "InvalidParameterException",
            f"retentionInDays: found {call.input['retentionInDays']}, allowed are {allowed}",
        )


@overlay.checks("logs", "CreateLogGroup")
def the_class_is_known(call: Call) -> None:
    """CloudWatch Logs API Reference, CreateLogGroup."""
    if call.input.get("logGroupClass", "STANDARD") not in CLASSES:
        raise Refusal("InvalidParameterException", f"logGroupClass: allowed are {', '.join(CLASSES)}")


@overlay.follows("logs", "CreateLogGroup")
def the_class_is_kept(call: Call, _: Answer) -> None:
    """With protection from deletion, where that is asked for at once."""
    group = _group(call, call.input["logGroupName"])
    group.log_group_class = call.input.get("logGroupClass", "STANDARD")
    group.is_protected = call.input.get("deletionProtectionEnabled", False)


@overlay.answers("logs", "PutLogGroupDeletionProtection")
def put_protection(call: Call) -> dict[str, Any]:
    """Switches protection from deletion."""
    _group(call, call.input["logGroupIdentifier"]).is_protected = call.input["deletionProtectionEnabled"]
    return {}


@overlay.checks("logs", "DeleteLogGroup")
def a_protected_group_stays(call: Call) -> None:
    """CloudWatch Logs API Reference, PutLogGroupDeletionProtection."""
    if getattr(_group(call, call.input["logGroupName"]), "is_protected", False):
        raise Refusal("ValidationException", "Log group has deletion protection; remove it before deleting the group.")


@overlay.follows("logs", "DescribeLogGroups")
def class_and_protection_are_told(call: Call, answer: Answer) -> dict[str, Any]:
    """Beside what moto tells of each group."""
    output = call.read(answer)
    output.pop("ResponseMetadata", None)
    for said in output.get("logGroups", []):
        group = _group(call, said["logGroupName"])
        said["logGroupClass"] = getattr(group, "log_group_class", "STANDARD")
        said["deletionProtectionEnabled"] = getattr(group, "is_protected", False)
    return output
