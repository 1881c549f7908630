"""The kubeconfig that `seedbed kubectl-config` gives, and the tokens that its command makes."""

import base64
import json
import os
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud import Running
from seedbed.cluster import Address
from seedbed.cluster.kubeconfig import as_text, for_people
from seedbed.failures import WrongInputError
from seedbed.kubectl_command import write
from stacks.settings import ProviderSettings, load
from tests.unit.clone import ROOT

ADDRESS = Address("seedbed-local", "eu-central-1", "https://127.0.0.1:6443", "Q0E=")
RUNNING = Running("http://127.0.0.1:4566", "000000000000", 1, datetime.now(UTC), Path("log"))


@pytest.fixture
def provider() -> ProviderSettings:
    return load(ROOT / "Pulumi.local.yaml").provider


def checkout(folder: Path) -> Path:
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def sign_in(document: dict[str, Any]) -> dict[str, Any]:
    (user,) = document["users"]
    return user["user"]["exec"]


def test_production_has_server_authority_and_the_token_of_aws_and_nothing_else(provider, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: "/somewhere/aws")
    document = for_people(ADDRESS, provider, None, tmp_path)
    (cluster,) = document["clusters"]
    assert cluster["cluster"] == {"server": "https://127.0.0.1:6443", "certificate-authority-data": "Q0E="}
    said = sign_in(document)
    assert said["command"] == "aws"
    assert " ".join(said["args"]) == ("eks get-token --cluster-name seedbed-local --region eu-central-1 --output json")
    assert "env" not in said
    assert document["current-context"] == "seedbed-local"
    assert list(tmp_path.iterdir()) == []


def test_profile_role_and_address_of_the_settings_are_those_of_the_token(provider, tmp_path):
    role = {"roleArn": "arn:aws:iam::111111111111:role/deployer"}
    given = provider.model_dump(by_alias=True, exclude_unset=True) | {
        "aws:profile": "company", "aws:assumeRole": role, "aws:endpoints": {"sts": "https://sts.example.com"},
    }  # fmt: skip
    said = sign_in(for_people(ADDRESS, ProviderSettings.model_validate(given), None, tmp_path))
    assert said["env"] == [
        {"name": "AWS_PROFILE", "value": "company"},
        {"name": "AWS_ENDPOINT_URL_STS", "value": "https://sts.example.com"},
    ]
    assert said["args"][-2:] == ["--role-arn", role["roleArn"]]


def made_by(said: dict[str, Any], environment: dict[str, str]) -> dict[str, Any]:
    """What the command of a kubeconfig prints, run as a client runs it."""
    own = {one["name"]: one["value"] for one in said["env"]}
    done = subprocess.run(
        [said["command"], *said["args"]], env={**environment, **own}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("profile", ["", "production"])
def test_tokens_of_this_machine_are_signed_for_its_account_whatever_the_users_own_login(
    provider, tmp_path, monkeypatch, profile
):
    monkeypatch.setattr("shutil.which", lambda _: None)
    said = sign_in(for_people(ADDRESS, provider, RUNNING, checkout(tmp_path)))
    assert said["command"] == str(tmp_path / ".venv" / "bin" / "aws")
    home = {"HOME": str(tmp_path), "PATH": os.defpath}
    if profile:
        home |= {"AWS_PROFILE": profile, "AWS_SESSION_TOKEN": "of the user", "AWS_ACCESS_KEY_ID": "of the user"}
    status = made_by(said, home)["status"]
    body = status["token"].removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    assert url.startswith(f"{RUNNING.endpoint}/?Action=GetCallerIdentity")
    assert "user" not in url


def test_a_kubeconfig_is_written_for_its_owner_alone_and_again_over_itself(provider, tmp_path):
    file, document = tmp_path / "config", for_people(ADDRESS, provider, RUNNING, checkout(tmp_path))
    write(file, document)
    write(file, document)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert yaml.safe_load(file.read_text()) == document == yaml.safe_load(as_text(document))


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("clusters: [{name: production}]", "it holds other clusters (production)"),
        ("just words", "something that is no kubeconfig"),
        ("clusters: 7", "something that is no kubeconfig"),
    ],
)
def test_a_file_with_something_else_in_it_is_left_as_it_is(provider, tmp_path, there, said):
    file = tmp_path / "config"
    file.write_text(there)
    with pytest.raises(WrongInputError) as wrong:
        write(file, for_people(ADDRESS, provider, None, tmp_path))
    assert said in wrong.value.message
    assert str(file) in wrong.value.message
    assert file.read_text() == there


def test_a_file_that_cannot_be_written_is_said_with_its_path(provider, tmp_path):
    with pytest.raises(WrongInputError, match="No such file or directory"):
        write(tmp_path / "nowhere" / "config", for_people(ADDRESS, provider, None, tmp_path))
