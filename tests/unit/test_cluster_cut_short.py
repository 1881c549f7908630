"""What a killed run was making or deleting in a cluster, and how the next one takes it over."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from seedbed import mending, recovery
from seedbed.cluster import Kube, NoClusterError, UnreachableError
from seedbed.cluster.cut_short import Made, is_cluster, made, wait_until_gone
from seedbed.mending import examine, mend
from seedbed.steps import Steps
from tests.unit.api_server import TOKEN, ApiServer, api_server

HEAD = "urn:pulumi:local::seedbed::seedbed:queue:GpuQueue$kubernetes:"
QUEUE = f"{HEAD}kueue.x-k8s.io/v1beta1:LocalQueue::scoring-queue"
FLAVOR = f"{HEAD}kueue.x-k8s.io/v1beta1:ResourceFlavor::train-flavor"
INPUTS: dict[str, dict[str, Any]] = {
    QUEUE: {
        "apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "LocalQueue",
        "metadata": {"name": "main", "namespace": "scoring"}, "spec": {"clusterQueue": "scoring"},
    },
    FLAVOR: {"apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "ResourceFlavor", "metadata": {"name": "train"}},
}  # fmt: skip
KUEUE = "/apis/kueue.x-k8s.io/v1beta1"
QUEUE_PATH = f"{KUEUE}/namespaces/scoring/localqueues/main"
ACCOUNT: Any = SimpleNamespace(settings=SimpleNamespace(account="000000000000"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("server")) as made_one:
        yield made_one


@pytest.fixture
def server(running: ApiServer) -> ApiServer:
    kinds = [{"name": "localqueues", "kind": "LocalQueue"}, {"name": "resourceflavors", "kind": "ResourceFlavor"}]
    running.answers.clear()
    running.answers |= {KUEUE: {"resources": kinds}, "/version": {"gitVersion": "v1.34.2"}}
    return running


@pytest.fixture
def kube(server: ApiServer) -> Kube:
    return Kube(server.address, lambda: TOKEN, on_this_machine=True)


def owned(urn: str, manager: str = "pulumi-kubernetes-1a2b3c4d", **metadata: Any) -> dict[str, Any]:
    fields = [
        {"manager": "kueue", "operation": "Update", "subresource": "status"},
        {"manager": manager, "operation": "Apply"},
    ]
    given = INPUTS[urn]
    return {**given, "metadata": {**given["metadata"], "managedFields": fields, **metadata}}


def cut(urn: str, doing: str = "creating") -> dict[str, Any]:
    type_ = urn.split("::")[2].rpartition("$")[2]
    return {"type": doing, "resource": {"urn": urn, "type": type_, "custom": True, "inputs": INPUTS[urn]}}


def test_what_was_made_is_known_by_its_id_and_by_the_name_that_owns_its_fields(kube, server):
    server.answers[QUEUE_PATH] = owned(QUEUE)
    server.answers[f"{KUEUE}/resourceflavors/train"] = owned(FLAVOR)
    owner = {"__fieldManager": "pulumi-kubernetes-1a2b3c4d"}
    assert made(kube, INPUTS[QUEUE]) == Made("scoring/main", owner)
    assert made(kube, INPUTS[FLAVOR]) == Made("train", owner)


@pytest.mark.parametrize(
    "there",
    [
        None,
        owned(QUEUE, manager="kubectl"),
        owned(QUEUE, deletionTimestamp="2026-01-01T00:00:00Z"),
        {**INPUTS[QUEUE], "metadata": {"name": "main", "namespace": "scoring"}},
    ],
    ids=["nothing", "somebody else's", "on its way out", "nobody's"],
)
def test_what_is_not_there_or_not_ours_or_going_is_not_taken_over(kube, server, there):
    if there:
        server.answers[QUEUE_PATH] = there
    assert made(kube, INPUTS[QUEUE]) is None


def test_a_kind_that_the_cluster_does_not_know_was_not_made(kube):
    assert made(kube, {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}}) is None
    assert made(kube, {}) is None


def test_a_killed_run_is_put_in_order_with_what_it_made_in_the_cluster(monkeypatch, kube, server):
    server.answers[QUEUE_PATH] = owned(QUEUE)
    monkeypatch.setattr(mending, "open_cluster", lambda _: kube)
    deployment = {"resources": [], "pending_operations": [cut(QUEUE), cut(FLAVOR)]}
    found = examine(deployment, ACCOUNT)
    assert (found.adopted, found.struck) == ({QUEUE: "scoring/main"}, [FLAVOR])
    written: list[Any] = []
    stack: Any = SimpleNamespace(import_stack=lambda state: written.append(state.deployment))
    mend(stack, deployment, found)
    (state,) = written
    assert "pending_operations" not in state
    (resource,) = state["resources"]
    assert (resource["id"], resource["inputs"]) == ("scoring/main", INPUTS[QUEUE])
    assert resource["outputs"] == {"__fieldManager": "pulumi-kubernetes-1a2b3c4d"}


def test_where_the_cluster_does_not_answer_creations_are_done_again(monkeypatch):
    def silent(_: object) -> Any:
        raise UnreachableError("no")

    monkeypatch.setattr(mending, "open_cluster", silent)
    found = examine({"resources": [], "pending_operations": [cut(QUEUE)]}, ACCOUNT)
    assert (found.struck, found.adopted) == ([QUEUE], {})


def test_what_is_on_its_way_out_is_waited_for_and_what_only_stands_there_is_not(kube, server):
    leaving = iter([owned(QUEUE, deletionTimestamp="2026-01-01T00:00:00Z")] * 2)
    server.answers[QUEUE_PATH] = lambda _: next(leaving, None) or (404, {"message": "gone"})
    server.answers[f"{KUEUE}/resourceflavors/train"] = owned(FLAVOR)
    slept: list[float] = []
    said: list[str] = []
    assert wait_until_gone(kube, INPUTS, said.append, slept.append) == []
    assert len(slept) == 2
    assert said == ["LocalQueue main is being deleted (1 in all)"] * 2


def test_what_never_goes_is_named(kube, server, monkeypatch):
    server.answers[QUEUE_PATH] = owned(QUEUE, deletionTimestamp="2026-01-01T00:00:00Z")
    monkeypatch.setattr("seedbed.cluster.cut_short.PATIENCE_SECONDS", 0.0)
    assert wait_until_gone(kube, INPUTS, lambda _: None, lambda _: None) == [QUEUE]


def test_what_was_being_deleted_in_a_cluster_that_is_gone_is_gone_too(monkeypatch, kube):
    deployment = {"resources": [{"urn": QUEUE, "inputs": INPUTS[QUEUE]}]}
    steps = Steps(Console(quiet=True))

    def opens(found: Any) -> None:
        def opened(_: object) -> Any:
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(recovery, "open_cluster", opened)

    opens(NoClusterError("none"))
    assert recovery._outwait_deletions(ACCOUNT, deployment, [QUEUE], steps)
    assert not recovery._outwait_deletions(ACCOUNT, deployment, [], steps)
    # One that only does not answer may still have it: the engine says so.
    opens(UnreachableError("no"))
    assert not recovery._outwait_deletions(ACCOUNT, deployment, [QUEUE], steps)
    opens(kube)
    assert not recovery._outwait_deletions(ACCOUNT, deployment, [QUEUE], steps)


def test_types_of_the_kubernetes_provider_are_told_from_all_others():
    assert is_cluster("kubernetes:core/v1:Namespace")
    assert not is_cluster("pulumi:providers:kubernetes")
    assert not is_cluster("aws:eks/cluster:Cluster")
