"""Where a subnet's traffic goes, and so whether the internet can come in."""

from policies.reading import is_on, items, look
from policies.stack import UNKNOWN, Resource, Stack

SUBNET = "aws:ec2/subnet:Subnet"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
TABLE, ROUTE = "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ROUTING = (ASSOCIATION, TABLE, ROUTE, GATEWAY)


def public(subnet: Resource, stack: Stack) -> bool:
    """Whether the subnet gives out public addresses, or a route table joined to it leads to an internet gateway.

    A subnet without a table of its own follows the main one, which leads nowhere until somebody adds a route.
    """
    if is_on(look(subnet.props, "mapPublicIpOnLaunch")):
        return True
    links = (*stack.joined(subnet, [ASSOCIATION], "subnetId"), *stack.ambiguous(subnet, [ASSOCIATION], "subnetId"))
    tables = {found.urn: found for one in links for found in stack.referents(one, "routeTableId", [TABLE])}
    return any(_leads_out(table, stack) for table in tables.values())


def may_be_public(subnet: Resource) -> bool:
    """Whether it is unknown if the subnet gives out public addresses."""
    return look(subnet.props, "mapPublicIpOnLaunch") is UNKNOWN


def _leads_out(table: Resource, stack: Stack) -> bool:
    inline = [look(table.props, f"{where}.gatewayId") for where, _ in _routes(table)]
    if any(map(_internet, inline)) or (UNKNOWN in inline and stack.referents(table, "routes", [GATEWAY])):
        return True
    routes = (*stack.joined(table, [ROUTE], "routeTableId"), *stack.ambiguous(table, [ROUTE], "routeTableId"))
    return any(
        _internet(look(one.props, "gatewayId")) or stack.referents(one, "gatewayId", [GATEWAY]) for one in routes
    )


def _routes(table: Resource) -> list[tuple[str, object]]:
    return [] if look(table.props, "routes") is UNKNOWN else items(table.props, "routes")


def _internet(gateway: object) -> bool:
    return isinstance(gateway, str) and gateway.startswith("igw-")
