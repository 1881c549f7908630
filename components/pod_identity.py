"""What pods may do in AWS."""

from __future__ import annotations  # a service in an annotation would be loaded at import

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.observability import pod_trust


@dataclass(frozen=True, kw_only=True)
class PodIdentityArgs:
    role_name: str
    """Unique in the account."""

    namespace: str

    service_account: str

    policy: Mapping[str, Any] | None
    """What no other role may do so; None where `policy_arns` say it all."""

    policy_arns: Mapping[str, pulumi.Input[str]]
    """Policies that are there already, by what they open."""

    cluster_name: str
    """Known before the cluster is made."""

    cluster: pulumi.Input[str]
    """The same name, known once the cluster answers."""

    account: str
    """Account of the cluster, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class PodIdentity(pulumi.ComponentResource):
    """One IAM role for the pods of one service account: short-lived credentials, and no key anywhere.

    A pod gets the identity that is there when it starts, so the service account has to wait for this.
    """

    def __init__(self, name: str, args: PodIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:pod_identity:PodIdentity", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        role = aws.iam.Role(
            f"{name}-role",
            name=args.role_name,
            description=f"Pods of the service account {args.service_account} in the cluster {args.cluster_name}",
            assume_role_policy=json.dumps(pod_trust(args.region, args.account, args.cluster_name)),
            permissions_boundary=args.permissions_boundary,
            tags=args.tags,
            opts=child,
        )
        for what, policy in args.policy_arns.items():
            aws.iam.RolePolicyAttachment(f"{name}-{what}", role=role.name, policy_arn=policy, opts=child)
        if args.policy is not None:
            aws.iam.RolePolicy(
                f"{name}-policy",
                name=args.service_account,
                role=role.name,
                policy=json.dumps(args.policy),
                opts=child,
            )
        aws.eks.PodIdentityAssociation(
            f"{name}-association",
            cluster_name=args.cluster,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            tags=args.tags,
            opts=child,
        )

        self.register_outputs({})
