"""What nodes of managed groups may do in AWS."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.account import aws_policy_arn
from components.cluster_roles import NODE_POLICIES, node_trust
from components.order import once


@dataclass(frozen=True, kw_only=True)
class NodeGroupRoleArgs:
    role_name: str
    """Unique in the account."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class NodeGroupRole(pulumi.ComponentResource):
    """A role beside that of Auto Mode's nodes: EKS lets one role in as one kind of node, and grants it other rights."""

    arn: pulumi.Output[str]
    """Known once the role has its rights."""

    def __init__(self, name: str, args: NodeGroupRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:node_group_role:NodeGroupRole", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        role = aws.iam.Role(
            f"{name}-role",
            name=args.role_name,
            description="Nodes of managed groups",
            assume_role_policy=json.dumps(node_trust()),
            permissions_boundary=args.permissions_boundary,
            tags=args.tags,
            opts=child,
        )
        allowed = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}", role=role.name, policy_arn=aws_policy_arn(args.region, policy), opts=child
            )
            for policy in NODE_POLICIES["managed"]
        ]

        self.arn = once(role.arn, *(made.id for made in allowed))
        self.register_outputs({"arn": self.arn})
