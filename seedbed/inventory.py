"""What exists in an account: found by tags and names, never by what the engine remembers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from seedbed.account import Account


@dataclass(frozen=True)
class Ec2Kind:
    """How EC2 lists one kind of resource."""

    operation: str
    result: str
    key: str
    """Name of the id in a listed item."""
    filters: str = "Filters"
    """Name of the filter argument; EC2 has two spellings."""
    gone: frozenset[str] = frozenset()
    """States in which a listed item does not exist any more."""


_GONE = frozenset({"deleted", "deleting", "failed"})
EC2_KINDS = {
    "aws:ec2/vpc:Vpc": Ec2Kind("describe_vpcs", "Vpcs", "VpcId"),
    "aws:ec2/subnet:Subnet": Ec2Kind("describe_subnets", "Subnets", "SubnetId"),
    "aws:ec2/internetGateway:InternetGateway": Ec2Kind(
        "describe_internet_gateways", "InternetGateways", "InternetGatewayId"
    ),
    "aws:ec2/eip:Eip": Ec2Kind("describe_addresses", "Addresses", "AllocationId"),
    "aws:ec2/natGateway:NatGateway": Ec2Kind(
        "describe_nat_gateways", "NatGateways", "NatGatewayId", filters="Filter", gone=_GONE
    ),
    "aws:ec2/routeTable:RouteTable": Ec2Kind("describe_route_tables", "RouteTables", "RouteTableId"),
    "aws:ec2/securityGroup:SecurityGroup": Ec2Kind("describe_security_groups", "SecurityGroups", "GroupId"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Ec2Kind(
        "describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Ec2Kind(
        "describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Ec2Kind("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", gone=_GONE),
    "aws:ec2/flowLog:FlowLog": Ec2Kind("describe_flow_logs", "FlowLogs", "FlowLogId", filters="Filter"),
}
"""Kinds of EC2 by type token; each takes its tags in the very call that makes it."""


def ec2(account: Account, kind: Ec2Kind, tags: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Living things of a kind that bear all the tags."""
    wanted = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    items = account.pages("ec2", kind.operation, kind.result, **{kind.filters: wanted})
    for item in items:
        # Asked again here: an account that does not know a filter ignores it and answers with everything.
        borne = {tag["Key"]: tag["Value"] for tag in item.get("Tags") or []}
        if tags.items() <= borne.items() and str(item.get("State", "")).lower() not in kind.gone:
            yield item


def key_ids(account: Account, tags: Mapping[str, str]) -> Iterator[str]:
    """Ids of the customer keys that bear all the tags and are not on their way out."""
    client = account.client("kms")
    for listed in account.pages("kms", "list_keys", "Keys"):
        about = client.describe_key(KeyId=listed["KeyId"])["KeyMetadata"]
        if about["KeyManager"] != "CUSTOMER" or about["KeyState"].startswith("Pending"):
            continue
        borne = {
            tag["TagKey"]: tag["TagValue"]
            for tag in account.pages("kms", "list_resource_tags", "Tags", KeyId=listed["KeyId"])
        }
        if tags.items() <= borne.items():
            yield listed["KeyId"]


def bucket_names(account: Account) -> Iterator[str]:
    """Names of all buckets of the account."""
    return (bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"])


def repository_names(account: Account) -> Iterator[str]:
    """Names of all image repositories of the account, those made by mirrors included."""
    return (r["repositoryName"] for r in account.pages("ecr", "describe_repositories", "repositories"))


NAMED: dict[str, Callable[[Account], Iterator[str]]] = {
    "bucket": bucket_names,
    "image repository": repository_names,
    "image mirror": lambda a: (
        r["ecrRepositoryPrefix"] for r in a.pages("ecr", "describe_pull_through_cache_rules", "pullThroughCacheRules")
    ),
    "repository template": lambda a: (
        t["prefix"] for t in a.pages("ecr", "describe_repository_creation_templates", "repositoryCreationTemplates")
    ),
    "key alias": lambda a: (x["AliasName"] for x in a.pages("kms", "list_aliases", "Aliases")),
    "log group": lambda a: (g["logGroupName"] for g in a.pages("logs", "describe_log_groups", "logGroups")),
    "role": lambda a: (r["RoleName"] for r in a.pages("iam", "list_roles", "Roles")),
    "policy": lambda a: (p["PolicyName"] for p in a.pages("iam", "list_policies", "Policies", Scope="Local")),
}
"""Things that bear the environment's name: what the tagging API does not see, or sees late."""


@dataclass(frozen=True, order=True)
class Left:
    """Something that is still there after everything should have gone."""

    kind: str
    id: str


def leftovers(account: Account, others: list[str]) -> list[Left]:
    """Everything of the environment that exists in its account.

    Asks three ways: EC2 by tag, the tagging API by tag, and every service that gives names by name. `others` are the
    names of the other environments: `seedbed-dev-x-...` belongs to an environment `dev-x` where there is one. KMS keys
    that wait for their deletion count as gone (KMS developer guide, "deleting keys": they cannot be used, and cannot go
    faster).
    """
    tags = {"system": account.settings.tags["system"], "env": account.settings.tags["env"]}
    found: set[Left] = set()
    seen: set[str] = set()
    for token, kind in EC2_KINDS.items():
        for item in ec2(account, kind, tags):
            if item[kind.key] not in seen:
                seen.add(item[kind.key])
                found.add(Left(token.rpartition(":")[2], item[kind.key]))
    for key in key_ids(account, tags):
        seen.add(key)
        found.add(Left("Key", key))
    starts = [f"{account.settings.tags['system']}-{other}" for other in others if other != account.settings.name]
    for kind, names in NAMED.items():
        for name in names(account):
            if _is_ours(name, account.prefix, starts):
                seen.add(name)
                found.add(Left(kind, name))
    for arn in _tagged(account, tags):
        if not any(arn.endswith((f":{known}", f"/{known}")) for known in seen) and not _went(account, arn):
            found.add(Left("tagged", arn))
    return sorted(found)


def _is_ours(name: str, prefix: str, others: list[str]) -> bool:
    bare = name.removeprefix("alias/").lstrip("/")

    def starts_with(start: str) -> bool:
        return bare == start or bare.startswith((f"{start}-", f"{start}/"))

    longer = (other for other in others if len(other) > len(prefix))
    return starts_with(prefix) and not any(map(starts_with, longer))


def _tagged(account: Account, tags: Mapping[str, str]) -> Iterator[str]:
    wanted = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    for item in account.pages("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=wanted):
        yield item["ResourceARN"]


def _went(account: Account, arn: str) -> bool:
    """Whether the tagging API still lists what is gone: it forgets late, and keys wait for their deletion."""
    service, kind = arn.split(":")[2], arn.split(":", 5)[5]
    if service == "kms" and kind.startswith("key/"):
        return account.client("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"].startswith("Pending")
    if service == "ec2":
        # Every kind of EC2 that an environment makes was asked by its own call, which knows at once.
        return True
    if service == "s3":
        try:
            account.client("s3").head_bucket(Bucket=kind)
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    return False
