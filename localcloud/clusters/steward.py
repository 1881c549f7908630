"""Keeps a cluster's API server in step with what the account says of the cluster: access, nodes, namespaces."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from localcloud.clusters import access, hooks, nodes
from localcloud.clusters.api import ApiError
from localcloud.clusters.machines import Machine, machines

if TYPE_CHECKING:
    from localcloud.clusters.cluster import LiveCluster

EVERY_SECONDS = 60
"""How often it looks although nothing is said to have changed."""

AGAIN_SECONDS = 1
"""After a failure."""


class Steward:
    """Two parts of work for one cluster, each in a thread of its own: who may do what, and which nodes there are."""

    def __init__(self, cluster: "LiveCluster") -> None:
        self._cluster = cluster
        record, api = cluster.record, cluster.api
        self._tasks = [
            _Task(cluster, "access", lambda: access.reconcile(record, api)),
            _Task(cluster, "nodes", lambda: nodes.reconcile(self._machines(), api)),
        ]
        self._namespaces = threading.Thread(target=self._follow, name=f"namespaces of {cluster.name}", daemon=True)

    def start(self) -> None:
        """Begins, with one round at once."""
        for task in self._tasks:
            task.start()
        self._namespaces.start()

    def settle(self, seconds: float) -> bool:
        """Has everything looked at again; whether it was in step within the time."""
        for hook in hooks.change:
            try:
                hook(self._cluster)
            except Exception as error:
                self._cluster.site.note(f"cluster {self._cluster.name}: {hook.__module__} did not follow: {error}")
        asked = [(task, task.ask()) for task in self._tasks]
        return all(task.wait(number, seconds) for task, number in asked)

    def _machines(self) -> list[Machine]:
        cluster = self._cluster
        return list(machines(cluster.record, cluster.account, cluster.region, cluster.instances))

    def _follow(self) -> None:
        """A new namespace gets the bindings that wait for it."""
        cluster, since = self._cluster, ""
        while not cluster.is_closed:
            try:
                since = since or cluster.api.get("/api/v1/namespaces")["metadata"]["resourceVersion"]
                for event in cluster.api.watch("/api/v1/namespaces", since):
                    if event["type"] == "ERROR":
                        since = ""
                        break
                    since = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] in ("ADDED", "DELETED"):
                        self._tasks[0].ask()
            except ApiError:
                since = ""
                self._tasks[0].pause(AGAIN_SECONDS)


class _Task:
    """Work that is done when it is asked for, again after a failure, and now and then anyway."""

    def __init__(self, cluster: "LiveCluster", name: str, work: Callable[[], object]) -> None:
        self._cluster, self._name, self._work = cluster, name, work
        self._condition = threading.Condition()
        self._asked, self._done = 1, 0
        self._thread = threading.Thread(target=self._run, name=f"{name} of {cluster.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self) -> int:
        with self._condition:
            self._asked += 1
            self._condition.notify_all()
            return self._asked

    def wait(self, number: int, seconds: float) -> bool:
        with self._condition:
            return self._condition.wait_for(lambda: self._done >= number or self._cluster.is_closed, seconds)

    def pause(self, seconds: float) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._cluster.is_closed, seconds)

    def _run(self) -> None:
        said = ""
        while not self._cluster.is_closed:
            with self._condition:
                number = self._asked
            try:
                self._work()
            except Exception as error:
                if str(error) != said and not self._cluster.is_closed:
                    said = str(error)
                    self._cluster.site.note(
                        f"cluster {self._cluster.name}: {self._name}: not in step with the account yet: {error}"
                    )
                self.pause(AGAIN_SECONDS)
                continue
            said = ""
            with self._condition:
                self._done = number
                self._condition.notify_all()
                self._condition.wait_for(lambda: self._asked > self._done or self._cluster.is_closed, EVERY_SECONDS)
