"""moto lets a network's parts go while others still need them."""

from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Refusal


def _in_the_way(message: str, *needed_by: str) -> Refusal:
    return Refusal("DependencyViolation", f"{message} (needed by {', '.join(sorted(needed_by))})")


def living_endpoints(backend: Any) -> list[Any]:
    """VPC endpoints that are not deleted."""
    return [endpoint for endpoint in backend.vpc_end_points.values() if endpoint.state != "deleted"]


def groups_of(backend: Any) -> list[Any]:
    """All security groups."""
    return [group for groups in backend.groups.values() for group in groups.values()]


@overlay.checks("ec2", "DeleteVpc")
def a_vpc_goes_last(call: Call) -> None:
    """Amazon VPC User Guide, "Delete your VPC": what must be gone first."""
    backend, vpc = call.backend, call.input["VpcId"]
    needed_by = [gateway.id for gateway in backend.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc]
    needed_by += [endpoint.id for endpoint in living_endpoints(backend) if endpoint.vpc_id == vpc]
    needed_by += [group.id for group in groups_of(backend) if group.vpc_id == vpc and group.name != "default"]
    needed_by += [eni.id for eni in backend.enis.values() if eni.vpc_id == vpc]
    needed_by += [subnet.id for zone in backend.subnets.values() for subnet in zone.values() if subnet.vpc_id == vpc]
    needed_by += [
        acl.id for acl in backend.network_acls.values() if acl.vpc_id == vpc and str(acl.default).lower() != "true"
    ]
    if needed_by:
        raise _in_the_way(f"The vpc '{vpc}' has dependencies and cannot be deleted.", *needed_by)


@overlay.checks("ec2", "DeleteSubnet")
def a_subnet_goes_after_its_interfaces(call: Call) -> None:
    """Amazon VPC User Guide, "Delete a subnet": instances, gateways and endpoints have interfaces in it."""
    subnet = call.input["SubnetId"]
    needed_by = [eni.id for eni in call.backend.enis.values() if eni.subnet_id == subnet]
    if needed_by:
        raise _in_the_way(f"The subnet '{subnet}' has dependencies and cannot be deleted.", *needed_by)


@overlay.checks("ec2", "DetachInternetGateway")
def a_gateway_stays_while_addresses_are_mapped(call: Call) -> None:
    """Amazon EC2 API Reference, DetachInternetGateway: no Elastic IP address may be in use in the VPC."""
    vpc = call.input["VpcId"]
    needed_by = [
        address.allocation_id
        for address in call.backend.addresses
        if address.eni is not None and address.association_id and address.eni.vpc_id == vpc
    ]
    if needed_by:
        raise _in_the_way(
            f"Network {vpc} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway.",
            *needed_by,
        )


@overlay.checks("ec2", "ReleaseAddress")
def an_address_in_use_stays(call: Call) -> None:
    """Amazon EC2 API Reference, ReleaseAddress: disassociate it first."""
    for address in call.backend.addresses:
        if address.allocation_id == call.input.get("AllocationId") and address.association_id:
            raise Refusal("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")


@overlay.checks("ec2", "DisassociateAddress")
def a_gateways_address_stays_with_it(call: Call) -> None:
    """Amazon VPC User Guide, "NAT gateways": its primary address cannot be disassociated."""
    for address in call.backend.addresses:
        is_meant = address.association_id and address.association_id == call.input.get("AssociationId")
        if is_meant and address.eni is not None and address.eni.interface_type == "nat_gateway":
            raise Refusal("AuthFailure", "You do not have permission to access the specified resource.")


@overlay.checks("ec2", "DeleteSecurityGroup")
def a_group_in_use_stays(call: Call) -> None:
    """Amazon EC2 User Guide, "Delete your security group": no interface and no rule of another group may name it."""
    group = next((known for known in groups_of(call.backend) if known.id == call.input.get("GroupId")), None)
    if group is None:
        return
    if group.name == "default":
        raise Refusal("CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user')
    needed_by = [eni.id for eni in call.backend.enis.values() if group.id in [known.id for known in eni.group_set]]
    needed_by += [
        other.id
        for other in groups_of(call.backend)
        if other.id != group.id
        for rule in (*other.ingress_rules, *other.egress_rules)
        if rule.source_group.get("GroupId") == group.id
    ]
    if needed_by:
        raise _in_the_way(f"resource {group.id} has a dependent object", *needed_by)


@overlay.checks("ec2", "DeleteNetworkInterface")
def an_interface_in_use_stays(call: Call) -> None:
    """Amazon EC2 API Reference, DeleteNetworkInterface: detach it first."""
    eni = call.backend.enis.get(call.input["NetworkInterfaceId"])
    if eni is not None and eni.status == "in-use":
        raise Refusal("InvalidParameterValue", f"Network interface '{eni.id}' is currently in use.")


@overlay.checks("ec2", "AssociateRouteTable")
def a_subnet_has_one_table(call: Call) -> None:
    """Amazon VPC User Guide, "Subnet route tables": a subnet is associated with one route table at a time."""
    subnet = call.input.get("SubnetId")
    for table in call.backend.route_tables.values():
        if subnet and table.id != call.input["RouteTableId"] and subnet in table._associations.values():
            raise Refusal(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {call.input['RouteTableId']} conflicts with an existing "
                "association",
            )


@overlay.checks("ec2", "DeleteRouteTable")
def the_main_table_stays(call: Call) -> None:
    """Amazon EC2 API Reference, DeleteRouteTable: not the main one."""
    table = call.backend.route_tables.get(call.input["RouteTableId"])
    if table is not None and table.main_association_id:
        raise _in_the_way(f"The routeTable '{table.id}' has dependencies and cannot be deleted.", table.vpc_id)


@overlay.checks("ec2", "DeleteNatGateway")
def the_gateway_exists(call: Call) -> None:
    """moto breaks on one that does not."""
    gateway = call.backend.nat_gateways.get(call.input["NatGatewayId"])
    if gateway is None or gateway.state == "deleted":
        raise Refusal("NatGatewayNotFound", f"NAT gateway {call.input['NatGatewayId']} was not found")
