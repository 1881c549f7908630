"""Real controllers on a real control plane: pools that scale, queues that lend and take back, an endpoint, webhooks."""

import os
import signal
from functools import cache
from typing import Any

import pytest

from localcloud.clusters.api import ApiError
from stacks.environment import charts
from stacks.versions import image
from tests.localcloud.conftest import connect
from tests.localcloud.controlled import account_with_controllers, auto_mode, deployment, pod_spec, pool
from tests.localcloud.running_clusters import until


@pytest.fixture(scope="module")
def cluster():
    with account_with_controllers() as running:
        aws = cache(lambda service: connect(running, service))
        with auto_mode(aws, running) as made:
            yield made


@pytest.fixture(scope="module")
def kueue(cluster):
    cluster.install(
        charts.kueue("1.34", ["default"], 1, "10.20.0.0/16", image("kueue").reference), "kueue-controller-manager"
    )
    return cluster


@pytest.fixture(scope="module")
def kserve(cluster):
    cluster.install(
        charts.kserve("1.34", "10.20.0.0/16", image("kserve-controller").reference), "kserve-controller-manager"
    )
    return cluster


def test_a_pool_grows_from_nothing_to_its_cap_and_back(cluster):
    """A node counts with all of its GPUs against the cap, also where the first pod asks for one."""
    train = pool("train", ["g5.12xlarge"], ["on-demand"], gpus=4)
    cluster.apply(train)
    assert cluster.nodes("train") == []
    work = deployment("burst", "train", replicas=5)
    cluster.apply(work)

    until(lambda: cluster.phases("burst") == ["Pending", *["Running"] * 4], 120)

    (node,) = cluster.nodes("train")
    assert node["status"]["capacity"]["nvidia.com/gpu"] == "4"
    assert node["metadata"]["labels"]["node.kubernetes.io/instance-type"] == "g5.12xlarge"
    assert node["metadata"]["labels"]["seedbed.dev/pool"] == "train"
    assert {one["spec"].get("nodeName") for one in cluster.pods("burst")} == {node["metadata"]["name"], None}

    def counted() -> Any:
        return cluster.get("NodePool", "train", version="karpenter.sh/v1")["status"]["resources"].get("nvidia.com/gpu")

    until(lambda: counted() == "4")

    cluster.drop(work)
    until(lambda: cluster.nodes("train") == [], 240)
    cluster.drop(train)


def test_spot_comes_first_and_on_demand_where_spot_is_sold_out(cluster):
    either = pool("either", ["g6.xlarge"], ["spot", "on-demand"], gpus=4)
    cluster.apply(either)
    work = deployment("first", "either", replicas=1)
    cluster.apply(work)
    until(lambda: cluster.phases("first") == ["Running"], 120)
    assert [_capacity(one) for one in cluster.nodes("either")] == ["spot"]

    cluster.order("POST", "market", {"capacityType": "spot", "instanceType": "g6.xlarge"})
    more = deployment("second", "either", replicas=1)
    cluster.apply(more)
    until(lambda: cluster.phases("second") == ["Running"], 180)

    assert sorted(_capacity(one) for one in cluster.nodes("either")) == ["on-demand", "spot"]
    reasons = {one["reason"]: one["message"] for one in cluster.api.items("/api/v1/namespaces/default/events")}
    assert "no spot capacity is left" in reasons["InsufficientCapacityError"]
    assert cluster.order("DELETE", "market") == {"soldOut": [], "reservations": []}
    cluster.drop(work, more, either)


def _capacity(node):
    return node["metadata"]["labels"]["karpenter.sh/capacity-type"]


