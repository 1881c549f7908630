"""Where the engine runs: for an environment on this machine nothing of the user's set-up reaches it."""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from localcloud import Running
from seedbed import variables
from seedbed.check import configuration
from seedbed.checkout import find_checkout
from seedbed.failures import MissingError, WrongInputError
from seedbed.workspace import LOGINS, UNREACHABLE, Workspace, is_local, local_workspace, saved, state_file
from tests.unit.clone import clone, engine_of, shipped

RUNNING = Running("http://127.0.0.1:4566", "000000000000", 1, datetime.now(UTC), Path("log"))
SALT = "v1:c2FsdA==:v1:bm9uY2U=:Y2lwaGVy"


@pytest.fixture
def checkout(tmp_path):
    return clone(tmp_path / "a clone")


@pytest.fixture
def local(checkout, tmp_path):
    return local_workspace(checkout, checkout.settings("local"), engine_of("exit 0", tmp_path / "bin"), RUNNING)


@pytest.fixture
def users_login(monkeypatch):
    for name, value in {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "secret",
        "PULUMI_ACCESS_TOKEN": "secret",
        "PULUMI_BACKEND_URL": "s3://company-state",
        "https_proxy": "http://proxy.example.com",
        "EDITOR": "vi",
    }.items():
        monkeypatch.setenv(name, value)


def test_nothing_of_the_users_login_reaches_a_run_on_this_machine(local, users_login):
    given = local.variables()
    assert "secret" not in given.values()
    assert not {"AWS_PROFILE", "https_proxy"} & set(given)
    assert given["EDITOR"] == "vi"
    assert given["AWS_ENDPOINT_URL"] == RUNNING.endpoint
    assert given["PULUMI_BACKEND_URL"] == (local.checkout.state / "state").as_uri()
    assert given["AWS_CONFIG_FILE"] == given["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_no_cluster_of_the_users_is_reached_by_a_run_on_this_machine(local, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "production.yaml")
    monkeypatch.setenv(UNREACHABLE, "true")
    given = local.variables()
    assert given["KUBECONFIG"] == os.devnull
    # A shell that gets the engine's variables keeps its own cluster.
    assert "KUBECONFIG" not in {**local.engine_variables("/bin"), **local.own_variables()}
    # The one variable of Pulumi's that a message of ours tells people to set.
    assert given[UNREACHABLE] == "true"


def test_the_aws_that_makes_a_clusters_tokens_is_there_without_one_of_the_users(local):
    assert shutil.which("aws", path=local.variables()["PATH"]) == str(local.checkout.root / ".venv" / "bin" / "aws")


def test_tokens_come_from_the_profile_of_the_settings_unless_the_shell_names_a_login(tmp_path, monkeypatch):
    for name in LOGINS:
        monkeypatch.delenv(name, raising=False)
    checkout = clone(tmp_path / "clone", dev={**shipped("dev"), "aws:profile": "company"})
    engine, kept = engine_of("exit 0", tmp_path / "bin"), tmp_path / "kept"
    workspace = Workspace(checkout, checkout.settings("dev"), engine)
    assert workspace.variables()["AWS_PROFILE"] == "company"
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert workspace.variables()["AWS_PROFILE"] == "mine"
    offline = Workspace(checkout, checkout.settings("dev"), engine, RUNNING, kept / "project", kept / "state")
    assert "AWS_PROFILE" not in offline.variables()


def test_one_run_may_get_a_variable_of_its_own(local):
    assert replace(local, more={UNREACHABLE: "true"}).variables()[UNREACHABLE] == "true"
    assert UNREACHABLE not in local.variables()


def test_an_account_elsewhere_is_used_with_the_users_own_login(checkout, tmp_path, users_login):
    given = Workspace(checkout, checkout.settings("dev"), engine_of("", tmp_path / "bin")).variables()
    assert (given["AWS_PROFILE"], given["PULUMI_BACKEND_URL"]) == ("production", "s3://company-state")
    assert "PULUMI_CONFIG_PASSPHRASE" not in given
    assert "PULUMI_HOME" not in given


def test_the_virtual_environment_and_the_engine_come_first_on_the_path(local, tmp_path):
    folders = local.variables()["PATH"].split(os.pathsep)
    assert folders[:2] == [str(local.checkout.root / ".venv" / "bin"), str(tmp_path / "bin")]
    assert local.variables()["VIRTUAL_ENV"] == str(local.checkout.root / ".venv")


def test_a_users_own_engine_keeps_its_home_and_its_downloads(local):
    own = replace(local, engine=replace(local.engine, built=False)).variables()
    assert "PULUMI_HOME" not in own
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" not in own
    built = local.variables()
    assert built["PULUMI_HOME"] == str(local.checkout.state / "pulumi")
    assert built["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"


def test_the_engine_keeps_no_trace_of_runs_on_this_machine_and_what_it_kept_before_is_gone(local):
    trace = local.checkout.state / "pulumi" / "logs"
    trace.mkdir(parents=True)
    (trace / "pulumi-1-up.log").write_bytes(b"much")
    local.variables()
    assert trace.read_bytes() == b""
    assert local.variables()["PULUMI_HOME"] == str(trace.parent)


def test_trying_an_environment_changes_no_file_under_git(local):
    before = local.checkout.file("local").read_bytes()
    local.stack()
    project = yaml.safe_load((local.project / "Pulumi.yaml").read_text())
    assert project["main"] == str(local.checkout.program)
    assert project["runtime"]["options"] == {"virtualenv": str(local.checkout.root / ".venv")}
    assert local.project.is_relative_to(local.checkout.state)
    assert local.checkout.file("local").read_bytes() == before


def test_the_copied_environment_file_keeps_the_salt_of_its_state(local):
    file = state_file(local.backend, "local")
    file.parent.mkdir(parents=True)
    provider = {"type": "passphrase", "state": {"salt": SALT}}
    file.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"secrets_providers": provider}}}))
    local.stack()
    copied = yaml.safe_load((local.project / "Pulumi.local.yaml").read_text())
    assert copied["encryptionsalt"] == SALT
    assert copied["config"] == yaml.safe_load(local.checkout.file("local").read_text())["config"]


