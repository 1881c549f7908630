"""Stores that hold data: counted, and emptied to the last image on demand."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from seedbed import data
from seedbed.data import DeletionRefusedError, Held
from seedbed.engine_run import STATEFUL, EngineRun

HEAD = "urn:pulumi:local::seedbed::"
BUCKET = f"{HEAD}seedbed:storage:DatasetStore$aws:s3/bucket:Bucket::applications-bucket"


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


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 * 1024**3 // 2, "1.5 GiB"), (2**50, "1024.0 TiB")],
)
def test_an_amount_is_said_in_the_unit_that_fits(size, said):
    assert data.amount(size) == said


def test_a_database_is_said_by_its_size_and_by_how_far_it_can_be_restored():
    about = {
        "DBInstanceIdentifier": "seedbed-dev-tracking",
        "AllocatedStorage": 20,
        "BackupRetentionPeriod": 7,
        "LatestRestorableTime": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    }
    assert data.in_database(about).amount == (
        "20 GiB, restorable up to 2026-01-02 03:04 UTC, automated backups of 7 days go with it"
    )
    del about["LatestRestorableTime"]
    assert "no backup yet" in data.in_database(about).amount
