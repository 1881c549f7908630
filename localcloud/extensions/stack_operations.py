"""Stacks: moto's report CREATE_COMPLETE for what they left out, so their operations are answered here."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions import stack_deployment
from localcloud.extensions.stack_deployment import Stack
from localcloud.extensions.stack_templates import parse
from localcloud.extensions.stack_types import KINDS
from localcloud.refusal import UNKNOWN, Refusal

UNREAD = ("Parameters", "TemplateURL", "RoleARN", "NotificationARNs", "StackPolicyBody", "RollbackConfiguration")
"""Arguments that would be dropped in silence."""


@overlay.checks("cloudformation")
def only_what_is_answered_here(call: Call) -> None:
    """moto's own stacks are another world, which knows nothing of these."""
    if not overlay.is_answered("cloudformation", call.operation or ""):
        raise NotImplementedError
    for name in UNREAD:
        if call.input.get(name):
            raise Refusal(UNKNOWN, f"the local cloud does not take {name} of {call.operation}")


def stacks(call: Call) -> dict[str, Stack]:
    """The region's stacks by name."""
    return vars(call.backend).setdefault("stacks_of_local_cloud", {})


def _gone(call: Call) -> list[Stack]:
    return vars(call.backend).setdefault("gone_stacks_of_local_cloud", [])


def existing(call: Call, name: str) -> Stack:
    """A stack by name or id; one that is gone by its id only."""
    for stack in (*stacks(call).values(), *_gone(call)):
        if name == stack["StackId"] or (name == stack["StackName"] and stack in stacks(call).values()):
            return stack
    raise Refusal("ValidationError", f"Stack with id {name} does not exist")


def new_stack(call: Call, status: str) -> Stack:
    """An empty stack under the request's name."""
    name, given = call.input["StackName"], call.input
    made: Stack = {
        "StackId": f"arn:aws:cloudformation:{call.region}:{call.account}:stack/{name}/{uuid.uuid4()}",
        "StackName": name,
        "CreationTime": datetime.now(UTC),
        "StackStatus": status,
        "StackStatusReason": "",
        "LastUpdatedTime": datetime.now(UTC),
        "DisableRollback": False,
        "EnableTerminationProtection": bool(given.get("EnableTerminationProtection", False)),
        "Capabilities": given.get("Capabilities", []),
        "Tags": given.get("Tags", []),
        "resources": {},
        "events": [],
        "outputs": [],
        "parsed": {},
        "body": "",
        "change_sets": {},
    }
    stacks(call)[name] = made
    return made


def require_capabilities(call: Call, template: Mapping[str, Any]) -> None:
    """AWS CloudFormation API Reference, CreateStack: identities with names of their own are agreed to."""
    named = any(KINDS[one["Type"]].is_named_identity for one in template["Resources"].values())
    if named and "CAPABILITY_NAMED_IAM" not in call.input.get("Capabilities", []):
        raise Refusal("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")


@overlay.answers("cloudformation", "CreateStack")
def create(call: Call) -> dict[str, Any]:
    """AWS CloudFormation API Reference, CreateStack."""
    name = call.input["StackName"]
    if name in stacks(call):
        raise Refusal("AlreadyExistsException", f"Stack [{name}] already exists")
    template = parse(call.input.get("TemplateBody"))
    require_capabilities(call, template)
    stack = new_stack(call, "CREATE_IN_PROGRESS")
    stack["body"] = call.input["TemplateBody"]
    stack_deployment.create(stack, template, call.input.get("OnFailure", "ROLLBACK"))
    if stack["StackStatus"] == "DELETE_COMPLETE":
        _gone(call).append(stacks(call).pop(name))
    return {"StackId": stack["StackId"]}


@overlay.answers("cloudformation", "UpdateStack")
def update(call: Call) -> dict[str, Any]:
    """AWS CloudFormation API Reference, UpdateStack."""
    stack = existing(call, call.input["StackName"])
    template = parse(call.input.get("TemplateBody"))
    require_capabilities(call, template)
    if template == stack["parsed"]:
        raise Refusal("ValidationError", "No updates are to be performed.")
    stack["body"] = call.input["TemplateBody"]
    stack_deployment.update(stack, template)
    return {"StackId": stack["StackId"]}


