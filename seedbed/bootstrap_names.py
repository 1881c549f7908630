"""Names that a bootstrap needs, and who has them."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from seedbed.account import Account
from stacks import bootstrap


def taken(account: Account) -> Iterator[str]:
    """The names that are not free, each with what is known of its owner."""
    settings = account.settings
    s3, name = account.client("s3"), bootstrap.bucket_name(settings)
    own = {bucket["Name"]: bucket for bucket in s3.list_buckets()["Buckets"]}
    if name in own:
        yield f"bucket {name}: of this account, made {own[name]['CreationDate']:%Y-%m-%d}, {_origin(s3, name)}"
    else:
        try:
            s3.head_bucket(Bucket=name)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status != 404:
                yield f"bucket {name}: of another account (S3 answers {status}); bucket names are one for all accounts"
        else:
            yield f"bucket {name}: of another account, which lets this one look at it"
    alias = bootstrap.key_alias(settings)
    for one in account.pages("kms", "list_aliases", "Aliases"):
        if one["AliasName"] == alias:
            yield f"{alias}: of key {one.get('TargetKeyId', 'unknown')} in this account"
    for policy in bootstrap.policy_names(settings):
        arn = f"arn:{settings.partition}:iam::{settings.account}:policy/{policy}"
        try:
            found = account.client("iam").get_policy(PolicyArn=arn)["Policy"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
        else:
            yield f"policy {policy}: of this account, made {found['CreateDate']:%Y-%m-%d}"


def _origin(s3: Any, name: str) -> str:
    """Who made a bucket, as far as its tags tell."""
    try:
        tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]}
    except ClientError as error:
        return f"its tags cannot be read ({error.response['Error']['Code']})"
    if stack := tags.get("aws:cloudformation:stack-name"):
        return f"left by stack {stack}"
    owner = tags.get("owner")
    return f"by no stack, owner {owner}" if owner else "by no stack, without an owner's tag"
