"""Networks without an operating system in between."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.order import once


@dataclass(frozen=True, kw_only=True)
class EfaGroupArgs:
    group_name: str

    vpc_id: pulumi.Input[str]

    tags: Mapping[str, str]


class EfaGroup(pulumi.ComponentResource):
    """A security group whose members speak freely with each other, and by it with nobody else: the Elastic Fabric
    Adapter wants exactly that, in both directions (EC2 user guide, "Prepare an EFA-enabled security group")."""

    id: pulumi.Output[str]

    def __init__(self, name: str, args: EfaGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:efa:EfaGroup", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            name=args.group_name,
            description="Nodes of one pool among themselves, over the Elastic Fabric Adapter",
            vpc_id=args.vpc_id,
            tags={**args.tags, "Name": args.group_name},
            opts=child,
        )
        inward = aws.vpc.SecurityGroupIngressRule(
            f"{name}-in",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            description="From nodes of this pool",
            ip_protocol="-1",
            tags=args.tags,
            opts=child,
        )
        outward = aws.vpc.SecurityGroupEgressRule(
            f"{name}-out",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            description="To nodes of this pool",
            ip_protocol="-1",
            tags=args.tags,
            opts=child,
        )

        self.id = once(group.id, inward.id, outward.id)
        self.register_outputs({"id": self.id})
