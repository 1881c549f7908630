"""A client of a cluster against an API server on loopback."""

import base64
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from seedbed.cluster import Kube, RefusalError, UnknownKindError, UnreachableError, address_of, kind
from seedbed.cluster.client import PAGE
from seedbed.cluster.failures import NoClusterError
from seedbed.cluster.sign_in import token
from tests.unit.api_server import TOKEN, ApiServer, api_server

POD = {"metadata": {"name": "one", "namespace": "scoring"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest.fixture
def cluster(server: ApiServer) -> Kube:
    server.answers.clear()
    server.asked.clear()
    return Kube(server.address, lambda: TOKEN, on_this_machine=True)


def test_a_listing_goes_over_all_its_pages_and_keeps_its_selector(cluster, server):
    def page(asked: Any) -> Any:
        if "continue" in asked.query:
            return {"items": [{"metadata": {"name": "two"}}]}
        return {"items": [POD], "metadata": {"continue": "more"}}

    server.answers["/api/v1/namespaces/scoring/pods"] = page
    assert [kind.name_of(one) for one in cluster.listed(kind.PODS, "scoring", "a=b")] == ["one", "two"]
    assert [one.query["labelSelector"] for one in server.asked] == ["a=b", "a=b"]
    assert server.asked[0].query["limit"] == str(PAGE)


def test_a_kind_that_the_cluster_does_not_know_is_told_apart_from_none_of_it(cluster, server):
    with pytest.raises(UnknownKindError, match=r"does not know nodepools of karpenter\.sh/v1"):
        cluster.listed(kind.NODE_POOLS)
    assert cluster.find(kind.NODE_POOLS) == []
    server.lists("/apis/karpenter.sh/v1/nodepools")
    assert cluster.listed(kind.NODE_POOLS) == []


def test_one_object_is_got_and_a_missing_one_is_none(cluster, server):
    server.answers["/api/v1/namespaces/scoring/pods/one"] = POD
    assert cluster.get(kind.PODS, "one", "scoring") == POD
    assert cluster.get(kind.PODS, "two", "scoring") is None


def test_objects_are_made_with_strict_validation_and_in_their_namespace(cluster, server):
    server.answers["POST /api/v1/namespaces/scoring/pods"] = lambda asked: (201, asked.body)
    assert cluster.create(kind.PODS, POD) == POD
    (asked,) = server.asked
    assert (asked.query["fieldValidation"], asked.media) == ("Strict", "application/json")


def test_an_apply_and_a_merge_go_out_in_their_own_media_types(cluster, server):
    path = "/api/v1/namespaces/scoring/pods/one"
    server.answers[f"PATCH {path}"] = server.answers[f"PATCH {path}/status"] = lambda asked: asked.body
    assert cluster.apply(kind.PODS, POD) == POD
    assert cluster.patch(kind.PODS, "one", {"status": {}}, "scoring", "status") == {"status": {}}
    assert [one.media for one in server.asked] == ["application/apply-patch+yaml", "application/merge-patch+json"]
    assert server.asked[0].query == {"fieldManager": "seedbed", "force": "true", "fieldValidation": "Strict"}


def test_a_deletion_says_whether_there_was_something(cluster, server):
    server.answers["DELETE /api/v1/namespaces/scoring/pods/one"] = POD
    assert cluster.delete(kind.PODS, "one", "scoring", grace_seconds=0) is True
    assert server.asked[0].body == {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
    assert cluster.delete(kind.PODS, "two", "scoring") is False


def test_a_refusal_has_the_servers_words_and_reason(cluster, server):
    said = {"kind": "Status", "message": "pods is forbidden: no", "reason": "Forbidden", "code": 403}
    server.answers["/api/v1/pods"] = (403, said)
    with pytest.raises(RefusalError, match="GET /api/v1/pods: 403 pods is forbidden: no") as refused:
        cluster.listed(kind.PODS)
    assert (refused.value.status, refused.value.reason) == (403, "Forbidden")


def test_a_token_that_is_not_taken_leads_to_the_access_entries(server):
    with pytest.raises(RefusalError, match="401 Unauthorized: no access entry of the cluster"):
        Kube(server.address, lambda: "another").listed(kind.PODS)


def test_a_token_serves_for_several_requests(server):
    made: list[int] = []
    server.lists("/api/v1/pods")
    cluster = Kube(server.address, lambda: made.append(1) or TOKEN, on_this_machine=True)
    assert cluster.listed(kind.PODS) == cluster.listed(kind.PODS) == []
    assert made == [1]


def test_where_nobody_listens_the_reason_is_one_short_line(server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = replace(server.address, endpoint=f"https://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(UnreachableError) as silent:
            Kube(away, lambda: TOKEN, on_this_machine=True).listed(kind.PODS)
    assert str(silent.value).endswith("Connection refused")
    assert "object at 0x" not in str(silent.value)


def test_a_server_with_another_certificate_is_not_believed(server, tmp_path):
    with api_server(tmp_path) as other:
        wrong = replace(server.address, authority=other.address.authority)
    with pytest.raises(UnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
        Kube(wrong, lambda: TOKEN, on_this_machine=True).version()


def test_no_proxy_stands_between_this_machine_and_its_own_cluster(cluster, server, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    server.answers["/version"] = {"gitVersion": "v1.34.2"}
    assert cluster.version() == "v1.34.2"


def test_a_kind_is_found_by_its_name_and_a_part_of_one_is_none(cluster, server):
    parts = [{"name": "deployments/scale", "kind": "Deployment"}, {"name": "deployments", "kind": "Deployment"}]
    server.answers["/apis/apps/v1"] = {"resources": parts}
    assert cluster.kind_of("apps/v1", "Deployment") == kind.DEPLOYMENTS
    assert cluster.kind_of("apps/v1", "Nothing") is None
    assert cluster.kind_of("nobody.example.com/v1", "Thing") is None


class Account:
    """An account whose EKS answers by heart, and whose STS only signs."""

    prefix = "seedbed-local"

    def __init__(self, about: dict[str, Any] | None = None, on_this_machine: bool = True) -> None:
        self.on_this_machine = on_this_machine
        self.settings: Any = type("Settings", (), {"region": "eu-central-1", "account": "000000000000"})
        keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "secret", "region_name": "eu-central-1"}
        self.clients: dict[str, Any] = {"sts": boto3.client("sts", **keys), "eks": boto3.client("eks", **keys)}
        eks = self.clients["eks"]

        def describe(name: str) -> dict[str, Any]:
            if about is None:
                raise eks.exceptions.ResourceNotFoundException({"Error": {"Code": "x"}}, "DescribeCluster")
            return {"cluster": {"status": "ACTIVE", **about}}

        eks.describe_cluster = describe

    def client(self, service: str) -> Any:
        return self.clients[service]


def test_a_token_is_a_question_to_sts_signed_with_the_name_of_the_cluster():
    account: Any = Account()
    for made in (token(account, "seedbed-local"), token(account, "seedbed-local")):
        head, _, body = made.partition("k8s-aws-v1.")
        assert (head, "=" in body) == ("", False)
        url = urlsplit(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode())
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert url.netloc == "sts.eu-central-1.amazonaws.com"
        assert query["Action"] == "GetCallerIdentity"
        assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
        assert query["X-Amz-Expires"] == "60"
        assert "x-k8s-aws-id" not in query


def known(**about: Any) -> Any:
    return Account({"endpoint": "https://127.0.0.1:6443", "certificateAuthority": {"data": "Q0E="}, **about})


def test_an_address_is_what_eks_tells():
    found = address_of(known())
    assert (found.name, found.region, found.endpoint, found.authority) == (
        "seedbed-local", "eu-central-1", "https://127.0.0.1:6443", "Q0E=",
    )  # fmt: skip


def test_a_cluster_that_is_not_there_yet_or_at_all_or_on_paper_only_is_said_so():
    nothing: Any = Account()
    with pytest.raises(NoClusterError, match="account 000000000000, eu-central-1 has no cluster seedbed-local"):
        address_of(nothing)
    with pytest.raises(UnreachableError, match="is CREATING and has no address yet"):
        address_of(known(status="CREATING", endpoint=None))
    with pytest.raises(UnreachableError, match="on paper only"):
        address_of(known(endpoint="https://ABC.eu-central-1.eks.amazonaws.com"))


def test_the_kubernetes_library_is_not_loaded_before_a_cluster_is_asked():
    import subprocess
    import sys

    code = "import sys, seedbed.cli, seedbed.cluster; print('kubernetes' in sys.modules)"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "False"
