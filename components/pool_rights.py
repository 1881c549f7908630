"""What EKS Auto Mode may do for pools of our own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.account import arn, policy_document

CLUSTER_TAG = "aws:RequestTag/eks:eks-cluster-name"
"""What Auto Mode marks everything with that it makes."""


@dataclass(frozen=True, kw_only=True)
class PoolRightsArgs:
    cluster_name: str
    """Cluster whose nodes they are."""

    role: pulumi.Input[str]
    """Name of the cluster's role."""

    kms_aliases: Sequence[str]
    """Aliases of the keys of the nodes' disks, by which the policy names them."""

    account: str
    """Account of the cluster, 12 digits."""

    region: str


class PoolRights(pulumi.ComponentResource):
    """Rights of the cluster's role that AWS's own policies leave out: our tags on nodes, and our key for their
    disks. Without them a node class with either starts no node."""

    id: pulumi.Output[str]
    """Known once the role has the rights."""

    def __init__(self, name: str, args: PoolRightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:pool_rights:PoolRights", name, vars(args), opts)

        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name="pools",
            role=args.role,
            policy=json.dumps(pool_policy(args.cluster_name, args.kms_aliases, args.account, args.region)),
            opts=pulumi.ResourceOptions(parent=self),
        )

        self.id = policy.id
        self.register_outputs({"id": self.id})


def pool_policy(cluster: str, kms_aliases: Sequence[str], account: str, region: str) -> dict[str, Any]:
    """Policy for the role of `cluster` (EKS user guide, "Custom AWS tags for EKS Auto resources" and "Enable EBS Volume
    Encryption with Customer Managed KMS Keys for EKS Auto Mode")."""
    marked = {"StringEquals": {CLUSTER_TAG: cluster}}
    by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": sorted(kms_aliases)}}
    keys = arn("kms", region, account, "key/*")
    return policy_document(
        _allow(
            "NodesWithTags",
            ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"],
            "*",
            {
                **marked,
                "StringLike": {
                    "aws:RequestTag/eks:kubernetes-node-class-name": "*",
                    "aws:RequestTag/eks:kubernetes-node-pool-name": "*",
                },
            },
        ),
        _allow(
            "DisksWithTags",
            ["ec2:CreateSnapshot", "ec2:CreateVolume"],
            [arn("ec2", region, "*", "volume/*"), arn("ec2", region, "*", "snapshot/*")],
            marked,
        ),
        _allow(
            "InterfacesWithTags",
            "ec2:CreateNetworkInterface",
            "*",
            {**marked, "StringLike": {"aws:RequestTag/eks:kubernetes-cni-node-name": "*"}},
        ),
        _allow(
            "DisksUnderOurKeys",
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            keys,
            by_alias,
        ),
        _allow(
            "KeysLentToDisks",
            ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
            keys,
            {**by_alias, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    )


def _allow(sid: str, actions: str | list[str], resources: str | list[str], when: Mapping[str, Any]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources, "Condition": dict(when)}
