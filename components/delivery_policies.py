"""What the delivery of an environment may do."""

from typing import Any

from components.account import bucket_arn, policy_document
from components.delivery_place import KEY_CARE, KEY_USE, LOG_CARE, READABLE, SERVICES, SERVING_CARE, Place


def boundary(place: Place, state_bucket: str, state_key_alias: str) -> dict[str, Any]:
    """The most that the deploying role, and any role that it makes, may ever do.

    Roles that it makes must carry this boundary too, and it cannot change the boundary or the delivery's own roles:
    so there is no way out (IAM user guide, "Delegating responsibility to others using permissions boundaries").
    """
    return policy_document(
        {
            "Effect": "Allow",
            "Action": [f"{service}:*" for service in SERVICES],
            "Resource": "*",
            "Condition": place.here,
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListAllMyBuckets", "servicequotas:Get*", "servicequotas:List*", "sts:GetCallerIdentity"],
            "Resource": "*",
        },
        {"Effect": "Allow", "Action": "s3:*", "Resource": [place.buckets, f"{place.buckets}/*"]},
        *_databases_and_secrets(place, "*"),
        {"Effect": "Allow", "Action": ["kms:CreateKey", "kms:List*", "kms:TagResource"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": list(KEY_USE),
            "Resource": place.arn("kms", "key/*"),
            "Condition": place.tagged | place.named,
        },
        # A key has no alias yet when its rotation is set.
        {
            "Effect": "Allow",
            "Action": list(KEY_CARE),
            "Resource": place.arn("kms", "key/*"),
            "Condition": place.tagged,
        },
        {"Effect": "Allow", "Action": "kms:*Alias", "Resource": place.arn("kms", f"alias/{place.prefix}-*")},
        # The state outlives the environment, so that its key does not bear the environment's tags.
        *_state(place, state_bucket, state_key_alias, writing=True),
        *_identities(place),
    )


def deploying(place: Place, state_bucket: str, state_key_alias: str) -> dict[str, Any]:
    """What makes and changes an environment: its settings, never the objects in its data stores."""
    return policy_document(
        {
            "Effect": "Allow",
            "Action": [
                *(f"{service}:*" for service in SERVICES if service not in READABLE),
                *LOG_CARE,
                *SERVING_CARE,
            ],
            "Resource": "*",
            "Condition": place.here,
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:CreateBucket",
                "s3:DeleteBucket",
                "s3:DeleteBucketPolicy",
                "s3:GetAccelerateConfiguration",
                "s3:GetBucket*",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:GetMetricsConfiguration",
                "s3:GetReplicationConfiguration",
                "s3:ListBucket",
                "s3:ListBucketVersions",
                "s3:ListTagsForResource",
                "s3:PutBucket*",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:PutMetricsConfiguration",
                "s3:TagResource",
                "s3:UntagResource",
            ],
            "Resource": place.buckets,
        },
        *_databases_and_secrets(place, "DescribeSecret", "CreateSecret", "DeleteSecret", "RotateSecret", "TagResource"),
        {"Effect": "Allow", "Action": ["kms:CreateKey", "kms:List*", "kms:TagResource"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": list(KEY_CARE),
            "Resource": place.arn("kms", "key/*"),
            "Condition": place.tagged,
        },
        {
            "Effect": "Allow",
            "Action": ["kms:CreateGrant", "kms:GenerateDataKey*"],
            "Resource": place.arn("kms", "key/*"),
            "Condition": place.tagged | place.named,
        },
        {"Effect": "Allow", "Action": "kms:*Alias", "Resource": place.arn("kms", f"alias/{place.prefix}-*")},
        *_state(place, state_bucket, state_key_alias, writing=True),
        *_identities(place),
    )


def previewing(place: Place, state_bucket: str, state_key_alias: str) -> dict[str, Any]:
    """What a preview asks of the account: settings of everything, contents of nothing but the engine's state."""
    return policy_document(
        {
            "Effect": "Allow",
            "Action": [
                "access-analyzer:Get*",
                "access-analyzer:List*",
                "application-autoscaling:Describe*",
                "application-autoscaling:List*",
                "budgets:List*",
                "budgets:View*",
                "ce:Get*",
                "ce:List*",
                "cloudtrail:Describe*",
                "cloudtrail:Get*",
                "cloudtrail:List*",
                "cloudwatch:Describe*",
                "cloudwatch:GetDashboard",
                "cloudwatch:List*",
                "ec2:Describe*",
                "ecr:Describe*",
                "ecr:GetLifecyclePolicy",
                "ecr:GetRegistry*",
                "ecr:GetRepositoryPolicy",
                "ecr:List*",
                "eks:Describe*",
                "eks:List*",
                "events:Describe*",
                "events:List*",
                "guardduty:Get*",
                "guardduty:List*",
                "iam:Get*",
                "iam:List*",
                "kms:Describe*",
                "kms:GetKey*",
                "kms:List*",
                "logs:Describe*",
                "logs:List*",
                "rds:Describe*",
                "rds:List*",
                "s3:GetAccelerateConfiguration",
                "s3:GetBucket*",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:GetMetricsConfiguration",
                "s3:GetReplicationConfiguration",
                "s3:ListTagsForResource",
                "sagemaker:Describe*",
                "sagemaker:List*",
                "servicequotas:Get*",
                "servicequotas:List*",
                "sns:Get*",
                "sns:List*",
                "sts:GetCallerIdentity",
            ],
            "Resource": "*",
        },
        # Whether a bucket is there is asked with the right to list it; the names of objects come with that.
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": place.buckets},
        {
            "Effect": "Allow",
            "Action": "secretsmanager:DescribeSecret",
            "Resource": [place.arn("secretsmanager", "secret:rds!*")],
        },
        *_state(place, state_bucket, state_key_alias, writing=False),
    )


def _databases_and_secrets(place: Place, *secret_actions: str) -> list[dict[str, Any]]:
    kinds = ("db", "subgrp", "pg", "snapshot")
    return [
        {"Effect": "Allow", "Action": "rds:Describe*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "rds:*",
            "Resource": [place.arn("rds", f"{kind}:{place.prefix}-*") for kind in kinds],
        },
        # RDS names the secret of a master password itself.
        {
            "Effect": "Allow",
            "Action": [f"secretsmanager:{action}" for action in secret_actions],
            "Resource": place.arn("secretsmanager", "secret:rds!*"),
        },
    ]


def _state(place: Place, bucket: str, key_alias: str, *, writing: bool) -> list[dict[str, Any]]:
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] if writing else ["s3:GetObject"]
    keys = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"] if writing else ["kms:Decrypt"]
    return [
        {"Effect": "Allow", "Action": objects, "Resource": f"{bucket_arn(place.region, bucket)}/*"},
        {
            "Effect": "Allow",
            "Action": keys,
            "Resource": place.arn("kms", "key/*"),
            "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": key_alias}},
        },
    ]


