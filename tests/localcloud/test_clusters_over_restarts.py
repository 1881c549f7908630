"""Clusters that run over the crashes and restarts of their account."""

import json
import os
import signal
import urllib.request
from functools import cache
from pathlib import Path

import pytest

from localcloud import CloudError, LocalCloud
from tests.localcloud.conftest import REGION, connect
from tests.localcloud.running_clusters import INSTANCES, as_root, make_cluster, programs, until

QUIET = {"report": lambda _: None}


@pytest.fixture
def cloud(tmp_path):
    made = LocalCloud(tmp_path / "cloud", programs=programs(), instances=INSTANCES)
    yield made
    made.stop(**QUIET)


def clients(running):
    return cache(lambda service, region=REGION: connect(running, service, region))


def processes(running) -> dict[str, dict]:
    with urllib.request.urlopen(f"{running.endpoint}/_localcloud/processes") as answer:
        return {line["name"]: line for line in json.load(answer)["processes"]}


def test_a_cluster_survives_crashes_a_stop_and_the_end_of_its_account(cloud, tmp_path):
    running = cloud.start(**QUIET)
    assert running.programs
    said = make_cluster(clients(running), "kept")
    as_root(said).core.create_namespace({"metadata": {"name": "team"}})

    crashed = processes(running)["apiserver"]["pid"]
    os.kill(crashed, signal.SIGKILL)
    until(lambda: processes(running)["apiserver"]["restarts"] == 1)
    until(lambda: is_there(said))
    line = processes(running)["apiserver"]
    assert line["pid"] != crashed
    assert "was ended by SIGKILL" in line["lastCrash"]["said"]
    assert "cluster kept: apiserver was ended by SIGKILL and is started again" in cloud.logs(200)

    pids = [one["pid"] for one in processes(running).values()]
    cloud.stop(**QUIET)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]

    running = cloud.start(**QUIET)
    again = connect(running, "eks").describe_cluster(name="kept")["cluster"]
    assert (again["status"], again["endpoint"], again["certificateAuthority"]) == (
        "ACTIVE",
        said["endpoint"],
        said["certificateAuthority"],
    )
    assert is_there(again)

    pids = [one["pid"] for one in processes(running).values()]
    os.kill(running.pid, signal.SIGKILL)
    os.waitpid(running.pid, 0)
    until(lambda: not [pid for pid in pids if Path(f"/proc/{pid}").exists()], 10)
    running = cloud.start(**QUIET)
    assert connect(running, "eks").describe_cluster(name="kept")["cluster"]["endpoint"] == said["endpoint"]
    assert is_there(said)

    connect(running, "eks").delete_cluster(name="kept")
    assert list((tmp_path / "cloud/clusters" / REGION).iterdir()) == []


def is_there(said) -> bool:
    """Whether the cluster answers and knows what was made in it."""
    try:
        return as_root(said).core.read_namespace("team").status.phase == "Active"
    except Exception:  # while it comes up again it answers anything
        return False


def test_a_control_plane_that_cannot_start_fails_with_the_end_of_its_log(tmp_path):
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("kube", "kwok"):
        (folder / name).write_text('#!/bin/sh\necho "no room for $1"\nexit 7\n')
        (folder / name).chmod(0o755)
    cloud = LocalCloud(tmp_path / "cloud", programs=folder)
    try:
        eks = connect(cloud.start(**QUIET), "eks")
        with pytest.raises(AssertionError) as caught:
            make_cluster(clients(cloud.start(**QUIET)), "broken")
        assert "ended with code 7" in str(caught.value)
        assert "no room for" in str(caught.value)
        assert eks.describe_cluster(name="broken")["cluster"]["status"] == "FAILED"
        eks.delete_cluster(name="broken")
    finally:
        cloud.stop(**QUIET)


def test_programs_that_are_not_there_are_told_at_once(tmp_path):
    with pytest.raises(CloudError, match=r"kube is no executable"):
        LocalCloud(tmp_path / "cloud", programs=tmp_path)
