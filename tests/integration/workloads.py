"""Pods and jobs that a test runs in an environment that is up, and where they run."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from tests.integration.house import House
from tests.integration.kubernetes_server import Server, path_of

Object = dict[str, Any]

POOL = "seedbed.dev/pool"
GPU = "nvidia.com/gpu"
SAFE = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


class Workloads:
    """What runs in the cluster of an environment, asked of its API server."""

    def __init__(self, house: House, cluster: str) -> None:
        self.server = Server(house.aws("eks").describe_cluster(name=cluster)["cluster"])

    def make(self, *documents: Object, **who: Any) -> None:
        """Makes objects; `who` as for `Server.ask`."""
        for one in documents:
            answer = self.server.create(one, **who)
            assert answer.status == 201, answer

    def drop(self, *documents: Object) -> None:
        """Takes objects away, with what they own, and waits until they and their pods are gone."""
        paths = [f"{path_of(one)}/{one['metadata']['name']}" for one in documents]
        for path in paths:
            answer = self.server.ask("DELETE", path, {"propagationPolicy": "Foreground"})
            assert answer.status in (200, 202, 404), answer
        self.wait(lambda: all(self.server.ask("GET", path).status == 404 for path in paths))

    def items(self, path: str, **asked: str) -> list[Object]:
        """Objects of a kind."""
        answer = self.server.ask("GET", f"{path}?{urlencode(asked)}")
        assert answer.status == 200, answer
        return answer.body["items"]

    def nodes(self) -> list[Object]:
        """The nodes of all pools."""
        return self.items("/api/v1/nodes", labelSelector=POOL)

    def pods(self, namespace: str) -> list[Object]:
        """The pods of a namespace that are not on their way out."""
        there = self.items(f"/api/v1/namespaces/{namespace}/pods")
        return [one for one in there if "deletionTimestamp" not in one["metadata"]]

    def events(self, namespace: str) -> list[tuple[str, str, str]]:
        """What was said in a namespace: name of the object, reason, message."""
        return [
            (one["involvedObject"]["name"], one["reason"], one["message"])
            for one in self.items(f"/api/v1/namespaces/{namespace}/events")
        ]

    def idle_nodes(self) -> list[str]:
        """Pools' nodes on which nothing runs."""
        used = {one["spec"].get("nodeName") for one in self.items("/api/v1/pods")}
        return [name_of(one) for one in self.nodes() if name_of(one) not in used]

    def wait(self, condition: Callable[[], Any], seconds: float = 120) -> Any:
        """Waits for a condition and gives what it gave."""
        found = self.waited(condition, seconds)
        assert found, f"it does not come true in {seconds} s"
        return found

    @staticmethod
    def waited(condition: Callable[[], Any], seconds: float) -> Any:
        """What a condition gave when it was true, or in the end."""
        end = time.monotonic() + seconds
        while not (found := condition()) and time.monotonic() < end:
            time.sleep(0.5)
        return found


def name_of(one: Object) -> str:
    return one["metadata"]["name"]


def label(one: Object, name: str) -> str | None:
    return (one["metadata"].get("labels") or {}).get(name)


def condition(one: Object, kind: str) -> Object:
    """A condition of an object; empty where it has none of the kind."""
    return next((it for it in one.get("status", {}).get("conditions") or [] if it["type"] == kind), {})


def running(pods: Iterable[Object]) -> list[Object]:
    return [one for one in pods if one["status"]["phase"] == "Running"]


def template(
    app: str,
    selector: Mapping[str, str],
    gpus: int = 0,
    cpu: str = "100m",
    labels: Mapping[str, str] | None = None,
) -> Object:
    """A pod that runs until it is taken away, as the restricted standard for pods wants it."""
    asked = {"cpu": cpu, "memory": "64Mi", **({GPU: str(gpus)} if gpus else {})}
    container = {
        "name": "main",
        "image": "registry.invalid/main:1",
        "resources": {"requests": asked, "limits": asked},
        "securityContext": SAFE,
    }
    return {
        "metadata": {"labels": {"app": app, **(labels or {})}, "annotations": {"seedbed.dev/keep-running": "true"}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "nodeSelector": dict(selector),
            "tolerations": [{"key": GPU if gpus else POOL, "operator": "Exists", "effect": "NoSchedule"}],
            "containers": [container],
        },
    }
