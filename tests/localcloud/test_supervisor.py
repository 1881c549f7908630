import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from localcloud import CloudError, Dead, LocalCloud, Running, Stopped
from tests.localcloud.conftest import REGION, connect

QUIET = {"report": lambda _: None}


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "cloud"
    yield folder
    LocalCloud(folder).stop(**QUIET)


def kill(running: Running) -> None:
    """SIGKILL, and the end of the process with its locks."""
    os.kill(running.pid, signal.SIGKILL)
    os.waitpid(running.pid, 0)


def test_nothing_runs_before_the_first_start(state):
    assert LocalCloud(state).status() == Stopped()
    LocalCloud(state).stop(**QUIET)
    assert not state.exists()


def test_a_second_start_finds_the_first(state):
    first = LocalCloud(state).start(**QUIET)
    assert LocalCloud(state).start(**QUIET) == first == LocalCloud(state).status()
    LocalCloud(state).stop(**QUIET)
    assert LocalCloud(state).status() == Stopped()


def test_starts_at_the_same_moment_make_one_account(state):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: LocalCloud(state).start(**QUIET), range(4)))
    assert len({running.pid for running in found}) == 1


def test_the_account_survives_a_stop_and_keeps_its_address(state):
    before = LocalCloud(state).start(**QUIET)
    s3, kms, ecr = (connect(before, service) for service in ("s3", "kms", "ecr"))
    vpc = connect(before, "ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    s3.create_bucket(
        Bucket="kept", CreateBucketConfiguration={"LocationConstraint": REGION, "Tags": [{"Key": "a", "Value": "b"}]}
    )
    large = os.urandom(300_000)
    s3.put_object(Bucket="kept", Key="small", Body=b"small")
    s3.put_object(Bucket="kept", Key="large", Body=large)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    signing = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=100)
    secret = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    public = kms.get_public_key(KeyId=signing)["PublicKey"]
    ecr.create_repository_creation_template(prefix="kept", appliedFor=["PULL_THROUGH_CACHE"])

    LocalCloud(state).stop(**QUIET)
    after = LocalCloud(state).start(**QUIET)

    assert after.endpoint == before.endpoint
    assert after.pid != before.pid
    assert connect(after, "ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"] == "10.0.0.0/16"
    assert s3.get_bucket_tagging(Bucket="kept")["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert s3.get_object(Bucket="kept", Key="small")["Body"].read() == b"small"
    assert s3.get_object(Bucket="kept", Key="large")["Body"].read() == large
    assert kms.decrypt(CiphertextBlob=secret)["Plaintext"] == b"secret"
    assert kms.get_public_key(KeyId=signing)["PublicKey"] == public
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 100
    assert ecr.describe_repository_creation_templates()["repositoryCreationTemplates"][0]["prefix"] == "kept"


def test_a_killed_account_is_reported_with_its_log_and_comes_back_with_its_state(state):
    cloud = LocalCloud(state)
    running = cloud.start(**QUIET)
    logs = connect(running, "logs")
    logs.create_log_group(logGroupName="/kept")
    time.sleep(1.5)
    kill(running)

    dead = cloud.status()
    assert isinstance(dead, Dead)
    assert dead.pid == running.pid
    assert "logs CreateLogGroup 200" in str(dead)
    said: list[str] = []
    again = cloud.start(said.append)
    assert any("gone without having been stopped" in line for line in said)
    assert again.endpoint == running.endpoint
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == ["/kept"]


def test_a_large_object_is_written_once_and_goes_with_its_bucket(state):
    s3 = connect(LocalCloud(state).start(**QUIET), "s3")
    s3.create_bucket(Bucket="large", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="large", Key="one", Body=b"x" * 200_000)
    s3.put_object(Bucket="large", Key="two", Body=b"x" * 200_000)
    LocalCloud(state).stop(**QUIET)
    assert [path.stat().st_size for path in state.glob("snapshot/*.object")] == [200_000]

    s3 = connect(LocalCloud(state).start(**QUIET), "s3")
    for key in ("one", "two"):
        s3.delete_object(Bucket="large", Key=key)
    LocalCloud(state).stop(**QUIET)
    assert list(state.glob("snapshot/*.object")) == []


def test_a_snapshot_of_another_version_is_set_aside_whole(state):
    running = LocalCloud(state).start(**QUIET)
    connect(running, "logs").create_log_group(logGroupName="/old")
    LocalCloud(state).stop(**QUIET)
    manifest = state / "snapshot/manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"moto": "0.0.1"}))
    files = {path.name for path in (state / "snapshot").iterdir()}

    said: list[str] = []
    again = LocalCloud(state).start(said.append)
    assert connect(again, "logs").describe_log_groups()["logGroups"] == []
    (aside,) = state.glob("snapshot-set-aside-*")
    assert {path.name for path in aside.iterdir()} == files
    assert any("0.0.1" in line and str(aside) in line for line in said)


def test_a_snapshot_that_others_may_write_is_not_loaded(state):
    connect(LocalCloud(state).start(**QUIET), "logs").create_log_group(logGroupName="/mine")
    LocalCloud(state).stop(**QUIET)
    (file,) = state.glob("snapshot/logs.*.pickle")
    file.chmod(0o666)

    (note,) = LocalCloud(state).start(**QUIET).notes
    assert "others may write it" in note


def test_another_port_is_taken_where_the_last_one_is_in_use(state):
    first = LocalCloud(state).start(**QUIET)
    LocalCloud(state).stop(**QUIET)
    with socket.create_server(("127.0.0.1", int(first.endpoint.rsplit(":", 1)[1]))):
        second = LocalCloud(state).start(**QUIET)
    assert second.endpoint != first.endpoint
    assert connect(second, "sts").get_caller_identity()["Account"] == "000000000000"


def test_only_its_owner_reads_what_it_keeps(state):
    connect(LocalCloud(state).start(**QUIET), "logs").create_log_group(logGroupName="/private")
    LocalCloud(state).stop(**QUIET)
    open_to_others = [path for path in (state, *state.rglob("*")) if path.stat().st_mode & 0o077]
    assert open_to_others == []


def test_it_holds_nothing_of_the_terminal_that_started_it(state):
    program = f"from localcloud import LocalCloud\nfrom pathlib import Path\nLocalCloud(Path({str(state)!r})).start()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True, env={**os.environ}
    )
    assert "answers at http://127.0.0.1:" in done.stdout
    running = LocalCloud(state).status()
    assert isinstance(running, Running)
    assert os.getsid(running.pid) == running.pid


