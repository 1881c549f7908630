"""An endpoint of the component on KServe's real controller: there before its model, ready once the model is."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from components.serving import ModelEndpoint
from localcloud.told_registry import tell_registry
from seedbed.status.endpoints_in_cluster import endpoints
from stacks.environment import charts
from stacks.file.workloads import Endpoint
from stacks.versions import image
from tests.localcloud.conftest import connect
from tests.localcloud.controlled import NAME, REGION, account_with_controllers, auto_mode
from tests.localcloud.fake_registry import fake_registry
from tests.localcloud.running_clusters import until
from tests.unit.components.instances_of_serving import ENDPOINT
from tests.unit.deploy import deploy

TEAM = "scoring"
SERVING = "serving.kserve.io/v1beta1"
ARGS = replace(
    ENDPOINT.args, pool=None, gpus=0, canary_percent=20, replicas_min=2, replicas_max=5, cpus=0.5, memory_gib=1
)


@pytest.fixture(scope="module")
def registry():
    with fake_registry() as made:
        yield made


@pytest.fixture(scope="module")
def kserve():
    with account_with_controllers() as running:
        aws = cache(lambda service: connect(running, service))
        with auto_mode(aws, running) as made:
            made.install(
                charts.kserve("1.34", "10.20.0.0/16", image("kserve-controller").reference), "kserve-controller-manager"
            )
            made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}})
            yield made


@pytest.fixture(scope="module")
def endpoint(kserve):
    """What the component makes in the cluster."""
    made = [one.inputs for one in deploy(lambda: ModelEndpoint("x", ARGS)) if one.type.startswith("kubernetes:")]
    documents = [one for one in made if one["kind"] in ("ServiceAccount", "ConfigMap", "InferenceService")]
    for one in documents:
        kserve.apply(one)
    yield
    kserve.drop(*(one for one in documents if one["kind"] == "InferenceService"))


def _condition(one: dict[str, Any], kind: str) -> dict[str, Any]:
    found = [it for it in one.get("status", {}).get("conditions") or [] if it["type"] == kind]
    return found[0] if found else {"status": "none"}


def _pods(kserve, name):
    selector = f"serving.kserve.io/inferenceservice={name}"
    return kserve.api.items(f"/api/v1/namespaces/{TEAM}/pods", labelSelector=selector)


def _is_ready(kserve, name):
    return _condition(kserve.get("InferenceService", name, TEAM, SERVING), "Ready")["status"] == "True"


def _loaded(kserve, name):
    return {one["metadata"]["annotations"].get("seedbed.dev/model-loaded") for one in _pods(kserve, name)}


def _placed(kserve, name, count):
    """The pods, once there are so many, each on a node where something is told of it."""
    found = [one for one in _pods(kserve, name) if one["status"].get("initContainerStatuses")]
    return found if len(found) == count else None


class _Kube:
    """Lists what an administrator sees."""

    def __init__(self, cluster):
        self._api = cluster.api

    def listed(self, kind, namespace="", selector=""):
        return self._api.items(kind.path(namespace), labelSelector=selector)


def _told(kserve):
    """What `seedbed status` says of the endpoint and its canary: ready, state, and whether that is good."""
    image = f"serving@{ARGS.image_digest}"
    of_file = Endpoint(name="credit", team=TEAM, model="credit-scoring", canaryPercent=20, image=image)
    kube: Any = _Kube(kserve)
    return {row.cells[0]: (row.cells[1], row.cells[-1], row.good) for row in endpoints(kube, [of_file])}


def test_an_endpoint_is_there_before_its_model_and_ready_once_the_model_is(kserve, endpoint, registry):
    """Also its canary, which takes the champion while nobody challenges; the autoscaler brings the second replica."""
    pods = until(lambda: _placed(kserve, "credit", 2), 240)
    until(lambda: _placed(kserve, "credit-canary", 1), 240)
    for pod in pods:
        status = pod["status"]
        assert status["phase"] == "Pending"
        said = {one["type"]: (one["status"], one.get("message", "")) for one in status["conditions"]}
        assert said["PodScheduled"][0] == "True"
        assert said["Ready"] == ("False", "containers with unready status: [kserve-container]")
        assert said["Initialized"][0] == "False"
        assert "[model capture split]; waiting for credit-scoring@champion" in said["Initialized"][1]
        states = {one["name"]: (one["started"], *one["state"]) for one in status["initContainerStatuses"]}
        assert states == {"model": (False, "running"), "capture": (False, "waiting"), "split": (False, "waiting")}
        assert [*status["containerStatuses"][0]["state"]] == ["waiting"]

    tell_registry(kserve.running, REGION, NAME, registry.url)
    until(lambda: registry.asked >= 4, 60)
    until(lambda: _condition(kserve.get("InferenceService", "credit", TEAM, SERVING), "Ready")["status"] == "False", 60)
    assert not _is_ready(kserve, "credit-canary")
    assert _loaded(kserve, "credit") == {None}
    nothing = "nothing in the registry that its pods could load"
    either = "credit-scoring@challenger or credit-scoring@champion"
    assert _told(kserve) == {
        "credit": ("no", f"waits for credit-scoring@champion: {nothing}", None),
        "credit-canary": ("no", f"waits for {either}: {nothing}", None),
    }

    registry.models["credit-scoring"] = {"champion": "1"}
    until(lambda: _is_ready(kserve, "credit") and _is_ready(kserve, "credit-canary"), 120)

    assert _loaded(kserve, "credit") == _loaded(kserve, "credit-canary") == {"1"}
    assert set(_told(kserve).values()) == {("yes", "serves version 1", True)}
    (pod, _) = _pods(kserve, "credit")
    assert pod["status"]["phase"] == "Running"
    assert pod["status"]["podIP"] in {one["status"]["podIP"] for one in pods}
    assert {one["type"]: one.get("message", "") for one in pod["status"]["conditions"]}["Initialized"] == ""
    assert all(one["ready"] and one["started"] for one in pod["status"]["initContainerStatuses"])


def test_the_bounds_and_the_split_arrive_in_what_kserve_makes(kserve, endpoint):
    until(lambda: _pods(kserve, "credit-canary"), 120)
    for name, bounds in (("credit", (2, 5)), ("credit-canary", (1, 1))):
        scaler = kserve.get("HorizontalPodAutoscaler", f"{name}-predictor", TEAM, "autoscaling/v2")["spec"]
        assert (scaler["minReplicas"], scaler["maxReplicas"]) == bounds
    made = {
        name: kserve.get("Deployment", f"{name}-predictor", TEAM, "apps/v1") for name in ("credit", "credit-canary")
    }
    sidecars = {
        name: {one["name"]: one for one in it["spec"]["template"]["spec"]["initContainers"]}
        for name, it in made.items()
    }
    assert sidecars["credit"]["split"]["command"][-2:] == ["credit-canary:8080", "20"]
    assert list(sidecars["credit-canary"]) == ["model", "capture"]


def test_a_challenger_reaches_the_canary_alone_and_a_replica_that_comes_later_has_the_model(kserve, endpoint, registry):
    tell_registry(kserve.running, REGION, NAME, registry.url)
    registry.models["credit-scoring"] = {"champion": "1", "challenger": "2"}
    until(lambda: _loaded(kserve, "credit-canary") == {"2"}, 60)
    assert _loaded(kserve, "credit") == {"1"}

    del registry.models["credit-scoring"]["champion"]
    path = f"/apis/apps/v1/namespaces/{TEAM}/deployments/credit-predictor"
    kserve.api.patch(path, {"spec": {"replicas": 3}})
    until(lambda: _placed(kserve, "credit", 3), 120)
    assert _loaded(kserve, "credit") == {"1", None}, "who has a model keeps it, who has none waits"

    registry.models["credit-scoring"]["champion"] = "3"
    until(lambda: _loaded(kserve, "credit") == {"3"}, 60)
    until(lambda: kserve.api.get(path)["status"].get("readyReplicas") == 3, 60)


def test_a_pod_that_was_ready_without_a_model_waits_again(kserve, endpoint, registry):
    """Such as one of an environment that ran on a local cloud which did not know of models."""
    registry.models.clear()
    tell_registry(kserve.running, REGION, NAME, registry.url)
    seen = registry.asked
    until(lambda: registry.asked > seen + 2, 60)
    (pod,) = until(lambda: _placed(kserve, "credit-canary", 1), 120)
    path = f"/api/v1/namespaces/{TEAM}/pods/{pod['metadata']['name']}"
    kserve.api.patch(path, {"metadata": {"annotations": {"seedbed.dev/model-loaded": None}}})
    until(lambda: _condition(kserve.api.get(path), "Initialized")["status"] == "False", 60)
    assert kserve.api.get(path)["status"]["podIP"] == pod["status"]["podIP"]
    until(lambda: not _is_ready(kserve, "credit-canary"), 60)

    registry.models["credit-scoring"] = {"champion": "4"}
    until(lambda: _is_ready(kserve, "credit-canary"), 60)
    assert _loaded(kserve, "credit-canary") == {"4"}
