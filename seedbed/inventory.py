"""What exists in an account: found by tags and names, never by what the engine remembers."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from seedbed.account import Account
from seedbed.services import KINDS
from stacks import bootstrap


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
    "aws:ec2/launchTemplate:LaunchTemplate": Ec2Kind(
        "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"
    ),
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


def key_ids(account: Account, tags: Mapping[str, str], description: str | None = None) -> Iterator[str]:
    """Ids of the customer keys that bear all the tags, and the description if one is given, and are not on their way
    out."""
    client = account.client("kms")
    for listed in account.pages("kms", "list_keys", "Keys"):
        about = client.describe_key(KeyId=listed["KeyId"])["KeyMetadata"]
        if about["KeyManager"] != "CUSTOMER" or about["KeyState"].startswith("Pending"):
            continue
        if description is not None and about.get("Description", "") != description:
            continue
        borne = {
            tag["TagKey"]: tag["TagValue"]
            for tag in account.pages("kms", "list_resource_tags", "Tags", KeyId=listed["KeyId"])
        }
        if tags.items() <= borne.items():
            yield listed["KeyId"]


def cluster_disks(account: Account) -> Iterator[str]:
    """Ids of disks that pods of the environment's cluster asked for: they stay when the cluster goes.

    Their tags are those of the EBS driver and of Auto Mode (EKS user guide, "storage class"), not the environment's.
    """
    marks = {f"kubernetes.io/cluster/{account.prefix}": "owned", "eks:eks-cluster-name": account.prefix}
    for key, value in marks.items():
        wanted = [{"Name": f"tag:{key}", "Values": [value]}]
        for volume in account.pages("ec2", "describe_volumes", "Volumes", Filters=wanted):
            if {"Key": key, "Value": value} in (volume.get("Tags") or []):
                yield volume["VolumeId"]


def cluster_machines(account: Account) -> Iterator[str]:
    """Ids of instances that were made for the environment's cluster and still run, by the tags that EKS gives them.

    (EKS user guide, "tag your resources": node groups; "Auto Mode: managed instances".)
    """
    for key in ("eks:cluster-name", "eks:eks-cluster-name", "aws:eks:cluster-name"):
        wanted = [{"Name": f"tag:{key}", "Values": [account.prefix]}]
        for reservation in account.pages("ec2", "describe_instances", "Reservations", Filters=wanted):
            for one in reservation["Instances"]:
                borne = {"Key": key, "Value": account.prefix} in (one.get("Tags") or [])
                if borne and one["State"]["Name"] not in ("shutting-down", "terminated"):
                    yield one["InstanceId"]


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
    "database snapshot": lambda a: (
        s["DBSnapshotIdentifier"] for s in a.pages("rds", "describe_db_snapshots", "DBSnapshots", SnapshotType="manual")
    ),
    "policy": lambda a: (p["PolicyName"] for p in a.pages("iam", "list_policies", "Policies", Scope="Local")),
}
"""Things that bear the environment's name: what the tagging API does not see, or sees late."""

HEADS = ("/aws/eks/", "/aws/rds/instance/", "/aws/sagemaker/Endpoints/", "/aws/containerinsights/", "endpoint/")
"""What AWS itself puts before a name of ours: in the names of log groups and of what is scaled."""


@dataclass(frozen=True, order=True)
class Left:
    """Something that is still there after everything should have gone."""

    kind: str
    id: str


@dataclass
class Sweep:
    """What a look through the account came to."""

    left: set[Left] = field(default_factory=set)
    unasked: list[str] = field(default_factory=list)
    """Kinds that the account did not list, each with its words: nobody knows whether one is left."""


def leftovers(account: Account, others: list[str]) -> Sweep:
    """Everything of the environment that exists in its account.

    Asks three ways: EC2 by tag, every service that gives names by name, and the tagging API by tag. `others` are the
    names of the other environments: `seedbed-dev-x-...` belongs to an environment `dev-x` where there is one. KMS keys
    that wait for their deletion count as gone (KMS developer guide, "deleting keys": they cannot be used, and cannot go
    faster). A service that does not answer keeps no other from being asked.
    """
    tags = account.own_tags
    sweep = Sweep()
    kept = _of_bootstrap(account)
    seen: set[str] = set()
    alive: set[str] = set()

    def network() -> None:
        for token, kind in EC2_KINDS.items():
            for item in ec2(account, kind, tags):
                if item[kind.key] not in seen:
                    seen.add(item[kind.key])
                    sweep.left.add(Left(token.rpartition(":")[2], item[kind.key]))

    def disks() -> None:
        sweep.left.update(Left("disk of the cluster", volume) for volume in cluster_disks(account))

    def machines() -> None:
        sweep.left.update(Left("machine of the cluster", id_) for id_ in cluster_machines(account))

    def keys() -> None:
        for key in key_ids(account, tags):
            seen.add(key)
            sweep.left.add(Left("Key", key))

    def by_name(kind: str) -> None:
        for name in NAMED[kind](account):
            if name not in kept and _is_ours(account, name, others):
                seen.add(name)
                sweep.left.add(Left(kind, name))

    def by_kind(token: str) -> None:
        kind = KINDS[token]
        for thing in kind.listed(account):
            if thing.arn:
                alive.add(thing.arn)
            mine = not kind.nameless and _is_ours(account, thing.name, others)
            if mine or (kind.nameless and thing.tags and tags.items() <= thing.tags().items()):
                seen.update({thing.id, thing.name, thing.arn} - {""})
                sweep.left.add(Left(kind.noun, thing.name if not kind.nameless else thing.id))

    def tagged() -> None:
        for arn in _tagged(account, tags):
            known = arn in seen or any(arn.endswith((f":{one}", f"/{one}")) for one in seen)
            if not known and not _went(account, arn, alive):
                sweep.left.add(Left("tagged", arn))

    looks: dict[str, Callable[[], None]] = {
        "network": network,
        "disks": disks,
        "machines": machines,
        "key": keys,
        **{kind: partial(by_name, kind) for kind in NAMED},
        **{kind.noun: partial(by_kind, token) for token, kind in KINDS.items() if kind.swept},
        "tags": tagged,
    }
    for what, look in looks.items():
        try:
            look()
        except (ClientError, BotoCoreError) as error:
            sweep.unasked.append(f"{what}: {error}")
    return sweep


def _of_bootstrap(account: Account) -> set[str]:
    """Names of what keeps the state: it outlives the environment."""
    settings = account.settings
    return {bootstrap.bucket_name(settings), bootstrap.key_alias(settings), *bootstrap.policy_names(settings)}


def _is_ours(account: Account, name: str, others: Collection[str]) -> bool:
    bare = name.removeprefix("alias/")
    for head in HEADS:
        bare = bare.removeprefix(head)
    return account.names(bare.lstrip("/"), others)


def _tagged(account: Account, tags: Mapping[str, str]) -> Iterator[str]:
    wanted = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    for item in account.pages("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=wanted):
        yield item["ResourceARN"]


def _went(account: Account, arn: str, alive: Collection[str]) -> bool:
    """Whether the tagging API still lists what is gone: it forgets late, and keys wait for their deletion.

    `alive` are ARNs that the services themselves have just listed; they know at once.
    """
    service, kind = arn.split(":")[2], arn.split(":", 5)[5]
    if f"{service}:{kind}".startswith(tuple(one.arns for one in KINDS.values() if one.arns)):
        return arn not in alive
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
