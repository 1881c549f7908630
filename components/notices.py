"""What the privacy contact is told at once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

EVERY_CALL = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""State of a rule that hears of calls that only read too; AssumeRole counts as one (EventBridge user guide)."""

LEAST_SEVERITY = 4
"""Findings of GuardDuty from medium on (GuardDuty user guide, "severity levels"): the 72 hours of GDPR Art. 33(1) begin
with knowing, and a low finding is an attempt that came to nothing."""

EXPOSING = (
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "PutBucketPublicAccessBlock",
    "DeleteBucketPublicAccessBlock",
    "PutBucketAcl",
)
"""Calls that may open a bucket (S3 user guide, "Amazon S3 CloudTrail events", bucket-level actions)."""


@dataclass(frozen=True, kw_only=True)
class NoticesArgs:
    prefix: str
    """Start of the rules' names."""

    topic_arn: pulumi.Input[str]
    """Topic that is told; event rules must be let in by its policy and its key's."""

    break_glass_roles: Sequence[str]
    """ARNs of the IAM roles for emergencies; none makes no rule for them."""

    tags: Mapping[str, str]


class Notices(pulumi.ComponentResource):
    """Rules that tell of what may become a breach: emergency access, findings, buckets and roles that are opened, and
    whoever stops the record or a key.

    Rules hear of the calls of their own region. Root signs in, IAM changes, and STS answers its global address, in
    us-east-1: only a rule there tells of those (IAM user guide, "logging IAM and STS calls"); the trail records them in
    any case, and the access analyzer of this region tells of every role that somebody outside can take on.
    """

    rules: list[str]
    """Names of the rules, known before they are made."""

    def __init__(self, name: str, args: NoticesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:notices:Notices", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        self.rules = []
        for role, (meaning, state, pattern, paths) in _rules(args.break_glass_roles).items():
            rule = aws.cloudwatch.EventRule(
                f"{name}-{role}",
                name=f"{args.prefix}-{role}",
                description=meaning,
                event_pattern=json.dumps(pattern),
                state=state,
                tags=args.tags,
                opts=child,
            )
            aws.cloudwatch.EventTarget(
                f"{name}-{role}-target",
                rule=rule.name,
                target_id="privacy",
                arn=args.topic_arn,
                input_transformer={"input_paths": paths, "input_template": json.dumps(_message(args, meaning, paths))},
                opts=child,
            )
            self.rules.append(f"{args.prefix}-{role}")

        self.register_outputs({"rules": self.rules})


_CALL = {"account": "$.account", "what": "$.detail.eventName", "when": "$.time", "where": "$.region"}
_WHO = {"who": "$.detail.userIdentity.arn", "from": "$.detail.sourceIPAddress"}
_FINDING = {
    "account": "$.account",
    "severity": "$.detail.severity",
    "what": "$.detail.title",
    "when": "$.time",
    "where": "$.region",
    "finding": "$.detail.id",
}

_OUTSIDE = {
    "account": "$.account",
    "what": "$.detail.resource",
    "kind": "$.detail.resourceType",
    "when": "$.time",
    "where": "$.region",
    "finding": "$.detail.id",
}


def _message(args: NoticesArgs, meaning: str, paths: Mapping[str, str]) -> str:
    facts = "; ".join(f"{fact}: <{fact}>" for fact in sorted(paths))
    return (
        f"{args.prefix}: {meaning}. {facts}. Look it up in CloudTrail, GuardDuty or IAM Access Analyzer. If personal "
        "data may be affected, the supervisory authority hears of it within 72 hours (GDPR Art. 33)."
    )


def _calls(source: str, *names: str) -> dict[str, Any]:
    return {"source": [source], "detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": list(names)}}


def _rules(break_glass_roles: Sequence[str]) -> dict[str, tuple[str, str, dict[str, Any], dict[str, str]]]:
    """By role of the rule: what it means, its state, the events, and the facts of an event that are told."""
    assumed = _calls("aws.sts", "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
    rules = {
        "root-use": (
            "The root user of the account was used",
            EVERY_CALL,
            {
                "detail-type": ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"],
                # What AWS does on its own for an account bears the root user's name (CIS benchmark, root account use).
                "detail": {
                    "userIdentity": {"type": ["Root"], "invokedBy": [{"exists": False}]},
                    "eventType": [{"anything-but": ["AwsServiceEvent"]}],
                },
            },
            {**_CALL, **_WHO},
        ),
        "findings": (
            "GuardDuty found a threat",
            "ENABLED",
            {
                "source": ["aws.guardduty"],
                "detail-type": ["GuardDuty Finding"],
                "detail": {"severity": [{"numeric": [">=", LEAST_SEVERITY]}]},
            },
            _FINDING,
        ),
        "trail-tampering": (
            "The record of calls was changed or stopped",
            "ENABLED",
            _calls("aws.cloudtrail", "StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"),
            {**_CALL, **_WHO, "trail": "$.detail.requestParameters.name"},
        ),
        "bucket-exposure": (
            "Who may read a bucket was changed",
            "ENABLED",
            _calls("aws.s3", *EXPOSING),
            {**_CALL, **_WHO, "bucket": "$.detail.requestParameters.bucketName"},
        ),
        "outside-access": (
            "Somebody outside the account was let in: to a role, a bucket, a key or a secret",
            "ENABLED",
            {
                "source": ["aws.access-analyzer"],
                "detail-type": ["Access Analyzer Finding"],
                "detail": {"status": ["ACTIVE"]},
            },
            _OUTSIDE,
        ),
        "key-loss": (
            "A key was disabled or is to be deleted, and its data with it",
            "ENABLED",
            _calls("aws.kms", "DisableKey", "ScheduleKeyDeletion"),
            {**_CALL, **_WHO, "key": "$.detail.requestParameters.keyId"},
        ),
    }
    if break_glass_roles:
        assumed["detail"]["requestParameters"] = {"roleArn": sorted(break_glass_roles)}
        rules["break-glass"] = (
            "A role for emergencies was taken on",
            EVERY_CALL,
            assumed,
            {**_CALL, **_WHO, "role": "$.detail.requestParameters.roleArn"},
        )
    return rules
