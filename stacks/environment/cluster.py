"""Where work runs."""

import pulumi

from components.cluster import Cluster, ClusterArgs
from components.database import DatabaseClients, DatabaseClientsArgs
from components.observability import ADD_ON, ClusterObservability, ClusterObservabilityArgs
from stacks.environment.foundation import Foundation
from stacks.environment.stores import Stores
from stacks.settings import Settings, SystemNodes

AUTO_MODE_BRINGS = frozenset({"aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"})
"""Add-ons that are part of EKS Auto Mode (EKS user guide, "Auto Mode components")."""


def cluster(settings: Settings, base: Foundation, made: Stores, opts: pulumi.ResourceOptions) -> Cluster | None:
    """The third layer; none where the environment has no cluster."""
    wanted = settings.environment.cluster
    if wanted is None:
        return None
    brought = AUTO_MODE_BRINGS if wanted.compute == "auto" else frozenset()
    nodes = wanted.node_group or SystemNodes()
    teams = {team.name: list(map(_role, team.roles)) for team in settings.environment.teams if team.roles}
    named = [
        *wanted.administrators,
        *wanted.viewers,
        *[role for team in settings.environment.teams for role in team.roles],
    ]
    roles: dict[str, pulumi.Input[str]] = {_role(arn): arn for arn in named}
    administrators = list(map(_role, wanted.administrators))
    if base.delivery:
        roles["deploy"] = base.delivery.deploy_role_arn
        administrators.append("deploy")
    control_plane = Cluster(
        "cluster",
        ClusterArgs(
            cluster_name=settings.prefix,
            version=wanted.version,
            subnet_ids=base.network.private_subnet_ids,
            public_cidrs=[str(block) for block in wanted.public_cidrs],
            compute=wanted.compute,
            node_instance_type=nodes.instance_type,
            node_count_min=nodes.min,
            node_count_max=nodes.max,
            node_disk_gib=nodes.disk_gib,
            add_ons={name: version for name, version in settings.versions.items() if name not in {ADD_ON, *brought}},
            role_arns=roles,
            administrators=administrators,
            viewers=list(map(_role, wanted.viewers)),
            teams=teams,
            kms_key_arn=base.keys.arns["internal"],
            log_retention_days=wanted.log_retention_days,
            support=wanted.support,
            account=settings.account,
            region=settings.region,
            permissions_boundary=base.permissions_boundary,
            protect=settings.protect,
            tags=settings.tags,
        ),
        opts,
    )
    ClusterObservability(
        "cluster-metrics",
        ClusterObservabilityArgs(
            cluster_name=settings.prefix,
            cluster=control_plane.cluster_name,
            version=settings.versions[ADD_ON],
            kms_key_arn=base.keys.arns["internal"],
            log_retention_days=wanted.log_retention_days,
            account=settings.account,
            region=settings.region,
            permissions_boundary=base.permissions_boundary,
            tags=settings.tags,
        ),
        opts,
    )
    if made.database:
        DatabaseClients(
            "database-clients",
            DatabaseClientsArgs(
                security_group_id=made.database.security_group_id,
                client_security_group_id=control_plane.security_group_id,
                tags=settings.tags,
            ),
            opts,
        )
    return control_plane


def _role(arn: str) -> str:
    """A role's own name, which is unique in its account whatever its path."""
    return arn.rpartition("/")[2]
