"""The built AWS provider says the same as the pinned pulumi_aws SDK, and knows every type that the program uses."""

import ast
import copy
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import engine
from engine import programs, schema

ROOT = Path(__file__).parents[2]
BUCKET = "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"


@pytest.fixture(scope="module")
def built() -> Path:
    """Schema of the provider that this checkout pins, whatever pulumi the machine has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEEDBED_ENGINE", "build")
        engine.ensure()
    return programs.AWS.finished() / "schema.json"


@pytest.fixture
def generated(built) -> dict[str, Any]:
    return json.loads(built.read_text())


def tokens() -> set[str]:
    lines = (programs.AWS.folder / "resources.txt").read_text().splitlines()
    return {line.split()[1] for line in lines if line.split("#")[0].strip()}


def used() -> Iterator[tuple[str, str]]:
    """Place and token of every AWS resource that components and stacks make."""
    for path in [*ROOT.glob("components/**/*.py"), *ROOT.glob("stacks/**/*.py")]:
        tree = ast.parse(path.read_text())
        imported = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "pulumi_aws"
            for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                module = ast.unparse(node.func.value).removeprefix("aws.")
                if ast.unparse(node.func.value).startswith("aws.") or module in imported:
                    made = getattr(importlib.import_module(f"pulumi_aws.{module}"), node.func.attr)
                    if hasattr(made, "pulumi_type"):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", made.pulumi_type


def test_every_type_that_the_program_uses_is_compiled_in():
    places = list(used())
    assert len(places) > 25
    assert [place for place, token in places if token not in tokens()] == []


def test_the_provider_offers_the_types_of_the_list_and_no_others(generated):
    assert set(generated["resources"]) == tokens()


def test_every_type_agrees_with_the_sdk_in_inputs_and_outputs_nested_ones_included(generated):
    assert schema.differences(generated) == []


def test_the_command_says_how_many_types_agree(built):
    done = subprocess.run([sys.executable, "-m", "engine", "check"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{len(tokens())} types agree")


def test_a_property_that_the_provider_has_after_all_may_not_be_listed_as_missing(generated):
    (token, name), *_ = schema.missing()
    for place in ("inputProperties", "properties"):
        generated["resources"][token][place][name] = {"type": "array", "items": {"type": "string"}}
    assert schema.differences(generated) == [
        f'engine/aws/missing.txt: not so, remove the line: "{token} {way} {name}: only the SDK has it"'
        for way in ("input", "output")
    ]


def test_a_renamed_input_is_found(generated):
    inputs = generated["resources"][BUCKET]["inputProperties"]
    inputs["bucketName"] = inputs.pop("bucket")
    assert schema.differences(generated) == [
        f"{BUCKET} input bucket: only the SDK has it",
        f"{BUCKET} input bucketName: only the provider has it",
    ]


def test_a_renamed_nested_property_is_found_wherever_it_is_used(generated):
    rule = generated["types"]["aws:s3/BucketLifecycleConfigurationRule:BucketLifecycleConfigurationRule"]
    rule["properties"]["expirations"] = rule["properties"].pop("expiration")
    assert f"{LIFECYCLE} input rules[] expiration: only the SDK has it" in schema.differences(generated)
    assert f"{LIFECYCLE} output rules[] expirations: only the provider has it" in schema.differences(generated)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"type": "array", "items": {"type": "string"}}, "a list of string in the provider, string in the SDK"),
        ({"type": "boolean"}, "boolean in the provider, string in the SDK"),
        ({"$ref": "#/types/aws:s3/BucketGrant:BucketGrant"}, "an object in the provider, string in the SDK"),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            "a map of string in the provider, string in the SDK",
        ),
    ],
)
def test_another_shape_is_found(generated, spec, said):
    changed = copy.deepcopy(generated)
    changed["resources"][BUCKET]["inputProperties"]["bucket"] = spec
    assert schema.differences(changed) == [f"{BUCKET} input bucket: {said}"]


def test_a_property_that_only_one_side_requires_is_found(generated):
    generated["resources"][BUCKET]["requiredInputs"] = ["bucket"]
    assert schema.differences(generated) == [f"{BUCKET} input bucket: required by the provider only"]


def test_a_difference_in_the_providers_own_settings_is_found(generated):
    del generated["provider"]["inputProperties"]["allowedAccountIds"]
    assert schema.differences(generated) == ["pulumi:providers:aws allowedAccountIds: only the SDK has it"]
