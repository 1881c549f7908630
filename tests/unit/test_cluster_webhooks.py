"""Waiting for the programs behind the webhooks of a cluster."""

from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from seedbed import recovery
from seedbed.cluster import Kube, UnreachableError
from seedbed.cluster.webhooks import KINDS, await_answers
from seedbed.steps import Steps
from tests.unit.api_server import TOKEN, ApiServer, api_server

MUTATING, VALIDATING = KINDS
HEAD = "/apis/admissionregistration.k8s.io/v1"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/kueue-system/endpointslices"
WORKLOADS = "/apis/apps/v1/namespaces/kueue-system"
SELECTOR = {"control-plane": "controller-manager"}


def hook(service: str, **more: Any) -> dict[str, Any]:
    return {"name": "v.kb.io", "clientConfig": {"service": {"namespace": "kueue-system", "name": service}}, **more}


def slice_of(*ready: bool | None) -> dict[str, Any]:
    return {"metadata": {"name": "s"}, "endpoints": [{"conditions": {} if r is None else {"ready": r}} for r in ready]}


def deployment(replicas: int = 1, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "manager", **metadata},
        "spec": {"replicas": replicas, "template": {"metadata": {"labels": {**SELECTOR, "app": "kueue"}}}},
    }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest.fixture
def server(running: ApiServer) -> ApiServer:
    running.answers.clear()
    running.asked.clear()
    running.answers[f"{HEAD}/mutatingwebhookconfigurations/kueue"] = {"webhooks": [hook("webhook")]}
    running.answers["/api/v1/namespaces/kueue-system/services/webhook"] = {"spec": {"selector": SELECTOR}}
    running.lists(SLICES)
    for plural in ("deployments", "statefulsets", "daemonsets"):
        running.lists(f"{WORKLOADS}/{plural}")
    return running


@pytest.fixture
def kube(server: ApiServer) -> Kube:
    return Kube(server.address, lambda: TOKEN, on_this_machine=True)


def waited(kube: Kube, *webhooks: tuple[str, str], after: Any = None) -> tuple[list[str], list[str]]:
    """The services that stay silent, and what was said meanwhile; `after` runs in each pause."""
    said: list[str] = []

    def sleep(_: float) -> None:
        assert after, "nothing was to be waited for"
        after()

    return await_answers(kube, webhooks or [(MUTATING, "kueue")], said.append, sleep), said


@pytest.mark.parametrize("ready", [True, None])
def test_a_program_that_answers_is_not_waited_for(kube, server, ready):
    server.lists(SLICES, slice_of(False), slice_of(False, ready))
    server.lists(f"{WORKLOADS}/deployments", deployment())
    assert waited(kube) == ([], [])
    assert server.asked[1].query["labelSelector"] == "kubernetes.io/service-name=webhook"


def test_a_program_that_starts_is_waited_for(kube, server):
    server.lists(SLICES, slice_of(False))
    server.lists(f"{WORKLOADS}/statefulsets", deployment())
    assert waited(kube, after=lambda: server.lists(SLICES, slice_of(True))) == (
        [],
        ["kueue-system/webhook does not answer yet"],
    )


def test_a_program_that_does_not_start_is_named_after_a_while(kube, server, monkeypatch):
    monkeypatch.setattr("seedbed.cluster.webhooks.PATIENCE_SECONDS", -1.0)
    server.lists(f"{WORKLOADS}/deployments", deployment())
    assert waited(kube) == (["kueue-system/webhook"], [])


@pytest.mark.parametrize(
    "there",
    [
        [],
        [deployment(replicas=0)],
        [deployment(deletionTimestamp="2026-01-01T00:00:00Z")],
        [{"metadata": {}, "spec": {"template": {"metadata": {"labels": {"control-plane": "another"}}}}}],
    ],
    ids=["none", "scaled to nothing", "on its way out", "another"],
)
def test_what_is_not_meant_to_run_is_not_waited_for(kube, server, there):
    server.lists(f"{WORKLOADS}/deployments", *there)
    assert waited(kube) == (["kueue-system/webhook"], [])


@pytest.mark.parametrize(
    "webhooks",
    [None, [], [hook("webhook", failurePolicy="Ignore")], [{"clientConfig": {"url": "https://example.com"}}]],
    ids=["no configuration", "no webhook", "one that may fail", "one outside the cluster"],
)
def test_what_hinders_nobody_is_not_asked_about(kube, server, webhooks):
    server.answers.pop(f"{HEAD}/mutatingwebhookconfigurations/kueue")
    if webhooks is not None:
        server.answers[f"{HEAD}/validatingwebhookconfigurations/kueue"] = {"webhooks": webhooks}
    assert waited(kube, (MUTATING, "kueue"), (VALIDATING, "kueue")) == ([], [])
    assert [one.path for one in server.asked if "endpointslices" in one.path] == []


def state(*webhooks: str) -> dict[str, Any]:
    return {"resources": [{"type": MUTATING, "id": name} for name in webhooks] + [{"type": "aws:s3/bucket:Bucket"}]}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, kube: Kube) -> list[Any]:
    """What is asked of the cluster; one that is put in is raised."""
    raised: list[Any] = []

    def open_cluster(_: object) -> Kube:
        if raised:
            raise raised[0]
        return kube

    monkeypatch.setattr(recovery, "open_cluster", open_cluster)
    monkeypatch.setattr(recovery, "Account", lambda *_: None)
    return raised


WORKSPACE: Any = type("Workspace", (), {"settings": None, "running": None})()


def test_a_controller_that_stays_silent_is_told_before_the_preview(opened, server, monkeypatch, capsys):
    monkeypatch.setattr("seedbed.cluster.webhooks.PATIENCE_SECONDS", -1.0)
    server.lists(f"{WORKLOADS}/deployments", deployment())
    recovery.await_webhooks(WORKSPACE, Steps(Console()), state("kueue"))
    assert "kueue-system/webhook does not answer: what its webhooks are asked about" in capsys.readouterr().out


def test_a_cluster_that_does_not_answer_is_left_to_the_engine(opened, capsys):
    opened.append(UnreachableError("connection refused"))
    recovery.await_webhooks(WORKSPACE, Steps(Console()), state("kueue"))
    assert "does not answer" not in capsys.readouterr().out


def test_without_webhooks_in_the_state_nobody_is_asked(opened, server):
    recovery.await_webhooks(WORKSPACE, Steps(Console()), state())
    recovery.await_webhooks(WORKSPACE, Steps(Console()), {})
    assert server.asked == []
