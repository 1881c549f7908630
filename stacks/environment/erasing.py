"""Erasure of personal data on request."""

from components.erasure import Erasure, ErasureArgs
from stacks import names
from stacks.environment.cluster import Compute
from stacks.environment.foundation import Foundation
from stacks.environment.workspaces import program
from stacks.settings import Settings

WAY = "dvc-rewrite"
"""The way of erasure by which a data set is written anew without the person, and what was before it deleted."""

SCHEDULE = "15 2 * * *"
"""Each night: an erasure is recorded by day, and due within a month (GDPR Art. 12(3))."""


def erasing(settings: Settings, base: Foundation, compute: Compute) -> Erasure | None:
    """The job that erases on request; none where no data set asks for it."""
    env = settings.environment
    wanted = [one.name for one in env.datasets if one.erasure_path == WAY]
    if not wanted:
        return None
    assert env.cluster, "the job runs in a cluster"
    return Erasure(
        "erasure",
        ErasureArgs(
            prefix=settings.prefix,
            way=WAY,
            buckets=[settings.dataset_bucket(name) for name in wanted],
            kms_aliases=[base.keys.aliases[names.dataset_key(name)] for name in wanted],
            schedule=SCHEDULE,
            image=settings.image("mlflow"),
            scripts={name: program(name) for name in ("aws_requests.py", "erase_objects.py")},
            cidr=settings.cidr,
            s3_cidrs=base.s3_cidrs,
            kubernetes_version=env.cluster.version,
            alarm_topic_arn=base.privacy_alerts.arn,
            cluster_name=settings.prefix,
            cluster=compute.cluster.cluster_name,
            account=settings.account,
            region=settings.region,
            permissions_boundary=base.permissions_boundary,
            tags=settings.tags,
        ),
        compute.inside,
    )
