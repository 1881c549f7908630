"""The built engine, its language host and its AWS provider work together."""

import json
from pathlib import Path

import pytest

import engine
from engine import programs
from seedbed.check import configuration
from seedbed.machine import charts_at_hand
from seedbed.rehearsal import rehearse_environment
from tests.integration.small_program import previewer

ROOT = Path(__file__).parents[2]
NO_ACCOUNT = """import pulumi, pulumi_aws as aws
own = pulumi.ResourceOptions(provider=aws.Provider(
    "own", region="eu-central-1", access_key="a", secret_key="b",
    skip_credentials_validation=True, skip_requesting_account_id=True,
))
"""


@pytest.fixture(scope="module")
def built() -> engine.Engine:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEEDBED_ENGINE", "build")
        return engine.ensure()


@pytest.fixture
def preview(built, tmp_path):
    return previewer(built, tmp_path)


def test_a_program_runs_and_the_engine_takes_the_language_host_for_its_own(preview):
    code, said = preview("import pulumi\npulumi.export('answer', 42)\n")
    assert code == 0, said
    assert "answer: 42" in said
    assert "using pulumi-language-python from $PATH" not in said


def test_a_type_that_is_not_compiled_in_is_refused_with_the_files_to_add_it_to(preview):
    code, said = preview(f"{NO_ACCOUNT}aws.sqs.Queue('queue', opts=own)\n")
    assert code != 0
    assert "aws:sqs/queue:Queue is not compiled into this build of the AWS provider" in said
    assert "engine/aws/resources.txt" in said
    assert "engine/aws/services.txt" in said


def test_a_look_up_is_refused_with_what_to_do_instead(preview):
    code, said = preview(f"{NO_ACCOUNT}aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=own.provider))\n")
    assert code != 0
    assert "aws:index/getCallerIdentity:getCallerIdentity" in said
    assert "pass the value as a setting" in said


def test_a_bad_value_is_refused_by_the_providers_own_validation_before_any_call(preview):
    code, said = preview(f"{NO_ACCOUNT}aws.cloudwatch.LogGroup('log', retention_in_days=31, opts=own)\n")
    assert code != 0
    assert "retention_in_days" in said
    assert "31" in said


def test_a_property_that_only_the_official_plugin_has_is_refused_and_not_dropped(preview):
    cluster = """aws.eks.Cluster("c", role_arn="arn:aws:iam::000000000000:role/r", opts=own,
    default_addons_to_removes=["coredns"], vpc_config={"subnet_ids": ["subnet-1", "subnet-2"]})"""
    code, said = preview(f"{NO_ACCOUNT}{cluster}\n")
    assert code != 0
    assert "aws:eks/cluster:Cluster: defaultAddonsToRemoves is set" in said
    assert "engine/aws/missing.txt" in said


def test_every_type_of_the_list_passes_the_providers_own_checks(preview):
    parts = ("alerts", "cluster", "models", "stores")
    code, said = preview("\n".join(f"import tests.integration.each_type.{part}" for part in parts), "--json")
    assert code == 0, said
    planned = [step["newState"] for step in json.loads(said)["steps"]]
    lines = (programs.AWS.folder / "resources.txt").read_text().splitlines()
    listed = {line.split()[1] for line in lines if line.split("#")[0].strip()}
    with charts_at_hand():
        brought_up = rehearse_environment("local", configuration(ROOT / "Pulumi.local.yaml")).resources
    assert listed - {state["type"] for state in planned} - {r.type for r in brought_up} == set()


def test_names_that_nobody_gave_are_made_from_the_resources_own(preview):
    alarm = """aws.cloudwatch.MetricAlarm("disk", comparison_operator="LessThanThreshold", evaluation_periods=1,
    threshold=1, metric_name="FreeStorageSpace", namespace="AWS/RDS", period=60, statistic="Average", opts=own)"""
    code, said = preview(f"{NO_ACCOUNT}{alarm}\n", "--json")
    assert code == 0, said
    (state,) = [s["newState"] for s in json.loads(said)["steps"] if "MetricAlarm" in s["urn"]]
    assert state["inputs"]["name"].startswith("disk-")
