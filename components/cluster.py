"""Kubernetes clusters."""

from __future__ import annotations  # a service in an annotation would be loaded at import

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from components.account import aws_policy_arn, service_trust
from components.cluster_access import ClusterAccess, ClusterAccessArgs
from components.cluster_roles import CLUSTER_POLICIES, NODE_POLICIES, node_trust
from components.order import once
from components.system_nodes import SystemNodes, SystemNodesArgs

CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All that there are (EKS user guide, "control plane logs")."""

BEFORE_NODES = ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")
"""Add-ons that run on a node that is not ready yet, and make it so."""

ADD_ON_SETTINGS = {"vpc-cni": {"enableNetworkPolicy": "true"}}
"""Without it nobody heeds network policies (EKS user guide, "Limit Pod traffic with Kubernetes network policies")."""


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    cluster_name: str
    """Unique in account and region; start of the names of its roles."""

    version: str
    """Minor version of Kubernetes, for example 1.34."""

    subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets in two zones at least."""

    public_cidrs: Sequence[str]
    """IPv4 blocks that reach the API server from the internet; none keeps it in the VPC."""

    compute: Literal["auto", "managed"]
    """Who runs the nodes: EKS itself (Auto Mode), or a fixed group of ours."""

    node_instance_type: str
    """Type of the system nodes where compute is `managed`."""

    node_count_min: int
    node_count_max: int
    node_disk_gib: int

    add_ons: Mapping[str, str]
    """Version by add-on; those that Auto Mode brings itself stay out of it there."""

    role_arns: Mapping[str, pulumi.Input[str]]
    """IAM roles that are let in, by name; EKS wants them to exist."""

    administrators: Sequence[str]
    """Names of roles that may do everything in the cluster."""

    viewers: Sequence[str]
    """Names of roles that may look at everything but secrets."""

    teams: Mapping[str, Sequence[str]]
    """Names of roles by team; they work in the namespace of that name and are in the Kubernetes group of that name."""

    kms_key_arn: pulumi.Input[str]
    """Key that encrypts the cluster's secrets, its nodes' disks and its logs."""

    log_retention_days: int
    """Days that control plane logs are kept; one of the values that CloudWatch Logs allows (PutRetentionPolicy)."""

    support: Literal["standard", "extended"]
    """What happens when the version's standard support ends: EKS upgrades the cluster, or charges six times as much."""

    account: str
    """Account of the cluster, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the roles, by ARN; None where nothing but IAM itself does."""

    protect: bool
    """Whether engine and service refuse to delete the cluster."""

    tags: Mapping[str, str]


