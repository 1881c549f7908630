"""Where work runs."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from components.chart import Chart
from components.cluster import Cluster, ClusterArgs
from components.database import DatabaseClients, DatabaseClientsArgs
from components.kubeconfig import kubeconfig, sign_in
from components.network_policies import NetworkPolicies, NetworkPoliciesArgs
from components.observability import ADD_ON, ClusterObservability, ClusterObservabilityArgs
from stacks.environment.charts import kserve
from stacks.environment.definitions import NAMESPACE, Definitions
from stacks.environment.foundation import Foundation
from stacks.environment.pools import pools
from stacks.environment.queues import queue
from stacks.environment.stores import Stores
from stacks.instances import served_by
from stacks.settings import Settings, SystemNodes

AUTO_MODE_BRINGS = frozenset({"aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"})
"""Add-ons that are part of EKS Auto Mode (EKS user guide, "Auto Mode components")."""

AUTO_MODE_BRINGS_ALL = frozenset({"aws-ebs-csi-driver"})
"""Those that it brings to nodes of managed groups too."""

CERTIFICATES = "cert-manager"
"""Add-on that makes the certificates of KServe's webhooks (docs/decisions/0072)."""


@dataclass(frozen=True, kw_only=True)
class Compute:
    """The cluster with what runs in it for everybody."""

    cluster: Cluster
    inside: pulumi.ResourceOptions
    """Providers of the account and of the cluster, for components with parts in both."""

    queues: dict[str, pulumi.Output[str]]
    """Cluster queue by team."""

    definitions: Definitions


def cluster(
    settings: Settings, base: Foundation, made: Stores, account: pulumi.ProviderResource, definitions: Definitions
) -> Compute | None:
    """The third layer; none where the environment has no cluster."""
    if settings.environment.cluster is None:
        return None
    there = control_plane(settings, base, made, pulumi.ResourceOptions(provider=account))
    provider = kubernetes.Provider("kubernetes", kubeconfig=_kubeconfig(settings, there), context=settings.prefix)
    inside = pulumi.ResourceOptions(providers=[account, provider])
    if settings.environment.cluster.compute == "auto":
        NetworkPolicies("network-policies", NetworkPoliciesArgs(tags=settings.tags), inside)
    pools(settings, base, there, inside)
    queues = queue(settings, definitions, inside)
    if settings.environment.endpoints:
        _serving(settings, settings.environment.cluster.version, there, definitions, inside)
    return Compute(cluster=there, inside=inside, queues=queues, definitions=definitions)


def _kubeconfig(settings: Settings, there: Cluster) -> pulumi.Output[str]:
    """For the provider: with tokens of whoever runs the program, in the role that the provider of the account takes."""
    taken = settings.provider.assume_role
    tokens = sign_in(settings.prefix, settings.region, taken.role_arn if taken else None)
    return pulumi.Output.all(there.ready, there.endpoint, there.certificate_authority).apply(
        lambda known: json.dumps(kubeconfig(known[0], known[1], known[2], tokens))
    )


def _serving(
    settings: Settings, version: str, there: Cluster, definitions: Definitions, inside: pulumi.ResourceOptions
) -> None:
    definitions.define(["cert-manager.io"], there.add_ons[CERTIFICATES])
    chart = Chart("kserve", kserve(version, settings.cidr, settings.image("kserve-controller")), inside)
    definitions.define(["serving.kserve.io", NAMESPACE], *chart.last)


def control_plane(settings: Settings, base: Foundation, made: Stores, opts: pulumi.ResourceOptions) -> Cluster:
    """The cluster, who is let in, and what AWS runs in it."""
    wanted = settings.environment.cluster
    assert wanted, "a control plane is made for the key cluster"
    add_ons = _add_ons(settings)
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
    there = Cluster(
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
            add_ons=add_ons,
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
            cluster=there.cluster_name,
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
                client_security_group_id=there.security_group_id,
                tags=settings.tags,
            ),
            opts,
        )
    return there


def _add_ons(settings: Settings) -> dict[str, str]:
    """Version by add-on, without those that come otherwise or are not needed."""
    env = settings.environment
    left_out = {ADD_ON}
    if env.cluster and env.cluster.compute == "auto":
        # Nodes of managed groups have their network from add-ons, under Auto Mode too.
        grouped = any(served_by(pool) == "node-group" for pool in env.pools)
        left_out |= AUTO_MODE_BRINGS_ALL if grouped else AUTO_MODE_BRINGS
    if not env.endpoints:
        left_out.add(CERTIFICATES)
    return {name: version for name, version in settings.versions.items() if name not in left_out}


def _role(arn: str) -> str:
    """A role's own name, which is unique in its account whatever its path."""
    return arn.rpartition("/")[2]
