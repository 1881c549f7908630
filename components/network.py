"""Networks."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.cidr import subnet_plan
from components.endpoints import ServiceEndpoints, ServiceEndpointsArgs
from components.flow_log import FlowLog, FlowLogArgs

Egress = Literal["nat-per-zone", "single-nat", "endpoints-only"]

SUBNET_ROLES = {"private": "kubernetes.io/role/internal-elb", "public": "kubernetes.io/role/elb"}
"""Tags that say where a cluster may put its load balancers (EKS user guide, "subnet requirements")."""


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    prefix: str
    """Start of every name."""

    cidr: str
    """IPv4 block of the VPC, /16 to /24 and large enough for the zones (`components.cidr.subnet_plan`)."""

    zones: Sequence[str]
    """Availability zones, for example eu-central-1a; each gets a private subnet."""

    egress: Egress
    """How private subnets reach the internet: a NAT gateway in each zone, one for all, or not at all."""

    endpoint_services: Sequence[str]
    """AWS services reached inside the VPC, by the end of their endpoint's name, for example ecr.api."""

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the flow log."""

    flow_log_retention_days: int

    account: str
    """Account of the VPC, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the flow log's role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class Network(pulumi.ComponentResource):
    """A VPC whose workloads live in private subnets: nothing comes in from the internet, and every flow is recorded."""

    vpc_id: pulumi.Output[str]
    private_subnet_ids: list[pulumi.Output[str]]
    """One a zone, in the order of the zones."""
    s3_cidrs: pulumi.Output[Sequence[str]]
    """Blocks of S3 behind the gateway endpoint, which pods may reach beside the VPC."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:network:Network", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={**args.tags, "Name": args.prefix},
            opts=child,
        )
        # Managed without rules: what is put into it by accident reaches nothing.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-closed", vpc_id=vpc.id, tags={**args.tags, "Name": f"{args.prefix}-closed"}, opts=child
        )
        FlowLog(
            f"{name}-flow-log",
            FlowLogArgs(
                prefix=args.prefix,
                vpc_id=vpc.id,
                kms_key_arn=args.kms_key_arn,
                retention_days=args.flow_log_retention_days,
                permissions_boundary=args.permissions_boundary,
                account=args.account,
                region=args.region,
                tags=args.tags,
            ),
            child,
        )

        plan = subnet_plan(args.cidr, len(args.zones))
        subnets, tables = [], []
        for zone, cidr in zip(args.zones, plan.private, strict=True):
            subnet, table = self._subnet(name, args, vpc, zone, cidr, "private")
            subnets.append(subnet)
            tables.append(table)
        if args.egress != "endpoints-only":
            for zone, table, nat in zip(
                args.zones, tables, self._nat_gateways(name, args, vpc, plan.public), strict=True
            ):
                aws.ec2.Route(
                    f"{name}-private-{zone}-out",
                    route_table_id=table.id,
                    destination_cidr_block="0.0.0.0/0",
                    nat_gateway_id=nat.id,
                    opts=child,
                )
        endpoints = ServiceEndpoints(
            f"{name}-endpoints",
            ServiceEndpointsArgs(
                prefix=args.prefix,
                vpc_id=vpc.id,
                cidr=args.cidr,
                services=args.endpoint_services,
                subnet_ids=[s.id for s in subnets],
                route_table_ids=[t.id for t in tables],
                region=args.region,
                tags=args.tags,
            ),
            child,
        )

        self.vpc_id = vpc.id
        self.private_subnet_ids = [s.id for s in subnets]
        self.s3_cidrs = endpoints.s3_cidrs
        self.register_outputs(
            {"vpc_id": self.vpc_id, "private_subnet_ids": self.private_subnet_ids, "s3_cidrs": self.s3_cidrs}
        )

    def _subnet(
        self,
        name: str,
        args: NetworkArgs,
        vpc: aws.ec2.Vpc,
        zone: str,
        cidr: str,
        tier: Literal["private", "public"],
    ) -> tuple[aws.ec2.Subnet, aws.ec2.RouteTable]:
        child = pulumi.ResourceOptions(parent=self)
        tags = {**args.tags, "Name": f"{args.prefix}-{tier}-{zone}"}
        subnet = aws.ec2.Subnet(
            f"{name}-{tier}-{zone}",
            vpc_id=vpc.id,
            availability_zone=zone,
            cidr_block=cidr,
            map_public_ip_on_launch=False,
            tags={**tags, SUBNET_ROLES[tier]: "1"},
            opts=child,
        )
        table = aws.ec2.RouteTable(f"{name}-{tier}-{zone}-routes", vpc_id=vpc.id, tags=tags, opts=child)
        aws.ec2.RouteTableAssociation(
            f"{name}-{tier}-{zone}-association", subnet_id=subnet.id, route_table_id=table.id, opts=child
        )
        return subnet, table

    def _nat_gateways(
        self, name: str, args: NetworkArgs, vpc: aws.ec2.Vpc, cidrs: Sequence[str]
    ) -> list[aws.ec2.NatGateway]:
        """The gateway that serves each zone, in public subnets that nothing else uses."""
        child = pulumi.ResourceOptions(parent=self)
        internet = aws.ec2.InternetGateway(
            f"{name}-internet", vpc_id=vpc.id, tags={**args.tags, "Name": args.prefix}, opts=child
        )
        gateways: list[aws.ec2.NatGateway] = []
        for zone, cidr in zip(args.zones, cidrs, strict=True):
            subnet, table = self._subnet(name, args, vpc, zone, cidr, "public")
            out = aws.ec2.Route(
                f"{name}-public-{zone}-out",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                gateway_id=internet.id,
                opts=child,
            )
            if args.egress == "nat-per-zone" or not gateways:
                tags = {**args.tags, "Name": f"{args.prefix}-nat-{zone}"}
                address = aws.ec2.Eip(
                    f"{name}-nat-{zone}-address",
                    domain="vpc",
                    tags=tags,
                    # An address is freed before its internet gateway goes.
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[internet]),
                )
                gateways.append(
                    aws.ec2.NatGateway(
                        f"{name}-nat-{zone}",
                        allocation_id=address.id,
                        subnet_id=subnet.id,
                        tags=tags,
                        opts=pulumi.ResourceOptions(parent=self, depends_on=[out]),
                    )
                )
        return gateways if args.egress == "nat-per-zone" else gateways * len(args.zones)
