"""What watches it all."""

from collections.abc import Sequence

import pulumi

from components.cluster_monitoring import ClusterMonitoring, ClusterMonitoringArgs, Watched, predictor
from components.monitoring import Monitoring, MonitoringArgs
from stacks.environment.cluster import Compute
from stacks.environment.foundation import Foundation
from stacks.environment.services import Platform
from stacks.environment.stores import Stores
from stacks.environment.teams import Teams
from stacks.settings import Settings

PENDING_MINUTES = 30
"""How long pods may wait: a node with GPUs takes some minutes to come, a large image some more."""

GPU_IDLE_HOURS = 2


def watching(
    settings: Settings,
    base: Foundation,
    made: Stores,
    compute: Compute | None,
    serving: Platform,
    people: Teams,
    opts: pulumi.ResourceOptions,
) -> Monitoring:
    """Alarms over all layers, and the one that stands for all of them."""
    alarms: list[pulumi.Input[str]] = [name for endpoint in serving.endpoints.values() for name in endpoint.alarm_names]
    alarms += made.database.alarm_names if made.database else []
    alarms += serving.erasure.alarm_names if serving.erasure else []
    alarms += _inside(settings, base, serving, opts) if compute else []
    alarms += [name for watch in people.work.watches.values() for name in watch.alarm_names] if people.work else []
    return Monitoring(
        "monitoring",
        MonitoringArgs(
            prefix=settings.prefix,
            buckets={
                settings.bucket("artifacts"): made.artifacts.bucket,
                **{settings.dataset_bucket(name): dataset.bucket for name, dataset in made.datasets.items()},
                **{settings.capture_bucket(name): requests.bucket for name, requests in serving.captured.items()},
            },
            cluster=settings.prefix if compute else None,
            database=f"{settings.prefix}-tracking" if made.database else None,
            endpoints=[endpoint.endpoint_name for endpoint in serving.endpoints.values() if endpoint.endpoint_name],
            alarms=alarms,
            topic_arn=base.alerts.arn,
            privacy_topic_arn=base.privacy_alerts.arn,
            break_glass_roles=settings.environment.audit.break_glass_roles,
            account=settings.account,
            region=settings.region,
            tags=settings.tags,
        ),
        opts,
    )


def _inside(
    settings: Settings, base: Foundation, serving: Platform, opts: pulumi.ResourceOptions
) -> Sequence[pulumi.Output[str]]:
    env, tracking = settings.environment, serving.tracking
    waiting = [predictor(one.team, one.name) for one in env.endpoints]
    waiting += [predictor(one.team, f"{one.name}-canary") for one in env.endpoints if one.canary_percent]
    return ClusterMonitoring(
        "cluster-alarms",
        ClusterMonitoringArgs(
            prefix=settings.prefix,
            cluster_name=settings.prefix,
            gpu_idle_hours=GPU_IDLE_HOURS if any(pool.accelerator for pool in env.pools) else None,
            pending_minutes=PENDING_MINUTES,
            restarts={"tracking": Watched(tracking.namespace, tracking.deployment)} if tracking else {},
            waiting=waiting,
            topic_arn=base.alerts.arn,
            tags=settings.tags,
        ),
        opts,
    ).alarm_names
