"""Digests of the records, and how their files come to be."""

from dataclasses import replace
from pathlib import Path

import pytest

from seedbed import whole_files
from seedbed.check import configuration
from seedbed.machine import charts_at_hand
from seedbed.records import Records, write
from seedbed.records.digests import of_files, of_resources
from seedbed.rehearsal import rehearse_environment
from tests.unit.records_of_prod import gathered

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def records() -> Records:
    return gathered()


def test_the_digest_changes_with_the_program_and_with_nothing_else(tmp_path):
    for part in ("components", "lifecycle", "policies", "requirements", "stacks"):
        (tmp_path / part).mkdir()
    for name in ("Pulumi.yaml", "versions.yaml", "requirements/runtime.txt", "policies/a.py"):
        (tmp_path / name).write_text(name)
    first = of_files(tmp_path)

    (tmp_path / "policies" / "__pycache__").mkdir()
    (tmp_path / "policies" / "__pycache__" / "a.pyc").write_text("")
    (tmp_path / "README.md").write_text("")
    assert of_files(tmp_path) == first
    (tmp_path / "policies" / "a.py").rename(tmp_path / "policies" / "b.py")
    assert of_files(tmp_path) != first


def test_the_digest_of_what_is_declared_does_not_depend_on_the_order(records):
    with charts_at_hand():
        resources = rehearse_environment("dev", configuration(ROOT / "Pulumi.dev.yaml")).resources
    assert of_resources(resources) == of_resources(reversed(resources))
    assert of_resources(resources) != of_resources(resources[1:])
    assert of_resources(resources) != records.digests.declared


def test_a_write_that_fails_leaves_the_old_records_whole_and_nothing_beside_them(records, tmp_path, monkeypatch):
    assert [path.name for path in write(records, tmp_path / "new", ("html", "junit"))] == [
        "records.html",
        "evidence.junit.xml",
    ]
    before = (tmp_path / "new" / "records.html").read_text()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(replace(records, owner="another@example.com"), tmp_path / "new")
    assert (tmp_path / "new" / "records.html").read_text() == before
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["evidence.junit.xml", "records.html"]


def test_one_format_that_cannot_be_rendered_keeps_all_from_being_written(records, tmp_path):
    with pytest.raises(AttributeError):
        write(replace(records, digests=None), tmp_path / "new")  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()
