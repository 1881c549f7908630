import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from localcloud import environment, provider_environment, temporary
from tests.localcloud.conftest import connect


def test_a_temporary_account_is_empty_and_leaves_nothing():
    with temporary("111111111111") as running:
        folder = running.log.parent
        assert connect(running, "sts").get_caller_identity()["Account"] == "111111111111"
        assert connect(running, "s3").list_buckets()["Buckets"] == []
        assert folder.exists()
    assert not folder.exists()
    assert not Path(f"/proc/{running.pid}").exists()


def test_a_temporary_account_ends_with_the_process_that_wanted_it():
    program = (
        "from localcloud import temporary\nimport time\n"
        "with temporary() as running:\n    print(running.pid, running.log.parent, flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid, folder = parent.stdout.readline().split()
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
    assert not Path(folder).exists()


def test_the_environment_points_clients_there_and_nowhere_else(account, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment(account, "eu-west-1").items():
        monkeypatch.setenv(name, value)
    import boto3

    client = boto3.client("sts")
    assert client.meta.endpoint_url == account.endpoint
    assert client.meta.region_name == "eu-west-1"
    assert client.get_caller_identity()["Account"] == account.account


def test_the_provider_reaches_s3_control_by_its_own_name(account):
    variables = provider_environment(account, "eu-central-1")
    s3 = connect(account, "s3")
    s3.create_bucket(
        Bucket="by-proxy",
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1", "Tags": [{"Key": "env", "Value": "x"}]},
    )
    control = connect(
        account,
        "s3control",
        endpoint_url=variables["AWS_ENDPOINT_URL_S3_CONTROL"],
        proxies={"http": variables["HTTP_PROXY"]},
    )
    found = control.list_tags_for_resource(AccountId="000000000000", ResourceArn="arn:aws:s3:::by-proxy")
    assert found["Tags"] == [{"Key": "env", "Value": "x"}]
    assert variables["NO_PROXY"] == "127.0.0.1,localhost"
