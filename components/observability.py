"""Metrics and logs of what runs in a cluster."""

from __future__ import annotations  # a service in an annotation would be loaded at import

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.account import arn, aws_policy_arn, policy_document

ADD_ON = "amazon-cloudwatch-observability"
LOG_GROUPS = ("application", "dataplane", "host", "performance")
"""Groups below `/aws/containerinsights/CLUSTER` (CloudWatch user guide, "Container Insights log groups")."""


@dataclass(frozen=True, kw_only=True)
class ClusterObservabilityArgs:
    cluster_name: str
    """Known before the cluster is made."""

    cluster: pulumi.Input[str]
    """The same name, known once the cluster answers."""

    version: str
    """Version of the add-on."""

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the logs."""

    log_retention_days: int
    """Days that logs are kept; one of the values that CloudWatch Logs allows (PutRetentionPolicy)."""

    account: str
    """Account of the cluster, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the agent's role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class ClusterObservability(pulumi.ComponentResource):
    """The CloudWatch agent with GPU metrics: what nodes and pods do is seen, and their logs end."""

    def __init__(self, name: str, args: ClusterObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:observability:ClusterObservability", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        groups = [
            aws.cloudwatch.LogGroup(
                f"{name}-{group}-log",
                name=f"/aws/containerinsights/{args.cluster_name}/{group}",
                kms_key_id=args.kms_key_arn,
                retention_in_days=args.log_retention_days,
                tags={**args.tags, "data-class": "internal", "data-stage": "log"},
                opts=child,
            )
            for group in LOG_GROUPS
        ]
        role = aws.iam.Role(
            f"{name}-role",
            name=f"{args.cluster_name}-metrics",
            description=f"The CloudWatch agent in the cluster {args.cluster_name}",
            assume_role_policy=json.dumps(pod_trust(args.region, args.account, args.cluster_name)),
            permissions_boundary=args.permissions_boundary,
            tags=args.tags,
            opts=child,
        )
        policy = "CloudWatchAgentServerPolicy"
        allowed = aws.iam.RolePolicyAttachment(
            f"{name}-{policy}", role=role.name, policy_arn=aws_policy_arn(args.region, policy), opts=child
        )
        identity = aws.eks.PodIdentityAssociation(
            f"{name}-identity",
            cluster_name=args.cluster,
            namespace="amazon-cloudwatch",
            service_account="cloudwatch-agent",
            role_arn=role.arn,
            tags=args.tags,
            opts=child,
        )
        aws.eks.Addon(
            f"{name}-add-on",
            cluster_name=args.cluster,
            addon_name=ADD_ON,
            addon_version=args.version,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags=args.tags,
            # A pod gets the identity that is there when it starts; the agent would make groups that keep for ever.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*groups, allowed, identity]),
        )

        self.register_outputs({})


def pod_trust(region: str, account: str, cluster_name: str) -> dict[str, Any]:
    """Trust policy of a role that pods of one cluster take on (EKS user guide, "pod identity role trust policy")."""
    return policy_document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnEquals": {"aws:SourceArn": arn("eks", region, account, f"cluster/{cluster_name}")},
            },
        }
    )