@overlay.answers("cloudformation", "DeleteStack")
def delete(call: Call) -> dict[str, Any]:
    """AWS CloudFormation API Reference, DeleteStack: a stack that is not there is as good as deleted."""
    name = call.input["StackName"]
    stack = next((one for one in stacks(call).values() if name in (one["StackName"], one["StackId"])), None)
    if stack is None:
        return {}
    if stack["EnableTerminationProtection"]:
        raise Refusal(
            "ValidationError", f"Stack [{stack['StackName']}] cannot be deleted while TerminationProtection is enabled"
        )
    if stack_deployment.delete(stack):
        _gone(call).append(stacks(call).pop(stack["StackName"]))
    return {}


@overlay.answers("cloudformation", "UpdateTerminationProtection")
def protect(call: Call) -> dict[str, Any]:
    """Whether the stack may be deleted."""
    stack = existing(call, call.input["StackName"])
    stack["EnableTerminationProtection"] = bool(call.input["EnableTerminationProtection"])
    return {"StackId": stack["StackId"]}


@overlay.answers("cloudformation", "DescribeStacks")
def describe(call: Call) -> dict[str, Any]:
    """One stack, or all that are there."""
    name = call.input.get("StackName")
    return {"Stacks": [_about(one) for one in ([existing(call, name)] if name else stacks(call).values())]}


def _about(stack: Stack) -> dict[str, Any]:
    named = (
        "StackId", "StackName", "CreationTime", "LastUpdatedTime", "StackStatus", "DisableRollback", "Capabilities",
        "EnableTerminationProtection", "Tags",
    )  # fmt: skip
    about = {name: stack[name] for name in named}
    if stack["StackStatusReason"]:
        about["StackStatusReason"] = stack["StackStatusReason"]
    if stack["parsed"].get("Description"):
        about["Description"] = stack["parsed"]["Description"]
    return {**about, "Outputs": stack["outputs"]}


@overlay.answers("cloudformation", "ListStacks")
def list_all(call: Call) -> dict[str, Any]:
    """All stacks, those that are gone included."""
    wanted = call.input.get("StackStatusFilter")
    named = ("StackId", "StackName", "CreationTime", "StackStatus")
    return {
        "StackSummaries": [
            {name: one[name] for name in named}
            for one in (*stacks(call).values(), *_gone(call))
            if not wanted or one["StackStatus"] in wanted
        ]
    }


@overlay.answers("cloudformation", "DescribeStackEvents")
def events(call: Call) -> dict[str, Any]:
    """What happened, the latest first."""
    return {"StackEvents": list(reversed(existing(call, call.input["StackName"])["events"]))}


@overlay.answers("cloudformation", "DescribeStackResources")
def resources(call: Call) -> dict[str, Any]:
    """The stack's resources."""
    stack = existing(call, call.input["StackName"])
    wanted = call.input.get("LogicalResourceId")
    named = ("LogicalResourceId", "PhysicalResourceId", "ResourceType", "ResourceStatus", "Timestamp")
    return {
        "StackResources": [
            {"StackName": stack["StackName"], "StackId": stack["StackId"], **{name: one[name] for name in named}}
            for one in stack["resources"].values()
            if wanted in (None, one["LogicalResourceId"])
        ]
    }


@overlay.answers("cloudformation", "GetTemplate")
def template_of(call: Call) -> dict[str, Any]:
    """The template as it was given."""
    return {"TemplateBody": existing(call, call.input["StackName"])["body"], "StagesAvailable": ["Original"]}


@overlay.answers("cloudformation", "ValidateTemplate")
def validate(call: Call) -> dict[str, Any]:
    """Whether the template can be read here."""
    template = parse(call.input.get("TemplateBody"))
    return {"Description": template.get("Description", ""), "Parameters": []}
