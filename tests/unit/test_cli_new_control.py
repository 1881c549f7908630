"""`seedbed new control`: the files of a control, and the tests that say what to fill in."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from policies.rule import controls, environments
from seedbed import whole_files
from seedbed.cli import app
from seedbed.new_control import with_import

ROOT = Path(__file__).parents[2]
PARTS = ("policies", "tests/policies", "seedbed", "localcloud", "components", "engine", "lifecycle", "stacks")
FREE = "STO-97"
FILES = [f"tests/policies/test_{name}.py" for name in ("controls", "mutations", "unfinished")]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with what the policies and their tests need."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Pulumi.yaml", "pyproject.toml", "versions.yaml", "docs/policies.md", "tests/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setenv("SEEDBED_ROOT", str(tmp_path))
    return tmp_path


def new(*words: str):
    return CliRunner().invoke(app, ["new", "control", *words])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def judged(checkout: Path, words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *FILES, "-k", words, "-p", "no:cacheprovider", "-n", "0", "-rf"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def test_it_makes_rule_fixtures_levels_and_a_mutation_and_says_what_to_fill_in(checkout):
    before = contents(checkout)
    done = new(FREE, "--concern", "bucket_names")

    assert done.exit_code == 0, done.output
    after = contents(checkout)
    changed = {name for name, text in after.items() if before.get(name) != text}
    assert changed == {
        "policies/security/bucket_names.py",
        "policies/security/__init__.py",
        f"tests/policies/fixtures/{FREE}.yaml",
        "tests/policies/mutations.yaml",
        *(f"policies/config/{name}.json" for name in environments()),
    }
    for name in changed:
        assert name in done.output
    levels = {
        name: json.loads((checkout / "policies" / "config" / f"{name}.json").read_text())["levels"]
        for name in environments()
    }
    assert {name: some[FREE] for name, some in levels.items()} == {
        "dev": "advisory",
        "local": "mandatory",
        "prod": "mandatory",
        "staging": "mandatory",
    }
    assert all(list(some) == sorted(some) for some in levels.values())
    fixture = yaml.safe_load((checkout / "tests" / "policies" / "fixtures" / f"{FREE}.yaml").read_text())
    assert set(fixture) == {"good", "bad", "unknown", "absent", "na"}
    marks = re.findall(r"^  (\S+):\d+: ", done.output, re.MULTILINE)
    assert set(marks) == changed - {"policies/security/__init__.py"} - {name for name in changed if "config" in name}


def test_what_it_makes_is_code_in_the_form_of_the_house(checkout):
    assert new(FREE, "--concern", "bucket_names").exit_code == 0
    assert new("STO-98", "--concern", "storage", "--title", "Names say nothing").exit_code == 0

    ruff = [str(Path(sys.executable).parent / "ruff")]
    for words in (["check"], ["format", "--check"]):
        files = [f"policies/security/{name}.py" for name in ("bucket_names", "storage", "__init__")]
        done = subprocess.run([*ruff, *words, *files], cwd=checkout, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_tests_name_what_is_to_be_filled_in_and_pass_when_it_is(checkout):
    words = [
        "--concern",
        "bucket_names",
        "--title",
        "Buckets are named",
        "--type",
        "aws:s3/bucketMetric:BucketMetric",
    ]
    assert new(FREE, *words, "--article", "32(1)(b)").exit_code == 0
    said = judged(checkout, f"{FREE} or nothing_is_left")
    for kind in ("good", "unknown"):
        assert f"[{FREE}-{kind}]" in said
    assert f"[{FREE} FILL IN" in said
    assert "policies/security/bucket_names.py:" in said
    assert f"tests/policies/fixtures/{FREE}.yaml:" in said

    rule = checkout / "policies" / "security" / "bucket_names.py"
    text = re.sub(r"\s*# FILL IN:.*", "", rule.read_text())
    rule.write_text(text.replace("FILL IN: ", ""))
    head = "type: 'aws:s3/bucketMetric:BucketMetric', name: one"
    cases = {"good": "true", "bad": "false", "unknown": '!unknown ""'}
    fixture = "".join(f"{kind}:\n  - {{{head}, props: {{enabled: {value}}}}}\n" for kind, value in cases.items())
    (checkout / "tests" / "policies" / "fixtures" / f"{FREE}.yaml").write_text(
        f"{fixture}absent:\n  - {{{head}}}\nna: []\n"
    )
    mutations = checkout / "tests" / "policies" / "mutations.yaml"
    rows = mutations.read_text().splitlines()[:-1]
    add = f"add: {{{head}}}"
    mutations.write_text("\n".join([*rows, f"- {{control: {FREE}, says: metrics without the switch, {add}}}"]) + "\n")
    said = judged(checkout, f"{FREE} or nothing_is_left")
    assert "FAILED" not in said, said
    assert f"[{FREE}" not in said
    assert "7 passed" in said, said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["sto-97"], 2, "sto-97: no id of a control; allowed are FAMILY-NN"),
        (["STO-7"], 2, "STO-7: no id of a control"),
        (["STO-007"], 2, "no id of a control"),
        (["STO-01"], 1, "STO-01 exists: policies/security/exposure.py."),
        (["NEW-01"], 2, "the family NEW is in no pack yet."),
        (["ML-97"], 2, "the family ML is in gdpr and reproducibility and security."),
        ([FREE, "--pack", "safety"], 2, "--pack safety: allowed are security, gdpr, cost"),
        ([FREE, "--concern", "../x"], 2, "must be a name of a Python file"),
        ([FREE, "--concern", "logging"], 2, "the standard library has a module of that name"),
        ([FREE, "--type", "bucket"], 2, "--type bucket: must be a type token"),
        ([FREE, "--article", "Art. 32"], 2, "cites no article"),
        ([FREE, "--article", "98"], 2, "has no heading for it"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(words, code, said, checkout):
    before = contents(checkout)
    done = new(*words)

    assert done.exit_code == code, done.output
    assert said in done.output
    assert contents(checkout) == before


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (
            f"tests/policies/fixtures/{FREE}.yaml",
            "good: []\n",
            "it has fixtures in tests/policies/fixtures/STO-97.yaml;",
        ),
        ("policies/security/half.py", f'@control(\n    "{FREE}",\n', "it has a rule in policies/security/half.py;"),
    ],
)
def test_a_control_that_exists_in_parts_is_refused_with_what_it_has_and_lacks(path, text, said, checkout):
    (checkout / path).write_text(text)
    done = new(FREE)

    assert done.exit_code == 1, done.output
    assert f"{FREE} exists in parts: " in done.output
    assert said in done.output


def test_a_file_that_cannot_be_written_leaves_all_others_as_they_were(checkout, monkeypatch):
    before = contents(checkout)
    replaced = Path.replace
    count = 0

    def third_fails(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == 3:
            raise PermissionError(13, "Permission denied", str(target))
        return replaced(self, target)

    monkeypatch.setattr(whole_files.Path, "replace", third_fails)
    done = new(FREE)
    assert done.exit_code == 1, done.output
    assert "nothing was changed" in done.output
    assert contents(checkout) == before


def test_imports_are_completed_in_the_order_that_ruff_has():
    said = with_import(
        '"""A."""\n\nfrom policies.rule import UNKNOWN, Stack, control\n\nX = 1\n', "policies.rule", ["fail", "Problem"]
    )
    assert "from policies.rule import UNKNOWN, Problem, Stack, control, fail\n" in said
    assert with_import(said, "policies.rule", ["fail"]) == said
    added = with_import(said, "collections.abc", ["Iterator"])
    assert added.index("collections.abc") < added.index("policies.rule")
    ast.parse(added)


def test_every_control_of_the_product_is_found_without_importing_it():
    from seedbed.new_control import _declared

    assert set(_declared(ROOT)) == {one.id for one in controls()}
