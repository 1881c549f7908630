"""Networks as the Amazon VPC User Guide and the Amazon EC2 API Reference tell of them."""

import ipaddress
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.extensions.network_facts import addresses_are_given_one_after_another
from tests.localcloud.conftest import REGION
from tests.localcloud.refusals import refused

SERVICE = f"com.amazonaws.{REGION}.ecr.api"


@pytest.fixture
def ec2(aws):
    return aws("ec2")


@pytest.fixture
def network(ec2):
    """A VPC with a subnet, a gateway, a group and a NAT gateway."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for setting in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{setting: {"Value": True}})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    group = ec2.create_security_group(GroupName="group", Description="d", VpcId=vpc)["GroupId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
    return SimpleNamespace(
        vpc=vpc, subnet=subnet, gateway=gateway, group=group, address=address, nat=nat["NatGatewayId"], made=nat
    )


def endpoint(ec2, network, **more):
    return ec2.create_vpc_endpoint(
        VpcId=network.vpc,
        ServiceName=SERVICE,
        VpcEndpointType="Interface",
        SubnetIds=[network.subnet],
        SecurityGroupIds=[network.group],
        **more,
    )["VpcEndpoint"]


def test_a_network_goes_only_from_its_leaves_to_its_root(ec2, network):
    """VPC User Guide, "Delete your VPC"; API Reference, DetachInternetGateway and ReleaseAddress."""
    with refused("DependencyViolation", network.subnet, network.gateway, network.group):
        ec2.delete_vpc(VpcId=network.vpc)
    with refused("DependencyViolation", "eni-"):
        ec2.delete_subnet(SubnetId=network.subnet)
    with refused("DependencyViolation", network.vpc):
        ec2.delete_internet_gateway(InternetGatewayId=network.gateway)
    with refused("DependencyViolation", "mapped public address"):
        ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    with refused("InvalidIPAddress.InUse"):
        ec2.release_address(AllocationId=network.address)

    ec2.delete_nat_gateway(NatGatewayId=network.nat)
    ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    ec2.delete_internet_gateway(InternetGatewayId=network.gateway)
    ec2.release_address(AllocationId=network.address)
    ec2.delete_subnet(SubnetId=network.subnet)
    with refused("DependencyViolation", network.group):
        ec2.delete_vpc(VpcId=network.vpc)
    ec2.delete_security_group(GroupId=network.group)
    ec2.delete_vpc(VpcId=network.vpc)
    with refused("InvalidVpcID.NotFound"):
        ec2.describe_vpcs(VpcIds=[network.vpc])


def test_an_endpoint_keeps_its_subnet_and_its_group(ec2, network):
    """VPC User Guide, "Delete a subnet"; EC2 User Guide, "Delete a security group"."""
    ec2.delete_nat_gateway(NatGatewayId=network.nat)
    made = endpoint(ec2, network)["VpcEndpointId"]
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=network.subnet)
    with refused("DependencyViolation", "dependent object"):
        ec2.delete_security_group(GroupId=network.group)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
    with refused("InvalidVpcEndpointId.NotFound"):
        ec2.describe_vpc_endpoints(VpcEndpointIds=[made])
    ec2.delete_subnet(SubnetId=network.subnet)
    ec2.delete_security_group(GroupId=network.group)


def test_a_group_stays_while_a_rule_of_another_names_it(ec2, network):
    """EC2 User Guide, "Delete a security group"."""
    other = ec2.create_security_group(GroupName="other", Description="d", VpcId=network.vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": network.group}]}
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    with refused("DependencyViolation", other):
        ec2.delete_security_group(GroupId=network.group)
    ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=[rule])
    ec2.delete_security_group(GroupId=network.group)


def test_the_default_group_and_the_main_table_stay(ec2, network):
    """EC2 User Guide, "Default security groups"; API Reference, DeleteRouteTable."""
    own = [{"Name": "vpc-id", "Values": [network.vpc]}]
    (default,) = [g for g in ec2.describe_security_groups(Filters=own)["SecurityGroups"] if g["GroupName"] == "default"]
    with refused("CannotDelete"):
        ec2.delete_security_group(GroupId=default["GroupId"])
    (main,) = ec2.describe_route_tables(Filters=own)["RouteTables"]
    with refused("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=main["RouteTableId"])


def test_a_subnet_has_one_table_and_takes_the_association_along(ec2, network):
    """VPC User Guide, "Subnet route tables"."""
    first, second = (ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    ec2.associate_route_table(RouteTableId=first, SubnetId=network.subnet)
    with refused("Resource.AlreadyAssociated"):
        ec2.associate_route_table(RouteTableId=second, SubnetId=network.subnet)
    with refused("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=first)
    ec2.delete_nat_gateway(NatGatewayId=network.nat)
    ec2.delete_subnet(SubnetId=network.subnet)
    assert ec2.describe_route_tables(RouteTableIds=[first])["RouteTables"][0]["Associations"] == []
    ec2.delete_route_table(RouteTableId=first)


def test_a_nat_gateway_has_an_interface_in_its_subnet_and_keeps_its_address(ec2, network):
    """VPC User Guide, "NAT gateway basics"."""
    (address,) = network.made["NatGatewayAddresses"]
    assert address["PrivateIp"].startswith("10.0.1.")
    (eni,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[address["NetworkInterfaceId"]])["NetworkInterfaces"]
    assert (eni["PrivateIpAddress"], eni["Status"], eni["InterfaceType"]) == (
        address["PrivateIp"],
        "in-use",
        "nat_gateway",
    )
    (elastic,) = ec2.describe_addresses(AllocationIds=[network.address])["Addresses"]
    with refused("AuthFailure"):
        ec2.disassociate_address(AssociationId=elastic["AssociationId"])
    with refused("InvalidParameterValue", "currently in use"):
        ec2.delete_network_interface(NetworkInterfaceId=eni["NetworkInterfaceId"])
    with refused("NatGatewayNotFound"):
        ec2.delete_nat_gateway(NatGatewayId="nat-0123456789abcdef0")


def test_an_interface_endpoint_keeps_its_options(ec2, network):
    """API Reference, CreateVpcEndpoint and ModifyVpcEndpoint."""
    made = endpoint(ec2, network, DnsOptions={"DnsRecordIpType": "service-defined"}, IpAddressType="ipv4")
    (eni,) = ec2.describe_network_interfaces(NetworkInterfaceIds=made["NetworkInterfaceIds"])["NetworkInterfaces"]
    assert eni["PrivateIpAddress"].startswith("10.0.1.")
    assert [group["GroupId"] for group in eni["Groups"]] == [network.group]

    other = ec2.create_security_group(GroupName="other", Description="d", VpcId=network.vpc)["GroupId"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=made["VpcEndpointId"],
        PrivateDnsEnabled=False,
        DnsOptions={"PrivateDnsOnlyForInboundResolverEndpoint": True},
        AddSecurityGroupIds=[other],
        RemoveSecurityGroupIds=[network.group],
    )
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"]
    assert found["IpAddressType"] == "ipv4"
    assert found["PrivateDnsEnabled"] is False
    assert found["DnsOptions"] == {
        "DnsRecordIpType": "service-defined",
        "PrivateDnsOnlyForInboundResolverEndpoint": True,
    }
    ec2.delete_security_group(GroupId=network.group)


def test_one_endpoint_of_a_network_has_the_services_private_name(ec2, network):
    """VPC User Guide, "Access an AWS service using an interface VPC endpoint"."""
    endpoint(ec2, network, PrivateDnsEnabled=True)
    with refused("InvalidParameter", "conflicting DNS domain"):
        endpoint(ec2, network, PrivateDnsEnabled=True)
    endpoint(ec2, network, PrivateDnsEnabled=False)
    ec2.modify_vpc_attribute(VpcId=network.vpc, EnableDnsHostnames={"Value": False})
    with refused("InvalidParameter", "enableDnsHostnames"):
        ec2.create_vpc_endpoint(
            VpcId=network.vpc, ServiceName=f"com.amazonaws.{REGION}.sts", VpcEndpointType="Interface"
        )


def test_a_subnet_keeps_its_name_options(ec2, network):
    """API Reference, ModifySubnetAttribute."""
    for change in (
        {"PrivateDnsHostnameTypeOnLaunch": "resource-name"},
        {"EnableResourceNameDnsARecordOnLaunch": {"Value": True}},
        {"EnableResourceNameDnsAAAARecordOnLaunch": {"Value": True}},
        {"EnableDns64": {"Value": True}},
    ):
        ec2.modify_subnet_attribute(SubnetId=network.subnet, **change)
    (found,) = ec2.describe_subnets(SubnetIds=[network.subnet])["Subnets"]
    assert found["EnableDns64"] is True
    assert found["PrivateDnsNameOptionsOnLaunch"] == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": True,
        "EnableResourceNameDnsAAAARecord": True,
    }
    with refused("InvalidParameterValue", "ip-name, resource-name"):
        ec2.modify_subnet_attribute(SubnetId=network.subnet, PrivateDnsHostnameTypeOnLaunch="other")


def test_a_flow_log_keeps_its_file_options(ec2, network, bucket):
    """API Reference, CreateFlowLogs."""
    options = {"FileFormat": "parquet", "HiveCompatiblePartitions": True, "PerHourPartition": True}
    (made,) = ec2.create_flow_logs(
        ResourceIds=[network.vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination=f"arn:aws:s3:::{bucket}",
        DestinationOptions=options,
    )["FlowLogIds"]
    (found,) = ec2.describe_flow_logs(FlowLogIds=[made])["FlowLogs"]
    assert found["DestinationOptions"] == options


def test_nothing_that_is_gone_is_still_tagged(ec2, network):
    """A sweep by tag finds what is there, and nothing else."""
    made = endpoint(ec2, network)["VpcEndpointId"]
    tagged = [network.vpc, network.subnet, network.gateway, network.group, network.address, network.nat, made]
    (rule,) = ec2.authorize_security_group_ingress(
        GroupId=network.group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
    )["SecurityGroupRules"]
    ec2.create_tags(Resources=[*tagged, rule["SecurityGroupRuleId"]], Tags=[{"Key": "swept", "Value": network.vpc}])
    own = [{"Name": "tag:swept", "Values": [network.vpc]}]
    assert len(ec2.describe_tags(Filters=own)["Tags"]) == len(tagged) + 1

    ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
    ec2.delete_nat_gateway(NatGatewayId=network.nat)
    ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    ec2.delete_internet_gateway(InternetGatewayId=network.gateway)
    ec2.release_address(AllocationId=network.address)
    ec2.delete_subnet(SubnetId=network.subnet)
    ec2.delete_security_group(GroupId=network.group)
    ec2.delete_vpc(VpcId=network.vpc)
    assert ec2.describe_tags(Filters=own)["Tags"] == []


def test_gateways_are_found_by_their_tags(ec2, network):
    """API Reference, DescribeNatGateways."""
    ec2.create_tags(Resources=[network.nat], Tags=[{"Key": "Name", "Value": network.vpc}])

    def found(**wanted):
        return [one["NatGatewayId"] for one in ec2.describe_nat_gateways(Filter=[wanted])["NatGateways"]]

    assert found(Name="tag:Name", Values=[network.vpc]) == [network.nat]
    assert found(Name="tag:Name", Values=["another"]) == []
    assert network.nat in found(Name="tag-key", Values=["Na*"])


def test_a_creation_told_twice_with_one_token_happens_once(ec2, network):
    """Amazon EC2 API Reference, "Ensuring idempotency in Amazon EC2 API requests"."""
    wanted = {"VpcId": network.vpc, "ServiceName": SERVICE, "VpcEndpointType": "Interface", "PrivateDnsEnabled": True}

    made = [ec2.create_vpc_endpoint(**wanted, ClientToken="again")["VpcEndpoint"]["VpcEndpointId"] for _ in range(2)]
    assert made[0] == made[1]
    with refused("InvalidParameter", "conflicting DNS domain"):
        ec2.create_vpc_endpoint(**wanted, ClientToken="another")


def test_a_nat_gateway_of_one_zone_says_so(ec2, network):
    """Amazon EC2 API Reference, NatGateway and NatGatewayAddress."""
    (seen,) = ec2.describe_nat_gateways(NatGatewayIds=[network.nat])["NatGateways"]

    assert seen["AvailabilityMode"] == "zonal"
    assert [(a["AllocationId"], a["IsPrimary"]) for a in seen["NatGatewayAddresses"]] == [(network.address, True)]


def test_requests_at_once_get_an_address_each():
    def hosts() -> Iterator[ipaddress.IPv4Address]:
        for host in ipaddress.IPv4Network("10.0.0.0/24").hosts():
            time.sleep(0.001)
            yield host

    subnet: Any = SimpleNamespace(
        _unused_ips=set(), _subnet_ips={}, _subnet_ip_generator=hosts(), cidr=SimpleNamespace()
    )
    subnet.cidr.broadcast_address = ipaddress.ip_address("10.0.0.255")
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda number: addresses_are_given_one_after_another(subnet, number), range(32)))

    assert len(set(given)) == 32
