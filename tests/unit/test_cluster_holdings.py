"""What a cluster tells of that which a change would take."""

from collections.abc import Iterator
from typing import Any

import pytest

from seedbed import stakes
from seedbed.cluster import Kube, UnreachableError, holdings
from seedbed.engine_run import Change
from seedbed.stakes import GUARDED
from tests.unit.api_server import TOKEN, ApiServer, api_server

HEAD = "urn:pulumi:local::seedbed::"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest.fixture
def server(running: ApiServer) -> ApiServer:
    running.answers.clear()
    return running


@pytest.fixture
def kube(server: ApiServer) -> Kube:
    return Kube(server.address, lambda: TOKEN, on_this_machine=True)


def claim(name: str, size: str) -> Any:
    return {"metadata": {"name": name}, "spec": {"resources": {"requests": {"storage": size}}}}


def test_a_namespace_tells_its_pods_jobs_endpoints_and_disks(kube, server):
    server.answers["/api/v1/namespaces/scoring"] = {"metadata": {"name": "scoring"}}
    running, over = {"status": {"phase": "Running"}}, {"status": {"phase": "Succeeded"}}
    server.lists("/api/v1/namespaces/scoring/pods", running, running, over)
    server.lists("/apis/batch/v1/namespaces/scoring/jobs", {})
    server.lists("/api/v1/namespaces/scoring/persistentvolumeclaims", claim("a", "100Gi"), claim("b", "20Gi"))
    assert holdings.in_namespace(kube, "scoring") == "namespace scoring: 2 pods, 1 job, 2 disks of 120 GiB"
    for path in list(server.answers)[1:]:
        server.lists(path)
    assert holdings.in_namespace(kube, "scoring") == "namespace scoring: nothing runs in it"
    assert holdings.in_namespace(kube, "gone") == "namespace gone: not there any more"


def test_a_claim_tells_its_size_and_who_uses_it(kube, server):
    server.answers["/api/v1/namespaces/tracking/persistentvolumeclaims/data"] = claim("data", "50Gi")
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    pod = {"metadata": {"name": "modeldb-0"}, "spec": {"volumes": [volume, {"name": "other"}]}}
    server.lists("/api/v1/namespaces/tracking/pods", pod, {"metadata": {"name": "x"}, "spec": {}})
    assert holdings.in_claim(kube, "tracking/data") == "disk tracking/data: 50 GiB, used by modeldb-0"
    assert holdings.in_claim(kube, "tracking/none") == "disk tracking/none: not there any more"


def test_a_definition_tells_how_many_objects_go_with_it(kube, server):
    names = {"plural": "clusterqueues"}
    versions = [{"name": "v1alpha1", "served": False}, {"name": "v1beta1", "served": True}]
    spec = {"group": "kueue.x-k8s.io", "names": names, "versions": versions}
    id_ = "clusterqueues.kueue.x-k8s.io"
    server.answers[f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{id_}"] = {"spec": spec}
    server.lists("/apis/kueue.x-k8s.io/v1beta1/clusterqueues", {}, {})
    assert holdings.of_kind(kube, id_) == f"kind {id_}: 2 objects"


@pytest.mark.parametrize("type_", [type_ for type_ in GUARDED if type_.startswith("kubernetes:")])
def test_what_a_silent_cluster_holds_is_unknown_and_the_change_still_needs_its_name(monkeypatch, type_):
    def silent(_: object) -> Any:
        raise UnreachableError("cluster seedbed-local does not answer")

    monkeypatch.setattr(stakes, "open_cluster", silent)
    account: Any = None
    (stake,) = stakes.look(lambda: account, [Change(f"{HEAD}{type_}::x", "delete", 0.0, id="scoring")])
    assert stake.holds == "scoring: unknown, cluster seedbed-local does not answer"
    assert not stake.in_the_way
