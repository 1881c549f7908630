"""Databases and what they stand on."""

from collections.abc import Iterator
from typing import Any

from seedbed.account import Account
from seedbed.services.kind import Kind, Listed, as_mapping, asked, named


def instances(account: Account) -> Iterator[dict[str, Any]]:
    """Databases that are not on their way out."""
    for one in account.pages("rds", "describe_db_instances", "DBInstances"):
        if one["DBInstanceStatus"] != "deleting":
            yield one


def ids(about: dict[str, Any]) -> tuple[str, str]:
    """Both ids of a database: the one that the file gives, and the one that the provider knows it by."""
    return about["DBInstanceIdentifier"], about.get("DbiResourceId", "")


def _instances(account: Account) -> Iterator[Listed]:
    for one in instances(account):
        name, arn = one["DBInstanceIdentifier"], one["DBInstanceArn"]
        yield Listed(name, name, arn, lambda one=one: as_mapping(one.get("TagList")))


def _groups(account: Account, operation: str, result: str, name: str, arn: str) -> Iterator[Listed]:
    for one in account.pages("rds", operation, result):
        tags = asked(account, "rds", "list_tags_for_resource", "ResourceName", one[arn], "TagList")
        yield Listed(one[name], one[name], one[arn], tags)


def _subnet_groups(account: Account) -> Iterator[Listed]:
    return _groups(account, "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName", "DBSubnetGroupArn")


def _parameter_groups(account: Account) -> Iterator[Listed]:
    return _groups(
        account, "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName", "DBParameterGroupArn"
    )


KINDS = {
    "aws:rds/instance:Instance": Kind("database", _instances, named("identifier"), "rds:db:"),
    "aws:rds/subnetGroup:SubnetGroup": Kind("database subnet group", _subnet_groups, named("name"), "rds:subgrp:"),
    "aws:rds/parameterGroup:ParameterGroup": Kind(
        "database parameter group", _parameter_groups, named("name"), "rds:pg:"
    ),
}
