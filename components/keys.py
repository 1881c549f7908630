"""Encryption keys."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.account import arn, partition, policy_document


@dataclass(frozen=True, kw_only=True)
class KeyRingArgs:
    prefix: str
    """Start of each alias: `alias/{prefix}-{data class}`."""

    data_classes: Sequence[str]
    """One key for each, so that access to one class says nothing about another."""

    account: str
    """Account that owns the keys, 12 digits."""

    region: str
    """Region of the keys; CloudWatch Logs of this region may use them."""

    administrators: Sequence[str]
    """ARNs of the IAM roles that may administer the keys but not use them; none leaves it to the account's IAM."""

    disk_classes: Sequence[str]
    """Data classes whose keys encrypt the disks of managed node groups, which Auto Scaling starts."""

    rotation_days: int = 365
    """Days between rotations, 90 to 2560 (KMS developer guide, "rotation period")."""

    deletion_window_days: int = 30
    """Days in which a deletion can be called off, 7 to 30."""

    protect: bool
    """Whether the engine refuses to delete a key."""

    tags: Mapping[str, str]


class KeyRing(pulumi.ComponentResource):
    """One KMS key a data class: who may read personal data is decided at its key, whatever store holds it."""

    arns: dict[str, pulumi.Output[str]]
    """Key ARN by data class."""

    aliases: dict[str, str]
    """Alias by data class, known before the key is made."""

    def __init__(self, name: str, args: KeyRingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:keys:KeyRing", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        self.arns, self.aliases = {}, {}
        for data_class in args.data_classes:
            disks = data_class in args.disk_classes
            policy = json.dumps(key_policy(args.account, args.region, args.administrators, disks))
            alias = f"alias/{args.prefix}-{data_class}"
            key = aws.kms.Key(
                f"{name}-{data_class}",
                description=f"{args.prefix}: {data_class} data",
                policy=policy,
                enable_key_rotation=True,
                rotation_period_in_days=args.rotation_days,
                deletion_window_in_days=args.deletion_window_days,
                tags={**args.tags, "data-class": data_class},
                opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
            )
            aws.kms.Alias(f"{name}-{data_class}-alias", name=alias, target_key_id=key.key_id, opts=child)
            self.arns[data_class] = key.arn
            self.aliases[data_class] = alias

        self.register_outputs({"arns": self.arns, "aliases": self.aliases})


def key_policy(account: str, region: str, administrators: Sequence[str], disks: bool) -> dict[str, Any]:
    """Who may do what with a key: the account through IAM, its administrators, and CloudWatch Logs for its groups.

    With `disks` Auto Scaling too, by its own role of the account (EC2 Auto Scaling user guide, "Required AWS KMS key
    policy for use with encrypted volumes"). A condition names the role: as a principal it would have to be there before
    the first group is.
    """
    statements: list[dict[str, Any]] = [
        {
            "Sid": "AccountThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition(region)}:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "LogGroupsOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": [
                "kms:Encrypt*",
                "kms:Decrypt*",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:Describe*",
            ],
            "Resource": "*",
            "Condition": {
                "ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn("logs", region, account, "log-group:*")}
            },
        },
    ]
    if disks:
        role = f"arn:{partition(region)}:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/{SCALER}"
        who = {"StringEquals": {"kms:CallerAccount": account}, "ArnEquals": {"aws:PrincipalArn": role}}
        use = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        grant = {**who, "Bool": {"kms:GrantIsForAWSResource": "true"}}
        for sid, actions, when in (("DisksOfNodeGroups", use, who), ("LentToDisks", ["kms:CreateGrant"], grant)):
            statements.append(
                {
                    "Sid": sid,
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": actions,
                    "Resource": "*",
                    "Condition": when,
                }
            )
    if administrators:
        statements.append(
            {
                "Sid": "AdministrationWithoutUse",
                "Effect": "Allow",
                "Principal": {"AWS": sorted(administrators)},
                "Action": _ADMINISTRATION,
                "Resource": "*",
            }
        )
    return policy_document(*statements)


SCALER = "AWSServiceRoleForAutoScaling"
"""Role with which Auto Scaling works in every account."""

_ADMINISTRATION = [
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
]
