"""What the sidecar of a pod that serves a model does (lifecycle/load_model.py), as far as it shows in the pod."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from localcloud.clusters.api import ApiError
from localcloud.clusters.stages import ALIASES, MODEL, MODEL_LOADED, WAITS_FOR_MODEL
from localcloud.controllers.registries import Registries, RegistryError, version_at
from localcloud.controllers.watching import Loop, Object, Picture

if TYPE_CHECKING:
    from localcloud.clusters.cluster import LiveCluster

LOOK_SECONDS = 3.0
"""Between two looks at the registry; the sidecar takes 30."""

SILENT_SECONDS = 30.0
"""How long a registry may give no answer before it is forgotten."""


class Wish(NamedTuple):
    """What a pod serves."""

    model: str
    aliases: tuple[str, ...]
    """The first that a version bears counts."""


def wish_of(pod: Object) -> Wish | None:
    """None for a pod that is not on a node, is on its way out or does not say which model it serves."""
    meta = pod["metadata"]
    told: dict[str, str] = meta.get("annotations") or {}
    model = told.get(MODEL, "")
    aliases = tuple(filter(None, told.get(ALIASES, "").split(",")))
    is_there = pod["spec"].get("nodeName") and "deletionTimestamp" not in meta
    return Wish(model, aliases) if is_there and model and aliases else None


def changes(pods: Iterable[Object], version: Callable[[Wish], str | None]) -> list[tuple[Object, str]]:
    """The pods that have another version than the registry, or none yet, each with the registry's.

    A pod whose alias no version bears any more keeps what it has, as the sidecar does.
    """
    known: dict[Wish, str | None] = {}
    found = []
    for pod in pods:
        wish = wish_of(pod)
        if wish is None:
            continue
        if wish not in known:
            known[wish] = version(wish)
        new = known[wish]
        if new is not None and (pod["metadata"].get("annotations") or {}).get(MODEL_LOADED) != new:
            found.append((pod, new))
    return found


class ModelLoader:
    """Tells the pods of one cluster which version they have."""

    def __init__(self, cluster: "LiveCluster") -> None:
        self._cluster, self._api = cluster, cluster.api
        self._registries = Registries(cluster.site.state)
        self._loop = Loop("model loader", self._step, self._note)
        self._pods = Picture(self._api, "/api/v1/pods", self._loop.wake, labelSelector=f"{WAITS_FOR_MODEL}=true")
        self._silent_since: float | None = None

    def start(self) -> None:
        """Begins to look."""
        self._pods.start()
        self._loop.start()

    def stop(self) -> None:
        """Ends; pods keep what they have."""
        self._pods.stop()
        self._loop.stop()
        self._loop.join()

    def _step(self) -> float:
        cluster = self._cluster
        url = self._registries.of(cluster.region, cluster.name)
        if url is None:
            self._silent_since = None
            return LOOK_SECONDS
        try:
            found = changes(self._pods.objects(), lambda wish: version_at(url, *wish))
            self._silent_since = None
        except RegistryError as error:
            self._bear(url, error)
            return LOOK_SECONDS
        for pod, version in found:
            self._tell(pod, version)
        return LOOK_SECONDS

    def _bear(self, url: str, error: RegistryError) -> None:
        """A registry that starts again is waited for; one that is gone may have left its port to somebody else."""
        moment = time.monotonic()
        if self._silent_since is None:
            self._silent_since = moment
        elif moment - self._silent_since >= SILENT_SECONDS:
            self._registries.forget(self._cluster.region, self._cluster.name, url)
            self._note(f"the model registry is forgotten, it did not answer for {SILENT_SECONDS:.0f} s: {error}")

    def _tell(self, pod: Object, version: str) -> None:
        meta = pod["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        try:
            # With its uid: another pod that has taken the name since is refused as a conflict.
            self._api.patch(path, {"metadata": {"uid": meta["uid"], "annotations": {MODEL_LOADED: version}}})
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            return
        self._note(f"pod {meta['namespace']}/{meta['name']} has version {version} of {meta['annotations'][MODEL]}")

    def _note(self, said: str) -> None:
        self._cluster.site.note(f"{self._cluster.name}: {said}")
