"""Who gets the GPUs, and how many."""

from collections.abc import Iterable
from math import ceil

import pulumi

from components.accelerators import gpu_resource
from components.chart import Chart
from components.queue import GpuQueue, GpuQueueArgs, QueuedPool, Quota
from stacks.environment.charts import kueue
from stacks.environment.definitions import NAMESPACE, Definitions
from stacks.file.environment import Environment
from stacks.instances import kept, most_replicas, units
from stacks.settings import Pool, Settings

ORDER = ("training", "any", "serving")
"""Purposes in the order in which quotas are met by their pools."""


def queue(settings: Settings, definitions: Definitions, opts: pulumi.ResourceOptions) -> dict[str, pulumi.Output[str]]:
    """Kueue and its queues; the cluster queue of each team, and nothing where there are no teams."""
    env = settings.environment
    if env.cluster is None or not env.teams:
        return {}
    names = [team.name for team in env.teams]
    replicas = 2 if settings.protect else 1
    installed = kueue(env.cluster.version, names, replicas, settings.cidr, settings.image("kueue"))
    chart = Chart("kueue", installed, opts)
    definitions.define(["kueue.x-k8s.io", NAMESPACE], *chart.last)
    made = GpuQueue(
        "queue",
        GpuQueueArgs(
            cohort=settings.prefix,
            pools={pool.name: _queued(pool, env) for pool in in_order(env.pools)},
            teams={
                team.name: Quota(
                    gpus=team.gpu_quota, cpus=team.cpu_quota, memory_gib=team.memory_quota_gib, borrow=team.borrow
                )
                for team in env.teams
            },
            serving_cpus=sum(ceil(e.cpus * most_replicas(e)) for e in env.endpoints),
            serving_memory_gib=sum(ceil(e.memory_gib * most_replicas(e)) for e in env.endpoints),
        ),
        opts,
    )
    return made.queues


def in_order(pools: Iterable[Pool]) -> list[Pool]:
    """Pools with GPUs, those for training first."""
    return sorted((pool for pool in pools if pool.accelerator), key=lambda pool: ORDER.index(pool.purpose))


def gpus_at_once(env: Environment, team: str) -> int:
    """Most GPUs, parts and turns that a team's pods have at once: what it trains with, borrowed ones included, and what
    its endpoints take."""
    one = next(t for t in env.teams if t.name == team)
    lent = sum(_lendable(pool, env) for pool in env.pools if pool.accelerator)
    served = sum(e.gpus * most_replicas(e) for e in env.endpoints if e.team == team)
    return (lent if one.borrow else one.gpu_quota) + served


def _queued(pool: Pool, env: Environment) -> QueuedPool:
    return QueuedPool(
        units=units(pool), reserved=units(pool) - _lendable(pool, env), resource=gpu_resource(pool.partition)
    )


def _lendable(pool: Pool, env: Environment) -> int:
    """Units that teams may train with; a pool for serving has none."""
    return 0 if pool.purpose == "serving" else max(units(pool) - kept(pool, env.endpoints), 0)
