"""moto drops what subnets, NAT gateways, interface endpoints and flow logs are told, or tells what cannot be."""

from threading import Lock
from typing import Any

from moto.ec2.models.subnets import Subnet

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions.network_dependencies import living_endpoints
from localcloud.refusal import Answer, Refusal

_HOSTNAME_TYPES = ("ip-name", "resource-name")

_free_address = Subnet.get_available_subnet_ip
_giving = Lock()


@overlay.replaces(Subnet, "get_available_subnet_ip")
def addresses_are_given_one_after_another(self: Subnet, instance: Any) -> str:
    """moto gives them from one generator, which breaks where two requests ask at once."""
    with _giving:
        return _free_address(self, instance)


@overlay.checks("ec2", "ModifySubnetAttribute")
def the_hostname_type_is_known(call: Call) -> None:
    """Amazon EC2 API Reference, ModifySubnetAttribute."""
    wanted = call.input.get("PrivateDnsHostnameTypeOnLaunch", "ip-name")
    if wanted not in _HOSTNAME_TYPES:
        allowed = ", ".join(_HOSTNAME_TYPES)
        raise Refusal("InvalidParameterValue", f"PrivateDnsHostnameTypeOnLaunch: found {wanted}, allowed are {allowed}")


@overlay.follows("ec2", "ModifySubnetAttribute")
def a_subnet_keeps_its_name_options(call: Call, _: Answer) -> None:
    """Hostname type, AAAA records and DNS64, which moto passes over."""
    subnet = call.backend.get_subnet(call.input["SubnetId"])
    options = subnet.private_dns_name_options_on_launch
    if "PrivateDnsHostnameTypeOnLaunch" in call.input:
        options["HostnameType"] = call.input["PrivateDnsHostnameTypeOnLaunch"]
    for name in ("EnableResourceNameDnsARecord", "EnableResourceNameDnsAAAARecord"):
        given = call.input.get(f"{name}OnLaunch")
        if given is not None:
            options[name] = given["Value"]
    if "EnableDns64" in call.input:
        subnet.enable_dns64 = call.input["EnableDns64"]["Value"]


@overlay.follows("ec2", "CreateNatGateway")
def a_nat_gateways_interface_is_in_its_subnet(call: Call, answer: Answer) -> dict[str, Any]:
    """Its address is one of the subnet's, and the interface is in use by the gateway."""
    output = call.read(answer)
    output.pop("ResponseMetadata", None)
    gateway = call.backend.nat_gateways[output["NatGateway"]["NatGatewayId"]]
    eni = gateway._eni
    _settle(eni, f"Interface for NAT Gateway {gateway.id}", "nat_gateway")
    eni._group_set = []
    gateway.private_ip = eni.private_ip_address
    gateway.address_set[0]["privateIp"] = eni.private_ip_address
    output["NatGateway"]["NatGatewayAddresses"][0]["PrivateIp"] = eni.private_ip_address
    return output


@overlay.follows("ec2", "CreateNatGateway", "DescribeNatGateways")
def a_gateway_of_one_zone_says_so(call: Call, answer: Answer) -> dict[str, Any]:
    """Without its availability mode and its primary address the provider reads neither subnet nor address of it."""
    output = call.read(answer)
    output.pop("ResponseMetadata", None)
    for gateway in output.get("NatGateways", [output.get("NatGateway")]):
        gateway["AvailabilityMode"] = "zonal"
        for number, address in enumerate(gateway.get("NatGatewayAddresses", [])):
            address.update(IsPrimary=number == 0, Status="succeeded")
    return output