def test_a_start_that_fails_shows_the_end_of_the_log(state):
    (state / "server.log").mkdir(parents=True)
    with pytest.raises(CloudError, match=r"(?s)ended while it was starting.*IsADirectoryError.*moving that folder"):
        LocalCloud(state).start(**QUIET)
    (state / "server.log").rmdir()
    assert LocalCloud(state).status() == Stopped()


def test_a_folder_serves_one_account(state):
    LocalCloud(state).start(**QUIET)
    with pytest.raises(CloudError, match="belongs to account 000000000000"):
        LocalCloud(state, "111111111111").start(**QUIET)
    with pytest.raises(CloudError, match="twelve digits"):
        LocalCloud(state, "12")


def test_the_log_tells_each_request(state):
    cloud = LocalCloud(state)
    connect(cloud.start(**QUIET), "logs").create_log_group(logGroupName="/told")
    assert "logs CreateLogGroup 200" in cloud.logs(5)
    assert len(cloud.logs(1).splitlines()) == 1


def test_what_was_taken_down_stays_down(state):
    """A sweep by tag leaves pages of answers half given, which must not keep the state from being written."""
    running = LocalCloud(state).start(**QUIET)
    ec2, kms, tagging = (connect(running, service) for service in ("ec2", "kms", "resourcegroupstaggingapi"))
    vpcs = [ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(3)]
    ec2.create_tags(Resources=vpcs, Tags=[{"Key": "env", "Value": "gone"}])
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/gone", TargetKeyId=key)
    own = {"TagFilters": [{"Key": "env", "Values": ["gone"]}]}
    assert tagging.get_resources(ResourcesPerPage=1, **own)["PaginationToken"]

    kms.delete_alias(AliasName="alias/gone")
    for vpc in vpcs:
        ec2.delete_vpc(VpcId=vpc)
    LocalCloud(state).stop(**QUIET)
    LocalCloud(state).start(**QUIET)
    assert tagging.get_resources(**own)["ResourceTagMappingList"] == []
    assert kms.list_aliases(KeyId=key)["Aliases"] == []
