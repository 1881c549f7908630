"""A state that several people share is put in order only while nobody else works on it."""

from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from seedbed import pending, recovery
from seedbed.failures import RefusedError
from seedbed.mending import Mending, examine
from seedbed.recovery import recover
from seedbed.steps import Steps
from seedbed.workspace import Workspace
from tests.unit.clone import clone, engine_of

POLICY = "urn:pulumi:dev::seedbed::aws:s3/bucketPolicy:BucketPolicy::data-policy"
ROLE = "urn:pulumi:dev::seedbed::aws:iam/role:Role::flow-log"
ACCOUNT: Any = SimpleNamespace(settings=SimpleNamespace(account="111111111111"))


def cut(urn):
    return {"type": "creating", "resource": {"urn": urn, "type": urn.split("::")[2], "custom": True}}


def cut_short(at):
    return {"manifest": {"time": at}, "resources": [], "pending_operations": [cut(POLICY)]}


class Shared:
    """A stack in a backend that others write to as well."""

    def __init__(self, *exports):
        self.exports = list(exports)
        self.imported: list[Any] = []

    def export_stack(self):
        return SimpleNamespace(deployment=self.exports.pop(0))

    def import_stack(self, state):
        self.imported.append(state.deployment)


@pytest.fixture
def dev(tmp_path, monkeypatch):
    checkout = clone(tmp_path / "clone")
    monkeypatch.setattr(recovery, "Account", lambda *_: ACCOUNT)

    def workspace(stack):
        monkeypatch.setattr(Workspace, "stack", lambda *_, **__: stack)
        return Workspace(checkout, checkout.settings("dev"), engine_of("exit 1", tmp_path / "bin"))

    return workspace


def test_a_run_of_somebody_else_in_between_is_never_overwritten(dev):
    stack = Shared(cut_short("09:00"), cut_short("09:01"))
    with pytest.raises(RefusedError, match="dev: another run changed the state while this one looked") as refused:
        recover(dev(stack), Steps(Console(quiet=True)), agree=lambda _: True)
    assert stack.imported == []
    assert "run the same command again" in refused.value.do


def test_a_state_that_nobody_touched_in_between_is_put_in_order(dev):
    whole = {"manifest": {"time": "09:02"}, "resources": []}
    stack = Shared(cut_short("09:00"), cut_short("09:00"), whole)
    asked: list[list[str]] = []
    assert recover(dev(stack), Steps(Console(quiet=True)), agree=lambda lines: not asked.append(lines)) == whole
    assert stack.imported == [{"manifest": {"time": "09:00"}, "resources": []}]
    assert "Another person's run that goes on right now looks just the same" in asked[0][-1]


def test_what_belongs_to_somebody_else_is_named_and_not_taken_over(monkeypatch):
    def find(*_):
        raise pending.ForeignError("seedbed-dev-flow-log")

    monkeypatch.setattr(pending, "find", find)
    mending = examine({"pending_operations": [cut(ROLE)]}, ACCOUNT)
    assert mending == Mending(foreign={ROLE: "seedbed-dev-flow-log"})
    assert "seedbed-dev-flow-log exists, but does not bear this environment's tags" in mending.lines()[0]
    assert "the name is taken" in mending.lines()[0]


def test_a_mistake_in_a_finder_is_not_taken_for_an_unknown_type(monkeypatch):
    monkeypatch.setitem(pending.FINDERS, "aws:iam/role:Role", lambda _account, inputs, _recorded: inputs["nothing"])
    with pytest.raises(KeyError, match="nothing"):
        examine({"pending_operations": [cut(ROLE)]}, ACCOUNT)
