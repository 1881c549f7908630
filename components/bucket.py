"""Buckets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.account import bucket_arn, policy_document
from components.order import once


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    bucket_name: str
    """Known before the bucket is made, so that its policy can be judged at preview; 3 to 63 characters."""

    region: str

    kms_key_arn: pulumi.Input[str] | None
    """Key that encrypts every object; None means S3's own, under which alone access logs are delivered."""

    log_bucket: pulumi.Input[str] | None
    """Bucket that receives the access log; None only for that bucket itself."""

    policy_statements: Sequence[dict[str, Any]]
    """Statements of the bucket policy beside the refusal of plain HTTP."""

    lifecycle_rules: Sequence[dict[str, Any]]
    """Rules as `aws.s3.BucketLifecycleConfiguration` takes them; `components.retention` makes them."""

    protect: bool
    """Whether the engine refuses to delete the bucket."""

    tags: Mapping[str, str]


class PrivateBucket(pulumi.ComponentResource):
    """A bucket that is closed, encrypted, versioned and logged: the only kind there is here."""

    id: pulumi.Output[str]
    arn: str
    """Known before the bucket is made."""

    writable_id: pulumi.Output[str]
    """The id, once the bucket's policy is in place: for services that ask at once whether they may write."""

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:bucket:PrivateBucket", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        self.arn = bucket_arn(args.region, args.bucket_name)
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            bucket=args.bucket_name,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=child,
        )
        by_default: dict[str, Any] = {"sse_algorithm": "AES256"}
        if args.kms_key_arn is not None:
            by_default = {"sse_algorithm": "aws:kms", "kms_master_key_id": args.kms_key_arn}
        encryption: Any = {
            "apply_server_side_encryption_by_default": by_default,
            # One data key for many objects: fewer calls to KMS, which has a price and a rate.
            "bucket_key_enabled": args.kms_key_arn is not None,
        }
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption", bucket=bucket.id, rules=[encryption], opts=child
        )
        aws.s3.BucketVersioning(
            f"{name}-versions",
            bucket=bucket.id,
            versioning_configuration={"status": "Enabled"},
            opts=child,
        )
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=json.dumps(policy_document(_tls_only(self.arn), *args.policy_statements)),
            opts=child,
        )
        rules: Any = list(args.lifecycle_rules)
        aws.s3.BucketLifecycleConfiguration(f"{name}-lifecycle", bucket=bucket.id, rules=rules, opts=child)
        if args.log_bucket is not None:
            aws.s3.BucketLogging(
                f"{name}-access-log",
                bucket=bucket.id,
                target_bucket=args.log_bucket,
                target_prefix=f"{args.bucket_name}/",
                opts=child,
            )

        self.id = bucket.id
        self.writable_id = once(bucket.id, policy.id)
        self.register_outputs({"id": self.id, "arn": self.arn})


def _tls_only(arn: str) -> dict:
    return {
        "Sid": "RefusePlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
