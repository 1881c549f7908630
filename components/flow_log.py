"""Record of a network's traffic."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.account import arn, policy_document, service_trust


@dataclass(frozen=True, kw_only=True)
class FlowLogArgs:
    prefix: str
    """Start of the role's name and of the log group's: `/{prefix}/flow-log`."""

    vpc_id: pulumi.Input[str]

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the records; its policy must let CloudWatch Logs use it."""

    retention_days: int
    """Days that records are kept; one of the values that CloudWatch Logs allows (PutRetentionPolicy)."""

    account: str
    """Account of the VPC, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class FlowLog(pulumi.ComponentResource):
    """Every accepted and refused connection of a VPC, encrypted and kept no longer than needed."""

    log_group_name: str
    """Known before the group is made."""

    def __init__(self, name: str, args: FlowLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:flow_log:FlowLog", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        self.log_group_name = f"/{args.prefix}/flow-log"
        group_arn = arn("logs", args.region, args.account, f"log-group:{self.log_group_name}")
        group = aws.cloudwatch.LogGroup(
            f"{name}-group",
            name=self.log_group_name,
            kms_key_id=args.kms_key_arn,
            retention_in_days=args.retention_days,
            tags={**args.tags, "data-class": "internal", "data-stage": "log"},
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            name=f"{args.prefix}-flow-log",
            description="Lets VPC flow logs write to their log group",
            assume_role_policy=json.dumps(service_trust("vpc-flow-logs.amazonaws.com", args.account)),
            permissions_boundary=args.permissions_boundary,
            tags=args.tags,
            opts=child,
        )
        write = aws.iam.RolePolicy(
            f"{name}-write",
            name="write",
            role=role.name,
            policy=json.dumps(
                policy_document(
                    {
                        "Effect": "Allow",
                        "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                        "Resource": [group_arn, f"{group_arn}:*"],
                    }
                )
            ),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-flows",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={**args.tags, "Name": f"{args.prefix}-flow-log"},
            # The record is lost until the role may write.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[write]),
        )

        self.register_outputs({"log_group_name": self.log_group_name})
