"""Creations that were cut short: what each would be called in the account, if it was made."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from seedbed import data, inventory
from seedbed.account import Account
from seedbed.services import KINDS, Kind

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
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:guardduty/detectorFeature:DetectorFeature",
        "aws:sns/topicPolicy:TopicPolicy",
        # Subscribing once more answers with the subscription that is there (SNS API reference, Subscribe).
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:appautoscaling/policy:Policy",
        "aws:s3/bucketMetric:BucketMetric",
    }
)
"""Types whose creation is a put: done again it does no harm, and what it sets lies on a thing that is recorded."""


class UnknownTypeError(Exception):
    """Nobody here knows how to look for a type."""


class ForeignError(Exception):
    """Something has the looked-for name, but belongs to somebody else; str() is its id."""


Finder = Callable[[Account, Mapping[str, Any], Collection[str]], str | None]


def find(account: Account, type_: str, inputs: Mapping[str, Any], recorded: Collection[str]) -> str | None:
    """The id by which the provider imports what a creation with these inputs made; None where it made nothing.

    `recorded` are ids that the state knows, so not the ones looked for. Raises UnknownTypeError for a type that nobody
    here knows how to look for, ForeignError where what has the name does not bear the environment's tags.
    """
    if type_ in inventory.EC2_KINDS:
        return _ec2(account, type_, inputs, recorded)
    if type_ in FINDERS:
        return FINDERS[type_](account, inputs, recorded)
    if type_ in KINDS:
        return _listed(account, KINDS[type_], inputs, recorded)
    raise UnknownTypeError(type_)


def _own(account: Account, id_: str, borne: Mapping[str, str]) -> str:
    """The id, where the tags are the environment's: a name alone is no proof."""
    tags = account.own_tags
    if tags.items() <= borne.items():
        return id_
    raise ForeignError(id_)


def _listed(account: Account, kind: Kind, inputs: Mapping[str, Any], recorded: Collection[str]) -> str | None:
    name = kind.name(inputs)
    for thing in kind.listed(account):
        if thing.name == name and thing.id not in recorded:
            return thing.id if thing.tags is None else _own(account, thing.id, thing.tags())
    return None


def _pairs(listed: Iterable[Mapping[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    return {tag[key]: tag[value] for tag in listed}


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
    # Keys of one data class bear the same tags; what tells them apart is what they say they are for.
    keys = inventory.key_ids(account, inputs.get("tags") or {}, inputs.get("description"))
    return next((key for key in keys if key not in recorded), None)


def _bucket(account: Account, inputs: Mapping[str, Any], _recorded: Collection[str]) -> str | None:
    name = inputs["bucket"]
    if name not in inventory.bucket_names(account):
        return None
    borne = data.borne(account, "bucket", name)
    # A bucket gets its tags in a second call, so an empty one without any was cut short between the two.
    if not borne and data.in_bucket(account, name) is None:
        return name
    return _own(account, name, borne)


def _log_group(account: Account, inputs: Mapping[str, Any], _recorded: Collection[str]) -> str | None:
    groups = account.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=inputs["name"])
    group = next((g for g in groups if g["logGroupName"] == inputs["name"]), None)
    if group is None:
        return None
    arn = group["arn"].removesuffix(":*")
    borne = account.client("logs").list_tags_for_resource(resourceArn=arn).get("tags") or {}
    return _own(account, group["logGroupName"], borne)


def _policy(account: Account, inputs: Mapping[str, Any], _recorded: Collection[str]) -> str | None:
    policies = account.pages("iam", "list_policies", "Policies", Scope="Local")
    arn = next((p["Arn"] for p in policies if p["PolicyName"] == inputs["name"]), None)
    if arn is None:
        return None
    return _own(account, arn, _pairs(account.pages("iam", "list_policy_tags", "Tags", PolicyArn=arn)))


def _role(account: Account, inputs: Mapping[str, Any], recorded: Collection[str]) -> str | None:
    name = _by_name("iam", "get_role", "RoleName", "name")(account, inputs, recorded)
    if name is None:
        return None
    return _own(account, name, _pairs(account.pages("iam", "list_role_tags", "Tags", RoleName=name)))


def _repository(account: Account, inputs: Mapping[str, Any], recorded: Collection[str]) -> str | None:
    named = _by_name("ecr", "describe_repositories", "repositoryNames", "name", many=True)
    name = named(account, inputs, recorded)
    return None if name is None else _own(account, name, data.borne(account, "image repository", name))


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
    alias = next((a for a in aliases if a["AliasName"] == inputs["name"]), None)
    if alias is None:
        return None
    # An alias has no tags; it is ours if its key is.
    tags = account.pages("kms", "list_resource_tags", "Tags", KeyId=alias["TargetKeyId"])
    return _own(account, alias["AliasName"], _pairs(tags, "TagKey", "TagValue"))


FINDERS: dict[str, Finder] = {
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _association,
    "aws:ec2/route:Route": _route,
    "aws:kms/key:Key": _key,
    "aws:kms/alias:Alias": _alias,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:iam/role:Role": _role,
    "aws:iam/policy:Policy": _policy,
    "aws:ecr/repository:Repository": _repository,
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": _by_name(
        "ecr", "describe_pull_through_cache_rules", "ecrRepositoryPrefixes", "ecrRepositoryPrefix", many=True
    ),
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": _by_name(
        "ecr", "describe_repository_creation_templates", "prefixes", "prefix", many=True
    ),
}
"""How to find what cannot be found by EC2 tags, by type token; each returns the id by which the provider imports it."""
