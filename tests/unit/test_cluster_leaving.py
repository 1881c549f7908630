"""What `seedbed down` does in a cluster before the engine destroys it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from localcloud import Running
from seedbed import data, guard, leaving, operations
from seedbed.cluster import Kube, NoClusterError, UnreachableError
from seedbed.cluster.draining import StuckError, drain
from seedbed.data import Held
from seedbed.failures import RefusedError
from seedbed.steps import Steps
from seedbed.workspace import UNREACHABLE, Workspace
from tests.unit.api_server import TOKEN, ApiServer, Asked, api_server
from tests.unit.clone import clone, engine_of

RUNNING = Running("http://127.0.0.1:4566", "000000000000", 1, datetime.now(UTC), Path("log"))
STEPS = Steps(Console(quiet=True))
HEAD = "urn:pulumi:local::seedbed::"
PLURALS = {
    "CronJob": "/apis/batch/v1", "Job": "/apis/batch/v1", "Deployment": "/apis/apps/v1", "Pod": "/api/v1",
    "InferenceService": "/apis/serving.kserve.io/v1beta1",
}  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("server")) as made:
        yield made


class Namespaced:
    """Objects of one namespace in the API server; a deletion takes them and what they own away."""

    def __init__(self, server: ApiServer) -> None:
        self.server, self.things, self.gone = server, {}, []
        self.stubborn: set[str] = set()
        server.answers.clear()
        server.answers["/version"] = {"gitVersion": "v1.34.2"}
        server.lists("/api/v1/namespaces/scoring/persistentvolumeclaims")
        for kind, group in PLURALS.items():
            path = f"{group}/namespaces/scoring/{kind.lower()}s"
            server.answers[path] = lambda _, kind=kind: {"items": [t for (k, _), t in self.things.items() if k == kind]}

    def add(self, kind: str, name: str, owner: str = "", **status: Any) -> None:
        metadata: dict[str, Any] = {"name": name, "namespace": "scoring", "uid": f"{kind} {name}"}
        if owner:
            metadata["ownerReferences"] = [{"controller": True, "name": owner}]
        path = f"{PLURALS[kind]}/namespaces/scoring/{kind.lower()}s/{name}"
        self.things[kind, name] = {"metadata": metadata, "spec": {}, "status": status}
        self.server.answers[f"GET {path}"] = lambda _: self.things.get((kind, name)) or (404, {"message": "gone"})
        self.server.answers[f"DELETE {path}"] = lambda asked: self._delete(kind, name, asked)

    def _delete(self, kind: str, name: str, asked: Asked) -> Any:
        self.gone.append(f"{kind} {name}")
        if name in self.stubborn and "gracePeriodSeconds" not in asked.body:
            self.things[kind, name]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            return {}
        for key, thing in list(self.things.items()):
            owners = [one["name"] for one in thing["metadata"].get("ownerReferences", [])]
            if key == (kind, name) or name in owners:
                self.things.pop(key)
        return {}


@pytest.fixture
def scoring(running: ApiServer) -> Namespaced:
    return Namespaced(running)


@pytest.fixture
def kube(running: ApiServer) -> Kube:
    return Kube(running.address, lambda: TOKEN, on_this_machine=True)


def test_what_people_run_is_ended_and_what_the_engine_made_is_left_to_it(kube, scoring):
    scoring.add("CronJob", "nightly")
    scoring.add("Job", "nightly-1", owner="nightly")
    scoring.add("Pod", "nightly-1-x", owner="nightly-1")
    scoring.add("CronJob", "retrain")
    scoring.add("Pod", "notebook", phase="Running")
    scoring.add("Pod", "finished", phase="Succeeded")
    scoring.add("Deployment", "demo")
    assert drain(kube, ["scoring"], {("CronJob", "scoring", "retrain")}, lambda _: None) == 3
    assert scoring.gone == ["CronJob nightly", "Deployment demo", "Pod notebook"]


def test_a_pod_that_nobody_ends_is_taken_away_after_a_while(kube, scoring, monkeypatch):
    monkeypatch.setattr("seedbed.cluster.draining.POLITE_SECONDS", -1.0)
    scoring.add("Pod", "notebook", phase="Running")
    scoring.stubborn.add("notebook")
    assert drain(kube, ["scoring"], (), lambda _: None, lambda _: None) == 1
    assert scoring.things == {}


def test_what_stays_is_named_with_what_holds_it(kube, scoring, monkeypatch):
    monkeypatch.setattr("seedbed.cluster.draining.PATIENCE_SECONDS", -1.0)
    scoring.add("Job", "stuck")
    scoring.things["Job", "stuck"]["metadata"]["finalizers"] = ["example.com/held"]
    scoring.stubborn.add("stuck")
    with pytest.raises(StuckError, match=r"jobs scoring/stuck \(finalizers: example.com/held\)"):
        drain(kube, ["scoring"], (), lambda _: None)


def state(*objects: tuple[str, str, str]) -> dict[str, Any]:
    """A saved deployment with objects given by URN, kind and name."""
    return {
        "resources": [
            {
                "urn": urn,
                "type": urn.split("::")[2].rpartition("$")[2],
                "custom": True,
                "id": name,
                "inputs": {"kind": kind, "metadata": {"name": name}},
            }
            for urn, kind, name in objects
        ]
    }


TEAM = (f"{HEAD}seedbed:workspace:Workspace$kubernetes:core/v1:Namespace::scoring", "Namespace", "scoring")
KUEUE = (f"{HEAD}seedbed:chart:Chart$kubernetes:core/v1:Namespace::kueue", "Namespace", "kueue-system")


@pytest.fixture
def workspace(tmp_path):
    checkout, folder = clone(tmp_path / "clone"), tmp_path / "kept"
    engine = engine_of('echo "$*" >> "$0.asked"', tmp_path / "bin")
    return Workspace(checkout, checkout.settings("local"), engine, RUNNING, folder / "project", folder / "state")


ACCOUNT: Any = SimpleNamespace(settings=SimpleNamespace(account="000000000000", name="local"))


def opens(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    def opened(_: object) -> Any:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(leaving, "open_cluster", opened)


def test_controllers_of_charts_run_until_what_they_look_after_is_gone(workspace, kube, scoring, monkeypatch):
    opens(monkeypatch, kube)
    found = leaving.leaving(workspace, ACCOUNT, state(TEAM, KUEUE), STEPS)
    assert found.namespaces == ["scoring"]
    assert ("Namespace", "", "kueue-system") in found.kept


def test_without_anything_in_a_cluster_none_is_looked_for(workspace, monkeypatch):
    opens(monkeypatch, AssertionError("asked"))
    found = leaving.leaving(workspace, ACCOUNT, {"resources": []}, STEPS)
    assert (found.kube, found.workspace, found.held()) == (None, workspace, [])


def test_a_cluster_that_does_not_answer_stops_everything_and_the_ways_out_are_told(workspace, monkeypatch):
    monkeypatch.delenv(UNREACHABLE, raising=False)
    opens(monkeypatch, UnreachableError("connection refused"))
    with pytest.raises(RefusedError) as refused:
        leaving.leaving(workspace, ACCOUNT, state(TEAM), STEPS)
    assert "local: nothing was destroyed, because 1 objects are in a cluster that does not answer" in str(refused.value)
    assert "connection refused" in refused.value.message
    assert "seedbed cloud start" in refused.value.do
    assert f"{UNREACHABLE}=true seedbed down local" in refused.value.do


def test_what_is_in_a_silent_cluster_is_given_up_where_a_person_says_so(workspace, monkeypatch):
    monkeypatch.setenv(UNREACHABLE, "true")
    opens(monkeypatch, UnreachableError("connection refused"))
    found = leaving.leaving(workspace, ACCOUNT, state(TEAM), STEPS)
    assert found.workspace.variables()[UNREACHABLE] == "true"


def test_what_was_in_a_cluster_that_is_gone_went_with_it(workspace, monkeypatch):
    monkeypatch.delenv(UNREACHABLE, raising=False)
    opens(monkeypatch, NoClusterError("none"))
    found = leaving.leaving(workspace, ACCOUNT, state(TEAM), STEPS)
    assert found.kube is None
    assert found.workspace.variables()[UNREACHABLE] == "true"
    assert UNREACHABLE not in workspace.variables()


def test_a_disk_of_a_pod_is_data_and_keeps_everything_until_it_may_go(workspace, kube, scoring, running, monkeypatch):
    claim = {"metadata": {"name": "notes"}, "spec": {}, "status": {"phase": "Bound", "capacity": {"storage": "20Gi"}}}
    waits = {"metadata": {"name": "later"}, "spec": {}, "status": {"phase": "Pending"}}
    running.lists("/api/v1/namespaces/scoring/persistentvolumeclaims", claim, waits)
    opens(monkeypatch, kube)
    assert leaving.leaving(workspace, ACCOUNT, state(TEAM), STEPS).held() == [Held("disk", "scoring/notes", "20 GiB")]


def test_down_ends_what_people_run_before_the_engine_destroys(workspace, kube, scoring, monkeypatch):
    scoring.add("Pod", "notebook", phase="Running")
    opens(monkeypatch, kube)
    order: list[str] = []
    monkeypatch.setattr(operations, "recover", lambda *_: state(TEAM))
    monkeypatch.setattr(operations, "Account", lambda *_: ACCOUNT)
    monkeypatch.setattr(guard, "refuse_down", lambda *_: None)
    monkeypatch.setattr(data, "held", lambda _: [])
    monkeypatch.setattr(operations, "_run", lambda *_, **__: order.extend([*scoring.gone, "destroy"]))
    monkeypatch.setattr(operations.inventory, "leftovers", lambda *_: SimpleNamespace(left=set(), unasked=[]))
    operations.down(replace(workspace, kept_in=None), STEPS, lambda _: True, delete_data=False)
    assert order == ["Pod notebook", "destroy"]


def test_a_disk_goes_with_its_namespace_and_is_not_emptied_like_a_bucket():
    account: Any = None
    data.delete(account, [Held("disk", "scoring/notes", "20 GiB")], lambda _: None)
