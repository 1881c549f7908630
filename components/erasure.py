"""Erasure of personal data on request."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components.account import arn, bucket_arn, dns_suffix, policy_document
from components.closed_namespace import ClosedNamespace, ClosedNamespaceArgs, said
from components.openings import https, pod_identity
from components.pod_identity import PodIdentity, PodIdentityArgs
from components.restricted_pod import container_security, folder, pod_security, resources

NAMESPACE = "erasure"
NAME = "erasure"
"""Of service account, job, and everything else there is one of."""

LABELS = {"app.kubernetes.io/name": NAME}
FOLDER = "erasures"
"""Folder of each bucket in which erasures are recorded; no team can write there."""

WAY = "erasure-path"
"""Annotation by which the job says which way of erasure it is; stores bear the same word as a tag."""

METRICS = "Seedbed/Erasure"
SCRIPTS = "/seedbed"
DEADLINE_SECONDS = 6 * 3600


@dataclass(frozen=True, kw_only=True)
class ErasureArgs:
    prefix: str
    """Start of the names of role and alarm."""

    way: str
    """Code of the way of erasure that this is, as the stores' tag erasure-path has it."""

    buckets: Sequence[str]
    """Names of the buckets in which it erases, one at least."""

    kms_aliases: Sequence[str]
    """Aliases of the keys of those buckets: what is recorded is encrypted like the rest."""

    schedule: str
    """Cron expression in UTC; each run erases what was recorded until then, also what a restore brought back."""

    image: str
    """Reference of an image with Python 3.10 or newer."""

    scripts: Mapping[str, str]
    """Texts of aws_requests.py and erase_objects.py of lifecycle/, by these names."""

    cidr: str
    """IPv4 block of the VPC, in which AWS's interface endpoints are."""

    s3_cidrs: pulumi.Input[Sequence[str]]
    """Blocks of S3 behind a gateway endpoint (`cidr_blocks` of that endpoint)."""

    kubernetes_version: str
    """Minor version whose pod security standard binds, for example 1.34."""

    alarm_topic_arn: pulumi.Input[str]
    """Topic that is told of an erasure that failed."""

    cluster_name: str
    """Known before the cluster is made."""

    cluster: pulumi.Input[str]
    """The same name, known once the cluster answers."""

    account: str
    """Account of the cluster, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class Erasure(pulumi.ComponentResource):
    """A job that deletes the objects of recorded erasures with all their versions, and again after every restore.

    What was erased has to stay erased (GDPR Art. 17): records stay in the bucket as long as anything in it does.
    """

    alarm_names: list[pulumi.Output[str]]
    """Each known once the alarm is there."""

    def __init__(self, name: str, args: ErasureArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:erasure:Erasure", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        closed = ClosedNamespace(
            name,
            ClosedNamespaceArgs(
                namespace=NAMESPACE,
                kubernetes_version=args.kubernetes_version,
                labels=LABELS,
                annotations=said(args.tags),
            ),
            child,
        )
        identity = PodIdentity(
            name,
            PodIdentityArgs(
                role_name=f"{args.prefix}-erasure",
                namespace=NAMESPACE,
                service_account=NAME,
                policy=erasing_policy(args),
                policy_arns={},
                cluster_name=args.cluster_name,
                cluster=args.cluster,
                account=args.account,
                region=args.region,
                permissions_boundary=args.permissions_boundary,
                tags=args.tags,
            ),
            child,
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[closed])
        account = kubernetes.core.v1.ServiceAccount(
            f"{name}-account",
            metadata={"name": NAME, "namespace": NAMESPACE},
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[closed, identity]),
        )
        way = kubernetes.networking.v1.NetworkPolicy(
            f"{name}-aws",
            metadata={"name": "aws", "namespace": NAMESPACE},
            spec={
                "pod_selector": {"match_labels": LABELS},
                "policy_types": ["Egress"],
                "egress": [pod_identity(), https(args.cidr, args.s3_cidrs)],
            },
            opts=inside,
        )
        scripts = kubernetes.core.v1.ConfigMap(
            f"{name}-scripts",
            metadata={"name": NAME, "namespace": NAMESPACE},
            data=args.scripts,
            opts=inside,
        )
        kubernetes.batch.v1.CronJob(
            f"{name}-job",
            metadata={"name": NAME, "namespace": NAMESPACE, "labels": LABELS, "annotations": {WAY: args.way}},
            spec=job(args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, scripts, way]),
        )
        alarm = aws.cloudwatch.MetricAlarm(
            f"{name}-failures-alarm",
            name=f"{args.prefix}-erasure-failures",
            alarm_description="Personal data that was to be erased is still there, or may be (GDPR Art. 17)",
            namespace=METRICS,
            metric_name="Failures",
            dimensions={"Environment": args.prefix},
            statistic="Sum",
            period=3600,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=[args.alarm_topic_arn],
            ok_actions=[args.alarm_topic_arn],
            tags=args.tags,
            opts=child,
        )

        self.alarm_names = [alarm.name]
        self.register_outputs({"alarm_names": self.alarm_names})


def erasing_policy(args: ErasureArgs) -> dict[str, Any]:
    """What the job may do: read what is recorded, find and delete every version of an object, and tell how it went."""
    buckets = [bucket_arn(args.region, bucket) for bucket in args.buckets]
    return policy_document(
        {
            "Sid": "FindRecords",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": buckets,
            "Condition": {"StringLike": {"s3:prefix": f"{FOLDER}/*"}},
        },
        {
            "Sid": "ReadRecords",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": [f"{bucket}/{FOLDER}/*" for bucket in buckets],
        },
        {
            "Sid": "OpenRecords",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": arn("kms", args.region, args.account, "key/*"),
            "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": sorted(set(args.kms_aliases))}},
        },
        {"Sid": "FindVersions", "Effect": "Allow", "Action": "s3:ListBucketVersions", "Resource": buckets},
        {
            "Sid": "Erase",
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "Resource": [f"{bucket}/*" for bucket in buckets],
        },
        {
            "Sid": "Tell",
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": METRICS}},
        },
    )


def job(args: ErasureArgs) -> Any:
    """Specification of the CronJob."""
    environment = {
        "BUCKETS": " ".join(args.buckets),
        "FOLDER": FOLDER,
        "METRIC_NAMESPACE": METRICS,
        "ENVIRONMENT": args.prefix,
        "AWS_REGION": args.region,
        "AWS_DNS_SUFFIX": dns_suffix(args.region),
        "PYTHONPATH": SCRIPTS,
        "HOME": "/tmp",
    }
    container = {
        "name": NAME,
        "image": args.image,
        "command": ["python", "-m", "lifecycle.erase_objects"],
        "env": [{"name": key, "value": value} for key, value in environment.items()],
        "resources": resources(0.25, 0.25),
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "scripts", "mountPath": f"{SCRIPTS}/lifecycle", "readOnly": True},
        ],
    }
    pod = {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "securityContext": pod_security(),
        "containers": [container],
        "volumes": [folder("tmp", 1), {"name": "scripts", "configMap": {"name": NAME}}],
    }
    return {
        "schedule": args.schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "metadata": {"labels": LABELS},
            "spec": {
                "backoffLimit": 2,
                "activeDeadlineSeconds": DEADLINE_SECONDS,
                "ttlSecondsAfterFinished": 7 * 24 * 3600,
                "template": {"metadata": {"labels": LABELS}, "spec": pod},
            },
        },
    }
