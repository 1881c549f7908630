"""moto leaves behind what AWS takes away with a part of a network: interfaces, associations, tags."""

import re
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Answer

_ID = re.compile(r"[a-z]+-[0-9a-f]{8,17}")


@overlay.follows("ec2", "DeleteNatGateway")
def a_nat_gateway_takes_its_interface_along(call: Call, _: Answer) -> None:
    """Amazon VPC User Guide, "Delete a NAT gateway": the address is disassociated, but not released."""
    gateway = call.backend.nat_gateways[call.input["NatGatewayId"]]
    for address in call.backend.addresses:
        if address.eni is not None and address.eni.id == gateway._eni.id:
            address.eni = None
            address.association_id = None
    call.backend.enis.pop(gateway._eni.id, None)


@overlay.follows("ec2", "DeleteSubnet")
def a_subnet_takes_its_associations_along(call: Call, _: Answer) -> None:
    """Amazon VPC User Guide, "Delete a subnet"."""
    subnet = call.input["SubnetId"]
    for table in call.backend.route_tables.values():
        for association in [key for key, value in table._associations.items() if value == subnet]:
            del table._associations[association]
    for acl in call.backend.network_acls.values():
        for association in [key for key, value in acl._associations.items() if value.subnet_id == subnet]:
            del acl._associations[association]


@overlay.follows("ec2", "DeleteVpcEndpoints")
def an_endpoint_is_gone_once_deleted(call: Call, _: Answer) -> None:
    """moto keeps it for ever in the state `deleted`."""
    for endpoint in call.input["VpcEndpointIds"]:
        call.backend.vpc_end_points.pop(endpoint, None)


@overlay.follows("ec2", "DeleteVpc")
def a_vpc_takes_its_defaults_along(call: Call, _: Answer) -> None:
    """Its default network ACL and default security group exist with it only."""
    vpc = call.input["VpcId"]
    for acl in [acl for acl in call.backend.network_acls.values() if acl.vpc_id == vpc]:
        del call.backend.network_acls[acl.id]
        call.backend.tags.pop(acl.id, None)
    call.backend.groups.pop(vpc, None)


@overlay.checks("ec2", "DeleteSecurityGroup", "DeleteVpc")
def tags_of_rules_are_remembered(call: Call) -> None:
    """What must go with the group, while it can still be seen."""
    owner = call.input.get("GroupId") or call.input.get("VpcId")
    call.environ["localcloud.leaving"] = [
        one
        for vpc, groups in call.backend.groups.items()
        for group in groups.values()
        if owner in (vpc, group.id)
        for one in (group.id, *(rule.id for rule in (*group.ingress_rules, *group.egress_rules)))
    ]


@overlay.follows(
    "ec2",
    "DeleteFlowLogs",
    "DeleteInternetGateway",
    "DeleteNatGateway",
    "DeleteNetworkAcl",
    "DeleteNetworkInterface",
    "DeleteRouteTable",
    "DeleteSecurityGroup",
    "DeleteSubnet",
    "DeleteVpc",
    "DeleteVpcEndpoints",
    "ReleaseAddress",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
)
def tags_go_with_what_bears_them(call: Call, _: Answer) -> None:
    """moto still lists them, and so a sweep by tag would find what is gone."""
    named = [value for given in call.input.values() for value in _texts(given) if _ID.fullmatch(value)]
    if call.operation and call.operation.startswith("Revoke"):
        named = call.input.get("SecurityGroupRuleIds", [])
    for one in (*named, *call.environ.get("localcloud.leaving", [])):
        call.backend.tags.pop(one, None)


def _texts(given: Any) -> list[str]:
    if isinstance(given, str):
        return [given]
    return [value for value in given if isinstance(value, str)] if isinstance(given, list) else []
