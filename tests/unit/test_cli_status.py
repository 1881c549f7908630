"""What `seedbed status ENV` shows where the account answers in part, or not at all."""

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from rich.console import Console

from seedbed import summary
from seedbed.layers import LAYERS, layer_of
from seedbed.status import glance
from seedbed.status.resources import exported, layers
from seedbed.status.section import Line, Section, asked, unknown
from tests.unit.clone import ROOT, clone

HEAD = "urn:pulumi:local::seedbed::"
STACK = f"{HEAD}pulumi:pulumi:Stack::seedbed-local"
STORE = f"{HEAD}seedbed:storage:DatasetStore::applications"
BUCKET = f"{HEAD}seedbed:storage:DatasetStore$aws:s3/bucket:Bucket::applications-bucket"
RING = f"{HEAD}seedbed:keys:KeyRing::keys"
KEY = f"{HEAD}seedbed:keys:KeyRing$aws:kms/key:Key::keys-internal"


def deployment(**more: Any) -> dict[str, Any]:
    def resource(urn: str, parent: str, custom: bool = True) -> dict[str, Any]:
        return {"urn": urn, "type": urn.split("::")[2].rpartition("$")[2], "parent": parent, "custom": custom}

    stack = {**resource(STACK, "", custom=False), "outputs": {"quotas": [{"name": "x"}]}}
    inside = [resource(RING, STACK, False), resource(KEY, RING), resource(STORE, STACK, False), resource(BUCKET, STORE)]
    return {"resources": [stack, *inside], **more}


def test_resources_are_counted_by_layer_in_the_order_of_the_layers():
    assert list(layers(deployment())) == [
        Line("foundation", "1 resources: KeyRing keys"),
        Line("stores", "1 resources: DatasetStore applications"),
    ]


def test_a_run_that_was_cut_short_is_said():
    *_, last = layers(deployment(pending_operations=[{}, {}]))
    assert (last.what, last.good) == ("cut short", False)
    assert last.state.startswith("2 resources were not finished")


def test_an_output_is_read_from_the_state_and_a_missing_one_is_none():
    assert exported(deployment(), "quotas") == [{"name": "x"}]
    assert exported(deployment(), "nothing") is None
    assert exported({}, "quotas") is None


def test_every_component_of_the_program_has_its_layer():
    placed = {file for files in LAYERS.values() for file in files}
    layer_files = (ROOT / "stacks" / "environment").glob("*.py")
    imported = {
        line.split()[1].removeprefix("components.")
        for file in layer_files
        for line in file.read_text().splitlines()
        if line.startswith("from components.") and "Args" in line
    }
    assert imported
    assert imported <= placed
    assert layer_of("seedbed:nowhere:Thing") == "other"


def refuse() -> Any:
    yield Line("first", "known")
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not\nallowed"}}, "DescribeAlarms")


def test_a_service_that_does_not_answer_is_unknown_with_its_reason_and_keeps_what_was_learnt():
    section = asked("alarms", refuse, "none")
    assert section.lines[0] == Line("first", "known")
    assert section.lines[1].good is None
    assert "unknown: An error occurred (AccessDenied) when calling the DescribeAlarms operation: not allowed" in (
        section.lines[1].state
    )


def test_a_subject_without_anything_says_so():
    assert asked("alarms", lambda: [], "none") == Section("alarms", [Line("alarms", "none")])


def test_a_mistake_of_ours_is_not_taken_for_a_silent_account():
    with pytest.raises(KeyError):
        asked("alarms", lambda: [{}["x"]], "none")


def shown(*sections: Section) -> str:
    file = io.StringIO()
    summary.show_sections(Console(file=file, width=100, color_system=None), sections)
    return file.getvalue()


def test_each_section_is_a_table_with_its_title():
    lines = shown(Section("keys", [Line("alias/a", "rotates"), unknown("alias/b", "no")])).splitlines()
    assert [line.split() for line in lines if line.strip()] == [
        ["keys"],
        ["alias/a", "rotates"],
        ["alias/b", "unknown:", "no"],
    ]


def test_an_environment_of_this_machine_is_shown_from_its_state_while_the_cloud_is_stopped(tmp_path):
    checkout = clone(tmp_path / "clone")
    file = checkout.state / "state" / ".pulumi" / "stacks" / "seedbed" / "local.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"version": 3, "checkpoint": {"latest": deployment()}}))
    found = {section.title: section for section in glance(checkout, checkout.settings("local"))}
    assert [line.what for line in found["layers"].lines] == ["foundation", "stores"]
    (line,) = found["account"].lines
    assert line.state == "not asked, the local cloud is stopped: seedbed cloud start"


def test_an_account_without_credentials_is_said_to_be_out_of_reach(tmp_path, monkeypatch):
    def nobody(*_: object) -> Any:
        raise NoCredentialsError

    monkeypatch.setattr("seedbed.status.overview.Account", nobody)
    monkeypatch.setattr("seedbed.status.overview._deployment", lambda *_: deployment())
    checkout = clone(tmp_path / "clone")
    *_, last = glance(checkout, checkout.settings("dev"))
    (line,) = last.lines
    assert line.good is None
    assert "111111111111 cannot be asked: Unable to locate credentials" in line.state
    assert "aws:profile" in line.state
