"""What the teams may spend, and what their work needs of the account."""

from typing import Any

import pulumi

from components import quotas
from components.spend import SpendGuard, SpendGuardArgs
from stacks.environment.foundation import Foundation
from stacks.settings import NewNetwork, Settings


def teams(settings: Settings, base: Foundation, opts: pulumi.ResourceOptions) -> SpendGuard | None:
    """The fifth layer; nothing is watched where the environment has no budget."""
    budget = settings.environment.budget
    if budget is None:
        return None
    return SpendGuard(
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
    needed = [
        *(quotas.vcpu_quotas([(nodes.instance_type, "on-demand", nodes.max)]) if nodes else []),
        *quotas.address_quota(gateways),
        *quotas.endpoint_quotas([(e.instance_type, e.instances.max) for e in env.sagemaker_endpoints if e.model]),
    ]
    return [quota._asdict() for quota in needed]
