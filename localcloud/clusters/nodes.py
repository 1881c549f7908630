"""Nodes of managed node groups on the API server: made, kept as their groups say, drained and taken away."""

import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localcloud.clusters.api import Api, ApiError
from localcloud.clusters.machines import GROUP_LABEL, MACHINE, TOLD, Machine, told

NODES = "/api/v1/nodes"

DRAIN_SECONDS = 15
"""How long disruption budgets may hold a node; EKS waits 15 minutes, and then goes on as well."""

AT_ONCE = 8


def reconcile(wanted: Iterable[Machine], api: Api) -> None:
    """Makes missing nodes, brings labels and taints up to date, then drains and removes what should not be.

    A node whose machine is another one now goes, and comes back as that one. Raises ApiError.
    """
    machines = {one.name: one for one in wanted}
    found = {one["metadata"]["name"]: one for one in api.items(NODES, labelSelector=GROUP_LABEL)}
    gone = [
        name
        for name, node in found.items()
        if name not in machines or node["metadata"].get("annotations", {}).get(MACHINE) != machines[name].identity
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        missing = [one for name, one in machines.items() if name not in found]
        list(pool.map(lambda one: api.create(NODES, one.node), missing))
        for name in set(found) & set(machines) - set(gone):
            _update(found[name], machines[name], api)
        list(pool.map(lambda name: remove(name, api), gone))
        list(pool.map(lambda name: api.create(NODES, machines[name].node), set(gone) & set(machines)))


def remove(name: str, api: Api) -> None:
    """Cordons a node, evicts its pods as far as budgets let it within the limit, and takes it away."""
    try:
        api.patch(f"{NODES}/{name}", {"spec": {"unschedulable": True}})
    except ApiError as error:
        if error.status != 404:
            raise
        return
    until = time.monotonic() + DRAIN_SECONDS
    left = _pods(name, api)
    while left and time.monotonic() < until:
        held = [pod for pod in left if not _evict(pod, api)]
        if held:
            time.sleep(0.5)
        left = _pods(name, api)
        if left and not held:
            time.sleep(0.1)
    for pod in _pods(name, api, all_of_them=True):
        api.delete(_path(pod), {"gracePeriodSeconds": 0})
    api.delete(f"{NODES}/{name}")


def _update(node: dict[str, Any], machine: Machine, api: Api) -> None:
    metadata = node["metadata"]
    wanted = told(machine.labels, machine.taints)
    known = metadata.get("annotations", {}).get(TOLD, "{}")
    if known == wanted:
        return
    before: dict[str, Any] = json.loads(known)
    labels = {**dict.fromkeys(before.get("labels", {})), **machine.labels}
    ours = {(one["key"], one["effect"]) for one in (*before.get("taints", []), *machine.taints)}
    others = [one for one in node["spec"].get("taints", []) if (one["key"], one["effect"]) not in ours]
    api.patch(
        f"{NODES}/{metadata['name']}",
        {
            "metadata": {"labels": labels, "annotations": {TOLD: wanted}},
            "spec": {"taints": [*others, *machine.taints]},
        },
    )


def _pods(node: str, api: Api, *, all_of_them: bool = False) -> list[dict[str, Any]]:
    """The node's pods that a drain moves: neither those of daemon sets nor those that have ended."""
    pods = api.items("/api/v1/pods", fieldSelector=f"spec.nodeName={node}")
    return [pod for pod in pods if all_of_them or _moves(pod)]


def _moves(pod: dict[str, Any]) -> bool:
    owners = {one["kind"] for one in pod["metadata"].get("ownerReferences", [])}
    return "DaemonSet" not in owners and pod["status"].get("phase") not in ("Succeeded", "Failed")


def _evict(pod: dict[str, Any], api: Api) -> bool:
    """Whether the pod goes; a disruption budget may hold it."""
    metadata = pod["metadata"]
    if "deletionTimestamp" in metadata:
        return True
    names = {"name": metadata["name"], "namespace": metadata["namespace"]}
    try:
        api.create(f"{_path(pod)}/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": names})
    except ApiError as error:
        if error.status == 429:
            return False
        if error.status != 404:
            raise
    return True


def _path(pod: dict[str, Any]) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
