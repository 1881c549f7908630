"""Which pods get which version, and which registry they get it from."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from localcloud.clusters.stages import written
from localcloud.controllers.model_loader import ModelLoader, Wish, changes, wish_of
from localcloud.controllers.registries import Registries, RegistryError, version_at
from localcloud.running import CloudError
from localcloud.told_registry import tell_registry
from tests.localcloud.fake_registry import fake_registry

REGION, CLUSTER = "eu-central-1", "seedbed-local"
TOLD = {"region": REGION, "cluster": CLUSTER, "url": "http://127.0.0.1:5000"}


def pod(name="a", node="n", loaded=None, model="credit", aliases="champion", **meta):
    annotations = {"seedbed.dev/model": model, "seedbed.dev/aliases": aliases}
    if loaded:
        annotations["seedbed.dev/model-loaded"] = loaded
    return {"metadata": {"name": name, "annotations": annotations, **meta}, "spec": {"nodeName": node}}


@pytest.fixture
def registries(tmp_path):
    return Registries(tmp_path)


def test_pods_get_the_version_that_they_do_not_have_yet_and_one_question_answers_for_all():
    asked = []

    def version(wish):
        asked.append(wish)
        return {"credit": "4"}.get(wish.model)

    pods = [pod("new"), pod("old", loaded="3"), pod("current", loaded="4"), pod("other", model="fraud", loaded="1")]
    assert [(one["metadata"]["name"], new) for one, new in changes(pods, version)] == [("new", "4"), ("old", "4")]
    assert asked == [Wish("credit", ("champion",)), Wish("fraud", ("champion",))]


@pytest.mark.parametrize(
    "left_alone",
    [
        pod(node=""),
        pod(deletionTimestamp="2026-01-01T00:00:00Z"),
        pod(model=""),
        pod(aliases=","),
        pod(annotations=None),
    ],
)
def test_a_pod_without_a_node_or_on_its_way_out_or_of_no_model_is_left_alone(left_alone):
    assert wish_of(left_alone) is None


def test_the_first_alias_that_a_version_bears_counts():
    with fake_registry() as registry:
        assert version_at(registry.url, "credit", ("challenger", "champion")) is None
        registry.models["credit"] = {}
        assert version_at(registry.url, "credit", ("challenger", "champion")) is None
        registry.models["credit"] = {"champion": "1"}
        assert version_at(registry.url, "credit", ("challenger", "champion")) == "1"
        registry.models["credit"]["challenger"] = "2"
        assert version_at(registry.url, "credit", ("challenger", "champion")) == "2"


def test_what_is_no_registry_is_not_taken_for_an_empty_one(monkeypatch):
    monkeypatch.setattr("tests.localcloud.fake_registry.ALIAS", "/elsewhere")
    with fake_registry() as registry:
        with pytest.raises(RegistryError, match="404 ENDPOINT_NOT_FOUND"):
            version_at(registry.url, "credit", ("champion",))
        url = registry.url
    with pytest.raises(RegistryError, match=url):
        version_at(url, "credit", ("champion",))


class Nothing:
    """A cluster without a server, whose pods a test gives."""

    def __init__(self, state):
        self.said = []
        self.site: Any = SimpleNamespace(state=state, note=self.said.append)
        self.api: Any = self
        self.region, self.name, self.patches = REGION, CLUSTER, []

    def patch(self, path, body):
        self.patches.append((path, body["metadata"]["annotations"], body["metadata"]["uid"]))


def test_a_registry_that_is_silent_for_long_is_forgotten_and_one_that_starts_again_is_not(
    registries, tmp_path, monkeypatch
):
    cluster: Any = Nothing(tmp_path)
    loader = ModelLoader(cluster)
    one = pod(namespace="scoring", uid="u1")
    monkeypatch.setattr(loader._pods, "objects", lambda: [one])
    with fake_registry() as registry:
        registry.models["credit"] = {"champion": "1"}
        registries.tell({**TOLD, "url": registry.url})
        loader._step()
    assert cluster.patches == [("/api/v1/namespaces/scoring/pods/a", {"seedbed.dev/model-loaded": "1"}, "u1")]
    for _ in range(3):
        loader._step()
    assert registries.of(REGION, CLUSTER) == registry.url

    monkeypatch.setattr("localcloud.controllers.model_loader.SILENT_SECONDS", 0)
    loader._step()
    assert registries.of(REGION, CLUSTER) is None
    assert "is forgotten" in cluster.said[-1]
    loader._step()
    assert len(cluster.patches) == 1


def test_a_registry_takes_the_place_of_the_one_before_and_is_kept(registries, tmp_path):
    assert registries.of(REGION, CLUSTER) is None
    registries.tell(TOLD)
    registries.tell({**TOLD, "cluster": "other"})
    registries.tell({**TOLD, "url": "http://localhost:5001/"})
    kept = Registries(tmp_path)
    assert kept.of(REGION, CLUSTER) == "http://127.0.0.1:5001"
    assert kept.of(REGION, "other") == "http://127.0.0.1:5000"


def test_a_registry_is_forgotten_unless_another_was_told_meanwhile(registries):
    registries.tell(TOLD)
    registries.forget(REGION, CLUSTER, "http://127.0.0.1:4999")
    assert registries.of(REGION, CLUSTER) == TOLD["url"]
    registries.forget(**TOLD)
    assert registries.of(REGION, CLUSTER) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://mlflow.example.com:5000", "http://10.0.0.1:5000", "https://127.0.0.1:5000", "http://127.0.0.1",
        "http://127.0.0.1:5000/api", "http://me@127.0.0.1:5000", "http://127.0.0.1:none", "127.0.0.1:5000", "http://[::1",
    ],
)  # fmt: skip
def test_only_an_address_of_this_machine_is_taken(registries, url):
    with pytest.raises(ValueError, match=r"wanted http://127\.0\.0\.1:PORT"):
        registries.tell({**TOLD, "url": url})
    assert registries.standing() == []


@pytest.mark.parametrize("told", [[], {"url": TOLD["url"]}, {**TOLD, "more": "x"}, {**TOLD, "cluster": 1}])
def test_an_order_that_does_not_read_is_refused(registries, told):
    with pytest.raises(ValueError, match=r"a registry is an object with|wanted text"):
        registries.tell(told)


def test_an_account_is_told_by_its_control_path(live):
    tell_registry(live, REGION, "not-made-yet", TOLD["url"])
    kept = json.loads((live.log.parent / "registries.json").read_text())
    assert {**TOLD, "cluster": "not-made-yet"} in kept
    with pytest.raises(CloudError, match="an address of this machine"):
        tell_registry(live, REGION, "not-made-yet", "http://mlflow.example.com:5000")


def test_a_pod_is_in_one_stage_at_a_time():
    """One that waits for a model never runs by the stage of all others."""
    stages = {one["metadata"]["name"]: one["spec"]["selector"] for one in yaml.safe_load_all(written(1))}
    label = '.metadata.labels["seedbed.dev/waits-for-model"]'
    found = {
        name: one["operator"]
        for name, selector in stages.items()
        for one in selector["matchExpressions"]
        if one["key"] == label
    }
    assert found == {"pod-runs": "NotIn", "pod-waits-for-model": "In", "pod-has-model": "In"}
