"""Prepares an account for Pulumi: a CloudFormation stack with the bucket and key of its state, and CI's identity."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from seedbed.account import Account
from seedbed.bootstrap_facts import unlike
from seedbed.bootstrap_names import taken
from seedbed.bootstrap_stack import BootstrapStack, Change
from seedbed.failures import RefusedError
from seedbed.operations import Agree
from seedbed.steps import Step, Steps
from stacks import bootstrap

AFTER_PAUSES = (2.0, 4.0, 8.0)
"""Seconds between looks after a change: IAM and S3 tell everybody a little later."""

STUCK = ("CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED")
LOST_WITH = {"StateBucket": "every state in it", "StateKey": "every secret in those states"}


@dataclass(frozen=True)
class Outcome:
    """How an account was left."""

    did: Literal["created", "changed", "nothing"]
    notes: tuple[str, ...] = ()
    """What a person should know beside."""


def prepare(account: Account, steps: Steps, agree: Agree, shown: Callable[[list[Change]], None]) -> Outcome:
    """Makes the account what the template says, and asks it afterwards whether it is.

    Raises RefusedError where something of the same name is there that the stack did not make, where a state or its key
    would go, where CloudFormation fails, and where the account says otherwise than CloudFormation.
    """
    stack = BootstrapStack(account)
    with steps.step(f"looking at stack {stack.name}") as step:
        status = stack.settled(step)
        if status == "ROLLBACK_COMPLETE":
            step.note(f"{stack.name}: an earlier creation failed and left an empty stack, which is taken away.")
            stack.cloudformation.delete_stack(StackName=stack.name)
            status = stack.settled(step)
        _require_usable(stack, status)
        owned = stack.resources()
        is_new = status in ("", "REVIEW_IN_PROGRESS")
        if not is_new:
            _require_own(stack, owned)
    wanted, notes = _template(account, owned)
    if is_new:
        with steps.step("looking whether its names are free"):
            _require_free(account)
    with steps.step("change set") as step:
        changes = stack.plan(wanted, is_new, step)
    did: Literal["created", "changed", "nothing"] = "nothing"
    if changes is not None:
        shown(changes)
        _require_kept(stack, changes)
        verb = "Create" if is_new else "Change"
        what = f"{verb} {len(changes)} resources" if changes else f"{verb} the outputs"
        if not agree(f"{what} of stack {stack.name} in account {account.settings.account}, {account.settings.region}?"):
            stack.forget(is_new)
            raise RefusedError(f"{account.settings.name}: nothing was changed, as you said.")
        with steps.step(f"stack {stack.name}") as step:
            stack.execute(step)
        did = "created" if is_new else "changed"
    stack.protect()
    with steps.step("asking the account what there is") as step:
        _verify(account, wanted, step, changes is not None)
    return Outcome(did, tuple(notes))


def _template(account: Account, owned: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The template for this account: of GitHub's identity provider there can be one, whoever made it."""
    settings = account.settings
    if "GitHubIdentityProvider" in owned:
        return bootstrap.template(settings, with_provider=True), []
    listed = account.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    is_there = any(one["Arn"] == bootstrap.provider_arn(settings) for one in listed)
    if not (is_there and bootstrap.wants_provider(settings)):
        return bootstrap.template(settings), []
    note = f"identity provider {bootstrap.GITHUB}: account {settings.account} has it, so it is used as it is"
    return bootstrap.template(settings, with_provider=False), [note]


def _require_usable(stack: BootstrapStack, status: str) -> None:
    if status not in STUCK:
        return
    reasons = "\n".join(f"  {reason}" for reason in stack.failures())
    cure = (
        f"aws cloudformation continue-update-rollback --stack-name {stack.name}"
        if status.startswith("UPDATE")
        else f"aws cloudformation delete-stack --stack-name {stack.name}; its bucket and key stay"
    )
    raise RefusedError(
        f"{stack.name}: the stack is stuck in {status}, and nothing was changed:\n{reasons}".rstrip(":\n"),
        do=f"Mend the cause, then: {cure}. Then run the command again.",
    )


def _require_own(stack: BootstrapStack, owned: dict[str, str]) -> None:
    name = bootstrap.bucket_name(stack.settings)
    if owned.get("StateBucket") != name:
        raise RefusedError(
            f"{stack.name}: account {stack.settings.account} has a stack of this name that lacks bucket {name}, "
            "so somebody else made it. Nothing was changed.",
            do="Find out whose it is; rename it, or choose another seedbed:environment.system.",
        )


def _require_free(account: Account) -> None:
    """Refuses names that are taken: a stack would fail on most of them, and take over a bucket in us-east-1."""
    found = list(taken(account))
    if found:
        raise RefusedError(
            f"{account.settings.name}: these names are taken, by what this command did not make; nothing was changed:\n"
            + "\n".join(f"  {one}" for one in found),
            do='See docs/bootstrap.md, "What is there already": take it into the stack, move it away, or choose '
            "another seedbed:environment.system.",
        )


def _require_kept(stack: BootstrapStack, changes: list[Change]) -> None:
    lost = [one for one in changes if one.logical_id in LOST_WITH and (one.replaced or one.action == "Remove")]
    if lost:
        stack.forget(is_new=False)
        what = "\n".join(f"  {one.kind} {one.logical_id}: {LOST_WITH[one.logical_id]}" for one in lost)
        raise RefusedError(
            f"{stack.name}: nothing was changed, because these would be replaced or removed, and with them:\n{what}",
            do="Undo the change of the settings that brings it about.",
        )


def _verify(account: Account, template: dict[str, Any], step: Step, changed: bool) -> None:
    found = unlike(account, template)
    for pause in AFTER_PAUSES if changed else ():
        if not found:
            return
        step.say(f"{len(found)} properties are not there yet")
        time.sleep(pause)
        found = unlike(account, template)
    if found:
        raise RefusedError(
            f"{account.settings.name}: CloudFormation says that all is there, account {account.settings.account} says "
            f"that {len(found)} properties are not as they should be:\n" + "\n".join(f"  {one}" for one in found),
            do="Somebody changed them by hand, or CloudFormation left them out. Put each back by hand, then run the "
            "command again: it asks the account anew.",
        )
