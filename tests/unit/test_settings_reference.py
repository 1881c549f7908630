import json
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml

from stacks.file import regions
from stacks.file.stack import Config
from stacks.file.vocabulary import LegalBasis, SpecialCondition
from stacks.reading import reference
from stacks.reading.shape import walk
from stacks.settings import load, read
from tests.unit.environment_values import DIGEST, EXISTING, SOUND, changed
from tests.unit.kubernetes_values import WHOLE

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(ROOT.glob("Pulumi.*.yaml"))
PARAMETERS = json.loads((ROOT / "policies" / "config" / "defaults.json").read_text())["parameters"]


@pytest.fixture(scope="module")
def editor():
    """Checks values against the schema as an editor does."""
    schema = json.loads(reference.SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_is_current():
    assert reference.SCHEMA.read_text(encoding="utf-8") == reference.schema_text(), (
        "run: python -m stacks.settings schema"
    )


def test_the_guide_is_current():
    assert reference.GUIDE.read_text(encoding="utf-8") == reference.guide(), "run: python -m stacks.settings guide"


def test_every_key_has_a_meaning_in_schema_and_guide():
    text = reference.GUIDE.read_text(encoding="utf-8")
    schema = reference.schema()
    described = [schema["properties"]["config"], *schema["$defs"].values()]
    keys = {key: entry["description"] for part in described for key, entry in part["properties"].items()}
    for path, _ in walk(Config):
        key = path.split(".")[-1]
        assert f"| `{key}` | " in text
        assert keys[key]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_file_satisfies_the_schema_and_names_it_for_editors(editor, path):
    first, *_ = path.read_text(encoding="utf-8").splitlines()
    assert first == "# yaml-language-server: $schema=stacks/environment.schema.json"
    assert (ROOT / first.split("=")[1]) == reference.SCHEMA
    assert [error.message for error in editor.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize(
    "config", [SOUND, changed({"network": EXISTING}), WHOLE], ids=["new network", "existing network", "cluster"]
)
def test_an_editor_takes_what_the_reader_takes(editor, config):
    assert [error.message for error in editor.iter_errors({"config": config, "encryptionsalt": "v1"})] == []


def test_an_editor_takes_what_the_engine_makes_of_a_file(editor):
    rewritten = changed({"aws:skipMetadataApiCheck": "true", "aws:maxRetries": "3"})
    assert read("dev", rewritten) == read("dev", SOUND)
    assert [error.message for error in editor.iter_errors({"config": rewritten})] == []


@pytest.mark.parametrize(
    "change",
    [
        {"ownr": "x"},
        {"owner": None},
        {"owner": "nobody"},
        {"pools": {}},
        {"network.zones": "3"},
        {"network.zones": 7},
        {"network.egress": "nat"},
        {"network": {**EXISTING, "zones": 2}},
        {"network.cidr": "8.8.0.0/16"},
        {"datasets.0.retentionDay": 1},
        {"datasets.0.classification": "special"},
        {"keys.administrators": ["me"]},
        {"aws:regoin": "eu-west-1"},
        {"aws:region": "eu-central-9"},
        {"aws:allowedAccountIds": ["1", "2"]},
        {"aws:endpoints": {"s3": "localhost"}},
        {"aws:maxRetries": "many"},
        {"aws:skipMetadataApiCheck": "yes"},
        {"pools": [{"name": "train", "accelerator": "a10"}]},
        {"pools": [{"name": "train", "partition": "half"}]},
        {"teams.0.members": ["system:masters"]},
        {"tracking": {"backend": "files"}},
        {"pipelines": [{"name": "train"}]},
        {"monitoring.drift": {"schedule": "hourly", "threshold": 0.2, "image": "a"}},
        {"monitoring.drift": {"schedule": "0 * * * *", "threshold": 1, "image": f"training@{DIGEST}"}},
    ],
    ids=str,
)
def test_an_editor_marks_what_the_reader_refuses(editor, change):
    assert list(editor.iter_errors({"config": changed(change)}))


def test_the_generator_writes_both_files_and_says_what_it_can_make(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reference, "SCHEMA", tmp_path / "schema.json")
    monkeypatch.setattr(reference, "GUIDE", tmp_path / "docs" / "guide.md")
    assert [reference.main([part]) for part in ("schema", "guide")] == [0, 0]
    assert json.loads((tmp_path / "schema.json").read_text())["properties"]["config"]
    assert (tmp_path / "docs" / "guide.md").read_text().endswith("\n")
    assert reference.main(["page"]) == 2
    assert "allowed is one of schema, guide" in capsys.readouterr().out


def test_the_policies_judge_by_the_same_words():
    assert set(get_args(LegalBasis)) == set(PARAMETERS["PRIV-02"]["legalBases"])
    assert set(get_args(SpecialCondition)) == set(PARAMETERS["PRIV-02"]["specialConditions"])
    assert {entry["region"] for entry in PARAMETERS["RES"]["regions"]} == regions.EEA


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_data_sets_and_kept_requests_use_words_that_the_policies_know(path):
    known, environment = PARAMETERS["PRIV-02"], load(path).environment
    personal = [data for data in environment.datasets if data.data_class == "personal"]
    endpoints = (*environment.sagemaker_endpoints, *environment.endpoints)
    kept = [endpoint.capture for endpoint in endpoints if endpoint.capture]
    for data in (*personal, *kept):
        assert data.retention_days <= known["purposes"][data.purpose]
        assert set(data.recipients) <= set(known["recipients"])
        assert data.erasure_path in known["erasurePaths"]


def test_zones_are_known_for_every_region_of_the_eea():
    assert set(regions.ZONES) >= regions.EEA
    assert all(len(letters) == len(set(letters)) >= 2 for letters in regions.ZONES.values())
