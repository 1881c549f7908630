"""`seedbed bootstrap` as a command, and Pulumi itself on what it made."""

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

import engine
from localcloud import environment
from tests.integration.house import REGION, House, house, without_cluster


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("bootstrap")) as made:
        made.write("local", without_cluster("local"))
        yield made


def test_the_template_alone_needs_no_account(home):
    printed = json.loads(home.seedbed("bootstrap", "local", "--template").output)
    assert printed["Resources"]["StateBucket"]["Properties"]["BucketName"] == "seedbed-local-state-000000000000"
    assert not (home.root / ".seedbed").exists()


def test_pulumi_itself_keeps_a_state_and_a_secret_in_what_was_made(home, tmp_path):
    first = home.seedbed("bootstrap", "local").output
    assert "seedbed-local-bootstrap: created" in first
    assert "seedbed-local-bootstrap: nothing to do" in home.seedbed("bootstrap", "local").output
    (secrets,) = {line.split("'")[1] for line in first.splitlines() if "--secrets-provider" in line}
    (backend,) = {line.split("'")[1] for line in first.splitlines() if "pulumi login" in line}

    found = engine.ensure(report=lambda _: None)
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_"))}
    variables |= environment(home.running, REGION)
    variables |= {"PULUMI_HOME": str(tmp_path / "home"), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    # On this machine a bucket has no host name of its own.
    variables["PULUMI_BACKEND_URL"] = f"{backend}&use_path_style=true"
    (tmp_path / "Pulumi.yaml").write_text("name: tiny\nruntime: yaml\n")

    def pulumi(*words: str) -> str:
        done = subprocess.run(
            [str(found.pulumi), *words, "--non-interactive"],
            cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"pulumi {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    pulumi("stack", "init", "local", "--secrets-provider", secrets)
    pulumi("config", "set", "--secret", "word", "hush", "--stack", "local")
    assert "hush" not in (tmp_path / "Pulumi.local.yaml").read_text()
    assert pulumi("config", "get", "word", "--stack", "local").strip() == "hush"

    bucket = "seedbed-local-state-000000000000"
    state = home.aws("s3").get_object(Bucket=bucket, Key=".pulumi/stacks/tiny/local.json")
    key = home.aws("kms").describe_key(KeyId="alias/seedbed-local-state")["KeyMetadata"]["Arn"]
    assert (state["ServerSideEncryption"], state["SSEKMSKeyId"]) == ("aws:kms", key)
    assert secrets in state["Body"].read().decode()
