"""Change sets: what a new template would do to a stack, told before it does."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions import stack_deployment
from localcloud.extensions.stack_deployment import Stack
from localcloud.extensions.stack_operations import existing, new_stack, require_capabilities, stacks
from localcloud.extensions.stack_templates import parse
from localcloud.extensions.stack_types import KINDS
from localcloud.refusal import UNKNOWN, Refusal

NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."


@overlay.answers("cloudformation", "CreateChangeSet")
def create(call: Call) -> dict[str, Any]:
    """AWS CloudFormation API Reference, CreateChangeSet; of the types, CREATE and UPDATE."""
    given, name = call.input, call.input["ChangeSetName"]
    kind = given.get("ChangeSetType", "UPDATE")
    if kind not in ("CREATE", "UPDATE"):
        raise Refusal(UNKNOWN, f"the local cloud makes change sets of type CREATE and UPDATE, not {kind}")
    template = parse(given.get("TemplateBody"))
    require_capabilities(call, template)
    if kind == "CREATE":
        stack = stacks(call).get(given["StackName"])
        if stack is not None and stack["StackStatus"] != "REVIEW_IN_PROGRESS":
            raise Refusal("ValidationError", f"Stack [{given['StackName']}] already exists and cannot be created again")
        if stack is None:
            stack = new_stack(call, "REVIEW_IN_PROGRESS")
            stack_deployment.say(stack, "REVIEW_IN_PROGRESS", "User Initiated")
    else:
        stack = existing(call, given["StackName"])
        if stack["StackStatus"].startswith(("REVIEW", "ROLLBACK", "DELETE", "CREATE_FAILED")):
            raise Refusal(
                "ValidationError",
                f"Stack:{stack['StackId']} is in {stack['StackStatus']} state and can not be updated.",
            )
    if name in stack["change_sets"]:
        raise Refusal("AlreadyExistsException", f"ChangeSet {name} cannot be created: it already exists", 409)
    changes = differences(stack, template)
    same = not changes and stack["parsed"].get("Outputs") == template.get("Outputs")
    made = {
        "ChangeSetName": name,
        "ChangeSetId": f"{stack['StackId'].replace(':stack/', ':changeSet/').rpartition('/')[0]}/{name}/{uuid.uuid4()}",
        "StackId": stack["StackId"],
        "StackName": stack["StackName"],
        "CreationTime": datetime.now(UTC),
        "Status": "FAILED" if same else "CREATE_COMPLETE",
        "ExecutionStatus": "UNAVAILABLE" if same else "AVAILABLE",
        "Capabilities": given.get("Capabilities", []),
        "Changes": changes,
        "template": template,
        "body": given["TemplateBody"],
        "type": kind,
    }
    if same:
        made["StatusReason"] = NOTHING
    stack["change_sets"][name] = made
    return {"Id": made["ChangeSetId"], "StackId": stack["StackId"]}


def differences(stack: Stack, template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Resources that would come, change or go."""
    old, new = stack["parsed"].get("Resources", {}), template["Resources"]
    found = [_change("Add", name, new[name]["Type"], "") for name in new if name not in old]
    for name in new:
        if name in old and old[name] != new[name]:
            found.append(_modified(stack, name, old[name], new[name]))
    for name in old:
        if name not in new:
            found.append(_change("Remove", name, old[name]["Type"], _physical_id(stack, name)))
    return found


def _modified(stack: Stack, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    before, after = old.get("Properties", {}), new.get("Properties", {})
    changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    fixed = KINDS[new["Type"]].fixed
    replaced = old["Type"] != new["Type"] or any(key in fixed for key in changed)
    others = [key for key in ("DeletionPolicy", "UpdateReplacePolicy", "Metadata") if old.get(key) != new.get(key)]
    change = _change("Modify", name, new["Type"], _physical_id(stack, name))
    change["ResourceChange"] |= {
        "Replacement": "True" if replaced else "False",
        "Scope": [*(["Properties"] if changed else []), *others],
        "Details": [
            {
                "Target": {
                    "Attribute": "Properties",
                    "Name": key,
                    "RequiresRecreation": "Always" if key in fixed else "Never",
                },
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            }
            for key in changed
        ],
    }
    return change


def _change(action: str, name: str, kind: str, physical_id: str) -> dict[str, Any]:
    about: dict[str, Any] = {"Action": action, "LogicalResourceId": name, "ResourceType": kind}
    if physical_id:
        about["PhysicalResourceId"] = physical_id
    return {"Type": "Resource", "ResourceChange": about}


def _physical_id(stack: Stack, name: str) -> str:
    return stack["resources"].get(name, {}).get("PhysicalResourceId", "")


@overlay.answers("cloudformation", "DescribeChangeSet")
def describe(call: Call) -> dict[str, Any]:
    """A change set with its changes."""
    _, made = _named(call)
    return {key: value for key, value in made.items() if key not in ("template", "body", "type")}


@overlay.answers("cloudformation", "ListChangeSets")
def list_all(call: Call) -> dict[str, Any]:
    """The change sets of a stack, without their changes."""
    hidden = ("template", "body", "type", "Changes", "Capabilities")
    made = existing(call, call.input["StackName"])["change_sets"].values()
    return {"Summaries": [{key: value for key, value in one.items() if key not in hidden} for one in made]}


@overlay.answers("cloudformation", "ExecuteChangeSet")
def execute(call: Call) -> dict[str, Any]:
    """Does what the change set says; the stack's other change sets are gone then."""
    stack, made = _named(call)
    if made["ExecutionStatus"] != "AVAILABLE":
        raise Refusal(
            "InvalidChangeSetStatus",
            f"ChangeSet [{made['ChangeSetId']}] cannot be executed in its current execution status of "
            f"[{made['ExecutionStatus']}]",
        )
    stack["change_sets"] = {}
    stack["body"] = made["body"]
    if made["type"] == "CREATE":
        stack_deployment.create(stack, made["template"])
    else:
        stack_deployment.update(stack, made["template"])
    return {}


@overlay.answers("cloudformation", "DeleteChangeSet")
def delete(call: Call) -> dict[str, Any]:
    """A change set that is not wanted."""
    stack, made = _named(call)
    del stack["change_sets"][made["ChangeSetName"]]
    return {}


def _named(call: Call) -> tuple[Stack, dict[str, Any]]:
    name = call.input["ChangeSetName"]
    for stack in stacks(call).values():
        for made in stack["change_sets"].values():
            is_of_stack = call.input.get("StackName") in (None, stack["StackName"], stack["StackId"])
            if name == made["ChangeSetId"] or (name == made["ChangeSetName"] and is_of_stack):
                return stack, made
    raise Refusal("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
