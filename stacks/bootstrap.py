"""What Pulumi needs in an account, as a CloudFormation template: bucket and key of its state, and CI's identity."""

from typing import Any

from components.account import bucket_arn, policy_document
from stacks.settings import Settings

GITHUB = "token.actions.githubusercontent.com"
"""Issuer of the tokens of GitHub Actions (GitHub docs, "OpenID Connect in Amazon Web Services")."""

AUDIENCE = "sts.amazonaws.com"
"""Audience that the tokens are asked for with (the same page)."""

NONCURRENT_DAYS = 90
"""Days that an overwritten or deleted state can be brought back."""

NEWEST_KEPT = 50
"""Old versions of each file that are kept however old they are; S3 takes 1 to 100."""

UPLOAD_DAYS = 7
"""Days after which an upload that was broken off is cleared away."""

KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
"""Nothing that a state hangs on goes with the stack; a creation that failed leaves nothing behind all the same."""


def stack_name(settings: Settings) -> str:
    """Name of the CloudFormation stack."""
    return f"{settings.prefix}-bootstrap"


def bucket_name(settings: Settings) -> str:
    """Bucket of Pulumi's state."""
    return settings.bucket("state")


def key_alias(settings: Settings) -> str:
    """Alias of the key that encrypts the state and the secrets in it."""
    return f"alias/{settings.prefix}-state"


def policy_names(settings: Settings) -> tuple[str, str]:
    """Managed policies of who reads the state, and of who writes it."""
    return f"{settings.prefix}-state", f"{settings.prefix}-state-write"


def provider_arn(settings: Settings) -> str:
    """ARN of the account's identity provider of GitHub; there can be one."""
    return f"arn:{settings.partition}:iam::{settings.account}:oidc-provider/{GITHUB}"


def wants_provider(settings: Settings) -> bool:
    """Whether the environment counts on an identity provider that is there before its program runs."""
    delivery = settings.environment.delivery
    return delivery is not None and delivery.identity_provider == "existing"


def backend_url(settings: Settings) -> str:
    """Pulumi's address of the state (Pulumi docs, "Using a self-managed backend", AWS S3)."""
    return f"s3://{bucket_name(settings)}?region={settings.region}&awssdk=v2"


def secrets_provider(settings: Settings) -> str:
    """Pulumi's address of the key (Pulumi docs, "Secrets", AWS KMS)."""
    return f"awskms://{key_alias(settings)}?region={settings.region}"


def tags(settings: Settings) -> dict[str, str]:
    """Tags of everything in the stack.

    Without `env`: `seedbed down` takes what bears that, and the state outlives the environment that it describes.
    """
    kept = {key: value for key, value in settings.tags.items() if key != "env"}
    return {**kept, "managed-by": "cloudformation", "bootstrap-of": settings.name}


def template(settings: Settings, with_provider: bool | None = None) -> dict[str, Any]:
    """The template; `with_provider` leaves out an identity provider that the account has (default: as the file says).

    It has no parameters: every name in it is literal, so that what is read is what is made.
    """
    reading, writing = policy_names(settings)
    resources = {
        "StateKey": _key(settings),
        "StateKeyAlias": {
            "Type": "AWS::KMS::Alias",
            **KEPT,
            "Properties": {"AliasName": key_alias(settings), "TargetKeyId": {"Ref": "StateKey"}},
        },
        "StateBucket": _bucket(settings),
        "StateBucketPolicy": _bucket_policy(settings),
        "StateReaders": _policy(reading, "reads the state of Pulumi", _read(settings)),
        "StateWriters": _policy(writing, "reads and writes the state of Pulumi", _write(settings)),
    }
    if wants_provider(settings) if with_provider is None else with_provider:
        resources["GitHubIdentityProvider"] = {
            "Type": "AWS::IAM::OIDCProvider",
            **KEPT,
            "Properties": {"Url": f"https://{GITHUB}", "ClientIdList": [AUDIENCE], "Tags": _tag_list(settings)},
        }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"{settings.prefix}: what Pulumi needs before it can keep this environment",
        "Resources": resources,
        "Outputs": {
            "Backend": {"Description": "pulumi login", "Value": backend_url(settings)},
            "SecretsProvider": {
                "Description": "pulumi stack init --secrets-provider",
                "Value": secrets_provider(settings),
            },
            "KeyArn": {"Description": "Key of the state", "Value": {"Fn::GetAtt": ["StateKey", "Arn"]}},
            "ReadersPolicy": {"Description": "For a role that previews", "Value": {"Ref": "StateReaders"}},
            "WritersPolicy": {"Description": "For a role that deploys", "Value": {"Ref": "StateWriters"}},
        },
    }