def test_a_reservation_is_used_before_anything_else_and_ends_with_its_count(cluster):
    reservation = {"id": "cr-0123456789abcdef0", "instanceType": "g6.xlarge", "availabilityZone": "eu-central-1b"}
    cluster.order("POST", "reservations", {**reservation, "totalInstanceCount": 1})
    own = cluster.get("NodeClass", "default", version="eks.amazonaws.com/v1")
    spec = own["spec"] | {"capacityReservationSelectorTerms": [{"id": reservation["id"]}]}
    paid = {"apiVersion": "eks.amazonaws.com/v1", "kind": "NodeClass", "metadata": {"name": "paid"}, "spec": spec}
    held = pool("held", ["g6.xlarge"], ["reserved", "on-demand"], gpus=4)
    held["spec"]["template"]["spec"]["nodeClassRef"]["name"] = "paid"
    cluster.apply(paid)
    until(lambda: cluster.get("NodeClass", "paid", version="eks.amazonaws.com/v1").get("status"), 60)
    cluster.apply(held)
    work = deployment("paid", "held", replicas=2)
    cluster.apply(work)
    until(lambda: cluster.phases("paid") == ["Running"] * 2, 180)

    assert sorted(_capacity(one) for one in cluster.nodes("held")) == ["on-demand", "reserved"]
    cluster.drop(work, held, paid)
    cluster.order("DELETE", "market")


def test_a_node_class_that_names_what_is_not_there_is_not_ready(cluster):
    own = cluster.get("NodeClass", "default", version="eks.amazonaws.com/v1")
    spec = own["spec"] | {"role": "nobody"}
    wrong = {"apiVersion": "eks.amazonaws.com/v1", "kind": "NodeClass", "metadata": {"name": "wrong"}, "spec": spec}
    cluster.apply(wrong)

    found = until(lambda: cluster.get("NodeClass", "wrong", version="eks.amazonaws.com/v1").get("status"), 60)

    ready = next(one for one in found["conditions"] if one["type"] == "Ready")
    assert ready["status"] == "False"
    assert "nobody does not exist" in ready["message"]
    cluster.drop(wrong)
    with pytest.raises(ApiError, match="exactly one of role and instanceProfile"):
        cluster.apply({**wrong, "spec": {key: value for key, value in spec.items() if key != "role"}})
    with pytest.raises(ApiError, match=r"field not declared in schema|unknown field"):
        cluster.apply({**wrong, "spec": spec | {"amiFamily": "Bottlerocket"}})


def flavor_and_queues() -> list[dict[str, Any]]:
    api = "kueue.x-k8s.io/v1beta1"
    quota = {"name": "nvidia.com/gpu", "nominalQuota": "1"}
    flavor = {"name": "queued", "resources": [{"name": "cpu", "nominalQuota": "8"}, quota]}
    queues: list[dict[str, Any]] = [
        {
            "apiVersion": api,
            "kind": "ClusterQueue",
            "metadata": {"name": name},
            "spec": {
                "cohort": "all",
                "namespaceSelector": {},
                "preemption": {"reclaimWithinCohort": "Any"},
                "resourceGroups": [{"coveredResources": ["cpu", "nvidia.com/gpu"], "flavors": [flavor]}],
            },
        }
        for name in ("team-a", "team-b")
    ]
    local = [
        {
            "apiVersion": api, "kind": "LocalQueue", "metadata": {"name": name, "namespace": "default"},
            "spec": {"clusterQueue": name},
        }
        for name in ("team-a", "team-b")
    ]  # fmt: skip
    return [{"apiVersion": api, "kind": "ResourceFlavor", "metadata": {"name": "queued"}}, *queues, *local]


def job(name, queue):
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default", "labels": {"kueue.x-k8s.io/queue-name": queue}},
        "spec": {
            "template": {
                "metadata": {"annotations": {"seedbed.dev/keep-running": "true"}},
                "spec": {**pod_spec("queued"), "restartPolicy": "Never"},
            }
        },
    }


