"""Evidence of what was done in the account."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from components.account import arn, bucket_arn, partition, policy_document
from components.bucket import PrivateBucket, PrivateBucketArgs
from components.retention import retention_rules

DETECTIONS = ("S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "RDS_LOGIN_EVENTS")
"""What GuardDuty looks at beside network, names and API calls (GuardDuty API reference, DetectorFeature)."""


@dataclass(frozen=True, kw_only=True)
class AuditTrailArgs:
    trail_name: str
    """Unique in account and region; known before the trail is made."""

    bucket_name: str
    """Bucket of the evidence."""

    data_buckets: Sequence[str]
    """Names of the buckets of which every read and write of an object is recorded."""

    log_bucket: pulumi.Input[str]
    """Bucket that receives the access log of the evidence."""

    retention_days: int
    """Days that evidence is kept, and no longer (GDPR Art. 5(1)(e))."""

    detector: Literal["create", "existing"]
    """GuardDuty has one detector an account and region: made here, or by somebody else."""

    rotation_days: int
    """Days between rotations of the evidence's key, 90 to 2560."""

    deletion_window_days: int
    """Days in which the key's deletion can be called off, 7 to 30."""

    account: str
    """Account of the trail, 12 digits."""

    region: str

    protect: bool
    """Whether the engine refuses to delete bucket and key."""

    tags: Mapping[str, str]


class AuditTrail(pulumi.ComponentResource):
    """Who did what in the account and who read which object, signed, under a key of its own, and watched."""

    trail_name: pulumi.Output[str]
    bucket: pulumi.Output[str]

    def __init__(self, name: str, args: AuditTrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:audit:AuditTrail", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        tags = {**args.tags, "data-class": "confidential", "data-stage": "log"}
        key = aws.kms.Key(
            f"{name}-key",
            description=f"{args.trail_name}: evidence",
            policy=json.dumps(evidence_key_policy(args.account, args.region, args.trail_name)),
            enable_key_rotation=True,
            rotation_period_in_days=args.rotation_days,
            deletion_window_in_days=args.deletion_window_days,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.kms.Alias(f"{name}-key-alias", name=f"alias/{args.trail_name}-audit", target_key_id=key.key_id, opts=child)
        archive = PrivateBucket(
            f"{name}-archive",
            PrivateBucketArgs(
                bucket_name=args.bucket_name,
                region=args.region,
                kms_key_arn=key.arn,
                log_bucket=args.log_bucket,
                policy_statements=delivery_statements(args.account, args.region, args.trail_name, args.bucket_name),
                lifecycle_rules=retention_rules(args.retention_days, 1, None),
                protect=args.protect,
                tags=tags,
            ),
            child,
        )
        selectors: Any = event_selectors(args.region, args.data_buckets)
        trail = aws.cloudtrail.Trail(
            f"{name}-trail",
            name=args.trail_name,
            # CloudTrail tries the bucket when the trail is made.
            s3_bucket_name=archive.writable_id,
            kms_key_id=key.arn,
            enable_log_file_validation=True,
            enable_logging=True,
            include_global_service_events=True,
            is_multi_region_trail=True,
            advanced_event_selectors=selectors,
            tags=args.tags,
            opts=child,
        )
        if args.detector == "create":
            detector = aws.guardduty.Detector(
                f"{name}-detector",
                enable=True,
                finding_publishing_frequency="FIFTEEN_MINUTES",
                tags=args.tags,
                opts=child,
            )
            for feature in DETECTIONS:
                aws.guardduty.DetectorFeature(
                    f"{name}-{feature.lower().replace('_', '-')}",
                    detector_id=detector.id,
                    name=feature,
                    status="ENABLED",
                    opts=child,
                )
        aws.accessanalyzer.Analyzer(
            f"{name}-analyzer", analyzer_name=args.trail_name, type="ACCOUNT", tags=args.tags, opts=child
        )

        self.trail_name = trail.name
        self.bucket = archive.id
        self.register_outputs({"trail_name": self.trail_name, "bucket": self.bucket})


def event_selectors(region: str, buckets: Sequence[str]) -> list[dict[str, Any]]:
    """What is recorded: every change of the account, and every touch of an object in `buckets`.

    Source: CloudTrail user guide, "advanced event selectors".
    """
    management = {
        "name": "Changes of the account",
        "field_selectors": [{"field": "eventCategory", "equals": ["Management"]}],
    }
    if not buckets:
        return [management]
    objects = {
        "name": "Objects of the data stores",
        "field_selectors": [
            {"field": "eventCategory", "equals": ["Data"]},
            {"field": "resources.type", "equals": ["AWS::S3::Object"]},
            {"field": "resources.ARN", "starts_withs": [f"{bucket_arn(region, bucket)}/" for bucket in buckets]},
        ],
    }
    return [management, objects]


def delivery_statements(account: str, region: str, trail: str, bucket: str) -> list[dict[str, Any]]:
    """What lets one trail write to a bucket (CloudTrail user guide, "S3 bucket policy for CloudTrail")."""
    ours = {"aws:SourceArn": arn("cloudtrail", region, account, f"trail/{trail}"), "aws:SourceAccount": account}
    who = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    return [
        {
            **who,
            "Sid": "TrailLooks",
            "Action": "s3:GetBucketAcl",
            "Resource": bucket_arn(region, bucket),
            "Condition": {"StringEquals": ours},
        },
        {
            **who,
            "Sid": "TrailWrites",
            "Action": "s3:PutObject",
            "Resource": f"{bucket_arn(region, bucket)}/AWSLogs/{account}/*",
            "Condition": {"StringEquals": {**ours, "s3:x-amz-acl": "bucket-owner-full-control"}},
        },
    ]


def evidence_key_policy(account: str, region: str, trail: str) -> dict[str, Any]:
    """The account through IAM, and the one trail (CloudTrail user guide, "key policies for CloudTrail")."""
    trail_arn = arn("cloudtrail", region, account, f"trail/{trail}")
    trails = f"arn:{partition(region)}:cloudtrail:*:{account}:trail/*"
    who = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Resource": "*"}
    return policy_document(
        {
            "Sid": "AccountThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition(region)}:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            **who,
            "Sid": "TrailEncrypts",
            "Action": "kms:GenerateDataKey*",
            "Condition": {
                "StringEquals": {"aws:SourceArn": trail_arn},
                "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails},
            },
        },
        {
            **who,
            "Sid": "TrailLooksAtItsKey",
            "Action": "kms:DescribeKey",
            "Condition": {"StringEquals": {"aws:SourceArn": trail_arn}},
        },
    )
