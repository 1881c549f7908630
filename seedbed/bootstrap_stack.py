"""The CloudFormation stack that prepares an account: what it is at, what a template would change, and the change."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from seedbed.account import Account
from seedbed.failures import RefusedError
from seedbed.steps import Step
from stacks import bootstrap

CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
PAUSE_SECONDS = 2.0
MOST_SECONDS = 900
"""How long the stack may take; it takes about a minute."""

NOTHING = ("didn't contain changes", "No updates are to be performed")
"""CloudFormation's words for a change set without changes; the API tells it by no code."""


@dataclass(frozen=True)
class Change:
    """What the stack would do with one resource."""

    action: str
    """`Add`, `Modify` or `Remove`"""
    logical_id: str
    kind: str
    properties: tuple[str, ...]
    replaced: bool

    def __str__(self) -> str:
        what = f"{self.action.lower():>7}  {self.kind:<26} {self.logical_id}"
        return f"{what}: {', '.join(self.properties)}" if self.properties else what


class BootstrapStack:
    """The CloudFormation stack of a bootstrap."""

    def __init__(self, account: Account) -> None:
        self.settings = account.settings
        self.name = bootstrap.stack_name(account.settings)
        self.cloudformation = account.client("cloudformation")
        self._began = datetime.now(UTC)
        self._change_set = f"seedbed-{self._began:%Y%m%dT%H%M%S%f}"
        self._id = self.name
        """Its name, or its id as soon as it is known: a stack that is gone is found by its id only."""

    def settled(self, step: Step) -> str:
        """The stack's status once nothing is under way in it; empty where there is none."""
        deadline = time.monotonic() + MOST_SECONDS
        while True:
            status = self._status()
            if not status.endswith("IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
                return "" if status == "DELETE_COMPLETE" else status
            if time.monotonic() > deadline:
                raise RefusedError(
                    f"{self.name}: still {status} after {MOST_SECONDS} s.",
                    do="It goes on in the account. Run the command again later: it waits for it.",
                )
            step.say(f"{status.lower().replace('_', ' ')}: {self._latest()}")
            time.sleep(PAUSE_SECONDS)

    def _status(self) -> str:
        try:
            found = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            told = error.response["Error"]
            if told["Code"] == "ValidationError" and "does not exist" in told["Message"]:
                return ""
            raise
        self._id, self._protected = found["StackId"], found.get("EnableTerminationProtection", False)
        return found["StackStatus"]

    def _latest(self) -> str:
        event = self.cloudformation.describe_stack_events(StackName=self._id)["StackEvents"][0]
        return f"{event['LogicalResourceId']} {event['ResourceStatus'].lower().replace('_', ' ')}"

    def resources(self) -> dict[str, str]:
        """Physical by logical ids; none where there is no stack."""
        try:
            found = self.cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return {}
            raise
        return {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in found}

    def plan(self, template: dict[str, Any], is_new: bool, step: Step) -> list[Change] | None:
        """What the template would change; None where nothing."""
        self.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=self._change_set,
            ChangeSetType="CREATE" if is_new else "UPDATE",
            TemplateBody=json.dumps(template, separators=(",", ":")),
            Capabilities=CAPABILITIES,
        )
        deadline = time.monotonic() + MOST_SECONDS
        while True:
            found = self.cloudformation.describe_change_set(StackName=self.name, ChangeSetName=self._change_set)
            if found["Status"] == "CREATE_COMPLETE":
                return [_change(one["ResourceChange"]) for one in self._changes(found)]
            if found["Status"] == "FAILED":
                reason = found.get("StatusReason", "")
                self.forget(is_new)
                if any(words in reason for words in NOTHING):
                    return None
                raise RefusedError(f"{self.name}: CloudFormation refuses the template: {reason}", do="Report it.")
            if time.monotonic() > deadline:
                raise RefusedError(f"{self.name}: no change set after {MOST_SECONDS} s.", do="Run the command again.")
            step.say(found["Status"].lower().replace("_", " "))
            time.sleep(PAUSE_SECONDS)

    def _changes(self, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from page.get("Changes", [])
        while token := page.get("NextToken"):
            page = self.cloudformation.describe_change_set(
                StackName=self.name, ChangeSetName=self._change_set, NextToken=token
            )
            yield from page.get("Changes", [])

    def forget(self, is_new: bool) -> None:
        """Takes the change set away, and a stack that it alone made."""
        self.cloudformation.delete_change_set(StackName=self.name, ChangeSetName=self._change_set)
        if is_new:
            self.cloudformation.delete_stack(StackName=self.name)

    def execute(self, step: Step) -> None:
        """Does what the change set says; RefusedError with CloudFormation's reasons where it failed."""
        self.cloudformation.execute_change_set(StackName=self.name, ChangeSetName=self._change_set)
        status = self.settled(step)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            reasons = "\n".join(f"  {reason}" for reason in self.failures()) or "  (no reason was given)"
            raise RefusedError(
                f"{self.name}: CloudFormation failed and put back what it had done ({status}):\n{reasons}",
                do="Mend the cause and run the command again.",
            )

    def failures(self) -> list[str]:
        """Why resources failed, of the latest operation, the first cause first."""
        told: list[str] = []
        for event in self.cloudformation.describe_stack_events(StackName=self._id)["StackEvents"]:
            reason = event.get("ResourceStatusReason", "")
            if event.get("PhysicalResourceId") == self._id:
                if reason == "User Initiated":
                    break
            elif event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason:
                told.append(f"{event['LogicalResourceId']}: {reason}")
        return told[::-1]

    def protect(self) -> None:
        """The stack is not deleted by mistake."""
        self._status()
        if not self._protected:
            self.cloudformation.update_termination_protection(StackName=self.name, EnableTerminationProtection=True)


def _change(told: dict[str, Any]) -> Change:
    names = {detail["Target"].get("Name") for detail in told.get("Details", [])} - {None}
    others = {scope for scope in told.get("Scope", []) if scope != "Properties"}
    return Change(
        told["Action"],
        told["LogicalResourceId"],
        told["ResourceType"],
        tuple(sorted(names | others)),
        told.get("Replacement") in ("True", "Conditional"),
    )
