"""What the command line does with a cluster that really runs: client, kubeconfig, status, leaving."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from localcloud import Running, temporary
from seedbed.account import Account
from seedbed.cluster import Kube, RefusalError, kind, open_cluster
from seedbed.cluster.cut_short import made, wait_until_gone
from seedbed.cluster.draining import drain
from seedbed.cluster.kubeconfig import as_text, for_people
from seedbed.status.in_cluster import in_cluster
from stacks.file.pools import Pool
from stacks.file.teams import Team
from stacks.settings import load
from tests.integration.house import ROOT
from tests.localcloud import running_clusters
from tests.localcloud.conftest import connect
from tests.localcloud.running_clusters import make_cluster, until

POOL = {"seedbed.dev/pool": "train"}
LIST_NODES = """
from kubernetes import client, config
config.load_kube_config()
print(*[one.metadata.name for one in client.CoreV1Api().list_node().items])
"""
KUBECTL = shutil.which("kubectl")
CLIENTS = [
    [sys.executable, "-c", LIST_NODES],
    *([[KUBECTL, "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"]] if KUBECTL else []),
]
"""Kubernetes' own client library, and kubectl where the machine has it."""


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with temporary(programs=running_clusters.programs(), instances=running_clusters.INSTANCES) as cloud:
        make_cluster(cache(lambda service: connect(cloud, service)), "seedbed-local")
        yield cloud


@pytest.fixture(scope="module")
def account(running) -> Account:
    settings = load(ROOT / "Pulumi.local.yaml")
    pools = (Pool(name="train", accelerator="a10g", maxGpus=8),)
    changed = {"pools": pools, "teams": (Team(name="scoring"), Team(name="research")), "endpoints": ()}
    return Account(
        settings.model_copy(update={"environment": settings.environment.model_copy(update=changed)}), running
    )


@pytest.fixture(scope="module")
def kube(account) -> Kube:
    return open_cluster(account)


@pytest.fixture(scope="module")
def node(kube) -> str:
    """A node of the pool with one GPU, as the local cloud's nodes are: kept alive by kwok, without a machine."""
    status = {"allocatable": {"cpu": "4", "memory": "16Gi", "pods": "58", "nvidia.com/gpu": "1"}}
    labels = {**POOL, "karpenter.sh/capacity-type": "spot", "kwok.x-k8s.io/node": "fake"}
    metadata = {"name": "train-1", "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    kube.create(kind.NODES, {"apiVersion": "v1", "kind": "Node", "metadata": metadata})
    kube.patch(kind.NODES, "train-1", {"status": {**status, "capacity": status["allocatable"]}}, part="status")
    return "train-1"


@pytest.fixture(scope="module")
def scoring(kube) -> str:
    kube.create(kind.NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "scoring"}})
    quota = {"metadata": {"name": "team", "namespace": "scoring"}, "apiVersion": "v1", "kind": "ResourceQuota"}
    kube.create(kind.QUOTAS, {**quota, "spec": {"hard": {"requests.nvidia.com/gpu": "4", "pods": "20"}}})
    until(lambda: kube.get(kind.Kind("v1", "serviceaccounts"), "default", "scoring"))
    return "scoring"


def pod(name: str, **asked: str) -> dict[str, Any]:
    resources = {"requests": asked, "limits": asked}
    spec = {"containers": [{"name": "main", "image": "busybox", "resources": resources}], "nodeSelector": POOL}
    metadata = {"name": name, "namespace": "scoring"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {**spec, "terminationGracePeriodSeconds": 1},
    }


def test_the_client_is_let_in_with_a_token_made_in_its_own_process(kube):
    assert kube.version().startswith("v1.34.")
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}}
    said = kube.create(kind.Kind("authentication.k8s.io/v1", "selfsubjectreviews"), review)
    assert "system:masters" in said["status"]["userInfo"]["groups"]


def test_a_field_that_the_api_does_not_know_is_refused(kube, scoring):
    wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": scoring}, "date": {}}
    with pytest.raises(RefusalError, match='unknown field "date"') as refused:
        kube.create(kind.Kind("v1", "configmaps"), wrong)
    assert refused.value.status == 400