def test_the_copied_environment_file_keeps_every_text_a_text(tmp_path):
    given = shipped("local")
    given["seedbed:environment"]["costCenter"] = "12:30"
    given["seedbed:environment"]["owner"] = "1e3@example.com"
    checkout = clone(tmp_path / "clone", local=given)
    file = checkout.file("local")
    file.write_text(file.read_text().replace("'12:30'", "12:30"))
    assert "costCenter: 12:30\n" in file.read_text()
    settings = checkout.settings("local")
    local = local_workspace(checkout, settings, engine_of("exit 0", tmp_path / "bin"), RUNNING)
    local.stack()
    assert '"costCenter": "12:30"' in (local.project / "Pulumi.local.yaml").read_text()
    assert json.loads(configuration(file)["seedbed:environment"])["costCenter"] == "12:30"
    assert settings.environment.cost_center == "12:30"


def test_an_account_on_this_machine_is_reached_without_profile_role_or_endpoints(tmp_path):
    given = {
        **shipped("dev"),
        "aws:profile": "company",
        "aws:assumeRole": {"roleArn": "arn:aws:iam::111111111111:role/deployer"},
        "aws:endpoints": {"s3": "https://s3.example.com"},
    }
    checkout = clone(tmp_path / "clone", dev=given)
    engine, kept = engine_of("exit 0", tmp_path / "bin"), tmp_path / "kept"
    Workspace(checkout, checkout.settings("dev"), engine, RUNNING, kept / "project", kept / "state").stack()
    copied = yaml.safe_load((kept / "project" / "Pulumi.dev.yaml").read_text())["config"]
    assert copied == shipped("dev")
    assert "aws:profile" in checkout.file("dev").read_text()


def test_a_stack_without_anything_in_it_has_an_empty_deployment(local):
    assert saved(local.backend, "local") == {}
    file = state_file(local.backend, "local")
    file.parent.mkdir(parents=True)
    file.write_text('{"version": 3, "checkpoint": {"stack": "local", "latest": null}}')
    assert saved(local.backend, "local") == {}


def test_a_clone_without_its_virtual_environment_says_how_to_make_it(local):
    (local.checkout.root / ".venv").unlink()
    with pytest.raises(MissingError) as missing:
        local.stack()
    assert missing.value.do == "Make it: make runtime"


def test_an_environment_is_on_this_machine_by_its_account_alone(checkout):
    assert is_local(checkout.settings("local"))
    assert not is_local(checkout.settings("dev"))


def test_the_checkout_is_found_from_any_folder_in_it(checkout, monkeypatch):
    monkeypatch.delenv("SEEDBED_ROOT", raising=False)
    deep = checkout.root / "some" / "folder"
    deep.mkdir(parents=True)
    assert find_checkout(deep) == checkout


OUTPUTS = {
    "artifacts": "bucket-a",
    "datasets": {"credit-applications": {"bucket": "bucket-d", "dvc": {"risk team": "s3://bucket-d/dvc/risk team"}}},
    "images": {"repositories": {"serving": "1.ecr/serving"}, "mirrors": {"quay": "1.ecr/quay"}},
}


def test_every_store_has_a_variable_named_after_it():
    assert variables.of_outputs("local", OUTPUTS) == {
        "SEEDBED_ENVIRONMENT": "local",
        "SEEDBED_ARTIFACTS_URL": "s3://bucket-a",
        "SEEDBED_DATASET_CREDIT_APPLICATIONS_URL": "s3://bucket-d",
        "SEEDBED_DATASET_CREDIT_APPLICATIONS_DVC_RISK_TEAM_URL": "s3://bucket-d/dvc/risk team",
        "SEEDBED_IMAGE_SERVING_URL": "1.ecr/serving",
        "SEEDBED_MIRROR_QUAY_URL": "1.ecr/quay",
    }


@pytest.mark.parametrize(
    ("outputs", "both"),
    [
        (
            {"datasets": {"a": {"bucket": "x", "dvc": {"b": "s3://x"}}, "a-dvc-b": {"bucket": "y"}}},
            "DVC remote of team b in data set a and data set a-dvc-b would both be the variable "
            "SEEDBED_DATASET_A_DVC_B_URL",
        ),
        (
            {"images": {"repositories": {"a.b": "1", "a-b": "2"}}},
            "image repository a.b and image repository a-b would both be the variable SEEDBED_IMAGE_A_B_URL",
        ),
    ],
)
def test_two_settings_that_would_share_a_variable_are_named_and_none_is_lost(outputs, both):
    with pytest.raises(WrongInputError, match=re.escape(both)):
        variables.of_outputs("local", outputs)


@pytest.mark.parametrize("value", ["plain", "two words", "it's", "$(touch x)", "`x`", 'a"b', "line\nline", "*"])
def test_a_shell_takes_every_value_as_it_is(value):
    lines = variables.as_shell({"VALUE": value}, unset=("AWS_PROFILE",))
    script = f'eval {shlex.quote(lines)}; printf %s "$VALUE$AWS_PROFILE"'
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, env={"AWS_PROFILE": "production"})
    assert shell.stdout == value
