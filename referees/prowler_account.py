"""An account in which prowler is calibrated: what several of the samples need, and nothing that came with it."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

from localcloud import ACCOUNT

REGION = "eu-central-1"
NAME = "calibration"
TRAIL = "cloudtrail.amazonaws.com"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/calibration:1"
PASSWORD = "export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ7aT4kLmN"
"""Of no account; made up in the form of a key."""


ANYTHING = ""
"""Stands for the account itself: every finding of the check counts."""


class Witness(NamedTuple):
    """A resource and the checks that must pass on it in the good account and fail in the bad one."""

    resource: str
    """ARN or id, as prowler tells it."""

    checks: tuple[str, ...]


def document(*statements: dict[str, Any]) -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str, **more: Any) -> str:
    """A document that lets a service take on a role."""
    return document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", **more})


class Network(NamedTuple):
    vpc: str
    subnets: tuple[str, ...]
    group: str


class Account:
    """An account that samples are made in, with what several of them need."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = cache(client)
        self._take_away_what_is_there()
        self.key = self._new_key()
        """ARN of a key that is rotated and that the account and two services may use."""

        self.network = self.new_network("10.8")
        """One in which nothing is open, and whose traffic is logged."""

        self._log_traffic(self.network)

    def __call__(self, service: str) -> Any:
        """A boto3 client."""
        return self._client(service)

    def _new_key(self) -> str:
        owner = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        services = {"Effect": "Allow", "Principal": {"Service": [f"logs.{REGION}.amazonaws.com", TRAIL]}}
        both = [{**one, "Action": "kms:*", "Resource": "*"} for one in (owner, services)]
        made = self("kms").create_key(Policy=document(*both))["KeyMetadata"]
        self("kms").enable_key_rotation(KeyId=made["KeyId"])
        return made["Arn"]

    def _log_traffic(self, made: Network) -> None:
        self.log_group("flows")
        self("ec2").create_flow_logs(
            ResourceIds=[made.vpc],
            ResourceType="VPC",
            TrafficType="ALL",
            LogGroupName="flows",
            DeliverLogsPermissionArn=self.role("vpc-flow-logs"),
        )

    def new_network(self, block: str) -> Network:
        """A network whose traffic nobody logs, with two subnets and a group that lets nothing in."""
        ec2 = self("ec2")
        vpc = ec2.create_vpc(CidrBlock=f"{block}.0.0/16")["Vpc"]["VpcId"]
        subnets = tuple(
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"{block}.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate("ab")
        )
        for subnet in subnets:
            ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
        default = self.default_group(vpc)
        ec2.revoke_security_group_ingress(GroupId=default["GroupId"], IpPermissions=default["IpPermissions"])
        ec2.revoke_security_group_egress(GroupId=default["GroupId"], IpPermissions=default["IpPermissionsEgress"])
        group = ec2.create_security_group(GroupName=NAME, Description="nothing", VpcId=vpc)["GroupId"]
        return Network(vpc, subnets, group)

    def default_group(self, vpc: str) -> dict[str, Any]:
        """The security group that every network has."""
        sought = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        return self("ec2").describe_security_groups(Filters=sought)["SecurityGroups"][0]

    def log_group(self, name: str) -> str:
        """ARN of a log group that is encrypted and kept for as long as prowler wants it kept."""
        self("logs").create_log_group(logGroupName=name, kmsKeyId=self.key)
        self("logs").put_retention_policy(logGroupName=name, retentionInDays=400)
        return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*"

    def role(self, service: str) -> str:
        """ARN of a role that a service of this account takes on."""
        name = f"{NAME}-{service}"
        with suppress(self("iam").exceptions.NoSuchEntityException):
            return self("iam").get_role(RoleName=name)["Role"]["Arn"]
        own = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
        trusting = trust(f"{service}.amazonaws.com", Condition=own)
        return self("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trusting)["Role"]["Arn"]

    def _take_away_what_is_there(self) -> None:
        """The network of every new account is neither good nor bad on purpose."""
        ec2 = self("ec2")
        for vpc in ec2.describe_vpcs()["Vpcs"]:
            within = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
            for subnet in ec2.describe_subnets(Filters=within)["Subnets"]:
                ec2.delete_subnet(SubnetId=subnet["SubnetId"])
            for gateway in ec2.describe_internet_gateways()["InternetGateways"]:
                ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc["VpcId"])
                ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
            ec2.delete_vpc(VpcId=vpc["VpcId"])


Sample = Callable[[Account, bool], Iterator[Witness]]
"""`(account, good) -> witnesses`: makes the good resource of a kind, or the bad one."""
