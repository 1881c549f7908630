"""Where a subnet's traffic goes, and so whether the internet can come in."""

from policies.reading import is_on, items, look
from policies.stack import UNKNOWN, Resource, Stack

VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
TABLE, ROUTE = "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route"
DEFAULT_TABLE = "aws:ec2/defaultRouteTable:DefaultRouteTable"
MAIN = "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ROUTING = (ASSOCIATION, TABLE, ROUTE, GATEWAY, VPC, DEFAULT_TABLE, MAIN)

TABLES = (TABLE, DEFAULT_TABLE, VPC)
"""What an id of a route table comes from; a VPC stands for its main table, whose id is an output of it."""


def public(subnet: Resource, stack: Stack) -> bool:
    """Whether the subnet gives out public addresses, or a route table that it follows leads to an internet gateway.

    A subnet without a table of its own follows the main one, which leads nowhere until somebody adds a route.
    """
    if is_on(look(subnet.props, "mapPublicIpOnLaunch")):
        return True
    own = stack.joined(subnet, [ASSOCIATION], "subnetId")
    links = (*own, *stack.ambiguous(subnet, [ASSOCIATION], "subnetId"))
    tables = {found.urn: found for one in links for found in stack.referents(one, "routeTableId", TABLES)}
    mains = () if own else (table for vpc in stack.referents(subnet, "vpcId", [VPC]) for table in _mains(vpc, stack))
    return any(_leads_out(table, stack) for table in (*tables.values(), *mains))


def may_be_public(subnet: Resource) -> bool:
    """Whether it is unknown if the subnet gives out public addresses."""
    return look(subnet.props, "mapPublicIpOnLaunch") is UNKNOWN


def _mains(vpc: Resource, stack: Stack) -> list[Resource]:
    """What may be the main table of a VPC: the one that was made so, else the one that came with it."""
    made = [table for one in _of(vpc, MAIN, "vpcId", stack) for table in stack.referents(one, "routeTableId", TABLES)]
    return [*made, *([] if stack.joined(vpc, [MAIN], "vpcId") else [vpc])]


def _of(one: Resource, token: str, prop: str, stack: Stack) -> tuple[Resource, ...]:
    return (*stack.joined(one, [token], prop), *stack.ambiguous(one, [token], prop))


def _leads_out(table: Resource, stack: Stack) -> bool:
    managed = _of(table, DEFAULT_TABLE, "defaultRouteTableId", stack) if table.type == VPC else ()
    if any(_leads_out(one, stack) for one in managed):
        return True
    inline = [look(table.props, f"{where}.gatewayId") for where, _ in _routes(table)]
    if any(map(_internet, inline)) or (UNKNOWN in inline and stack.referents(table, "routes", [GATEWAY])):
        return True
    return any(
        _internet(look(one.props, "gatewayId")) or stack.referents(one, "gatewayId", [GATEWAY])
        for one in _of(table, ROUTE, "routeTableId", stack)
    )


def _routes(table: Resource) -> list[tuple[str, object]]:
    return [] if look(table.props, "routes") is UNKNOWN else items(table.props, "routes")


def _internet(gateway: object) -> bool:
    return isinstance(gateway, str) and gateway.startswith("igw-")
