"""An MLflow server on an environment's bucket: what it keeps, and what comes back when it is lost."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.controllers.registries import version_at
from seedbed.tracking_postgres import found_programs
from seedbed.tracking_server import MARK
from tests.integration.house import REGION, ROOT, House, house, without_cluster

BUCKET = "seedbed-local-artifacts-000000000000"
STORES = ["sqlite", *(["postgresql"] if found_programs("") else [])]
"""What this machine can run; docs/tracking.md."""


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    """A house whose folder root's PostgreSQL may come to, with the bucket that an `up` makes."""
    root = Path(tempfile.mkdtemp(prefix="seedbed-tracking-"))
    root.chmod(0o755)
    try:
        with house(root) as made:
            (root / ".venv-tracking").symlink_to(ROOT / ".venv-tracking")
            made.write("local", without_cluster("local"))
            made.seedbed("cloud", "start")
            _make_bucket(made.aws("s3"), made.aws("kms"))
            yield made
    finally:
        shutil.rmtree(root)


def _make_bucket(s3: Any, kms: Any) -> None:
    """The artifact bucket as `components/bucket.py` has it, as far as a client feels it."""
    key = kms.create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    refused = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [refused]}))


@pytest.fixture(scope="module")
def ask() -> Iterator[Callable[..., dict[str, Any]]]:
    """Asks a client that knows nothing of the account, only the server's address."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MLFLOW_", "PYTHON"))}
    client = subprocess.Popen(
        [str(ROOT / ".venv-tracking" / "bin" / "python"), str(Path(__file__).with_name("tracking_client.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**kept, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"},
    )
    assert client.stdin is not None
    assert client.stdout is not None
    to, back = client.stdin, client.stdout

    def asked(**request: str) -> dict[str, Any]:
        to.write(json.dumps(request) + "\n")
        to.flush()
        line = back.readline()
        assert line, f"the client ended with {client.wait()}"
        return json.loads(line)

    yield asked
    to.close()
    client.wait(30)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, home: House) -> Iterator[str]:
    yield request.param
    home.seedbed("tracking", "stop", "local", code=None)
    shutil.rmtree(home.root / ".seedbed" / "tracking", ignore_errors=True)


def started(home: House, *words: str) -> str:
    """The address of the server after `tracking start`."""
    return home.seedbed("tracking", "start", "local", *words).output.rsplit("MLFLOW_TRACKING_URI=", 1)[1].strip()


def kill(home: House) -> list[int]:
    """Ends every process of the server at once, as a crash would."""
    mark = f"{MARK}={(home.root / '.seedbed' / 'tracking' / 'local').resolve()}".encode()
    killed = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark in environment:
                os.kill(int(entry.name), signal.SIGKILL)
                killed.append(int(entry.name))
    return killed


def folder(home: House) -> Path:
    return home.root / ".seedbed" / "tracking" / "local"


def test_a_run_and_its_model_survive_a_restart_and_the_loss_of_server_and_database(home, ask, store):
    url = started(home, "--store", store)
    _endpoints_find(home, url, None)
    logged = ask(do="log", url=url)
    _endpoints_find(home, url, "1")
    assert (logged["status"], logged["params"], logged["purpose"]) == ("FINISHED", {"max_iter": "500"}, "proof")
    assert [step for step, _ in logged["accuracy"]] == [0, 1, 2]
    assert logged["accuracy"][-1][1] > 0.9
    assert logged["version_run"] == logged["run"]
    assert len(logged["predictions"]) == 150
    assert "MLmodel" in logged["files"]
    _are_in_the_bucket(home, logged["files"])

    if store == "sqlite":
        _crash_is_told(home)
    else:
        home.seedbed("tracking", "stop", "local")
    assert started(home) == url
    assert started(home) == url
    assert ask(do="read", url=url, run=logged["run"]) == logged

    assert f"{store} " in home.seedbed("tracking", "backup", "local").output
    running = home.seedbed("tracking", "restore", "local", code=1).output
    assert "its store would be taken from under it" in running
    assert "-> seedbed tracking stop local" in running
    later = ask(do="log", url=url)
    assert later["version"] == logged["version"] + 1

    home.seedbed("tracking", "stop", "local")
    shutil.rmtree(folder(home))
    home.seedbed("tracking", "restore", "local")
    again = started(home)
    assert ask(do="read", url=again, run=logged["run"]) == logged
    assert ask(do="read", url=again, run=later["run"]) == {"refused": "RESOURCE_DOES_NOT_EXIST"}


def _endpoints_find(home: House, url: str, version: str | None) -> None:
    """The account was told of the server, which answers what the local cloud asks for its pods."""
    (told,) = home.control("GET", "registries")
    assert told == {"region": REGION, "cluster": "seedbed-local", "url": url}
    assert version_at(told["url"], "flowers", ("challenger", "champion")) == version


def _are_in_the_bucket(home: House, files: dict[str, str]) -> None:
    """The same bytes, encrypted with the bucket's key."""
    s3 = home.aws("s3")
    kept = {}
    for one in s3.list_objects_v2(Bucket=BUCKET, Prefix="tracking/")["Contents"]:
        found = s3.get_object(Bucket=BUCKET, Key=one["Key"])
        kept[hashlib.sha256(found["Body"].read()).hexdigest()] = found["ServerSideEncryption"]
    assert {kept.get(digest) for name, digest in files.items() if name != "MLmodel"} == {"aws:kms"}


def _crash_is_told(home: House) -> None:
    assert kill(home)
    said = home.seedbed("tracking", "status", "local", code=3).output
    assert "is gone without having been stopped; the end of its log:" in said
    assert 'HTTP/1.1" 200 OK' in said
    assert "-> seedbed tracking start local" in said
