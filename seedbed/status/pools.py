"""The pools of a cluster: their nodes, what runs there, and how far they may grow."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from seedbed.cluster import Kube, Object
from seedbed.cluster import kind as kinds
from seedbed.cluster.usage import Amounts, capacity, gpus, is_over, requests, said
from seedbed.status.section import Row
from stacks.file.pools import Pool

HEAD = ("pool", "nodes", "in use", "cap", "waiting", "state")
LABEL = "seedbed.dev/pool"
CAPACITY_TYPES = ("karpenter.sh/capacity-type", "eks.amazonaws.com/capacityType")
"""Labels that say how a node was bought: Karpenter's, and that of managed node groups."""


def pools(kube: Kube, wanted: Sequence[Pool]) -> Iterator[Row]:
    """Each pool of the file, then those that the cluster has and the file has not."""
    nodes: dict[str, list[Object]] = {}
    for node in kube.listed(kinds.NODES, labels=LABEL):
        nodes.setdefault(kinds.labels_of(node)[LABEL], []).append(node)
    pods = [pod for pod in kube.listed(kinds.PODS) if not is_over(pod)]
    karpenter = {kinds.name_of(one): one for one in kube.find(kinds.NODE_POOLS)}
    for pool in wanted:
        there = nodes.pop(pool.name, [])
        yield _row(pool.name, there, pods, cap(pool), _unit(pool), _state(karpenter.get(pool.name), there))
    for name, there in sorted(nodes.items()):
        yield _row(name, there, pods, "", "", "not in the file", good=None)


def cap(pool: Pool) -> str:
    """How far a pool may grow, in words."""
    return f"{pool.max_gpus} {pool.accelerator}" if pool.accelerator else f"{pool.max_cpus} vCPUs"


def _unit(pool: Pool) -> str:
    if not pool.accelerator:
        return "CPUs"
    return f"{pool.partition} parts" if pool.partition else "shares of GPUs" if pool.share else "GPUs"


def _row(
    name: str,
    nodes: Sequence[Object],
    pods: Sequence[Object],
    most: str,
    unit: str,
    state: tuple[str, bool | None] | str,
    good: bool | None = True,
) -> Row:
    words, good = state if isinstance(state, tuple) else (state, good)
    there = {kinds.name_of(node) for node in nodes}
    asked: Amounts = defaultdict(float)
    waiting = 0
    for pod in pods:
        if pod["spec"].get("nodeName") in there:
            for resource, number in requests(pod).items():
                asked[resource] += number
        elif not pod["spec"].get("nodeName") and _chosen(pod) == name:
            waiting += 1
    used, most_now = (asked["cpu"], capacity(nodes)["cpu"]) if unit == "CPUs" else (gpus(asked), gpus(capacity(nodes)))
    in_use = f"{said(used)} of {said(most_now)} {unit}".strip() if nodes else "-"
    return Row((name, _counted(nodes), in_use, most, str(waiting or "-"), words), good)


def _chosen(pod: Object) -> str:
    """The pool that a pod wants to run in; empty where it does not say."""
    spec = pod["spec"]
    if named := (spec.get("nodeSelector") or {}).get(LABEL):
        return str(named)
    affinity: Any = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in affinity.get("nodeSelectorTerms") or []:
        for one in term.get("matchExpressions") or []:
            if one["key"] == LABEL and one["operator"] == "In":
                return str(one["values"][0])
    return ""


def _counted(nodes: Sequence[Object]) -> str:
    """How many nodes, how many of them spot, and how many that are not ready."""
    if not nodes:
        return "0"
    spot = sum(
        any(str(kinds.labels_of(node).get(label, "")).lower() == "spot" for label in CAPACITY_TYPES) for node in nodes
    )
    away = sum(kinds.condition(node, "Ready").get("status") != "True" for node in nodes)
    more = [f"{number} {word}" for number, word in ((spot, "spot"), (away, "not ready")) if number]
    return f"{len(nodes)} ({', '.join(more)})" if more else str(len(nodes))


def _state(node_pool: Object | None, nodes: Sequence[Object]) -> tuple[str, bool | None]:
    """What Karpenter says of the pool; for one that it does not serve, a managed node group, its nodes speak."""
    if node_pool is None:
        return ("node group" if nodes else "no nodes: a node group at rest, or not made yet"), (True if nodes else None)
    ready = kinds.condition(node_pool, "Ready")
    if ready.get("status") == "True":
        return "ready", True
    why = ready.get("message") or ready.get("reason") or "Karpenter has not said anything yet"
    return f"not ready: {why}", False if ready.get("status") == "False" else None
