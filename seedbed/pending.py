"""Creations that were cut short: what each would be called in the account, if it was made."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from botocore.exceptions import ClientError

from seedbed import inventory
from seedbed.account import Account

ABSENT = frozenset(
    {"404", "NoSuchBucket", "NotFound", "NoSuchEntity", "NotFoundException", "ResourceNotFoundException"}
)

REPEATABLE = frozenset(
    {
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/tag:Tag",
    }
)
"""Types whose creation is a put: done again it does no harm, and what it sets lies on a thing that is recorded."""


Finder = Callable[[Account, Mapping[str, Any], Collection[str]], str | None]


def find(account: Account, type_: str, inputs: Mapping[str, Any], recorded: Collection[str]) -> str | None:
    """The id by which the provider imports what a creation with these inputs made; None where it made nothing.

    `recorded` are ids that the state knows, so not the ones looked for. LookupError for a type that nobody here knows
    how to look for.
    """
    if type_ in inventory.EC2_KINDS:
        return _ec2(account, type_, inputs, recorded)
    if type_ in FINDERS:
        return FINDERS[type_](account, inputs, recorded)
    raise LookupError(type_)


def _ec2(account: Account, type_: str, inputs: Mapping[str, Any], recorded: Collection[str]) -> str | None:
    kind = inventory.EC2_KINDS[type_]
    for item in inventory.ec2(account, kind, inputs.get("tags") or {}):
        same_group = "securityGroupId" not in inputs or item.get("GroupId") == inputs["securityGroupId"]
        if item[kind.key] not in recorded and same_group:
            return item[kind.key]
    return None


def _association(account: Account, inputs: Mapping[str, Any], _recorded: Collection[str]) -> str | None:
    tables = account.pages(
        "ec2",
        "describe_route_tables",
        "RouteTables",
        Filters=[{"Name": "association.subnet-id", "Values": [inputs["subnetId"]]}],
    )
    return next((f"{inputs['subnetId']}/{table['RouteTableId']}" for table in tables), None)


def _route(account: Account, inputs: Mapping[str, Any], _recorded: Collection[str]) -> str | None:
    tables = account.client("ec2").describe_route_tables(RouteTableIds=[inputs["routeTableId"]])["RouteTables"]
    for route in tables[0]["Routes"]:
        if route.get("DestinationCidrBlock") == inputs["destinationCidrBlock"]:
            return f"{inputs['routeTableId']}_{inputs['destinationCidrBlock']}"
    return None


def _key(account: Account, inputs: Mapping[str, Any], recorded: Collection[str]) -> str | None:
    keys = inventory.key_ids(account, inputs.get("tags") or {})
    return next((key for key in keys if key not in recorded), None)


def _bucket(account: Account, inputs: Mapping[str, Any], _recorded: Collection[str]) -> str | None:
    return next((name for name in inventory.bucket_names(account) if name == inputs["bucket"]), None)


def _log_group(account: Account, inputs: Mapping[str, Any], _recorded: Collection[str]) -> str | None:
    groups = account.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=inputs["name"])
    return next((g["logGroupName"] for g in groups if g["logGroupName"] == inputs["name"]), None)


def _policy(account: Account, inputs: Mapping[str, Any], _recorded: Collection[str]) -> str | None:
    policies = account.pages("iam", "list_policies", "Policies", Scope="Local")
    return next((p["Arn"] for p in policies if p["PolicyName"] == inputs["name"]), None)


def _by_name(service: str, operation: str, argument: str, name: str, many: bool = False) -> Finder:
    """A finder for what a service describes by the name that its creation gave it."""

    def finder(account: Account, inputs: Mapping[str, Any], _recorded: Collection[str]) -> str | None:
        wanted = inputs[name]
        try:
            answer = getattr(account.client(service), operation)(**{argument: [wanted] if many else wanted})
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ABSENT or code.endswith("NotFoundException"):
                return None
            raise
        listed = [value for value in answer.values() if isinstance(value, list)]
        return wanted if not many or any(listed) else None

    return finder


def _alias(account: Account, inputs: Mapping[str, Any], _recorded: Collection[str]) -> str | None:
    aliases = account.pages("kms", "list_aliases", "Aliases")
    return next((a["AliasName"] for a in aliases if a["AliasName"] == inputs["name"]), None)


FINDERS: dict[str, Finder] = {
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _association,
    "aws:ec2/route:Route": _route,
    "aws:kms/key:Key": _key,
    "aws:kms/alias:Alias": _alias,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:iam/role:Role": _by_name("iam", "get_role", "RoleName", "name"),
    "aws:iam/policy:Policy": _policy,
    "aws:ecr/repository:Repository": _by_name("ecr", "describe_repositories", "repositoryNames", "name", many=True),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": _by_name(
        "ecr", "describe_pull_through_cache_rules", "ecrRepositoryPrefixes", "ecrRepositoryPrefix", many=True
    ),
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": _by_name(
        "ecr", "describe_repository_creation_templates", "prefixes", "prefix", many=True
    ),
}
"""How to find what cannot be found by EC2 tags, by type token; each returns the id by which the provider imports it."""
