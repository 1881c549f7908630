"""Snapshots without a process: what a service that cannot be written does to the others."""

from typing import Any

import pytest
from moto.core.base_backend import BackendDict

from localcloud.backends import backend_of
from localcloud.snapshot import Snapshot

ACCOUNT, REGION = "999999999999", "eu-central-1"


@pytest.fixture
def snapshot(tmp_path, monkeypatch):
    monkeypatch.setattr(BackendDict, "_instances", [])
    yield Snapshot(tmp_path / "snapshot", ACCOUNT)
    dictionaries: Any = BackendDict
    for known in dictionaries._instances:
        known.pop(ACCOUNT, None)


def test_a_service_that_cannot_be_written_does_not_keep_the_others(snapshot):
    logs, ecr = (backend_of(service, ACCOUNT, REGION) for service in ("logs", "ecr"))
    logs.create_log_group("/first", {})
    snapshot.write(snapshot.capture())
    before = {path.name for path in snapshot.folder.glob("logs.*")}

    logs.create_log_group("/second", {})
    logs.stuck = (number for number in range(3))
    ecr.kept = "now"
    captured = snapshot.capture()
    snapshot.write(captured)

    assert list(captured.failures) == [f"logs.{REGION}"]
    assert {path.name for path in snapshot.folder.glob("logs.*")} == before
    del ecr.kept, logs.stuck
    logs.groups.clear()
    assert Snapshot(snapshot.folder, ACCOUNT).load()
    assert ecr.kept == "now"
    assert list(logs.groups) == ["/first"]


def test_only_what_changed_is_written_again(snapshot):
    logs, ecr = (backend_of(service, ACCOUNT, REGION) for service in ("logs", "ecr"))
    ecr.kept = "once"
    snapshot.write(snapshot.capture())
    before = {path.name for path in snapshot.folder.iterdir()}
    logs.create_log_group("/more", {})
    snapshot.write(snapshot.capture())
    changed = before - {path.name for path in snapshot.folder.iterdir()}
    assert [name.split(".")[0] for name in changed] == ["logs"]
