"""All clusters of an account that run: they start and stop with the account, and come and go as EKS is asked."""

import base64
import json
import shutil
import threading
from collections.abc import Callable
from typing import Any

from localcloud.backends import regions_of
from localcloud.clusters import authenticator, hooks
from localcloud.clusters.cluster import ClusterError, LiveCluster, Site
from localcloud.clusters.process import memory_mib
from localcloud.clusters.steward import Steward
from localcloud.extensions.cluster_records import Cluster, clusters_of
from localcloud.extensions.cluster_versions import DEFAULT
from localcloud.refusal import Answer

VERSION = DEFAULT
"""Kubernetes of the programs (engine/cluster), which is what the account offers by default."""

SETTLE_SECONDS = 3
"""How long a request to EKS waits for the API server to follow; what takes longer goes on behind it."""


class Fleet:
    """The clusters that run, by region and name; `changed` is called when what EKS tells of one has changed."""

    def __init__(self, site: Site, changed: Callable[[], object]) -> None:
        self.site, self._changed = site, changed
        self._lock = threading.Lock()
        self._clusters: dict[tuple[str, str], LiveCluster] = {}
        self._stewards: dict[tuple[str, str], Steward] = {}

    def start_all(self) -> None:
        """Starts the clusters that the account knows, side by side, and takes away folders of those it does not."""
        known = {
            (region, name): record
            for region, backend in sorted(dict.items(regions_of("eks", self.site.account)))
            for name, record in clusters_of(backend).items()
        }
        for folder in (self.site.state / "clusters").glob("*/*"):
            if (folder.parent.name, folder.name) not in known:
                self.site.note(f"{folder} is of a cluster that the account does not know, and is taken away")
                shutil.rmtree(folder)
        starting = []
        for (region, _), record in known.items():
            if record.said["version"] == VERSION:
                starting.append(self.start(region, record))
            else:
                told = f"cluster {record.name} stays on paper: it has Kubernetes {record.said['version']}"
                self.site.note(f"{told}, and the programs here are {VERSION}")
        for thread in starting:
            thread.join()

    def start(self, region: str, record: Cluster) -> threading.Thread:
        """Begins to bring a cluster up; what EKS tells of it follows. Gives the thread that does it."""
        cluster = LiveCluster(self.site, region, record)
        with self._lock:
            self._clusters[region, record.name] = cluster
        record.said["endpoint"] = cluster.endpoint
        record.said["certificateAuthority"] = {"data": authority_of(cluster)}
        thread = threading.Thread(target=self._bring_up, args=(cluster,), name=f"start {record.name}", daemon=True)
        thread.start()
        return thread

    def remove(self, region: str, name: str) -> None:
        """Ends a cluster and takes its state away."""
        if cluster := self._take(region, name):
            cluster.down(forget=True)

    def follow(self, region: str, name: str, seconds: float = SETTLE_SECONDS) -> None:
        """What the account says of a cluster has changed: its API server follows, within these seconds or later."""
        if steward := self._stewards.get((region, name)):
            steward.settle(seconds)

    def stop_all(self, *, forget: bool = False) -> None:
        """Ends all clusters, side by side; their state stays, unless it is to be forgotten."""
        found = [cluster for key in list(self._clusters) if (cluster := self._take(*key))]
        ending = [threading.Thread(target=one.down, kwargs={"forget": forget}) for one in found]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()

    def find(self, region: str, name: str) -> LiveCluster | None:
        """The running cluster, or None."""
        return self._clusters.get((region, name))

    def status(self) -> list[dict[str, Any]]:
        """What each cluster says of itself, with the memory (MiB) of its processes."""
        said = [cluster.status() for cluster in tuple(self._clusters.values())]
        for one in said:
            for process in one["processes"]:
                process["memoryMib"] = memory_mib(process["pid"]) if process["pid"] else 0
        return said

    def answer(self, asked: str, body: bytes) -> Answer | None:
        """The answer on a control path such as `POST clusters/REGION/NAME/authenticate`, or None."""
        if asked == "GET clusters":
            return _json(200, {"clusters": self.status()})
        if asked == "GET processes":
            return _json(200, {"processes": [line for one in self.status() for line in _lines(one)]})
        method, _, path = asked.partition(" ")
        match method, path.split("/"):
            case "POST", ["clusters", region, name, "authenticate"]:
                return self._authenticate(region, name, body)
        return next((said for hook in hooks.control if (said := hook(self.site.state, asked, body))), None)

    def _authenticate(self, region: str, name: str, body: bytes) -> Answer:
        cluster = self.find(region, name)
        if cluster is None:
            return _json(404, {"error": f"no cluster {name} runs in {region}"})
        try:
            asked = json.loads(body)
        except ValueError as error:
            return _json(400, {"error": f"the request is no TokenReview: {error}"})
        said, refused = authenticator.review(cluster.record, self.site.account, asked)
        if refused:
            self.site.note(f"cluster {name}: a token is refused: {refused}")
        return _json(200, said)

    def _bring_up(self, cluster: LiveCluster) -> None:
        said = cluster.record.said
        try:
            cluster.up()
        except ClusterError as error:
            if not cluster.is_closed:
                cluster.down()
                said["status"] = "FAILED"
                issue = {"code": "InternalFailure", "message": str(error), "resourceIds": [cluster.name]}
                said["health"] = {"issues": [issue]}
                self.site.note(str(error))
                self._changed()
            return
        steward = Steward(cluster)
        with self._lock:
            if cluster.is_closed:
                return
            self._stewards[cluster.region, cluster.name] = steward
        steward.start()
        steward.settle(SETTLE_SECONDS)
        said["status"], said["health"] = "ACTIVE", {"issues": []}
        self._changed()

    def _take(self, region: str, name: str) -> LiveCluster | None:
        with self._lock:
            self._stewards.pop((region, name), None)
            return self._clusters.pop((region, name), None)


def authority_of(cluster: LiveCluster) -> str:
    """The cluster's certificate authority, as EKS tells it."""
    return base64.b64encode(cluster.ca).decode()


_fleet: Fleet | None = None


def current() -> Fleet | None:
    """The fleet of this process; None where clusters stay on paper."""
    return _fleet


def become_current(fleet: Fleet) -> Fleet:
    """Makes a fleet the one that EKS's operations reach."""
    global _fleet
    _fleet = fleet
    return fleet


def _lines(said: dict[str, Any]) -> list[dict[str, Any]]:
    crashes = {crash["process"]: crash for crash in said["crashes"]}
    return [
        {
            "cluster": said["name"],
            **process,
            "state": ("running" if said["state"] == "ready" else said["state"]) if process["pid"] else "failed",
            **({"tail": crashes[process["name"]]["said"]} if not process["pid"] and process["name"] in crashes else {}),
            **({"lastCrash": crashes[process["name"]]} if process["name"] in crashes else {}),
        }
        for process in said["processes"]
    ]


def _json(status: int, value: Any) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode() + b"\n")