@overlay.checks("ec2", "CreateVpcEndpoint")
def one_endpoint_has_the_private_name(call: Call) -> None:
    """Amazon VPC User Guide, "Access an AWS service using an interface VPC endpoint": one private name a VPC."""
    wanted = call.input
    if wanted.get("VpcEndpointType") != "Interface" or not wanted.get("PrivateDnsEnabled", True):
        return
    for endpoint in living_endpoints(call.backend):
        is_same = endpoint.vpc_id == wanted["VpcId"] and endpoint.service_name == wanted["ServiceName"]
        if is_same and endpoint.vpc_endpoint_type == "Interface" and endpoint.private_dns_enabled:
            raise Refusal(
                "InvalidParameter",
                f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{wanted['ServiceName']} in the VPC {wanted['VpcId']}",
            )
    vpc = call.backend.vpcs.get(wanted["VpcId"])
    if vpc is not None and not (_is_on(vpc.enable_dns_support) and _is_on(vpc.enable_dns_hostnames)):
        raise Refusal(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
            f"{wanted['VpcId']}",
        )


@overlay.follows("ec2", "CreateVpcEndpoint")
def an_endpoint_keeps_its_options(call: Call, answer: Answer) -> dict[str, Any]:
    """Address type and DNS options, and interfaces with the endpoint's own groups in the endpoint's own subnets."""
    output = call.read(answer)
    output.pop("ResponseMetadata", None)
    endpoint = call.backend.vpc_end_points[output["VpcEndpoint"]["VpcEndpointId"]]
    is_interface = endpoint.vpc_endpoint_type == "Interface"
    endpoint.ip_address_type = call.input.get("IpAddressType", "ipv4")
    given = call.input.get("DnsOptions", {})
    fallback = endpoint.ip_address_type if is_interface else "service-defined"
    endpoint.dns_options = {
        "DnsRecordIpType": given.get("DnsRecordIpType", fallback),
        "PrivateDnsOnlyForInboundResolverEndpoint": given.get("PrivateDnsOnlyForInboundResolverEndpoint", False),
    }
    for eni in (call.backend.enis[name] for name in endpoint.network_interface_ids or []):
        _settle(eni, f"VPC Endpoint Interface {endpoint.id}", "vpc_endpoint")
    _regroup(call, endpoint)
    output["VpcEndpoint"] |= {"IpAddressType": endpoint.ip_address_type, "DnsOptions": endpoint.dns_options}
    return output


@overlay.follows("ec2", "ModifyVpcEndpoint")
def an_endpoint_takes_new_options(call: Call, _: Answer) -> None:
    """moto changes policy, subnets, tables and groups only, and leaves the interfaces as they were."""
    endpoint = call.backend.vpc_end_points[call.input["VpcEndpointId"]]
    for name, attribute in (("PrivateDnsEnabled", "private_dns_enabled"), ("IpAddressType", "ip_address_type")):
        if name in call.input:
            setattr(endpoint, attribute, call.input[name])
    if call.input.get("ResetPolicy"):
        endpoint.policy_document = None
    options: dict[str, Any] = getattr(endpoint, "dns_options", {})
    endpoint.dns_options = {**options, **call.input.get("DnsOptions", {})}
    _regroup(call, endpoint)


@overlay.follows("ec2", "CreateFlowLogs")
def a_flow_log_keeps_its_file_options(call: Call, answer: Answer) -> None:
    """Format and partitions of the files in a bucket."""
    if "DestinationOptions" not in call.input:
        return
    for name in call.read(answer).get("FlowLogIds", []):
        call.backend.flow_logs[name].destination_options = call.input["DestinationOptions"]


def _settle(eni: Any, description: str, kind: str) -> None:
    address = eni.subnet.get_available_subnet_ip(eni)
    eni.private_ip_address = address
    eni.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
    eni.description, eni.interface_type = description, kind
    eni.status, eni.requester_managed = "in-use", True


def _regroup(call: Call, endpoint: Any) -> None:
    for name in endpoint.network_interface_ids or []:
        eni = call.backend.enis.get(name)
        if eni is not None and endpoint.security_group_ids:
            eni._group_set = [call.backend.get_security_group_from_id(one) for one in endpoint.security_group_ids]


def _is_on(attribute: Any) -> bool:
    return str(attribute).lower() == "true"
