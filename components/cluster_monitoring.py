"""What is watched inside a cluster."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pulumi
import pulumi_aws as aws

NAMESPACE = "ContainerInsights"
"""Where the add-on amazon-cloudwatch-observability puts its metrics (CloudWatch user guide, "Enhanced Container
Insights metric reference"; with which dimensions: aws/amazon-cloudwatch-agent-test, test/metric_value_benchmark)."""


MOST_TAKEN_OFF = 9
"""An alarm over a calculation takes ten metrics (CloudWatch user guide, "CloudWatch service quotas")."""


class Watched(NamedTuple):
    """A deployment whose pods are watched."""

    namespace: str
    deployment: str


class _Limit(NamedTuple):
    """What a metric may not pass in `periods` times five minutes."""

    metric: str
    statistic: str
    operator: str
    threshold: float
    periods: int
    dimensions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ClusterMonitoringArgs:
    prefix: str
    """Start of the alarms' names."""

    cluster_name: str
    """Name of the cluster, a dimension of its metrics."""

    gpu_idle_hours: int | None
    """Hours, 1 to 24, after which GPUs that do nothing are told; None where there are no GPU pools."""

    gpu_idle_percent: float = 5
    """Percent of the time in which they work, below which they do nothing."""

    pending_minutes: int
    """Minutes, 5 to 1440 and a multiple of 5, after which pods that still do not run are told; longer than a node takes
    to come."""

    restarts: Mapping[str, Watched]
    """Deployments whose containers may not restart again and again, by what they are."""

    waiting: Sequence[Watched]
    """Deployments whose pods may wait as long as they like, for a model that nobody has registered yet."""

    topic_arn: pulumi.Input[str]
    """Topic that is told of alarms."""

    tags: Mapping[str, str]


class ClusterMonitoring(pulumi.ComponentResource):
    """Alarms for what the control plane does not tell: failed nodes, pods that wait or fail, GPUs at rest.

    A job that waits in Kueue's queue has no pod: no metric of Container Insights counts it (docs/components.md).
    """

    alarm_names: list[pulumi.Output[str]]
    """Each known once the alarm is there; Monitoring's composite alarm takes them."""

    def __init__(self, name: str, args: ClusterMonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:cluster_monitoring:ClusterMonitoring", name, vars(args), opts)

        made = [self._alarm(name, args, role, meaning, limit) for role, meaning, limit in limits(args)]
        self.alarm_names = [self._pending(name, args).name, *(alarm.name for alarm in made)]

        self.register_outputs({"alarm_names": self.alarm_names})

    def _alarm(
        self, name: str, args: ClusterMonitoringArgs, role: str, meaning: str, limit: _Limit
    ) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            f"{name}-{role}",
            name=f"{args.prefix}-{role}",
            alarm_description=meaning,
            namespace=NAMESPACE,
            metric_name=limit.metric,
            dimensions={"ClusterName": args.cluster_name, **limit.dimensions},
            statistic=limit.statistic,
            period=300,
            evaluation_periods=limit.periods,
            comparison_operator=limit.operator,
            threshold=limit.threshold,
            # No GPU node, no pod of the endpoint: nothing is wrong.
            treat_missing_data="notBreaching",
            alarm_actions=[args.topic_arn],
            ok_actions=[args.topic_arn],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _pending(self, name: str, args: ClusterMonitoringArgs) -> aws.cloudwatch.MetricAlarm:
        """Of all pods that wait, those that may are taken off; those beyond the tenth metric raise the threshold.

        Each pod tells once a minute whether it waits, 0 or 1: the sum of five minutes is five times their number.
        """
        off, rest = args.waiting[:MOST_TAKEN_OFF], args.waiting[MOST_TAKEN_OFF:]
        of = {f"off{number}": {"Namespace": w.namespace, "PodName": w.deployment} for number, w in enumerate(off)}
        return aws.cloudwatch.MetricAlarm(
            f"{name}-pending-pods",
            name=f"{args.prefix}-pending-pods",
            alarm_description=(
                f"Pods of the cluster {args.cluster_name} have not run for {args.pending_minutes} minutes: no node, "
                "no image or no volume for them"
            ),
            metric_queries=[
                {
                    "id": "pending",
                    "expression": f"({' - '.join(['every', *(f'FILL({number}, 0)' for number in of)])}) / 5",
                    "label": "pods that wait",
                    "return_data": True,
                },
                *(
                    {
                        "id": number,
                        "metric": {
                            "namespace": NAMESPACE,
                            "metric_name": "pod_status_pending",
                            "dimensions": {"ClusterName": args.cluster_name, **dimensions},
                            "period": 300,
                            "stat": "Sum",
                        },
                    }
                    for number, dimensions in {"every": {}, **of}.items()
                ),
            ],
            evaluation_periods=args.pending_minutes // 5,
            comparison_operator="GreaterThanThreshold",
            threshold=len(rest),
            treat_missing_data="notBreaching",
            alarm_actions=[args.topic_arn],
            ok_actions=[args.topic_arn],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )


def limits(args: ClusterMonitoringArgs) -> Iterator[tuple[str, str, _Limit]]:
    """Role, meaning and limit of every alarm."""
    above, below = "GreaterThanThreshold", "LessThanThreshold"
    of = f"of the cluster {args.cluster_name}"
    yield (
        "failed-nodes",
        f"A node {of} has a condition that keeps it from its work",
        _Limit("cluster_failed_node_count", "Maximum", above, 0, 3, {}),
    )
    yield (
        "crash-loops",
        f"A container {of} starts and fails again and again",
        _Limit("pod_container_status_waiting_reason_crash_loop_back_off", "Maximum", above, 0, 3, {}),
    )
    if args.gpu_idle_hours is not None:
        yield (
            "gpu-idle",
            f"GPUs {of} have worked less than {args.gpu_idle_percent:g} % of the last {args.gpu_idle_hours} hours",
            _Limit("node_gpu_utilization", "Average", below, args.gpu_idle_percent, 12 * args.gpu_idle_hours, {}),
        )
    for what, watched in args.restarts.items():
        yield (
            f"{what}-restarts",
            f"Containers of {watched.namespace}/{watched.deployment} have restarted more than thrice in five minutes",
            _Limit(
                "pod_number_of_container_restarts",
                "Sum",
                above,
                3,
                1,
                {"Namespace": watched.namespace, "PodName": watched.deployment},
            ),
        )


def predictor(team: str, endpoint: str) -> Watched:
    """The Deployment that KServe makes of an endpoint."""
    return Watched(team, f"{endpoint}-predictor")
