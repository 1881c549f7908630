"""Where data rests."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from components.account import arn, policy_document
from components.bucket import PrivateBucket, PrivateBucketArgs
from components.retention import RUNBOOK, retention_rules

DataClass = Literal["public", "internal", "confidential", "personal", "special"]
"""How sensitive contents are; `special` are the categories of GDPR Art. 9."""

PERSONAL = ("personal", "special")


@dataclass(frozen=True, kw_only=True)
class ArtifactStoreArgs:
    bucket_name: str
    region: str

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts every artifact."""

    log_bucket: pulumi.Input[str]
    """Bucket that receives the access log."""

    data_class: DataClass

    noncurrent_days: int
    """Days that an overwritten or deleted artifact can be brought back."""

    protect: bool
    """Whether the engine refuses to delete the bucket."""

    tags: Mapping[str, str]


class ArtifactStore(pulumi.ComponentResource):
    """Models, metrics and plots of training runs: what a served model was made of can be looked up and brought back."""

    bucket: pulumi.Output[str]

    def __init__(self, name: str, args: ArtifactStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:storage:ArtifactStore", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        store = PrivateBucket(
            name,
            PrivateBucketArgs(
                bucket_name=args.bucket_name,
                region=args.region,
                kms_key_arn=args.kms_key_arn,
                log_bucket=args.log_bucket,
                policy_statements=[],
                lifecycle_rules=retention_rules(None, args.noncurrent_days, None),
                protect=args.protect,
                tags={**args.tags, "data-class": args.data_class, "data-stage": "model"},
            ),
            child,
        )

        self.bucket = store.id
        self.register_outputs({"bucket": self.bucket})


@dataclass(frozen=True, kw_only=True)
class DatasetStoreArgs:
    bucket_name: str
    account: str
    """Account of the bucket, 12 digits."""

    region: str

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts every object."""

    kms_alias: str
    """Alias of that key, by which the teams' policies name it."""

    log_bucket: pulumi.Input[str]
    """Bucket that receives the access log."""

    teams: Sequence[str]
    """Teams that work on the data; each has a DVC remote of its own and a policy that opens no other."""

    data_class: DataClass
    data_origin: Literal["real", "pseudonymised", "synthetic"]
    purpose: str | None
    """Why the data is processed (GDPR Art. 5(1)(b))."""

    legal_basis: str | None
    """Code of the legal basis (GDPR Art. 6(1))."""

    special_condition: str | None
    """Code of the condition for special categories (GDPR Art. 9(2))."""

    controller: str | None
    """Who decides about the processing (GDPR Art. 4(7))."""

    register_id: str | None
    """Entry in the record of processing activities (GDPR Art. 30)."""

    recipients: Sequence[str]
    """Codes of those who receive the data (GDPR Art. 30(1)(d))."""

    erasure_path: str | None
    """How a person's data is erased on request (GDPR Art. 17)."""

    dpia_id: str | None = None
    """Impact assessment of the processing (GDPR Art. 35)."""

    dpia_review: str | None = None
    """Day of its next review, YYYY-MM-DD."""

    retention_days: int | None
    """Days after which an object is gone with all its versions (GDPR Art. 5(1)(e)); None keeps it."""

    noncurrent_days: int
    """Days that an overwritten or deleted object can be brought back; less than `retention_days`."""

    archive_after_days: int | None
    """Days after which objects move to Glacier Instant Retrieval."""

    protect: bool
    """Whether the engine refuses to delete the bucket."""

    tags: Mapping[str, str]


class DatasetStore(pulumi.ComponentResource):
    """One data set and all its versions: a run can be replayed on the bytes it saw, and the data goes when it must."""

    bucket: pulumi.Output[str]
    dvc_remotes: dict[str, pulumi.Output[str]]
    """URL of the DVC remote by team."""

    team_policy_arns: dict[str, pulumi.Output[str]]
    """IAM policy by team: its own prefix, nothing beside it."""

    def __init__(self, name: str, args: DatasetStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:storage:DatasetStore", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        store = PrivateBucket(
            name,
            PrivateBucketArgs(
                bucket_name=args.bucket_name,
                region=args.region,
                kms_key_arn=args.kms_key_arn,
                log_bucket=args.log_bucket,
                policy_statements=[],
                lifecycle_rules=retention_rules(args.retention_days, args.noncurrent_days, args.archive_after_days),
                protect=args.protect,
                tags={**args.tags, **data_tags(args)},
            ),
            child,
        )
        self.bucket = store.id
        self.dvc_remotes, self.team_policy_arns = {}, {}
        key = {
            "keys": arn("kms", args.region, args.account, "key/*"),
            "alias": args.kms_alias,
        }
        for team in args.teams:
            policy = aws.iam.Policy(
                f"{name}--{team}",  # two hyphens: no name holds them, so no two pairs of names make one
                name=f"{args.bucket_name}-{team}",
                description=f"Team {team}: its DVC remote in {args.bucket_name}",
                policy=json.dumps(team_policy(store.arn, team, **key)),
                tags=args.tags,
                opts=child,
            )
            self.dvc_remotes[team] = pulumi.Output.format("s3://{0}/{1}", store.id, dvc_prefix(team))
            self.team_policy_arns[team] = policy.arn

        self.register_outputs(
            {
                "bucket": self.bucket,
                "dvc_remotes": self.dvc_remotes,
                "team_policy_arns": self.team_policy_arns,
            }
        )


def dvc_prefix(team: str) -> str:
    """Where a team's DVC remote lies in the bucket of a data set."""
    return f"dvc/{team}"


def data_tags(args: DatasetStoreArgs) -> dict[str, str]:
    """What the tags of a data set say of it; what is not known is left out, never guessed."""
    tags = {
        "data-class": args.data_class,
        "data-stage": "dataset",
        "data-origin": args.data_origin,
        "purpose": args.purpose,
        "legal-basis": args.legal_basis,
        "special-condition": args.special_condition,
        "controller": args.controller,
        "register-id": args.register_id,
        "recipients": " ".join(args.recipients) or None,
        "erasure-path": args.erasure_path,
        "dpia-id": args.dpia_id,
        "dpia-review": args.dpia_review,
        "retention-days": None if args.retention_days is None else str(args.retention_days),
        "restore-runbook": RUNBOOK if args.data_class in PERSONAL else None,
    }
    return {key: value for key, value in tags.items() if value is not None}


def team_policy(bucket: str, team: str, *, keys: str, alias: str) -> dict[str, Any]:
    """What a team may do in `bucket` (its ARN), with the one key of `keys` (ARN pattern) that bears `alias`."""
    prefix = dvc_prefix(team)
    return policy_document(
        {
            "Sid": "ListOwnRemote",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": bucket,
            # Without the right to list, S3 answers 403 and not 404 for an object that is not there yet, and it asks
            # with no prefix then (S3 API reference, HeadObject): DVC would take its first push for a refusal.
            "Condition": {"StringLikeIfExists": {"s3:prefix": [prefix, f"{prefix}/*"]}},
        },
        {
            "Sid": "UseOwnRemote",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"],
            "Resource": f"{bucket}/{prefix}/*",
        },
        {
            "Sid": "UseKeyOfItsClass",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": keys,
            "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}},
        },
    )
