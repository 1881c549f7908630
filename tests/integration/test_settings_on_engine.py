"""What the engine hands to a program, beside what our reader makes of the same file."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import engine
from stacks.reading.yaml_file import read_document
from stacks.settings import load

ROOT = Path(__file__).parents[2]

PROGRAM = """
import json
from pathlib import Path
from pulumi.runtime import config
from stacks.settings import from_program

here = Path(__file__).parent
(here / "seen.json").write_text(json.dumps(config.get_config_env()))
(here / "settings.json").write_text(from_program().model_dump_json())
"""

TAKEN = "{yes: yes, on: on, NO: NO, time: 1:30, tagged: !!str 5, one: 1, negative: -3, truth: true, big: 111111111111}"
"""What we read, and have to read as the engine does."""

REFUSED = "{zero: 0815, octal: 0777, hex: 0x1F, parted: 1_000, date: 2026-01-31, account: 000000000000}"
"""What the engine changes: it would build something else than what stands in the file."""


class Seen(NamedTuple):
    config: dict[str, Any]
    """What the program was handed."""

    settings: dict[str, Any]
    """What it made of that."""

    file: Path
    """The file as the engine left it."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """One preview of a program that writes down what it is handed, with the shipped local file."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "state").mkdir()
    (folder / "Pulumi.yaml").write_text(
        f"name: seedbed\nruntime: {{name: python, options: {{virtualenv: {json.dumps(str(ROOT / '.venv'))}}}}}\n"
    )
    (folder / "__main__.py").write_text(PROGRAM)
    file = folder / "Pulumi.local.yaml"
    added = f"  pulumi:tags:\n    taken: {TAKEN}\n    refused: {REFUSED}\n"
    file.write_text((ROOT / "Pulumi.local.yaml").read_text() + added)
    found = engine.ensure()
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_"))}
    variables = {
        **inherited,
        "PATH": os.pathsep.join([*map(str, found.path), str(ROOT / ".venv" / "bin"), os.environ["PATH"]]),
        "VIRTUAL_ENV": str(ROOT / ".venv"),
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "nothing is secret here",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }
    if found.built:
        variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    for words in (["stack", "init", "local"], ["preview", "--stack", "local"]):
        done = subprocess.run(
            [found.pulumi, *words, "--non-interactive"],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return Seen(
        json.loads((folder / "seen.json").read_text()), json.loads((folder / "settings.json").read_text()), file
    )


def test_the_program_gets_the_settings_that_the_file_gives(seen):
    assert seen.settings == json.loads(load(ROOT / "Pulumi.local.yaml").model_dump_json())


def test_the_file_gives_the_same_settings_after_the_engine_has_written_to_it(seen):
    assert seen.file.read_text() != (ROOT / "Pulumi.local.yaml").read_text()
    engine_wrote = [line for line in seen.file.read_text().splitlines() if not line.startswith("  pulumi:tags")]
    assert any(line.startswith("encryptionsalt:") for line in engine_wrote)
    assert 'aws:maxRetries: "3"' in seen.file.read_text()
    values = read_document(seen.file).values["config"]
    assert values["aws:maxRetries"] == "3"
    assert (
        values["seedbed:environment"]
        == read_document(ROOT / "Pulumi.local.yaml").values["config"]["seedbed:environment"]
    )


def document(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "values.yaml"
    path.write_text(f"values: {text}\n")
    return read_document(path)


def test_what_we_read_is_what_the_engine_reads(seen, tmp_path):
    ours = document(tmp_path, TAKEN)
    assert ours.problems == []
    assert ours.values["values"] == json.loads(seen.config["pulumi:tags"])["taken"]


def test_what_the_engine_changes_is_refused(seen, tmp_path):
    ours = document(tmp_path, REFUSED)
    changed = json.loads(seen.config["pulumi:tags"])["refused"]
    assert [problem.path for problem in ours.problems] == [f"values.{key}" for key in ours.values["values"]]
    assert [key for key, value in changed.items() if f"{key}: {value}," in REFUSED.replace("}", ",")] == []
