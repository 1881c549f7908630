"""Who may do what in a cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.account import partition
from components.order import once


@dataclass(frozen=True, kw_only=True)
class ClusterAccessArgs:
    cluster_name: pulumi.Input[str]

    role_arns: Mapping[str, pulumi.Input[str]]
    """IAM roles by name; EKS wants them to exist."""

    administrators: Sequence[str]
    """Names of roles that may do everything."""

    viewers: Sequence[str]
    """Names of roles that may look at everything but secrets."""

    teams: Mapping[str, Sequence[str]]
    """Names of roles by team; they edit the namespace of that name and are in the Kubernetes group of that name."""

    region: str

    tags: Mapping[str, str]


class ClusterAccess(pulumi.ComponentResource):
    """Access entries: the cluster lets in the roles of the environment's file, and nobody because they made it."""

    ready: pulumi.Output[str]
    """The cluster's name, known once everybody has their rights."""

    def __init__(self, name: str, args: ClusterAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:cluster_access:ClusterAccess", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        entries = {
            role: aws.eks.AccessEntry(
                f"{name}-{role}",
                cluster_name=args.cluster_name,
                principal_arn=arn,
                kubernetes_groups=_teams_of(role, args),
                type="STANDARD",
                tags=args.tags,
                opts=child,
            )
            for role, arn in args.role_arns.items()
        }
        everywhere: dict[str, Any] = {"type": "cluster"}
        grants = [(role, "AmazonEKSClusterAdminPolicy", everywhere) for role in args.administrators]
        grants += [(role, "AmazonEKSViewPolicy", everywhere) for role in args.viewers]
        grants += [
            (role, "AmazonEKSEditPolicy", {"type": "namespace", "namespaces": teams})
            for role in args.role_arns
            if (teams := _teams_of(role, args))
        ]
        granted = []
        for role, policy, where in grants:
            scope: Any = where
            given = aws.eks.AccessPolicyAssociation(
                f"{name}-{role}-{policy}",
                cluster_name=args.cluster_name,
                principal_arn=entries[role].principal_arn,
                policy_arn=f"arn:{partition(args.region)}:eks::aws:cluster-access-policy/{policy}",
                access_scope=scope,
                opts=child,
            )
            granted.append(given.id)

        self.ready = once(args.cluster_name, *(entry.id for entry in entries.values()), *granted)
        self.register_outputs({"ready": self.ready})


def _teams_of(role: str, args: ClusterAccessArgs) -> list[str]:
    return [team for team, roles in args.teams.items() if role in roles]
