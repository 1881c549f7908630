"""Stores that hold data: never stripped of their protection by an `up`, and emptied to the last image on demand."""

from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from seedbed import data, operations
from seedbed.data import DeletionRefusedError, Held
from seedbed.engine_run import STATEFUL, Change, EngineRun
from seedbed.failures import RefusedError
from seedbed.steps import Steps
from seedbed.workspace import Workspace
from tests.unit.clone import clone, engine_of

HEAD = "urn:pulumi:local::seedbed::"
BUCKET = f"{HEAD}seedbed:storage:DatasetStore$aws:s3/bucket:Bucket::applications-bucket"
IMAGES = f"{HEAD}aws:ecr/repository:Repository::serving"


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    checkout = clone(tmp_path / "clone")
    monkeypatch.setattr(operations, "recover", lambda *_: None)
    monkeypatch.setattr(operations, "Account", lambda *_: "the account")
    folder = tmp_path / "kept"
    engine = engine_of('echo "$*" >> "$0.asked"', tmp_path / "bin")
    return Workspace(checkout, checkout.settings("local"), engine, None, folder / "project", folder / "state")


def up(workspace, monkeypatch, ran, *changes, **held):
    """Brings up what a preview plans; `held` are the stores that are not empty. What runs is put into `ran`."""
    planned = EngineRun(changes={change.urn: change for change in changes})
    monkeypatch.setattr(operations, "preview", lambda *_, **__: planned)
    monkeypatch.setattr(operations, "_run", lambda *_, **__: ran.append(planned))
    looks = {type_: lambda _account, name: held.get(name) for type_ in operations.LOOKS}
    monkeypatch.setattr(operations, "LOOKS", looks)
    operations.up(workspace, Steps(Console(quiet=True)), lambda _: True, lambda _: None)


@pytest.mark.parametrize(("urn", "kind"), [(BUCKET, "bucket"), (IMAGES, "image repository")])
@pytest.mark.parametrize("op", ["delete", "replace"])
def test_an_up_that_would_take_a_store_with_data_is_refused_before_anything_runs(workspace, monkeypatch, urn, kind, op):
    ran: list[EngineRun] = []
    with pytest.raises(RefusedError) as refused:
        up(workspace, monkeypatch, ran, Change(urn, op, 0.0, id="old"), old=Held(kind, "old", "3 things"))
    assert ran == []
    assert refused.value.code == 1
    assert "local: nothing was changed" in refused.value.message
    assert f"{kind} old: 3 things" in refused.value.message
    assert str(workspace.checkout.file("local")) in refused.value.do
    assert "seedbed down local --delete-data" in refused.value.do


@pytest.mark.parametrize("op", ["delete", "replace"])
def test_an_empty_store_may_go(workspace, monkeypatch, op):
    ran: list[EngineRun] = []
    up(workspace, monkeypatch, ran, Change(BUCKET, op, 0.0, id="old"))
    assert len(ran) == 1


def test_an_up_that_takes_no_store_asks_no_account(workspace, monkeypatch):
    ran: list[EngineRun] = []
    monkeypatch.setattr(operations, "Account", lambda *_: pytest.fail("asked"))
    up(workspace, monkeypatch, ran, Change(BUCKET, "update", 0.0, id="old"), old=Held("bucket", "old", "3 things"))
    assert len(ran) == 1


def step(op, old="", new=""):
    def state(id_):
        return SimpleNamespace(id=id_, parent="")

    return SimpleNamespace(
        urn=BUCKET, op=SimpleNamespace(value=op), keys=None, diffs=None,
        old=state(old) if old else None, new=state(new) if new else None,
    )  # fmt: skip


def test_of_a_replacement_the_store_that_goes_is_the_one_looked_at():
    run = EngineRun()
    for one in (
        step("create-replacement", "old", "new"),
        step("replace", "old", "new"),
        step("delete-replaced", "old"),
    ):
        event: Any = SimpleNamespace(resource_pre_event=SimpleNamespace(metadata=one))
        run.observe(event)
    (change,) = run.at_stake
    assert (change.op, change.id) == ("replace", "old")


def test_a_key_that_goes_is_said_to_close_what_it_encrypts_at_once():
    assert STATEFUL["aws:kms/key:Key"].startswith("everything encrypted under it is unreadable at once")


class Registry:
    """An ECR that keeps an image as long as an index names it."""

    def __init__(self, **indexes):
        self.left = {digest: set(parts) for digest, parts in indexes.items()}
        self.calls = 0

    def client(self, _service):
        return self

    def pages(self, *_, **__):
        return iter([{"imageDigest": digest} for digest in self.left] * 2)

    def batch_delete_image(self, **asked):
        self.calls += 1
        failures = []
        for image in asked["imageIds"]:
            digest = image["imageDigest"]
            if any(digest in parts for parts in self.left.values()):
                failures.append({"imageId": image, "failureCode": data.LATER, "failureReason": "an index names it"})
            else:
                del self.left[digest]
        return {"failures": failures}


def delete(registry: Any):
    said: list[str] = []
    data.delete(registry, [Held("image repository", "seedbed-local/serving", "some")], said.append)
    return said


def test_images_that_an_index_names_go_in_a_later_round():
    registry = Registry(a=[], b=["a"], c=["b"])
    assert delete(registry)[-1] == "seedbed-local/serving: 3 of 3 images deleted"
    assert registry.left == {}
    assert registry.calls == 3


def test_a_round_that_deletes_nothing_is_the_last():
    registry = Registry(a=["b"], b=["a"], c=[])
    with pytest.raises(DeletionRefusedError, match="serving@b: ImageReferencedByManifestList: an index names it"):
        delete(registry)
    assert set(registry.left) == {"a", "b"}
    assert registry.calls == 2