def kubeconfig(account: Account, running: Running, folder: Path) -> dict[str, str]:
    """The environment of somebody who uses the printed kubeconfig, with a login of their own in the way."""
    file = folder / "kubeconfig"
    file.write_text(as_text(for_people(open_cluster(account).address, account.settings.provider, running, ROOT)))
    own = {"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "of the user"}
    return {**own, "KUBECONFIG": str(file), "HOME": str(folder), "PATH": os.environ["PATH"]}


@pytest.mark.parametrize("command", CLIENTS, ids=lambda command: Path(command[0]).name)
def test_an_ordinary_client_lists_the_nodes_with_the_kubeconfig(account, running, node, tmp_path, command):
    variables = kubeconfig(account, running, tmp_path)
    done = subprocess.run(command, env=variables, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout.split() == [node], done.stderr


def test_status_shows_the_pool_with_its_gpu_in_use_and_the_team_with_its_quota(account, kube, node, scoring):
    kube.create(kind.PODS, pod("busy", **{"nvidia.com/gpu": "1"}))
    kube.create(kind.PODS, pod("waiting", **{"nvidia.com/gpu": "1"}))
    until(lambda: (kube.get(kind.PODS, "busy", "scoring") or {})["status"].get("phase") == "Running")
    found = {section.title: section for section in in_cluster(account)}
    (train,) = (row.cells for row in found["pools"].rows)
    assert train == ("train", "1 (1 spot)", "1 of 1 GPUs", "8 a10g", "1", "node group")
    teams = {row.cells[0]: row.cells for row in found["teams"].rows}
    assert teams["scoring"][:4] == ("scoring", "1", "1", "2 of 4")
    assert teams["research"][-1] == "no namespace yet"
    assert "does not know clusterqueues" in found["queues"].lines[0].state


def test_what_people_run_ends_and_its_pods_with_it(kube, node, scoring):
    labels = {"app": "demo"}
    template = {"metadata": {"labels": labels}, "spec": pod("x")["spec"]}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "demo", "namespace": scoring}}
    kube.create(kind.DEPLOYMENTS, {**deployment, "spec": {"selector": {"matchLabels": labels}, "template": template}})
    kept = {**deployment, "metadata": {"name": "kept", "namespace": scoring}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    kube.create(kind.DEPLOYMENTS, {**kept, "spec": spec})
    until(lambda: len(kube.listed(kind.PODS, scoring, "app=demo")) == 1)
    assert drain(kube, [scoring], {("Deployment", scoring, "kept")}, lambda _: None) >= 1
    until(lambda: not kube.listed(kind.PODS, scoring, "app=demo"))
    assert [kind.name_of(one) for one in kube.listed(kind.DEPLOYMENTS, scoring)] == ["kept"]


def test_what_a_cut_short_creation_made_is_found_with_its_owner_and_a_deletion_is_waited_for(kube, scoring):
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cut", "namespace": scoring}}
    path = kind.Kind("v1", "configmaps").path(scoring, "cut")
    how = {"fieldManager": "pulumi-kubernetes-1a2b3c4d", "force": "true"}
    assert made(kube, inputs) is None
    kube.ask("PATCH", path, {**inputs, "data": {"a": "b"}}, how, "application/apply-patch+yaml")
    found = made(kube, inputs)
    assert found is not None
    assert (found.id, found.outputs) == ("scoring/cut", {"__fieldManager": "pulumi-kubernetes-1a2b3c4d"})

    kube.patch(kind.Kind("v1", "configmaps"), "cut", {"metadata": {"finalizers": ["example.com/held"]}}, scoring)
    kube.delete(kind.Kind("v1", "configmaps"), "cut", scoring)
    said: list[str] = []

    def let_go(_seconds: float) -> None:
        kube.patch(kind.Kind("v1", "configmaps"), "cut", {"metadata": {"finalizers": None}}, scoring)

    assert wait_until_gone(kube, {"urn": inputs}, said.append, let_go) == []
    assert said == ["ConfigMap cut is being deleted (1 in all)"]
