"""What an account really has of a bootstrap, property by property: a stack's own CREATE_COMPLETE is not asked."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from seedbed.account import Account
from stacks import bootstrap
from stacks.settings import Settings

ABSENT = "nothing"


@dataclass(frozen=True)
class Unlike:
    """A property that is not as the template says."""

    what: str
    """Whose property, and which."""
    wanted: str
    found: str

    def __str__(self) -> str:
        return f"{self.what}: wanted {self.wanted}, found {self.found}"


def unlike(account: Account, template: Mapping[str, Any]) -> list[Unlike]:
    """Everything in the account that is not as the template says."""
    settings, wanted = account.settings, template["Resources"]
    key = _key_arn(account, bootstrap.key_alias(settings))
    found = [*_key(account, wanted["StateKey"]["Properties"], key), *_bucket(account, wanted, key)]
    for logical_id, name in zip(("StateReaders", "StateWriters"), bootstrap.policy_names(settings), strict=True):
        found += _policy(account, name, _with_key(wanted[logical_id]["Properties"]["PolicyDocument"], key))
    if bootstrap.wants_provider(settings):
        found += _provider(account, settings)
    return found


def _key_arn(account: Account, alias: str) -> str:
    """ARN of the key behind the alias; empty where there is none."""
    try:
        return account.client("kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "NotFoundException":
            return ""
        raise


def _key(account: Account, wanted: Mapping[str, Any], arn: str) -> Iterator[Unlike]:
    alias = bootstrap.key_alias(account.settings)
    if not arn:
        yield Unlike(f"{alias}", "a key behind it", ABSENT)
        return
    kms, what = account.client("kms"), f"key {alias}"
    yield from _differ(f"{what} state", "Enabled", kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"])
    rotation = kms.get_key_rotation_status(KeyId=arn)
    yield from _differ(f"{what} rotation", wanted["EnableKeyRotation"], rotation["KeyRotationEnabled"])
    if rotation["KeyRotationEnabled"]:
        days = rotation.get("RotationPeriodInDays")
        yield from _differ(f"{what} days between rotations", wanted["RotationPeriodInDays"], days)
    policy = json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
    yield from _differ(f"{what} policy", _plain(wanted["KeyPolicy"]), _plain(policy))
    borne = {tag["TagKey"]: tag["TagValue"] for tag in account.pages("kms", "list_resource_tags", "Tags", KeyId=arn)}
    yield from _tags(what, wanted["Tags"], borne)


def _bucket(account: Account, resources: Mapping[str, Any], key: str) -> Iterator[Unlike]:
    s3, wanted = account.client("s3"), resources["StateBucket"]["Properties"]
    name = wanted["BucketName"]
    what = f"bucket {name}"
    mine: dict[str, Any] = {"Bucket": name, "ExpectedBucketOwner": account.settings.account}
    region = _asked(lambda: s3.get_bucket_location(**mine).get("LocationConstraint") or "us-east-1")
    yield from _differ(f"{what} region", account.settings.region, region)
    if region == ABSENT:
        return
    versions = s3.get_bucket_versioning(**mine).get("Status")
    yield from _differ(f"{what} versioning", wanted["VersioningConfiguration"]["Status"], versions)
    (rule,) = wanted["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    rules = _asked(lambda: s3.get_bucket_encryption(**mine)["ServerSideEncryptionConfiguration"]["Rules"])
    by_default = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules != ABSENT else {}
    yield from _differ(
        f"{what} encryption", rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"], by_default.get("SSEAlgorithm")
    )
    yield from _differ(f"{what} encryption key", key or "a key", by_default.get("KMSMasterKeyID"))
    bucket_key = rules[0].get("BucketKeyEnabled") if rules != ABSENT else None
    yield from _differ(f"{what} bucket key", rule["BucketKeyEnabled"], bucket_key)
    blocked = _asked(lambda: s3.get_public_access_block(**mine)["PublicAccessBlockConfiguration"])
    yield from _differ(f"{what} public access block", wanted["PublicAccessBlockConfiguration"], blocked)
    owned = _asked(lambda: s3.get_bucket_ownership_controls(**mine)["OwnershipControls"]["Rules"])
    yield from _differ(f"{what} object ownership", wanted["OwnershipControls"]["Rules"], owned)
    policy = _asked(lambda: _plain(json.loads(s3.get_bucket_policy(**mine)["Policy"])))
    yield from _differ(f"{what} policy", _plain(resources["StateBucketPolicy"]["Properties"]["PolicyDocument"]), policy)
    rules = _asked(lambda: s3.get_bucket_lifecycle_configuration(**mine)["Rules"])
    kept = {one.get("ID"): one for one in rules} if rules != ABSENT else {}
    for one in wanted["LifecycleConfiguration"]["Rules"]:
        there = kept.get(one["Id"], {})
        found = {name: there.get("ID" if name == "Id" else name) for name in one} if there else ABSENT
        yield from _differ(f"{what} lifecycle rule {one['Id']}", one, found)
    borne = _asked(lambda: {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(**mine)["TagSet"]})
    yield from _tags(what, wanted["Tags"], borne if borne != ABSENT else {})


def _policy(account: Account, name: str, wanted: Any) -> Iterator[Unlike]:
    settings = account.settings
    iam, arn = account.client("iam"), f"arn:{settings.partition}:iam::{settings.account}:policy/{name}"

    def document() -> Any:
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return _plain(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])

    yield from _differ(f"policy {name}", _plain(wanted), _asked(document))


def _provider(account: Account, settings: Settings) -> Iterator[Unlike]:
    arn, iam = bootstrap.provider_arn(settings), account.client("iam")
    found = _asked(lambda: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn))
    if found == ABSENT:
        yield Unlike(f"identity provider {bootstrap.GITHUB}", "to be there", ABSENT)
    elif bootstrap.AUDIENCE not in found["ClientIDList"]:
        said = ", ".join(found["ClientIDList"]) or ABSENT
        yield Unlike(f"identity provider {bootstrap.GITHUB} audiences", bootstrap.AUDIENCE, said)


MISSING = frozenset(
    {
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "OwnershipControlsNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
"""Words of S3 and IAM for what is not there."""


def _asked(ask: Any) -> Any:
    """The answer, or ABSENT where the account says that there is none."""
    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return ABSENT
        raise


def _differ(what: str, wanted: Any, found: Any) -> Iterator[Unlike]:
    if wanted != found:
        yield Unlike(what, _said(wanted), ABSENT if found is None else _said(found))


def _tags(what: str, wanted: Any, borne: Mapping[str, str]) -> Iterator[Unlike]:
    for tag in wanted:
        yield from _differ(f"{what} tag {tag['Key']}", tag["Value"], borne.get(tag["Key"]))


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _with_key(document: Any, key: str) -> Any:
    """A policy document of the template with the key's ARN where it refers to the key."""
    if isinstance(document, list):
        return [_with_key(one, key) for one in document]
    if isinstance(document, dict):
        if document == {"Fn::GetAtt": ["StateKey", "Arn"]}:
            return key
        return {name: _with_key(value, key) for name, value in document.items()}
    return document


def _plain(document: Any) -> Any:
    """A policy document in one spelling: AWS may write a list of one as its item, and orders actions as it likes."""
    if isinstance(document, dict):
        return {name: _plain(value) for name, value in document.items()}
    if isinstance(document, list):
        if all(isinstance(one, str) for one in document):
            return document[0] if len(document) == 1 else sorted(document)
        return [_plain(one) for one in document]
    return document
