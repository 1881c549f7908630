"""Dashboards."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from components.sagemaker import VARIANT

WIDTH, HEIGHT, COLUMNS = 8, 6, 3
"""Size of a widget, and widgets in a row: the grid is 24 wide (CloudWatch API reference, "dashboard body")."""


def dashboard(
    *,
    region: str,
    alarm: str,
    buckets: Iterable[str],
    bucket_filter: str,
    cluster: str | None,
    database: str | None,
    endpoints: Sequence[str],
) -> str:
    """Body of a dashboard, as JSON: the environment's state by its `alarm` (an ARN), then a widget a thing.

    `bucket_filter` is the metrics configuration under which the buckets' requests are counted.
    """
    things = [
        (
            bucket,
            [
                ["AWS/S3", metric, "BucketName", bucket, "FilterId", bucket_filter, {"stat": statistic}]
                for metric, statistic in (("AllRequests", "Sum"), ("4xxErrors", "Average"), ("5xxErrors", "Average"))
            ],
        )
        for bucket in buckets
    ]
    if cluster is not None:
        things.append(
            (
                cluster,
                [
                    ["AWS/EKS", metric, "ClusterName", cluster, {"stat": statistic}]
                    for metric, statistic in (
                        ("apiserver_request_total", "Sum"),
                        ("apiserver_request_total_5XX", "Sum"),
                        ("scheduler_pending_pods_UNSCHEDULABLE", "Maximum"),
                    )
                ],
            )
        )
    if database is not None:
        things.append(
            (
                database,
                [
                    ["AWS/RDS", metric, "DBInstanceIdentifier", database, {"stat": "Average"}]
                    for metric in ("CPUUtilization", "DatabaseConnections", "FreeStorageSpace")
                ],
            )
        )
    things += [
        (
            endpoint,
            [
                ["AWS/SageMaker", metric, "EndpointName", endpoint, "VariantName", VARIANT, {"stat": statistic}]
                for metric, statistic in (
                    ("Invocations", "Sum"),
                    ("Invocation5XXErrors", "Sum"),
                    ("ModelLatency", "p99"),
                )
            ],
        )
        for endpoint in endpoints
    ]
    state = {"title": "State", "alarms": [alarm]}
    widgets = [_placed(0, "alarm", state)]
    widgets += [
        _placed(
            place,
            "metric",
            {"title": title, "region": region, "view": "timeSeries", "period": 300, "metrics": metrics},
        )
        for place, (title, metrics) in enumerate(things, start=1)
    ]
    return json.dumps({"widgets": widgets})


def _placed(place: int, kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    row, column = divmod(place, COLUMNS)
    position = {"x": column * WIDTH, "y": row * HEIGHT, "width": WIDTH, "height": HEIGHT}
    return {"type": kind, **position, "properties": properties}
