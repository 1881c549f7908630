"""Networks that were there before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.endpoints import ServiceEndpoints, ServiceEndpointsArgs
from components.flow_log import FlowLog, FlowLogArgs
from components.network import SUBNET_ROLES


@dataclass(frozen=True, kw_only=True)
class ExistingNetworkArgs:
    prefix: str
    """Start of every name."""

    vpc_id: str

    cidr: str
    """IPv4 block of the VPC, whose hosts may use the endpoints."""

    subnet_ids: Sequence[str]
    """Private subnets for the workloads, in two zones at least."""

    endpoint_services: Sequence[str]
    """AWS services to make reachable inside the VPC; those that it reaches already stay out of the list."""

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the flow log."""

    flow_log_retention_days: int

    account: str
    """Account of the VPC, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the flow log's role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class ExistingNetwork(pulumi.ComponentResource):
    """A VPC that somebody else looks after: flows are recorded, subnets marked, and nothing there is changed."""

    vpc_id: pulumi.Output[str]
    private_subnet_ids: list[pulumi.Output[str]]
    """In the order given."""

    def __init__(self, name: str, args: ExistingNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:existing_network:ExistingNetwork", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        for number, subnet in enumerate(args.subnet_ids):
            aws.ec2.Tag(
                f"{name}-subnet-{number}-internal-elb",
                resource_id=subnet,
                key=SUBNET_ROLES["private"],
                value="1",
                # Others may rely on the mark, or have set it before us.
                opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
            )
        FlowLog(
            f"{name}-flow-log",
            FlowLogArgs(
                prefix=args.prefix,
                vpc_id=args.vpc_id,
                kms_key_arn=args.kms_key_arn,
                retention_days=args.flow_log_retention_days,
                permissions_boundary=args.permissions_boundary,
                account=args.account,
                region=args.region,
                tags=args.tags,
            ),
            child,
        )
        ServiceEndpoints(
            f"{name}-endpoints",
            ServiceEndpointsArgs(
                prefix=args.prefix,
                vpc_id=args.vpc_id,
                cidr=args.cidr,
                services=args.endpoint_services,
                subnet_ids=args.subnet_ids,
                route_table_ids=[],
                account=args.account,
                region=args.region,
                tags=args.tags,
            ),
            child,
        )

        self.vpc_id = pulumi.Output.from_input(args.vpc_id)
        self.private_subnet_ids = [pulumi.Output.from_input(s) for s in args.subnet_ids]
        self.register_outputs({"vpc_id": self.vpc_id, "private_subnet_ids": self.private_subnet_ids})
