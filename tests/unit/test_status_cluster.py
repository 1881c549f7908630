"""What `seedbed status ENV` tells of a cluster, and of one that does not answer."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from seedbed import summary
from seedbed.cluster import Kube, NoClusterError, UnreachableError
from seedbed.status import in_cluster as module
from seedbed.status.endpoints_in_cluster import endpoints
from seedbed.status.in_cluster import in_cluster, told
from seedbed.status.pools import HEAD, pools
from seedbed.status.queues import queues
from seedbed.status.section import Line, Row, Section
from seedbed.status.teams import teams
from stacks.file.pools import Pool
from stacks.file.teams import Team
from stacks.file.workloads import Endpoint
from tests.unit.api_server import TOKEN, ApiServer, api_server

NODES, PODS = "/api/v1/nodes", "/api/v1/pods"
NODE_POOLS = "/apis/karpenter.sh/v1/nodepools"
READY = {"type": "Ready", "status": "True"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest.fixture
def server(running: ApiServer) -> ApiServer:
    running.answers.clear()
    running.lists(NODES)
    running.lists(PODS)
    return running


@pytest.fixture
def kube(server: ApiServer) -> Kube:
    return Kube(server.address, lambda: TOKEN, on_this_machine=True)


TRAIN = Pool(name="train", accelerator="a10g", maxGpus=8, capacity=("spot", "on-demand"))
PARTS = Pool(name="parts", accelerator="a100", partition="3g.20gb", maxGpus=8)
WORK = Pool(name="work", maxCpus=64)


def node(name: str, pool: str, capacity_type: str = "on-demand", ready: str = "True", **allocatable: str) -> Any:
    labels = {"seedbed.dev/pool": pool, "karpenter.sh/capacity-type": capacity_type}
    given = {key.replace("gpu", "nvidia.com/gpu"): value for key, value in allocatable.items()}
    status = {"allocatable": given, "conditions": [{"type": "Ready", "status": ready}]}
    return {"metadata": {"name": name, "labels": labels}, "status": status}


def pod(node_name: str = "", phase: str = "Running", pool: str = "", **asked: str) -> Any:
    given = {key.replace("gpu", "nvidia.com/gpu"): value for key, value in asked.items()}
    spec: dict[str, Any] = {"containers": [{"resources": {"requests": given}}]}
    if node_name:
        spec["nodeName"] = node_name
    if pool:
        spec["nodeSelector"] = {"seedbed.dev/pool": pool}
    return {"metadata": {"name": "pod", "namespace": "scoring"}, "spec": spec, "status": {"phase": phase}}


def test_a_pool_tells_its_nodes_its_gpus_in_use_its_cap_and_who_waits(kube, server):
    server.lists(NODES, node("a", "train", "spot", gpu="1"), node("b", "train", gpu="4", ready="False"))
    server.lists(PODS, pod("a", gpu="1"), pod("b", gpu="2"), pod("b", "Succeeded", gpu="2"),
                 pod(phase="Pending", pool="train", gpu="1"), pod(phase="Pending", gpu="1"))  # fmt: skip
    ready = {"metadata": {"name": "train"}, "spec": {}, "status": {"conditions": [READY]}}
    server.lists(NODE_POOLS, ready)
    assert list(pools(kube, [TRAIN])) == [
        Row(("train", "2 (1 spot, 1 not ready)", "3 of 5 GPUs", "8 a10g", "1", "ready"))
    ]


def test_a_pool_at_rest_has_no_nodes_and_is_well(kube, server):
    server.lists(NODE_POOLS, {"metadata": {"name": "train"}, "spec": {}, "status": {"conditions": [READY]}})
    assert list(pools(kube, [TRAIN])) == [Row(("train", "0", "-", "8 a10g", "-", "ready"))]


def test_a_pool_that_karpenter_refuses_says_why(kube, server):
    no = {"type": "Ready", "status": "False", "message": "NodeClass train not found"}
    server.lists(NODE_POOLS, {"metadata": {"name": "train"}, "spec": {}, "status": {"conditions": [no]}})
    (row,) = pools(kube, [TRAIN])
    assert (row.cells[-1], row.good) == ("not ready: NodeClass train not found", False)


def test_parts_of_gpus_and_cpus_are_counted_in_their_own_words(kube, server):
    server.lists(NODES, node("p", "parts", gpu="16"), node("w", "work", cpu="3920m"))
    server.lists(PODS, pod("p", gpu="1"), pod("w", cpu="500m"))
    cells = [row.cells for row in pools(kube, [PARTS, WORK])]
    assert [one[2] for one in cells] == ["1 of 16 3g.20gb parts", "0.5 of 3.92 CPUs"]
    assert [one[3] for one in cells] == ["8 a100", "64 vCPUs"]
    assert cells[0][-1] == "node group"


def test_nodes_of_a_pool_that_the_file_does_not_have_are_not_passed_over(kube, server):
    server.lists(NODES, node("x", "old", gpu="1"))
    (row,) = pools(kube, [])
    assert (row.cells[0], row.cells[-1], row.good) == ("old", "not in the file", None)


def test_a_pod_that_names_its_pool_by_affinity_waits_for_it(kube, server):
    waiting = pod(phase="Pending", gpu="1")
    expression = {"key": "seedbed.dev/pool", "operator": "In", "values": ["train"]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    waiting["spec"]["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    server.lists(PODS, waiting)
    (row,) = pools(kube, [TRAIN])
    assert row.cells[HEAD.index("waiting")] == "1"


def test_a_queue_tells_what_is_admitted_what_waits_and_what_is_borrowed(kube, server):
    resource = {"name": "nvidia.com/gpu", "nominalQuota": "4"}
    spec = {"resourceGroups": [{"flavors": [{"name": "train", "resources": [resource]}]}]}
    used = [{"name": "train", "resources": [{"name": "nvidia.com/gpu", "total": "6", "borrowed": "2"}]}]
    status = {"admittedWorkloads": 3, "pendingWorkloads": 1, "flavorsUsage": used,
              "conditions": [{"type": "Active", "status": "True"}]}  # fmt: skip
    server.lists(
        "/apis/kueue.x-k8s.io/v1beta1/clusterqueues",
        {"metadata": {"name": "scoring"}, "spec": spec, "status": status},
        {"metadata": {"name": "research"}, "spec": {}},
    )
    assert list(queues(kube)) == [
        Row(("research", "0", "0", "-", "-", "not active: not said why"), None),
        Row(("scoring", "3", "1", "6 of 4", "2", "active")),
    ]


def test_a_team_tells_its_pods_and_its_quotas_and_one_without_a_namespace_is_said_so(kube, server):
    server.answers["/api/v1/namespaces/scoring"] = {"metadata": {"name": "scoring"}, "status": {"phase": "Active"}}
    server.lists("/api/v1/namespaces/scoring/pods", pod("a"), pod(phase="Pending"))
    names = {"requests.nvidia.com/gpu": ("1", "4"), "requests.cpu": ("500m", "32"), "requests.memory": ("1Gi", "128Gi")}
    status = {"used": {n: u for n, (u, _) in names.items()}, "hard": {n: h for n, (_, h) in names.items()}}
    server.lists("/api/v1/namespaces/scoring/resourcequotas", {"status": status})
    assert list(teams(kube, [Team(name="scoring"), Team(name="research")])) == [
        Row(("scoring", "1", "1", "1 of 4", "0.5 of 32", "1 of 128 GiB", "ready")),
        Row(("research", "-", "-", "-", "-", "-", "no namespace yet"), None),
    ]


IMAGE = "serving@sha256:" + "0" * 64
CREDIT = Endpoint(name="credit", team="scoring", model="credit-scoring", canaryPercent=10, image=IMAGE)
SERVICES = "/apis/serving.kserve.io/v1beta1/namespaces/scoring/inferenceservices"
DEPLOYMENTS = "/apis/apps/v1/namespaces/scoring/deployments"


def served(**more: Any) -> Any:
    """A pod of an endpoint that waits for a model, unless more is said of it."""
    loader = {"name": "model", "started": bool(more), "state": {"running": {}}}
    after = {"name": "split", "started": bool(more), "state": {"running": {}} if more else {"waiting": {}}}
    metadata = {"name": "pod", "annotations": more}
    return {"metadata": metadata, "spec": {"nodeName": "a"}, "status": {"initContainerStatuses": [after, loader]}}


def test_an_endpoint_tells_its_state_its_traffic_and_its_replicas_and_so_does_its_canary(kube, server):
    waits = {"type": "Ready", "status": "False", "message": "Deployment does not have minimum availability"}
    server.lists(
        SERVICES,
        {"metadata": {"name": "credit"}, "status": {"url": "http://credit", "conditions": [READY]}},
        {"metadata": {"name": "credit-canary"}, "status": {"conditions": [waits]}},
        {"metadata": {"name": "new"}},
        {"metadata": {"name": "another"}},
    )
    server.lists(DEPLOYMENTS, {"spec": {"replicas": 2}, "status": {"readyReplicas": 1}})
    pods = {"credit": served(**{"seedbed.dev/model-loaded": "3"}), "credit-canary": served()}

    def of_service(asked: Any) -> Any:
        pod = pods.get(asked.query["labelSelector"].partition("=")[2])
        return {"items": [pod] if pod else []}

    server.answers["/api/v1/namespaces/scoring/pods"] = of_service
    new = Endpoint(name="new", team="scoring", model="new", image=IMAGE)
    absent = Endpoint(name="absent", team="scoring", model="absent", image=IMAGE)
    waiting = (
        "waits for credit-scoring@challenger or credit-scoring@champion: "
        "nothing in the registry that its pods could load"
    )
    assert list(endpoints(kube, [CREDIT, new, absent])) == [
        Row(("credit", "yes", "90% credit-scoring@champion", "1 of 2 (1 to 2)", "http://credit", "serves version 3")),
        Row(("credit-canary", "no", "10% credit-scoring@challenger", "1 of 2", "-", waiting), None),
        Row(("new", "no", "100% new@champion", "1 of 2 (1 to 2)", "-", "not said yet"), None),
        Row(("absent", "no", "-", "-", "-", "not made yet"), None),
    ]


def test_an_endpoint_whose_pods_have_no_node_yet_says_so(kube, server):
    pod = served()
    del pod["spec"]["nodeName"], pod["status"]
    server.lists(SERVICES, {"metadata": {"name": "credit"}})
    server.lists(DEPLOYMENTS)
    server.lists("/api/v1/namespaces/scoring/pods", pod)
    (row,) = endpoints(kube, [CREDIT])
    assert row.cells[-1] == "its pods wait for a node"


def test_an_endpoint_that_has_its_model_and_is_not_ready_says_what_kserve_says(kube, server):
    """A server that crashes does not wait for a model."""
    fails = {"type": "Ready", "status": "False", "message": "Deployment does not have minimum availability"}
    server.lists(SERVICES, {"metadata": {"name": "credit"}, "status": {"conditions": [fails]}})
    server.lists(DEPLOYMENTS)
    server.lists("/api/v1/namespaces/scoring/pods", served(**{"seedbed.dev/model-loaded": "3"}))
    (row,) = endpoints(kube, [CREDIT])
    assert (row.cells[-1], row.good) == ("Deployment does not have minimum availability", False)


class Account:
    """An account whose environment has a cluster, pools, teams and endpoints."""

    prefix = "seedbed-local"

    def __init__(self, cluster: Any = True) -> None:
        environment = {"cluster": cluster, "pools": (TRAIN,), "teams": (Team(name="scoring"),), "endpoints": (CREDIT,)}
        self.settings: Any = type("Settings", (), {"name": "local", "environment": type("E", (), environment)})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UnreachableError("does not\nanswer"), "not reachable: does not answer"),
        (NoClusterError("none"), "not there: none: seedbed up local"),
    ],
)
def test_a_cluster_that_does_not_answer_is_said_and_what_the_file_has_is_still_named(monkeypatch, error, said):
    def silent(_: object) -> Any:
        raise error

    monkeypatch.setattr(module, "open_cluster", silent)
    account: Any = Account()
    sections = {section.title: section.lines for section in in_cluster(account)}
    assert sections["cluster"] == [Line("seedbed-local", said, None)]
    what = said.partition(":")[0]
    assert sections["pools"] == [Line("pools", f"train: not known, as the cluster is {what}", None)]
    assert sections["endpoints"][0].state.startswith("credit: not known")


def test_an_environment_without_a_cluster_has_nothing_to_tell_of_one():
    account: Any = Account(cluster=None)
    assert list(in_cluster(account)) == []


def test_each_subject_of_a_cluster_that_answers_has_its_section(monkeypatch, kube, server):
    server.answers["/version"] = {"gitVersion": "v1.34.2"}
    monkeypatch.setattr(module, "open_cluster", lambda _: kube)
    account: Any = Account()
    found = {section.title: section for section in in_cluster(account)}
    assert list(found) == ["cluster", "pools", "queues", "teams", "endpoints"]
    assert found["cluster"].lines[0].state == f"Kubernetes v1.34.2 at {server.address.endpoint}"
    assert [row.cells[0] for row in found["pools"].rows] == ["train"]
    assert "does not know clusterqueues" in found["queues"].lines[0].state


def test_what_was_learnt_before_the_cluster_failed_is_kept():
    def ask() -> Iterator[Row]:
        yield Row(("one",))
        raise UnreachableError("gone")

    section = told("pools", ("pool",), ask, "none")
    assert section == Section("pools", [Line("pools", "not known: gone", None)], ("pool",), [Row(("one",))])


def shown(*sections: Section) -> list[list[str]]:
    file = io.StringIO()
    summary.show_sections(Console(file=file, width=120, color_system=None), sections)
    return [line.split() for line in file.getvalue().splitlines() if line.strip()]


def test_a_table_has_its_title_its_columns_and_its_rows():
    assert shown(Section("pools", [Line("more", "said")], ("pool", "nodes"), [Row(("train", "2"))])) == [
        ["pools"],
        ["pool", "nodes"],
        ["train", "2"],
        ["more", "said"],
    ]
