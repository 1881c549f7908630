"""A bootstrap's stack in states that an account on this machine never stays in."""

from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from seedbed import bootstrap, bootstrap_stack
from seedbed.bootstrap_stack import BootstrapStack, Change
from seedbed.failures import RefusedError
from seedbed.steps import Steps
from stacks.settings import Settings, read
from tests.unit.clone import shipped

ID = "arn:aws:cloudformation:eu-central-1:111111111111:stack/seedbed-dev-bootstrap/1"


class CloudFormation:
    """Tells one status after the other, and keeps telling the last."""

    def __init__(self, *statuses: str, events: list[dict[str, Any]] | None = None) -> None:
        self.statuses = list(statuses)
        self.events = events or [_event("StateBucket", "CREATE_IN_PROGRESS", "")]
        self.asked: list[str] = []

    def describe_stacks(self, **_: object) -> dict[str, Any]:
        self.asked.append("describe_stacks")
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if not status:
            told = {"Error": {"Code": "ValidationError", "Message": "Stack with id x does not exist"}}
            raise ClientError(told, "DescribeStacks")
        return {"Stacks": [{"StackId": ID, "StackStatus": status}]}

    def describe_stack_events(self, **_: object) -> dict[str, Any]:
        return {"StackEvents": self.events}

    def describe_stack_resources(self, **_: object) -> dict[str, Any]:
        return {"StackResources": []}

    def delete_stack(self, **_: object) -> None:
        self.asked.append("delete_stack")

    def delete_change_set(self, **_: object) -> None:
        self.asked.append("delete_change_set")


def _event(logical_id: str, status: str, reason: str, physical_id: str = "x") -> dict[str, Any]:
    named = {"LogicalResourceId": logical_id, "PhysicalResourceId": physical_id, "ResourceStatus": status}
    return {**named, "ResourceStatusReason": reason}


def account(cloudformation: CloudFormation) -> Any:
    settings: Settings = read("dev", shipped("dev"))
    return SimpleNamespace(settings=settings, client=lambda _: cloudformation)


@pytest.fixture
def steps(monkeypatch) -> Steps:
    monkeypatch.setattr(bootstrap_stack, "PAUSE_SECONDS", 0.0)
    return Steps(Console(file=StringIO(), width=200))


@pytest.mark.parametrize(
    ("statuses", "settled"),
    [
        (("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"), "CREATE_COMPLETE"),
        (("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"), "UPDATE_COMPLETE"),
        (("DELETE_IN_PROGRESS", ""), ""),
        (("REVIEW_IN_PROGRESS",), "REVIEW_IN_PROGRESS"),
    ],
)
def test_what_another_run_has_begun_is_waited_for(steps, statuses, settled):
    with steps.step("x") as step:
        assert BootstrapStack(account(CloudFormation(*statuses))).settled(step) == settled


def test_one_that_takes_too_long_is_left_to_itself(steps, monkeypatch):
    monkeypatch.setattr(bootstrap_stack, "MOST_SECONDS", -1)
    with pytest.raises(RefusedError, match="still CREATE_IN_PROGRESS") as caught, steps.step("x") as step:
        BootstrapStack(account(CloudFormation("CREATE_IN_PROGRESS"))).settled(step)
    assert "It goes on in the account" in caught.value.do


@pytest.mark.parametrize(
    ("status", "cure"),
    [("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"), ("DELETE_FAILED", "delete-stack --stack-name")],
)
def test_a_stuck_stack_is_left_as_it_is_with_the_reasons_of_its_latest_operation(steps, status, cure):
    told = CloudFormation(
        status,
        events=[
            _event("StateKey", "UPDATE_FAILED", "no such role"),
            _event("StateBucket", "UPDATE_FAILED", "Resource update cancelled"),
            _event("seedbed-dev-bootstrap", "UPDATE_IN_PROGRESS", "User Initiated", ID),
            _event("StateAlias", "CREATE_FAILED", "of last year"),
        ],
    )
    with pytest.raises(RefusedError) as caught:
        bootstrap.prepare(account(told), steps, lambda _: True, lambda _: None)
    assert f"seedbed-dev-bootstrap: the stack is stuck in {status}" in caught.value.message
    assert "StateKey: no such role" in caught.value.message
    assert "cancelled" not in caught.value.message
    assert "of last year" not in caught.value.message
    assert cure in caught.value.do
    assert set(told.asked) == {"describe_stacks"}


@pytest.mark.parametrize(
    "change",
    [
        Change("Modify", "StateBucket", "AWS::S3::Bucket", ("BucketName",), replaced=True),
        Change("Remove", "StateKey", "AWS::KMS::Key", (), replaced=False),
    ],
)
def test_a_change_that_would_take_the_state_or_its_key_is_refused(change):
    told = CloudFormation("CREATE_COMPLETE")
    with pytest.raises(RefusedError, match=r"(?s)nothing was changed.*every (state|secret)"):
        bootstrap._require_kept(BootstrapStack(account(told)), [change])
    assert told.asked == ["delete_change_set"]


def test_a_change_that_keeps_both_goes_on():
    told = CloudFormation("CREATE_COMPLETE")
    harmless = Change("Modify", "StateBucket", "AWS::S3::Bucket", ("Tags",), replaced=False)
    bootstrap._require_kept(BootstrapStack(account(told)), [harmless])
    assert told.asked == []