def _identities(place: Place) -> list[dict[str, Any]]:
    roles, policies = place.iam(f"role/{place.prefix}-*"), place.iam(f"policy/{place.prefix}-*")
    limit = place.iam(f"policy/{place.prefix}-boundary")
    own = [place.iam(f"role/{place.prefix}-{role}") for role in ("deploy", "preview")]
    return [
        {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": [
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
            ],
            "Resource": roles,
            "Condition": {"StringEquals": {"iam:PermissionsBoundary": limit}},
        },
        {
            "Effect": "Allow",
            "Action": [
                "iam:DeleteRole",
                "iam:PassRole",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole*",
            ],
            "Resource": roles,
        },
        {
            "Effect": "Allow",
            "Action": ["iam:*Policy", "iam:*PolicyVersion"],
            "Resource": policies,
        },
        {"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": place.iam("role/aws-service-role/*")},
        # EKS Auto Mode makes the profiles of its nodes.
        {"Effect": "Allow", "Action": "iam:*InstanceProfile", "Resource": place.iam("instance-profile/eks-*")},
        # Access to another cluster would be the rights of whatever runs there.
        {
            "Effect": "Deny",
            "Action": "eks:AssociateAccessPolicy",
            "NotResource": place.arn("eks", f"access-entry/{place.prefix}/*"),
        },
        {"Effect": "Deny", "NotAction": ["iam:Get*", "iam:List*"], "Resource": [*own, limit]},
    ]
