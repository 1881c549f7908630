"""What is watched."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pulumi
import pulumi_aws as aws

from components.account import arn
from components.dashboard import dashboard
from components.notices import Notices, NoticesArgs

MOST_CHILDREN = 100
"""Alarms that one composite alarm may look at (CloudWatch API reference, PutCompositeAlarm)."""

WHOLE_BUCKET = "EntireBucket"
"""Name of the configuration under which a bucket's requests are counted; a dimension of its metrics."""

GIB = 1024**3


class _Limit(NamedTuple):
    """What a metric may not pass for so many times five minutes."""

    metric: str
    statistic: str
    threshold: float
    periods: int


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    prefix: str
    """Name of the composite alarm and of the dashboard; start of the other names."""

    buckets: Mapping[str, pulumi.Input[str]]
    """Data buckets by name: the same name, known once the bucket is there."""

    cluster: str | None
    """Name of the EKS cluster; None without one."""

    database: str | None
    """Identifier of the RDS instance, for the dashboard; None without one."""

    endpoints: Sequence[str]
    """Names of the SageMaker endpoints, for the dashboard."""

    alarms: Sequence[pulumi.Input[str]]
    """Names of alarms that others have made, each known once the alarm is there: the composite alarm needs them."""

    topic_arn: pulumi.Input[str]
    """Topic that is told of alarms."""

    privacy_topic_arn: pulumi.Input[str]
    """Topic that is told of what may be a breach of personal data (GDPR Art. 33(1))."""

    break_glass_roles: Sequence[str]
    """ARNs of the IAM roles for emergencies, each use of which is told."""

    account: str
    """Account of everything, 12 digits."""

    region: str

    tags: Mapping[str, str]


class Monitoring(pulumi.ComponentResource):
    """Alarms for what keeps data and for the cluster, one that sums up all, a dashboard, and notices to who must know.

    Every alarm tells the topic itself, so that a second one is heard while a first one lasts; the composite alarm is
    the state of the environment and tells nobody.
    """

    alarm: pulumi.Output[str]
    """Name of the composite alarm."""

    dashboard: pulumi.Output[str]

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:monitoring:Monitoring", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        made = [alarm for bucket, there in args.buckets.items() for alarm in self._bucket(name, args, bucket, there)]
        if args.cluster is not None:
            made += self._cluster(name, args, args.cluster)
        whole = self._composite(name, args, [*(alarm.name for alarm in made), *args.alarms])
        board = aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=args.prefix,
            dashboard_body=dashboard(
                region=args.region,
                alarm=arn("cloudwatch", args.region, args.account, f"alarm:{args.prefix}"),
                buckets=args.buckets,
                bucket_filter=WHOLE_BUCKET,
                cluster=args.cluster,
                database=args.database,
                endpoints=args.endpoints,
            ),
            opts=child,
        )
        Notices(
            f"{name}-notices",
            NoticesArgs(
                prefix=args.prefix,
                topic_arn=args.privacy_topic_arn,
                break_glass_roles=args.break_glass_roles,
                tags=args.tags,
            ),
            child,
        )

        self.alarm = whole.alarm_name
        self.dashboard = board.dashboard_name
        self.register_outputs({"alarm": self.alarm, "dashboard": self.dashboard})

    def _bucket(
        self, name: str, args: MonitoringArgs, bucket: str, there: pulumi.Input[str]
    ) -> list[aws.cloudwatch.MetricAlarm]:
        """S3 counts a bucket's requests when it is told to (S3 user guide, "CloudWatch metrics configurations")."""
        aws.s3.BucketMetric(
            f"{name}-{bucket}-requests", bucket=there, name=WHOLE_BUCKET, opts=pulumi.ResourceOptions(parent=self)
        )
        dimensions = {"BucketName": bucket, "FilterId": WHOLE_BUCKET}
        return [
            self._alarm(name, args, f"{bucket}-{role}", meaning, "AWS/S3", dimensions, limit)
            for role, limit, meaning in (
                (
                    "5xx",
                    _Limit("5xxErrors", "Average", 0.01, 3),
                    f"The bucket {bucket} fails more than one request in a hundred",
                ),
                (
                    "4xx",
                    # A client that asks before it writes, as DVC does, is told of many things that are not there.
                    _Limit("4xxErrors", "Average", 0.5, 3),
                    f"The bucket {bucket} refuses more than half of its requests: somebody tries, or a policy is wrong",
                ),
            )
        ]

    def _cluster(self, name: str, args: MonitoringArgs, cluster: str) -> list[aws.cloudwatch.MetricAlarm]:
        """Metrics that EKS sends of every cluster from Kubernetes 1.28 on (EKS user guide, "CloudWatch metrics")."""
        return [
            self._alarm(name, args, f"{args.prefix}-{role}", meaning, "AWS/EKS", {"ClusterName": cluster}, limit)
            for role, limit, meaning in (
                (
                    "api-errors",
                    _Limit("apiserver_request_total_5XX", "Sum", 50, 3),
                    f"The control plane of the cluster {cluster} fails more than ten requests a minute",
                ),
                (
                    "api-storage",
                    _Limit("apiserver_storage_size_bytes", "Maximum", 6 * GIB, 3),
                    f"The cluster {cluster} has filled 6 GiB of the 8 of its store, and takes nothing when it is full",
                ),
                (
                    "unschedulable",
                    _Limit("scheduler_pending_pods_UNSCHEDULABLE", "Minimum", 0, 6),
                    f"In the cluster {cluster} pods have found no node for half an hour",
                ),
            )
        ]

    def _alarm(
        self,
        name: str,
        args: MonitoringArgs,
        alarm: str,
        meaning: str,
        namespace: str,
        dimensions: Mapping[str, str],
        limit: _Limit,
    ) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            f"{name}-{alarm}",
            name=alarm,
            alarm_description=meaning,
            namespace=namespace,
            metric_name=limit.metric,
            dimensions=dimensions,
            statistic=limit.statistic,
            period=300,
            evaluation_periods=limit.periods,
            comparison_operator="GreaterThanThreshold",
            threshold=limit.threshold,
            # Nobody asks: nothing is wrong.
            treat_missing_data="notBreaching",
            alarm_actions=[args.topic_arn],
            ok_actions=[args.topic_arn],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _composite(
        self, name: str, args: MonitoringArgs, alarms: Sequence[pulumi.Input[str]]
    ) -> aws.cloudwatch.CompositeAlarm:
        """CloudWatch refuses a rule over alarms that are not there: the rule is known when they are."""
        if len(alarms) <= MOST_CHILDREN:
            return self._any_of(name, args, "", alarms)
        parts = [alarms[start : start + MOST_CHILDREN] for start in range(0, len(alarms), MOST_CHILDREN)]
        made = [self._any_of(name, args, f"-part-{number}", part) for number, part in enumerate(parts, start=1)]
        return self._any_of(name, args, "", [part.alarm_name for part in made])

    def _any_of(
        self, name: str, args: MonitoringArgs, part: str, alarms: Sequence[pulumi.Input[str]]
    ) -> aws.cloudwatch.CompositeAlarm:
        return aws.cloudwatch.CompositeAlarm(
            f"{name}{part}-alarm",
            alarm_name=f"{args.prefix}{part}",
            alarm_description=f"Something of {args.prefix} is not as it should be",
            alarm_rule=pulumi.Output.all(*alarms).apply(any_of),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )


def any_of(alarms: Sequence[str]) -> str:
    """Rule of a composite alarm: one of `alarms` is on; of none it is never."""
    return " OR ".join(f'ALARM("{alarm}")' for alarm in alarms) or "FALSE"
