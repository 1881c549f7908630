"""Ending what people run in a cluster before it goes: what still runs keeps its node, and the node the network."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence

from seedbed.cluster import kind as kinds
from seedbed.cluster.client import Kube
from seedbed.cluster.kind import Kind, Object
from seedbed.cluster.usage import amount, is_over, said

WORKLOADS = {
    "CronJob": kinds.CRON_JOBS,
    "InferenceService": kinds.INFERENCE_SERVICES,
    "StatefulSet": kinds.STATEFUL_SETS,
    "Deployment": kinds.DEPLOYMENTS,
    "ReplicaSet": kinds.REPLICA_SETS,
    "DaemonSet": kinds.DAEMON_SETS,
    "Job": kinds.JOBS,
    "Pod": kinds.PODS,
}
"""What runs pods, those that make others first."""

Named = tuple[str, str, str]
"""Kind, namespace and name of an object."""

POLITE_SECONDS = 120.0
"""A pod that has not ended by then is taken away: its node may be gone, and nobody else tells the API server."""

PATIENCE_SECONDS = 300.0
GIB = 2.0**30


class StuckError(Exception):
    """Something does not end; str() names it and what holds it."""


def drain(
    kube: Kube,
    namespaces: Collection[str],
    kept: Collection[Named],
    say: Callable[[str], object],
    sleep: Callable[[float], object] = time.sleep,
) -> int:
    """Ends whatever runs in the namespaces and is not among `kept`, and waits until it is gone.

    `kept` are the engine's own objects, which it deletes itself. Returns how many workloads were ended. Raises
    StuckError where something stays after five minutes.
    """
    ended = list(_foreign(kube, namespaces, kept))
    for kind, thing in ended:
        kube.delete(kind, kinds.name_of(thing), kinds.namespace_of(thing))
    began = time.monotonic()
    while left := [one for one in ended if _same(kube.get(one[0], *_place(one[1])), one[1])]:
        waited = time.monotonic() - began
        if waited > PATIENCE_SECONDS:
            raise StuckError(_held(left))
        pods = _pods(kube, left)
        if waited > POLITE_SECONDS:
            for pod in pods:
                kube.delete(kinds.PODS, *_place(pod), grace_seconds=0)
        say(f"{len(left)} of {len(ended)} workloads are ending, {len(pods)} pods")
        sleep(1.0)
    return len(ended)


def disks(kube: Kube, namespaces: Collection[str]) -> list[tuple[str, str]]:
    """Disks behind claims in the namespaces, NAMESPACE/NAME and size of each; a claim that waits has none."""
    found = []
    for namespace in sorted(namespaces):
        for claim in kube.listed(kinds.CLAIMS, namespace):
            status = claim.get("status") or {}
            if status.get("phase") == "Bound":
                size = (status.get("capacity") or claim["spec"]["resources"]["requests"])["storage"]
                found.append((f"{namespace}/{kinds.name_of(claim)}", f"{said(amount(size) / GIB)} GiB"))
    return found


def _foreign(kube: Kube, namespaces: Collection[str], kept: Collection[Named]) -> Iterator[tuple[Kind, Object]]:
    """What nobody but people made: workloads that no other one owns and that the engine does not know."""
    for name, kind in WORKLOADS.items():
        for namespace in sorted(namespaces):
            for thing in kube.find(kind, namespace):
                owned = any(one.get("controller") for one in thing["metadata"].get("ownerReferences") or [])
                finished = name == "Pod" and is_over(thing)
                if not owned and not finished and (name, namespace, kinds.name_of(thing)) not in kept:
                    yield kind, thing


def _place(thing: Object) -> tuple[str, str]:
    return kinds.name_of(thing), kinds.namespace_of(thing)


def _same(found: Object | None, thing: Object) -> bool:
    return found is not None and found["metadata"].get("uid") == thing["metadata"].get("uid")


def _pods(kube: Kube, left: Sequence[tuple[Kind, Object]]) -> list[Object]:
    """Pods on their way out in the namespaces of what has not ended."""
    places = sorted({kinds.namespace_of(thing) for _, thing in left})
    return [pod for place in places for pod in kube.listed(kinds.PODS, place) if "deletionTimestamp" in pod["metadata"]]


def _held(left: Sequence[tuple[Kind, Object]]) -> str:
    lines = []
    for kind, thing in left:
        holds = ", ".join(thing["metadata"].get("finalizers") or []) or "none"
        name, namespace = _place(thing)
        lines.append(f"  {kind.plural} {namespace}/{name} (finalizers: {holds})")
    return "\n".join(lines)
