"""What an earlier run began is waited for: nothing is built on a cluster that is still being made."""

import io
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from seedbed import pending, settling
from seedbed.failures import RefusedError
from seedbed.services import KINDS
from seedbed.settling import SLOW, settle
from seedbed.steps import Steps

CLUSTER = "urn:pulumi:local::seedbed::seedbed:cluster:Cluster$aws:eks/cluster:Cluster::cluster"
TOPIC = "urn:pulumi:local::seedbed::seedbed:alerts:AlertTopic$aws:sns/topic:Topic::alerts-topic"
ACCOUNT: Any = SimpleNamespace(on_this_machine=True, settings=SimpleNamespace(account="000000000000"))


def waited(monkeypatch, *states, urn=CLUSTER, made=(CLUSTER,)):
    """Settles a cluster that goes through the states; how often it was waited, and what was said meanwhile."""
    left = list(states)

    def state(_account: object, _id: str) -> str:
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    slow = SLOW["aws:eks/cluster:Cluster"]
    monkeypatch.setitem(SLOW, "aws:eks/cluster:Cluster", settling.Slow(state, slow.busy, slow.broken))
    naps, console = [], Console(file=io.StringIO())
    with Steps(console).step("waiting") as step:
        settle(ACCOUNT, {urn: "seedbed-local"}, made, step, naps.append)
        line = step.line()
    assert left == []
    return len(naps), line


def test_a_cluster_that_is_being_made_is_waited_for(monkeypatch):
    naps, line = waited(monkeypatch, "CREATING", "CREATING", "ACTIVE")
    assert naps == 2
    assert "cluster (eks Cluster) seedbed-local: CREATING" in line


def test_a_deletion_that_goes_on_is_waited_for_until_it_is_gone(monkeypatch):
    gone = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, "DescribeCluster")
    assert waited(monkeypatch, "DELETING", gone)[0] == 1


def test_what_is_made_at_once_is_not_asked_about(monkeypatch):
    assert waited(monkeypatch, urn=TOPIC)[0] == 0


def test_what_broke_while_it_was_made_is_named_with_what_to_do(monkeypatch):
    with pytest.raises(RefusedError) as refused:
        waited(monkeypatch, "CREATING", "FAILED")
    assert f"{CLUSTER}: seedbed-local was being made by an earlier run and is FAILED" in refused.value.message
    assert "delete it in the account" in refused.value.do


def test_what_was_there_before_and_broke_is_left_to_the_engine(monkeypatch):
    assert waited(monkeypatch, "UPDATING", "FAILED", made=())[0] == 1


def test_patience_has_an_end(monkeypatch):
    monkeypatch.setattr(settling, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(RefusedError, match="seedbed-local is still CREATING after"):
        waited(monkeypatch, "CREATING")


def test_an_account_that_refuses_to_answer_is_not_taken_for_an_end(monkeypatch):
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeCluster")
    with pytest.raises(ClientError):
        waited(monkeypatch, denied)


def test_what_is_slow_is_something_that_recovery_can_find():
    assert set(SLOW) <= set(KINDS)
    assert not set(SLOW) & pending.REPEATABLE