class Cluster(pulumi.ComponentResource):
    """An EKS cluster whose API is private, whose secrets are under our key, and whose every request is recorded."""

    cluster_name: pulumi.Output[str]
    """Known once the cluster answers."""

    endpoint: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    """Of the API server, base64."""

    security_group_id: pulumi.Output[str]
    """Group of the control plane and, in Auto Mode, of the nodes and pods."""

    version: pulumi.Output[str]

    ready: pulumi.Output[str]
    """The name, known once those who are to be let in are."""

    role_name: pulumi.Output[str]
    """Of the control plane."""

    node_role_name: pulumi.Output[str]
    """Of the nodes."""

    add_ons: dict[str, aws.eks.Addon]

    node_group: bool
    """Whether system nodes come in a managed group."""

    node_add_ons: list[pulumi.Output[str]]
    """Ids of those that a node of a managed group waits for, each known once it is there."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:cluster:Cluster", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        log = aws.cloudwatch.LogGroup(
            f"{name}-log",
            name=f"/aws/eks/{args.cluster_name}/cluster",
            kms_key_id=args.kms_key_arn,
            retention_in_days=args.log_retention_days,
            tags={**args.tags, "data-class": "internal", "data-stage": "log"},
            opts=child,
        )
        trust = service_trust("eks.amazonaws.com", args.account, session_tags=args.compute == "auto")
        role, allowed = self._role(name, args, "cluster", trust, CLUSTER_POLICIES[args.compute])
        node_role, node_allowed = self._role(name, args, "node", node_trust(), NODE_POLICIES[args.compute])
        cluster = aws.eks.Cluster(
            f"{name}-cluster",
            name=args.cluster_name,
            version=args.version,
            role_arn=role.arn,
            enabled_cluster_log_types=list(CONTROL_PLANE_LOGS),
            encryption_config={"provider": {"key_arn": args.kms_key_arn}, "resources": ["secrets"]},
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            vpc_config={
                "subnet_ids": args.subnet_ids,
                "endpoint_private_access": True,
                "endpoint_public_access": bool(args.public_cidrs),
                **({"public_access_cidrs": list(args.public_cidrs)} if args.public_cidrs else {}),
            },
            upgrade_policy={"support_type": args.support.upper()},
            deletion_protection=args.protect,
            tags=args.tags,
            **(auto_mode(node_role.arn) if args.compute == "auto" else {"bootstrap_self_managed_addons": False}),
            # EKS would make a log group that keeps everything for ever; a role is of no use before it may do its work.
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, depends_on=[log, *allowed]),
        )
        self.add_ons = {}
        if args.compute == "managed":
            self._nodes_and_add_ons(name, args, cluster, node_role, node_allowed)
        else:
            for add_on, version in args.add_ons.items():
                self._add_on(name, args, cluster.name, add_on, version)
        access = ClusterAccess(
            f"{name}-access",
            ClusterAccessArgs(
                cluster_name=cluster.name,
                role_arns=args.role_arns,
                administrators=args.administrators,
                viewers=args.viewers,
                teams=args.teams,
                region=args.region,
                tags=args.tags,
            ),
            child,
        )

        self.cluster_name = cluster.name
        self.endpoint = cluster.endpoint
        self.certificate_authority = cluster.certificate_authority.data
        self.security_group_id = cluster.vpc_config.cluster_security_group_id
        self.version = cluster.version
        self.node_group = args.compute == "managed"
        self.node_add_ons = [self.add_ons[one].id for one in BEFORE_NODES if one in self.add_ons]
        self.role_name, self.node_role_name = role.name, node_role.name
        self.ready = access.ready
        self.register_outputs(
            {
                "cluster_name": self.cluster_name,
                "endpoint": self.endpoint,
                "certificate_authority": self.certificate_authority,
                "security_group_id": self.security_group_id,
                "version": self.version,
                "ready": self.ready,
                "role_name": self.role_name,
                "node_role_name": self.node_role_name,
                "node_add_ons": self.node_add_ons,
            }
        )

    def _role(
        self, name: str, args: ClusterArgs, who: str, trust: dict[str, Any], policies: Sequence[str]
    ) -> tuple[aws.iam.Role, list[aws.iam.RolePolicyAttachment]]:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-{who}-role",
            name=f"{args.cluster_name}-{who}",
            description=f"The {who} side of the cluster {args.cluster_name}",
            assume_role_policy=json.dumps(trust),
            permissions_boundary=args.permissions_boundary,
            tags=args.tags,
            opts=child,
        )
        allowed: list[aws.iam.RolePolicyAttachment] = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{who}-{policy}", role=role.name, policy_arn=aws_policy_arn(args.region, policy), opts=child
            )
            for policy in policies
        ]
        return role, allowed

    def _nodes_and_add_ons(
        self,
        name: str,
        args: ClusterArgs,
        cluster: aws.eks.Cluster,
        node_role: aws.iam.Role,
        node_allowed: Sequence[aws.iam.RolePolicyAttachment],
    ) -> None:
        # A node is ready only with its network; what else runs in the cluster needs a node to be ready itself.
        first = {add_on: version for add_on, version in args.add_ons.items() if add_on in BEFORE_NODES}
        network = [self._add_on(name, args, cluster.name, add_on, version) for add_on, version in first.items()]
        nodes = SystemNodes(
            f"{name}-system",
            SystemNodesArgs(
                cluster_name=cluster.name,
                group_name=f"{args.cluster_name}-system",
                subnet_ids=args.subnet_ids,
                role_arn=once(node_role.arn, *network, *[made.id for made in node_allowed]),
                instance_type=args.node_instance_type,
                count_min=args.node_count_min,
                count_max=args.node_count_max,
                disk_gib=args.node_disk_gib,
                kms_key_arn=args.kms_key_arn,
                tags=args.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        for add_on, version in args.add_ons.items():
            if add_on not in first:
                self._add_on(name, args, once(cluster.name, nodes.id), add_on, version)

    def _add_on(
        self, name: str, args: ClusterArgs, cluster: pulumi.Input[str], add_on: str, version: str
    ) -> pulumi.Output[str]:
        settings = ADD_ON_SETTINGS.get(add_on)
        made = aws.eks.Addon(
            f"{name}-{add_on}",
            cluster_name=cluster,
            addon_name=add_on,
            addon_version=version,
            configuration_values=json.dumps(settings) if settings else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.add_ons[add_on] = made
        return made.id


def auto_mode(node_role_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Arguments by which EKS runs nodes, disks and load balancers itself; it refuses one of the three alone."""
    return {
        "bootstrap_self_managed_addons": False,
        "compute_config": {
            "enabled": True,
            "node_pools": ["general-purpose", "system"],
            "node_role_arn": node_role_arn,
        },
        "kubernetes_network_config": {"elastic_load_balancing": {"enabled": True}},
        "storage_config": {"block_storage": {"enabled": True}},
    }
