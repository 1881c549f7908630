"""Data versioning with DVC on the environment's own buckets."""

import hashlib
import json
import os
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from tests.integration.house import ROOT, House

BUCKET = "seedbed-local-data-reference-000000000000"


@pytest.fixture
def shell(home: House, tmp_path: Path) -> dict[str, str]:
    """The variables of a shell after `eval "$(seedbed env local)"`."""
    printed = json.loads(home.seedbed("env", "local", "--json").output)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "GIT_", "DVC_"))}
    quiet = {"DVC_NO_ANALYTICS": "1", "HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": os.devnull}
    return {**kept, **{k: v for k, v in printed.items() if v is not None}, **quiet}


def run(folder: Path, shell: dict[str, str], *words: str) -> str:
    done = subprocess.run(words, cwd=folder, env=shell, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def dvc(folder: Path, shell: dict[str, str], *words: str) -> str:
    return run(folder, shell, str(ROOT / ".venv" / "bin" / "dvc"), *words)


def git(folder: Path, shell: dict[str, str], *words: str) -> str:
    return run(folder, shell, "git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words)


def test_a_data_set_pushed_here_is_pulled_elsewhere_byte_by_byte(home, shell, tmp_path):
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    source = Path(str(files("sklearn.datasets.data").joinpath("breast_cancer.csv")))
    remote = shell["SEEDBED_DATASET_REFERENCE_DVC_SCORING_URL"]
    s3 = home.aws("s3")
    try:
        git(here, shell, "init", "--quiet")
        dvc(here, shell, "init", "--quiet")
        shutil.copy(source, here / "cancer.csv")
        dvc(here, shell, "add", "cancer.csv")
        dvc(here, shell, "remote", "add", "--default", "team", remote)
        git(here, shell, "add", "--all")
        git(here, shell, "commit", "--quiet", "--message", "data")
        dvc(here, shell, "push")

        git(tmp_path, shell, "clone", "--quiet", str(here), str(elsewhere))
        dvc(elsewhere, shell, "pull")

        assert (elsewhere / "cancer.csv").read_bytes() == source.read_bytes()
        digest = hashlib.md5(source.read_bytes(), usedforsecurity=False).hexdigest()
        key = f"dvc/scoring/files/md5/{digest[:2]}/{digest[2:]}"
        head = s3.head_object(Bucket=BUCKET, Key=key)
        aliases = {a["AliasName"]: a.get("TargetKeyId") for a in home.aws("kms").list_aliases()["Aliases"]}
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head["SSEKMSKeyId"].endswith(aliases["alias/seedbed-local-data-reference"])
        versions = s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
        assert [v["VersionId"] for v in versions] == [head["VersionId"]]
    finally:
        listed = s3.list_object_versions(Bucket=BUCKET)
        for version in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])


def test_the_bucket_refuses_a_request_that_came_without_tls(home):
    s3 = home.aws("s3")
    s3.meta.events.register("before-sign.s3", _without_tls)

    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.put_object(Bucket=BUCKET, Key="plain", Body=b"x")
    assert "Contents" not in home.aws("s3").list_objects_v2(Bucket=BUCKET, Prefix="plain")


def _without_tls(request, **_):
    request.headers["x-localcloud-insecure-transport"] = "true"


def test_what_env_prints_is_a_shell_script(home):
    script = home.seedbed("env", "local").output + '\necho "$AWS_REGION $SEEDBED_DATASET_REFERENCE_URL"'

    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"eu-central-1 s3://{BUCKET}"
