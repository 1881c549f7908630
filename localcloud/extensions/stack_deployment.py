"""How a stack's resources come, change and go, and what becomes of them when one of them cannot."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from localcloud.extensions.stack_templates import in_order, resolved
from localcloud.extensions.stack_types import KINDS, Place
from localcloud.refusal import Refusal

Stack = dict[str, Any]
"""A stack as it is kept: plain values only, so that it is saved with the account."""


def place_of(stack: Stack) -> Place:
    """Where its resources are."""
    _, _, _, region, account, _ = stack["StackId"].split(":", 5)
    return Place(account, region, stack["StackName"], stack["StackId"])


def create(stack: Stack, template: Mapping[str, Any], on_failure: str = "ROLLBACK") -> None:
    """Makes everything; where one thing fails, what was made goes again (AWS CloudFormation API, OnFailure)."""
    say(stack, "CREATE_IN_PROGRESS", "User Initiated")
    failed = _apply(stack, template)
    if not failed:
        _finish(stack, template, "CREATE_COMPLETE")
        return
    reason = f"The following resource(s) failed to create: [{failed}]."
    if on_failure == "DO_NOTHING":
        say(stack, "CREATE_FAILED", reason)
        return
    say(stack, "ROLLBACK_IN_PROGRESS" if on_failure == "ROLLBACK" else "DELETE_IN_PROGRESS", reason)
    made = [one for one in reversed(list(stack["resources"])) if _keeps(stack, one, on_create=True) is False]
    left = _remove(stack, made)
    if on_failure == "DELETE" and not left:
        say(stack, "DELETE_COMPLETE")
        return
    say(stack, "ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE", left)


def update(stack: Stack, template: Mapping[str, Any]) -> None:
    """Makes the stack what the template says; where one thing fails, all is put back."""
    former, before = stack["parsed"], set(stack["resources"])
    say(stack, "UPDATE_IN_PROGRESS", "User Initiated")
    failed = _apply(stack, template)
    if not failed:
        gone = [one for one in reversed(in_order(former)) if one not in template["Resources"]]
        for logical_id in gone:
            stack["resources"][logical_id]["DeletionPolicy"] = former["Resources"][logical_id].get(
                "DeletionPolicy", "Delete"
            )
        kept = [one for one in gone if _keeps(stack, one)]
        for logical_id in kept:
            del stack["resources"][logical_id]
        _remove(stack, [one for one in gone if one not in kept])
        _finish(stack, template, "UPDATE_COMPLETE")
        return
    say(stack, "UPDATE_ROLLBACK_IN_PROGRESS", f"The following resource(s) failed to update: [{failed}].")
    _remove(stack, [one for one in reversed(list(stack["resources"])) if one not in before])
    failed = _apply(stack, former)
    say(stack, "UPDATE_ROLLBACK_FAILED" if failed else "UPDATE_ROLLBACK_COMPLETE", failed)


def delete(stack: Stack) -> bool:
    """Takes everything away that may go; whether the stack is gone."""
    say(stack, "DELETE_IN_PROGRESS", "User Initiated")
    for logical_id in [one for one in stack["resources"] if _keeps(stack, one)]:
        _note(stack, logical_id, "DELETE_SKIPPED")
        del stack["resources"][logical_id]
    left = _remove(stack, list(reversed(stack["resources"])))
    say(stack, "DELETE_FAILED" if left else "DELETE_COMPLETE", left)
    return not left


def _finish(stack: Stack, template: Mapping[str, Any], status: str) -> None:
    place = place_of(stack)
    stack["parsed"] = dict(template)
    stack["outputs"] = [
        {
            "OutputKey": key,
            "OutputValue": str(resolved(output["Value"], place, stack["resources"])),
            **({"Description": output["Description"]} if "Description" in output else {}),
        }
        for key, output in template.get("Outputs", {}).items()
    ]
    say(stack, status)


def _apply(stack: Stack, template: Mapping[str, Any]) -> str:
    """Makes and changes what the template says; the logical id of what failed, or nothing."""
    place, made = place_of(stack), stack["resources"]
    for logical_id in in_order(template):
        wanted = template["Resources"][logical_id]
        kind, old = KINDS[wanted["Type"]], made.get(logical_id)
        verb = "UPDATE" if old else "CREATE"
        try:
            properties = resolved(wanted.get("Properties", {}), place, made)
            if old is None or is_replaced(old, wanted["Type"], properties):
                physical_id = kind.make(place, logical_id, properties)
                if old is not None:
                    _let_go(stack, logical_id, old)
            elif old["Properties"] != properties:
                physical_id = old["PhysicalResourceId"]
                kind.change(place, physical_id, old["Properties"], properties)
            else:
                old["DeletionPolicy"] = wanted.get("DeletionPolicy", "Delete")
                continue
        except (ClientError, Refusal) as error:
            _note(stack, logical_id, f"{verb}_FAILED", wanted["Type"], _said(error))
            return logical_id
        made[logical_id] = {
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": physical_id,
            "ResourceType": wanted["Type"],
            "Properties": properties,
            "DeletionPolicy": wanted.get("DeletionPolicy", "Delete"),
            "UpdateReplacePolicy": wanted.get("UpdateReplacePolicy", "Delete"),
        }
        _note(stack, logical_id, f"{verb}_COMPLETE")
    return ""


def is_replaced(old: Mapping[str, Any], kind: str, properties: Mapping[str, Any]) -> bool:
    """Whether another resource has to come in place of the old one."""
    if old["ResourceType"] != kind:
        return True
    return any(old["Properties"].get(name) != properties.get(name) for name in KINDS[kind].fixed)


def _let_go(stack: Stack, logical_id: str, old: Mapping[str, Any]) -> None:
    """The former resource after its successor was made."""
    if old["UpdateReplacePolicy"] != "Retain":
        KINDS[old["ResourceType"]].unmake(place_of(stack), old["PhysicalResourceId"], old["Properties"])
    _note(stack, logical_id, "DELETE_SKIPPED" if old["UpdateReplacePolicy"] == "Retain" else "DELETE_COMPLETE")


def _remove(stack: Stack, logical_ids: Iterable[str]) -> str:
    """Deletes resources; why some are left, or nothing."""
    left = []
    for logical_id in logical_ids:
        one = stack["resources"][logical_id]
        try:
            KINDS[one["ResourceType"]].unmake(place_of(stack), one["PhysicalResourceId"], one["Properties"])
        except (ClientError, Refusal) as error:
            _note(stack, logical_id, "DELETE_FAILED", reason=_said(error))
            left.append(logical_id)
            continue
        _note(stack, logical_id, "DELETE_COMPLETE")
        del stack["resources"][logical_id]
    return f"The following resource(s) failed to delete: [{', '.join(left)}]." if left else ""


def _keeps(stack: Stack, logical_id: str, on_create: bool = False) -> bool:
    policy = stack["resources"][logical_id]["DeletionPolicy"]
    return policy == "Retain" or (policy == "RetainExceptOnCreate" and not on_create)


def _said(error: Exception) -> str:
    if isinstance(error, ClientError):
        told = error.response["Error"]
        return f"{told.get('Message')} (Service: {error.operation_name}, Error Code: {told.get('Code')})"
    return getattr(error, "message", str(error))


def say(stack: Stack, status: str, reason: str = "") -> None:
    """The stack's new state, and its event."""
    stack["StackStatus"], stack["StackStatusReason"] = status, reason
    stack["LastUpdatedTime"] = datetime.now(UTC)
    _event(stack, stack["StackName"], stack["StackId"], "AWS::CloudFormation::Stack", status, reason)


def _note(stack: Stack, logical_id: str, status: str, kind: str = "", reason: str = "") -> None:
    one = stack["resources"].get(logical_id, {})
    if one:
        one["ResourceStatus"], one["Timestamp"] = status, datetime.now(UTC)
    _event(stack, logical_id, one.get("PhysicalResourceId", ""), kind or one.get("ResourceType", ""), status, reason)


def _event(stack: Stack, logical_id: str, physical_id: str, kind: str, status: str, reason: str) -> None:
    stack["events"].append(
        {
            "StackId": stack["StackId"],
            "EventId": str(uuid.uuid4()),
            "StackName": stack["StackName"],
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": physical_id,
            "ResourceType": kind,
            "Timestamp": datetime.now(UTC),
            "ResourceStatus": status,
            **({"ResourceStatusReason": reason} if reason else {}),
        }
    )
