"""Private ways to AWS services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class ServiceEndpointsArgs:
    prefix: str
    """Start of every name."""

    vpc_id: pulumi.Input[str]

    cidr: str
    """IPv4 block whose hosts may use the endpoints."""

    services: Sequence[str]
    """Services reached by HTTPS, by the end of their endpoint's name, for example ecr.api."""

    subnet_ids: Sequence[pulumi.Input[str]]
    """Where the services appear; one in each zone."""

    route_table_ids: Sequence[pulumi.Input[str]]
    """Tables that get a route to S3; none makes no such endpoint."""

    region: str

    tags: Mapping[str, str]


class ServiceEndpoints(pulumi.ComponentResource):
    """VPC endpoints: images, tokens and objects reach the workloads without crossing the internet."""

    s3_cidrs: pulumi.Output[Sequence[str]]
    """Blocks of S3 behind the gateway endpoint; none without one."""

    def __init__(self, name: str, args: ServiceEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:endpoints:ServiceEndpoints", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        self.s3_cidrs = pulumi.Output.from_input([])
        if args.route_table_ids:
            gateway = aws.ec2.VpcEndpoint(
                f"{name}-s3",
                vpc_id=args.vpc_id,
                service_name=f"com.amazonaws.{args.region}.s3",
                vpc_endpoint_type="Gateway",
                route_table_ids=args.route_table_ids,
                tags={**args.tags, "Name": f"{args.prefix}-s3"},
                opts=child,
            )
            self.s3_cidrs = gateway.cidr_blocks
        if args.services:
            group = aws.ec2.SecurityGroup(
                f"{name}-https",
                name=f"{args.prefix}-endpoints",
                description="HTTPS from inside the VPC to AWS services",
                vpc_id=args.vpc_id,
                tags={**args.tags, "Name": f"{args.prefix}-endpoints"},
                opts=child,
            )
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-https-in",
                security_group_id=group.id,
                description="HTTPS from the VPC",
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                cidr_ipv4=args.cidr,
                tags=args.tags,
                opts=child,
            )
            for service in args.services:
                aws.ec2.VpcEndpoint(
                    f"{name}-{service}",
                    vpc_id=args.vpc_id,
                    service_name=f"com.amazonaws.{args.region}.{service}",
                    vpc_endpoint_type="Interface",
                    subnet_ids=args.subnet_ids,
                    security_group_ids=[group.id],
                    private_dns_enabled=True,
                    tags={**args.tags, "Name": f"{args.prefix}-{service}"},
                    opts=child,
                )

        self.register_outputs({"s3_cidrs": self.s3_cidrs})