def test_a_queue_lends_what_is_idle_and_takes_it_back(kueue):
    queued = pool("queued", ["g6.xlarge"], ["on-demand"], gpus=2)
    things = [queued, *flavor_and_queues()]
    for one in things:
        kueue.apply(one)
    borrowing = [job("a-1", "team-a"), job("a-2", "team-a")]
    for one in borrowing:
        kueue.apply(one)
    until(lambda: _running(kueue) == {"a-1", "a-2"}, 120)
    assert len(kueue.nodes("queued")) == 2, "two GPUs of two teams, both used by one"

    returns = job("b-1", "team-b")
    kueue.apply(returns)
    until(lambda: "b-1" in _running(kueue) and len(_running(kueue)) == 2, 120)

    (evicted,) = [found for one in _workloads(kueue) if (found := _condition(one, "Evicted"))]
    assert evicted["reason"] == "Preempted"
    preempted = [found for one in _workloads(kueue) if (found := _condition(one, "Preempted"))]
    assert [one["reason"] for one in preempted] == ["InCohortFairSharing"], "shares are fair, as the chart is told"
    kueue.drop(returns, *borrowing)
    kueue.drop(*reversed(things))


def _workloads(kueue):
    return kueue.api.items("/apis/kueue.x-k8s.io/v1beta1/namespaces/default/workloads")


def _condition(one, kind):
    found = [
        it for it in one.get("status", {}).get("conditions") or [] if it["type"] == kind and it["status"] == "True"
    ]
    return found[0] if found else None


def _running(kueue):
    """Jobs whose pod runs on a node."""
    pods = kueue.api.items("/api/v1/namespaces/default/pods", labelSelector="batch.kubernetes.io/job-name")
    return {
        one["metadata"]["labels"]["batch.kubernetes.io/job-name"]
        for one in pods
        if one["status"]["phase"] == "Running" and "deletionTimestamp" not in one["metadata"]
    }


def test_a_wrong_queue_is_refused_by_kueues_own_webhook(kueue):
    wrong = flavor_and_queues()[1]
    wrong["spec"]["resourceGroups"][0]["flavors"][0]["resources"][0]["nominalQuota"] = "-1"
    with pytest.raises(ApiError, match=r'admission webhook "vclusterqueue.kb.io" denied the request.*nominalQuota'):
        kueue.apply(wrong)


def test_a_program_that_is_killed_is_back_and_its_pod_says_so(kueue):
    def found():
        lines = kueue.order("GET", "processes")["processes"]
        return next(one for one in lines if one["name"] == "kueue")

    before = found()
    assert before["state"] == "running"
    assert before["memoryMib"] > 0
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: found()["pid"] not in (before["pid"], None), 60)
    assert found()["restarts"] == before["restarts"] + 1
    (pod,) = kueue.api.items("/api/v1/namespaces/kueue-system/pods")

    def is_ready():
        status = kueue.get("Pod", pod["metadata"]["name"], "kueue-system")["status"]
        return status["containerStatuses"][0]["restartCount"] and status["containerStatuses"][0]["ready"]

    until(is_ready, 120)


def test_an_inference_service_becomes_a_deployment_and_is_ready(kserve):
    service = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": "scores",
            "namespace": "default",
            "annotations": {
                "serving.kserve.io/deploymentMode": "RawDeployment",
                "serving.kserve.io/autoscalerClass": "hpa",
            },
        },
        "spec": {
            "predictor": {
                "minReplicas": 2,
                "maxReplicas": 5,
                "containers": [{"name": "kserve-container", "image": "scoring", "ports": [{"containerPort": 8080}]}],
            }
        },
    }
    kserve.apply(service)

    until(lambda: _condition(_service(kserve), "Ready"), 180)

    until(lambda: _deployment(kserve)["status"].get("readyReplicas") == 2, 60)
    scaler = kserve.get("HorizontalPodAutoscaler", "scores-predictor", version="autoscaling/v2")
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (2, 5)
    kserve.drop(service)
    wrong = {**service, "metadata": {**service["metadata"], "name": "1-begins-with-a-number"}}
    with pytest.raises(ApiError, match=r"admission webhook .* denied the request"):
        kserve.apply(wrong)


def _deployment(kserve):
    return kserve.get("Deployment", "scores-predictor", version="apps/v1")


def _service(kserve):
    return kserve.get("InferenceService", "scores", version="serving.kserve.io/v1beta1")
