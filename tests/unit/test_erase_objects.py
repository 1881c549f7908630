"""Erasure of recorded objects, against an S3 and a CloudWatch that answer as the real ones do."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from lifecycle.erase_objects import main, recorded

FOLDER = "erasures"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_DNS_SUFFIX": "amazonaws.com",
        "BUCKETS": "data other",
        "FOLDER": FOLDER,
        "METRIC_NAMESPACE": "Seedbed/Erasure",
        "ENVIRONMENT": "seedbed-test",
    }.items():
        monkeypatch.setenv(name, value)
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()
    s3 = boto3.client("s3", endpoint_url=url)
    for bucket in ("data", "other"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    yield s3
    server.stop()


def put(s3: Any, key: str, times: int = 1, bucket: str = "data") -> None:
    for number in range(times):
        s3.put_object(Bucket=bucket, Key=key, Body=f"{number}".encode())


def record(s3: Any, *keys: str, name: str = "2026-11-23", bucket: str = "data") -> None:
    s3.put_object(Bucket=bucket, Key=f"{FOLDER}/{name}.json", Body=json.dumps({"keys": keys}).encode())


def left(s3: Any, bucket: str = "data") -> list[str]:
    answer = s3.list_object_versions(Bucket=bucket)
    found = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
    return sorted(one["Key"] for one in found if not one["Key"].startswith(f"{FOLDER}/"))


def test_all_versions_of_a_recorded_object_go_and_its_neighbours_stay(store):
    put(store, "dvc/a b+c", times=3)
    put(store, "dvc/a b+cd")
    store.delete_object(Bucket="data", Key="dvc/a b+c")
    record(store, "dvc/a b+c")

    assert main() == 0
    assert left(store) == ["dvc/a b+cd"]


def test_a_key_that_ends_in_a_slash_is_everything_below(store):
    put(store, "dvc/one/x", times=2)
    put(store, "dvc/one/y")
    put(store, "dvc/ones")
    record(store, "dvc/one/")

    assert main() == 0
    assert left(store) == ["dvc/ones"]


def test_what_a_restore_brings_back_goes_with_the_next_run(store):
    put(store, "dvc/x")
    record(store, "dvc/x")
    main()
    put(store, "dvc/x")

    assert main() == 0
    assert left(store) == []


def test_a_record_that_is_none_is_told_and_the_others_are_done(store, capsys):
    put(store, "dvc/x")
    put(store, "x", bucket="other")
    store.put_object(Bucket="data", Key=f"{FOLDER}/1.json", Body=b"[]")
    record(store, "dvc/x", name="2")
    record(store, "x", bucket="other")

    assert main() == 1
    assert left(store) == left(store, "other") == []
    assert 'data/erasures/1.json: failed: is no record; allowed is {"keys"' in capsys.readouterr().out


@pytest.mark.parametrize("key", ["", "/", "e", "erasures/", "erasures/2026.json"])
def test_no_record_empties_the_bucket_or_erases_records(key):
    with pytest.raises(ValueError, match="outside erasures/"):
        recorded(json.dumps({"keys": [key]}), FOLDER)
