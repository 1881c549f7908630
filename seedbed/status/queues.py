"""The queues of a cluster: what is admitted, what waits, and how much of the quota is used."""

from collections import defaultdict
from collections.abc import Iterator

from seedbed.cluster import Kube, Object
from seedbed.cluster import kind as kinds
from seedbed.cluster.usage import Amounts, amount, gpus, said
from seedbed.status.section import Row

HEAD = ("queue", "admitted", "waiting", "GPUs of quota", "borrowed", "state")


def queues(kube: Kube) -> Iterator[Row]:
    """Each cluster queue of Kueue, by name."""
    for queue in sorted(kube.listed(kinds.CLUSTER_QUEUES), key=kinds.name_of):
        status = queue.get("status") or {}
        used, borrowed = _used(status)
        quota = gpus(_quota(queue))
        active = kinds.condition(queue, "Active")
        state = "active" if active.get("status") == "True" else f"not active: {active.get('message') or 'not said why'}"
        yield Row(
            (
                kinds.name_of(queue),
                str(status.get("admittedWorkloads") or 0),
                str(status.get("pendingWorkloads") or 0),
                f"{said(gpus(used))} of {said(quota)}" if quota or gpus(used) else "-",
                said(gpus(borrowed)) if gpus(borrowed) else "-",
                state,
            ),
            active.get("status") == "True" if active else None,
        )


def _quota(queue: Object) -> Amounts:
    """Nominal quota by resource, over all flavors."""
    sums: Amounts = defaultdict(float)
    for group in queue["spec"].get("resourceGroups") or []:
        for flavor in group["flavors"]:
            for resource in flavor["resources"]:
                sums[resource["name"]] += amount(resource["nominalQuota"])
    return sums


def _used(status: Object) -> tuple[Amounts, Amounts]:
    """What admitted workloads use and what of it is borrowed, by resource, over all flavors."""
    used: Amounts = defaultdict(float)
    borrowed: Amounts = defaultdict(float)
    for flavor in status.get("flavorsUsage") or []:
        for resource in flavor.get("resources") or []:
            used[resource["name"]] += amount(resource.get("total", "0"))
            borrowed[resource["name"]] += amount(resource.get("borrowed", "0"))
    return used, borrowed
