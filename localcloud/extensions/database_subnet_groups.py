"""moto loses a subnet group that is modified, takes one of a single zone, and lets one go that is in use."""

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource

from localcloud import overlay
from localcloud.backends import backend_of, regions_of
from localcloud.call import Call
from localcloud.extensions.service_interfaces import subnet
from localcloud.extensions.tagged_resources import sees
from localcloud.refusal import Answer, Refusal


@overlay.checks("rds", "CreateDBSubnetGroup", "ModifyDBSubnetGroup")
def the_subnets_are_of_one_network_and_of_two_zones(call: Call) -> None:
    """Amazon RDS API Reference, CreateDBSubnetGroup: InvalidSubnet, DBSubnetGroupDoesNotCoverEnoughAZs."""
    found = [subnet(call, name) for name in call.input["SubnetIds"]]
    for name, known in zip(call.input["SubnetIds"], found, strict=True):
        if known is None:
            raise Refusal("InvalidSubnet", f"The subnet '{name}' does not exist.")
    if len({known.vpc_id for known in found}) > 1:
        raise Refusal("InvalidSubnet", "The subnets of a DB subnet group must be in one VPC.")
    zones = {known.availability_zone for known in found}
    if len(zones) < 2:
        raise Refusal(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{', '.join(sorted(zones))}. Add subnets to cover at least 2 AZs.",
        )


@overlay.checks("rds", "CreateDBSubnetGroup")
def a_name_is_taken_once(call: Call) -> None:
    """moto replaces the group that has the name."""
    name = call.input["DBSubnetGroupName"]
    if name in call.backend.subnet_groups:
        raise Refusal("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")


@overlay.answers("rds", "ModifyDBSubnetGroup")
def modify(call: Call) -> dict[str, Any]:
    """Other subnets, which hold those that are in use, or another description."""
    group = _group(call)
    wanted = call.input["SubnetIds"]
    interfaces = backend_of("ec2", call.account, call.region).enis
    in_use = {
        interfaces[eni].subnet_id
        for database in _users(call, group.name)
        for eni in getattr(database, "interfaces", [])
    }
    if in_use - set(wanted):
        raise Refusal("SubnetAlreadyInUse", f"Subnets in use must stay: {', '.join(sorted(in_use - set(wanted)))}")
    group._subnets = [subnet(call, name) for name in wanted]
    group.description = call.input.get("DBSubnetGroupDescription") or group.description
    return {
        "DBSubnetGroup": {
            "DBSubnetGroupName": group.name,
            "DBSubnetGroupDescription": group.description,
            "VpcId": group.vpc_id,
            "SubnetGroupStatus": "Complete",
            "Subnets": group.subnets,
            "DBSubnetGroupArn": group.arn,
            "SupportedNetworkTypes": ["IPV4"],
        }
    }


@overlay.checks("rds", "DeleteDBSubnetGroup")
def a_group_in_use_stays(call: Call) -> None:
    """Amazon RDS API Reference, DeleteDBSubnetGroup: InvalidDBSubnetGroupStateFault."""
    users = _users(call, _group(call).name)
    if users:
        raise Refusal(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{call.input['DBSubnetGroupName']}' because at least one database "
            f"instance: {users[0].db_instance_identifier} is still using it.",
        )


@overlay.follows("rds", "CreateDBSubnetGroup")
def a_group_says_which_addresses_it_can_have(call: Call, _: Answer) -> None:
    """Amazon RDS API Reference, DBSubnetGroup, SupportedNetworkTypes."""
    _group(call).supported_network_types = ["IPV4"]


@sees
def tagged_groups(account: str, region: str) -> Iterator[TaggedResource]:
    """Subnet groups and parameter groups, as the tagging API sees them."""
    rds = dict.get(regions_of("rds", account), region)
    if rds is None:
        return
    for kind, groups in (("subgrp", rds.subnet_groups), ("pg", rds.db_parameter_groups)):
        for group in groups.values():
            tags = {tag["Key"]: tag["Value"] for tag in group.get_tags()}
            yield TaggedResource(arn=group.arn, tags=tags, resource_type=f"rds:{kind}")


def _group(call: Call) -> Any:
    name = call.input["DBSubnetGroupName"]
    found = call.backend.subnet_groups.get(name)
    if found is None:
        raise Refusal("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.", 404)
    return found


def _users(call: Call, name: str) -> list[Any]:
    return [
        database
        for database in call.backend.databases.values()
        if database._db_subnet_group_name and database._db_subnet_group_name.lower() == name
    ]
