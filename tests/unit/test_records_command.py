"""`seedbed records` at the command line."""

import json

import pytest
from typer.testing import CliRunner

from seedbed.cli import app

RUN = CliRunner()


def test_it_writes_four_files_and_names_them(tmp_path):
    done = RUN.invoke(app, ["records", "staging", "--output", str(tmp_path / "out")])

    assert done.exit_code == 0, done.output
    names = {"records.html", "records.json", "evidence.sarif", "evidence.junit.xml"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    for name in names:
        assert str(tmp_path / "out" / name) in done.output
    assert json.loads((tmp_path / "out" / "records.json").read_text())["environment"] == "staging"


def test_one_format_is_written_alone(tmp_path):
    done = RUN.invoke(app, ["records", "staging", "-o", str(tmp_path), "-f", "sarif"])

    assert done.exit_code == 0, done.output
    assert [path.name for path in tmp_path.iterdir()] == ["evidence.sarif"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["staging", "-f", "pdf"], 2, "--format pdf: allowed are html, json, sarif, junit."),
        (["stagin"], 2, "Nearest: staging."),
        (["staging", "-o", "/dev/null/records"], 3, "/dev/null/records: cannot be written (Not a directory)."),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(words, code, said):
    done = RUN.invoke(app, ["records", *words])

    assert done.exit_code == code, done.output
    assert said in done.output


def test_one_control_is_asked_alone():
    done = RUN.invoke(app, ["check", "staging", "--only", "STO-01"])
    assert done.exit_code == 0, done.output

    wrong = RUN.invoke(app, ["check", "staging", "--only", "STO-1"])
    assert wrong.exit_code == 2
    assert "--only STO-1: no control has this id; write STO-01." in wrong.output
