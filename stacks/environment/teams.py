"""Where the teams work, what they may spend, and what their work needs of the account."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components import quotas
from components.spend import SpendGuard, SpendGuardArgs
from stacks.environment.cluster import Compute
from stacks.environment.foundation import Foundation
from stacks.environment.services import Platform
from stacks.environment.stores import Stores
from stacks.environment.workspaces import Ground, Workspaces, workspaces
from stacks.instances import pool_caps
from stacks.settings import NewNetwork, Settings


@dataclass(frozen=True, kw_only=True)
class Teams:
    work: Workspaces | None
    """What runs in the cluster for them; None without one."""


def teams(
    settings: Settings,
    base: Foundation,
    made: Stores,
    compute: Compute | None,
    serving: Platform,
    opts: pulumi.ResourceOptions,
) -> Teams:
    """The fifth layer."""
    work = None
    if compute:
        work = workspaces(Ground(settings=settings, base=base, made=made, compute=compute, tracking=serving.tracking))
    _spend(settings, base, opts)
    return Teams(work=work)


def _spend(settings: Settings, base: Foundation, opts: pulumi.ResourceOptions) -> None:
    budget = settings.environment.budget
    if budget is None:
        return
    SpendGuard(
        "spend",
        SpendGuardArgs(
            prefix=settings.prefix,
            system=settings.environment.system,
            environment=settings.name,
            monthly_usd=budget.monthly_usd,
            anomaly_usd=budget.anomaly_usd,
            topic_arn=base.alerts.arn,
            emails=[settings.notify],
            tags=settings.tags,
        ),
        opts,
    )


def needed_quotas(settings: Settings) -> list[dict[str, Any]]:
    """What the environment needs of each service quota of the account; what the account has, `seedbed status` asks."""
    env = settings.environment
    nodes = env.cluster.node_group if env.cluster else None
    network = env.network
    gateways = 0
    if isinstance(network, NewNetwork):
        gateways = {"endpoints-only": 0, "single-nat": 1, "nat-per-zone": network.zones}[network.egress]
    instances = pool_caps(env.pools)
    if nodes:
        instances.append((nodes.instance_type, "on-demand", nodes.max))
    needed = [
        *quotas.vcpu_quotas(instances),
        *quotas.address_quota(gateways),
        *quotas.endpoint_quotas([(e.instance_type, e.instances.max) for e in env.sagemaker_endpoints if e.model]),
    ]
    return [quota._asdict() for quota in needed]