def key_policy(settings: Settings) -> dict[str, Any]:
    """The account through IAM; administrators, where the file names some, administer and do not use."""
    statements: list[dict[str, Any]] = [
        {
            "Sid": "AccountThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{settings.partition}:iam::{settings.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
    if administrators := settings.environment.keys.administrators:
        statements.append(
            {
                "Sid": "AdministrationWithoutUse",
                "Effect": "Allow",
                "Principal": {"AWS": sorted(administrators)},
                "Action": ADMINISTRATION,
                "Resource": "*",
            }
        )
    return policy_document(*statements)


ADMINISTRATION = [
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
]


def _key(settings: Settings) -> dict[str, Any]:
    keys = settings.environment.keys
    return {
        "Type": "AWS::KMS::Key",
        **KEPT,
        "Properties": {
            "Description": f"{settings.prefix}: state of Pulumi and the secrets in it",
            "KeyPolicy": key_policy(settings),
            "EnableKeyRotation": True,
            "RotationPeriodInDays": keys.rotation_days,
            "PendingWindowInDays": keys.deletion_window_days,
            "Tags": _tag_list(settings),
        },
    }


def _bucket(settings: Settings) -> dict[str, Any]:
    return {
        "Type": "AWS::S3::Bucket",
        **KEPT,
        "Properties": {
            "BucketName": bucket_name(settings),
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {
                        "BucketKeyEnabled": True,
                        "ServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": {"Fn::GetAtt": ["StateKey", "Arn"]},
                        },
                    }
                ]
            },
            "VersioningConfiguration": {"Status": "Enabled"},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "old-versions",
                        "Status": "Enabled",
                        "NoncurrentVersionExpiration": {
                            "NoncurrentDays": NONCURRENT_DAYS,
                            "NewerNoncurrentVersions": NEWEST_KEPT,
                        },
                    },
                    {
                        "Id": "broken-off-uploads",
                        "Status": "Enabled",
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UPLOAD_DAYS},
                    },
                ]
            },
            "Tags": _tag_list(settings),
        },
    }


def bucket_policy(settings: Settings) -> dict[str, Any]:
    """Whoever comes without TLS is refused."""
    bucket = bucket_arn(settings.region, bucket_name(settings))
    return policy_document(
        {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, f"{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def _bucket_policy(settings: Settings) -> dict[str, Any]:
    return {
        "Type": "AWS::S3::BucketPolicy",
        **KEPT,
        "Properties": {"Bucket": {"Ref": "StateBucket"}, "PolicyDocument": bucket_policy(settings)},
    }


def _policy(name: str, what: str, statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "ManagedPolicyName": name,
            "Description": f"Who has it {what}",
            "PolicyDocument": policy_document(*statements),
        },
    }


def _read(settings: Settings) -> list[dict[str, Any]]:
    bucket = bucket_arn(settings.region, bucket_name(settings))
    return [
        _allow("FindTheState", ["s3:GetBucketLocation", "s3:ListBucket"], bucket),
        _allow("ReadTheState", ["s3:GetObject"], f"{bucket}/.pulumi/*"),
        _allow("OpenTheState", ["kms:Decrypt"], {"Fn::GetAtt": ["StateKey", "Arn"]}),
    ]


def _write(settings: Settings) -> list[dict[str, Any]]:
    bucket = bucket_arn(settings.region, bucket_name(settings))
    return [
        *_read(settings),
        # Deleting leaves a version behind; taking versions away is nobody's but an administrator's.
        _allow("WriteTheState", ["s3:DeleteObject", "s3:PutObject"], f"{bucket}/.pulumi/*"),
        _allow("CloseTheState", ["kms:Encrypt", "kms:GenerateDataKey"], {"Fn::GetAtt": ["StateKey", "Arn"]}),
    ]


def _allow(sid: str, actions: list[str], resource: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _tag_list(settings: Settings) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags(settings).items())]
