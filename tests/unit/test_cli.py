"""The command line as a person meets it."""

import json

import pulumi_aws as aws
import pytest
from typer.testing import CliRunner

from seedbed.cli import app
from tests.unit.clone import clone, shipped

FIVE_MISTAKES = {
    "aws:region": "eu-central-7",
    "aws:allowedAccountIds": ["000000000000"],
    "seedbed:environment": {
        "owner": "nobody",
        "residency": "eu",
        "network": {"cidr": "10.40.0.0/16", "zones": 2, "egress": "single-natt"},
        "datasets": [{"name": "applications", "classification": "public", "retentionDay": 30}],
        "teams": [{"name": "scoring", "members": ["a"], "datasets": ["applicatons"]}],
    },
}


class Seedbed:
    """Runs commands in a clone of its own."""

    def __init__(self, folder):
        self.checkout = clone(folder, broken=FIVE_MISTAKES)

    def __call__(self, *words):
        return CliRunner().invoke(app, list(words))


@pytest.fixture
def seedbed(tmp_path, monkeypatch):
    made = Seedbed(tmp_path / "clone")
    monkeypatch.setenv("SEEDBED_ROOT", str(made.checkout.root))
    monkeypatch.setenv("NO_COLOR", "1")
    return made


def test_an_unknown_environment_is_refused_with_those_there_are_and_the_nearest(seedbed):
    answer = seedbed("up", "lokal")
    assert answer.exit_code == 2
    assert "no environment 'lokal'. Shipped: broken, dev, local. Nearest: local." in answer.stderr
    assert answer.stdout == ""


@pytest.mark.parametrize("command", ["up", "preview", "down", "check", "outputs", "env"])
def test_every_command_that_reads_settings_shows_all_problems_and_starts_nothing(seedbed, command):
    answer = seedbed(command, "broken")
    assert answer.exit_code == 2
    for path in (
        "aws:region",
        "seedbed:environment.owner",
        "seedbed:environment.network.egress",
        "seedbed:environment.datasets[0].retentionDay",
        "seedbed:environment.teams[0].datasets[0]",
    ):
        assert path in answer.stderr
    assert not seedbed.checkout.state.exists()


def test_a_folder_that_is_no_checkout_is_said_to_be_none(seedbed, tmp_path, monkeypatch):
    monkeypatch.setenv("SEEDBED_ROOT", str(tmp_path))
    answer = seedbed("status")
    assert answer.exit_code == 3
    assert f"SEEDBED_ROOT={tmp_path}: no Seedbed checkout there" in answer.stderr


def test_status_names_every_environment_and_wakes_nothing(seedbed):
    answer = seedbed("status")
    assert answer.exit_code == 0
    lines = {line[:14].strip(): line[14:] for line in answer.stdout.splitlines()}
    assert lines["local cloud"].startswith("stopped")
    assert lines["local"] == "not up: seedbed up local"
    assert lines["dev"].startswith("account 111111111111, eu-central-1")
    assert "seedbed:environment.owner" in answer.stdout
    assert not seedbed.checkout.state.exists()


def test_outputs_of_an_environment_that_is_not_up_are_refused(seedbed):
    answer = seedbed("outputs", "local")
    assert answer.exit_code == 1
    assert "local: not up" in answer.stderr
    assert "-> seedbed up local" in answer.stderr


def test_env_of_a_stopped_cloud_says_what_to_start(seedbed):
    answer = seedbed("env", "local")
    assert answer.exit_code == 3
    assert "-> seedbed cloud start" in answer.stderr
    assert answer.stdout == ""


def test_outputs_are_read_from_the_saved_state_without_an_engine(seedbed):
    save(seedbed.checkout, {"artifacts": "seedbed-local-artifacts-000000000000", "network": {"vpcId": "vpc-1"}})
    answer = seedbed("outputs", "local", "--json")
    assert json.loads(answer.stdout) == {
        "artifacts": "seedbed-local-artifacts-000000000000",
        "network": {"vpcId": "vpc-1"},
    }
    assert "vpcId: vpc-1" in seedbed("outputs", "local").stdout


def test_down_of_an_account_elsewhere_asks_first_and_says_so_where_nobody_can_answer(seedbed):
    answer = seedbed("down", "dev")
    assert answer.exit_code == 2
    assert "Destroy dev in account 111111111111, eu-central-1?" in answer.stderr
    assert "-> seedbed down dev --yes" in answer.stderr


def test_check_passes_the_shipped_environments_without_cloud_or_engine(seedbed):
    for name in ("local", "dev", "staging", "prod"):
        (seedbed.checkout.root / f"Pulumi.{name}.yaml").write_text(json.dumps({"config": shipped(name)}))
        answer = seedbed("check", name)
        assert answer.exit_code == 0, answer.stderr
        assert "0 that stop" in answer.stdout
    assert not seedbed.checkout.state.exists()


def test_check_of_a_violating_environment_names_control_and_urn(seedbed):
    config = shipped("local")
    config["seedbed:environment"]["datasets"][0]["purpose"] = "curiosity"
    (seedbed.checkout.root / "Pulumi.local.yaml").write_text(json.dumps({"config": config}))
    answer = seedbed("check", "local")
    assert answer.exit_code == 1
    assert "mandatory PRIV-02 urn:pulumi:local::seedbed::" in answer.stdout
    assert "violations stop it" in answer.stderr


def test_check_of_prod_names_the_one_bucket_whose_public_access_block_is_gone(seedbed, monkeypatch):
    (seedbed.checkout.root / "Pulumi.prod.yaml").write_text(json.dumps({"config": shipped("prod")}))
    whole, buckets = aws.s3.BucketPublicAccessBlock, []

    def block(name, **inputs):
        buckets.append(name.removesuffix("-private"))
        return whole(name, **inputs) if len(buckets) > 1 else None

    monkeypatch.setattr(aws.s3, "BucketPublicAccessBlock", block)
    answer = seedbed("check", "prod")
    assert answer.exit_code == 1
    lines = answer.stdout.splitlines()
    (found,) = [line for line in lines if line.startswith("mandatory ")]
    assert len(buckets) > 3
    assert found.startswith("mandatory STO-01 urn:pulumi:prod::seedbed::")
    assert found.endswith(f"aws:s3/bucket:Bucket::{buckets[0]}-bucket")
    assert "give it exactly one BucketPublicAccessBlock with bucket=bucket.id" in lines[lines.index(found) + 1]


def save(checkout, outputs):
    """Writes a state as the engine keeps it, with these outputs."""
    file = checkout.state / "state" / ".pulumi" / "stacks" / "seedbed" / "local.json"
    file.parent.mkdir(parents=True)
    stack = {"urn": "urn:pulumi:local::seedbed::pulumi:pulumi:Stack::seedbed-local", "type": "pulumi:pulumi:Stack"}
    deployment = {"manifest": {"time": "2026-01-02T03:04:05Z"}, "resources": [{**stack, "outputs": outputs}]}
    file.write_text(json.dumps({"version": 3, "checkpoint": {"stack": "local", "latest": deployment}}))
