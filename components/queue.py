"""Queues in front of the GPUs."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import pulumi

from components.accelerators import POOL, TAINT, TOLERATION
from components.kubernetes_object import KubernetesObject
from components.order import once
from components.quantity import count, size

API = "kueue.x-k8s.io/v1beta1"

EVERYWHERE = "any-pool"
"""Flavor of CPU and memory, which count alike whatever node they are on. No pool may have this name."""

SERVING = "serving"
"""The queue that holds what endpoints need. No team may have this name."""

PRIORITIES = {"training": 100, "notebook": 200}
"""Within a queue the higher goes first and may take a lower one's place: at a notebook somebody waits, and a training
job starts again from its last checkpoint."""


class QueuedPool(TypedDict):
    """What a queue has to know of a pool with GPUs."""

    units: int
    """What its nodes offer at most: GPUs, or parts and turns of GPUs."""

    reserved: int
    """Units that endpoints keep and no team borrows."""

    resource: str
    """What pods ask for by the unit (`accelerators.gpu_resource`)."""


class Quota(TypedDict):
    """What a team may have at any time, whatever others do."""

    gpus: int
    cpus: int
    memory_gib: int

    borrow: bool
    """Whether it may have what others leave idle, until they want it back."""


@dataclass(frozen=True, kw_only=True)
class GpuQueueArgs:
    cohort: str
    """Name of the group of queues that lend to each other."""

    pools: Mapping[str, QueuedPool]
    """Pools with GPUs by name; quotas are met from the first on, so the order is that of preference."""

    teams: Mapping[str, Quota]
    """Quotas by team; a team's queue has its name and takes the work of the namespace of that name."""

    serving_cpus: int
    """vCPUs that endpoints keep."""

    serving_memory_gib: int
    """Memory that endpoints keep, in GiB."""


class GpuQueue(pulumi.ComponentResource):
    """Kueue's quotas: each team has its own, lends what it leaves idle and gets it back when it needs it."""

    queues: dict[str, pulumi.Output[str]]
    """Cluster queue by team, known once it is there."""

    def __init__(self, name: str, args: GpuQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:queue:GpuQueue", name, vars(args), opts)

        parts = assigned(args.pools, {team: quota["gpus"] for team, quota in args.teams.items()})
        flavors = [
            *(self._object(name, "ResourceFlavor", pool, {"spec": flavor_spec(pool)}) for pool in args.pools),
            self._object(name, "ResourceFlavor", EVERYWHERE, {"spec": {}}),
        ]
        spare = {pool: free(facts) - sum(parts[pool].values()) for pool, facts in args.pools.items()}
        shared = {"resourceGroups": [gpu_group(args.pools, spare)]} if args.pools else {}
        after = [self._object(name, "Cohort", args.cohort, {"spec": shared}, flavors)]
        self.queues = {}
        for team, quota in args.teams.items():
            mine = {pool: parts[pool][team] for pool in args.pools}
            limits = {} if quota["borrow"] else {"borrowingLimit": "0"}
            spec = cluster_queue_spec(args, [team], mine, quota, limits)
            self.queues[team] = once(team, self._object(name, "ClusterQueue", team, {"spec": spec}, after).id)
        kept = {pool: facts["reserved"] for pool, facts in args.pools.items()}
        endpoints = Quota(gpus=0, cpus=args.serving_cpus, memory_gib=args.serving_memory_gib, borrow=False)
        alone = {"borrowingLimit": "0", "lendingLimit": "0"}
        spec = cluster_queue_spec(args, list(args.teams), kept, endpoints, alone)
        self._object(name, "ClusterQueue", SERVING, {"spec": spec}, after)
        for work, value in PRIORITIES.items():
            self._object(name, "WorkloadPriorityClass", work, {"value": value})

        self.register_outputs({"queues": self.queues})

    def _object(
        self, name: str, kind: str, called: str, fields: Mapping[str, Any], after: Sequence[pulumi.Resource] = ()
    ) -> KubernetesObject:
        return KubernetesObject(
            f"{name}-{kind.lower()}-{called}",
            {"apiVersion": API, "kind": kind, "metadata": {"name": called}, **fields},
            pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def free(pool: QueuedPool) -> int:
    """Units that teams may have. Raises ValueError where endpoints keep more than there is."""
    if pool["reserved"] > pool["units"]:
        raise ValueError(f"endpoints keep {pool['reserved']} GPUs of a pool that has {pool['units']}")
    return pool["units"] - pool["reserved"]


def assigned(pools: Mapping[str, QueuedPool], wanted: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Units of each pool by team, so that every team has what it is `wanted` to have and no pool is promised twice.

    Teams and pools are gone through in their order. Raises ValueError where the pools do not have that much.
    """
    left = {pool: free(facts) for pool, facts in pools.items()}
    if (total := sum(wanted.values())) > (there := sum(left.values())):
        quotas = ", ".join(f"{team} {gpus}" for team, gpus in wanted.items() if gpus)
        raise ValueError(f"quotas of {total} GPUs ({quotas}), and the pools have {there} for teams: lower a quota")
    parts: dict[str, dict[str, int]] = {pool: {} for pool in pools}
    for team, gpus in wanted.items():
        missing = gpus
        for pool in pools:
            taken = min(missing, left[pool])
            parts[pool][team] = taken
            left[pool] -= taken
            missing -= taken
    return parts


def flavor_spec(pool: str) -> dict[str, Any]:
    """Nodes of one pool; what is admitted to them is sent there and stands their taint (Kueue, "ResourceFlavor")."""
    return {"nodeLabels": {POOL: pool}, "nodeTaints": [dict(TAINT)], "tolerations": [dict(TOLERATION)]}


def gpu_group(
    pools: Mapping[str, QueuedPool], units: Mapping[str, int], limits: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Quotas by pool. Each flavor names each resource, as Kueue wants it, with 0 where a pool does not have it."""
    resources = sorted({facts["resource"] for facts in pools.values()})
    return {
        "coveredResources": resources,
        "flavors": [
            {
                "name": pool,
                "resources": [
                    {
                        "name": resource,
                        "nominalQuota": count(units[pool] if resource == facts["resource"] else 0),
                        **(limits or {}),
                    }
                    for resource in resources
                ],
            }
            for pool, facts in pools.items()
        ],
    }


def cluster_queue_spec(
    args: GpuQueueArgs, namespaces: Sequence[str], units: Mapping[str, int], quota: Quota, limits: Mapping[str, str]
) -> dict[str, Any]:
    """A queue with guaranteed quotas (Kueue, "ClusterQueue"); what was lent comes back at once, whoever runs on it."""
    plain = {
        "coveredResources": ["cpu", "memory"],
        "flavors": [
            {
                "name": EVERYWHERE,
                "resources": [
                    {"name": "cpu", "nominalQuota": count(quota["cpus"]), **limits},
                    {"name": "memory", "nominalQuota": size(quota["memory_gib"]), **limits},
                ],
            }
        ],
    }
    return {
        "cohort": args.cohort,
        "namespaceSelector": {
            "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}]
        },
        "queueingStrategy": "BestEffortFIFO",
        "resourceGroups": [*([gpu_group(args.pools, units, limits)] if args.pools else []), plain],
        "preemption": {
            "reclaimWithinCohort": "Any",
            "borrowWithinCohort": {"policy": "Never"},
            "withinClusterQueue": "LowerPriority",
        },
        "flavorFungibility": {"whenCanBorrow": "TryNextFlavor", "whenCanPreempt": "TryNextFlavor"},
    }
