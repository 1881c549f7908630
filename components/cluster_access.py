"""Who may do what in a cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.account import partition


@dataclass(frozen=True, kw_only=True)
class ClusterAccessArgs:
    cluster_name: pulumi.Input[str]

    administrator_role_arns: Sequence[str]
    """IAM roles that may do everything."""

    viewer_role_arns: Sequence[str]
    """IAM roles that may look at everything but secrets."""

    team_role_arns: Mapping[str, Sequence[str]]
    """IAM roles by team; they edit the namespace of that name and are in the Kubernetes group of that name."""

    region: str

    tags: Mapping[str, str]


class ClusterAccess(pulumi.ComponentResource):
    """Access entries: the cluster lets in the roles of the environment's file, and nobody because they made it."""

    def __init__(self, name: str, args: ClusterAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:cluster_access:ClusterAccess", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        entries: dict[str, aws.eks.AccessEntry] = {}
        roles = [*args.administrator_role_arns, *args.viewer_role_arns]
        roles += [role for of_team in args.team_role_arns.values() for role in of_team]
        for role in dict.fromkeys(roles):
            groups = [team for team, of_team in args.team_role_arns.items() if role in of_team]
            entries[role] = aws.eks.AccessEntry(
                f"{name}-{_last(role)}",
                cluster_name=args.cluster_name,
                principal_arn=role,
                kubernetes_groups=groups,
                type="STANDARD",
                tags=args.tags,
                opts=child,
            )
        everywhere: dict[str, Any] = {"type": "cluster"}
        grants = [(role, "AmazonEKSClusterAdminPolicy", everywhere) for role in args.administrator_role_arns]
        grants += [(role, "AmazonEKSViewPolicy", everywhere) for role in args.viewer_role_arns]
        for role in dict.fromkeys(role for of_team in args.team_role_arns.values() for role in of_team):
            namespaces = [team for team, of_team in args.team_role_arns.items() if role in of_team]
            grants.append((role, "AmazonEKSEditPolicy", {"type": "namespace", "namespaces": namespaces}))
        for role, policy, where in grants:
            scope: Any = where
            aws.eks.AccessPolicyAssociation(
                f"{name}-{_last(role)}-{policy}",
                cluster_name=args.cluster_name,
                principal_arn=entries[role].principal_arn,
                policy_arn=f"arn:{partition(args.region)}:eks::aws:cluster-access-policy/{policy}",
                access_scope=scope,
                opts=child,
            )

        self.register_outputs({})


def _last(role_arn: str) -> str:
    """The role's own name, which is unique in its account whatever its path."""
    return role_arn.rpartition("/")[2]
