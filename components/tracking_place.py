"""Where a tracking server stands, whichever it is."""

from __future__ import annotations  # a service in an annotation would be loaded at import

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.account import arn, bucket_arn, policy_document
from components.closed_namespace import ClosedNamespace, ClosedNamespaceArgs, said
from components.openings import api_server, https, pod_identity, to_block
from components.pod_identity import PodIdentity, PodIdentityArgs
from components.tracking_login import ADMINISTRATOR

NAMESPACE = "tracking"
NAME = "tracking"
"""Of service, service account, and everything else there is one of."""

LABELS = {"app.kubernetes.io/name": NAME}
PORT = 5000
WORKSPACE = "seedbed.dev/workspace"
"""Label of every workspace's namespace."""
FOLDER = "tracking"
"""Folder of the artifact bucket in which the server keeps what is logged."""

DATABASE_PORT = 5432
URI = f"http://{NAME}.{NAMESPACE}.svc:{PORT}"
HOSTS = [
    f"{host}:{PORT}"
    for host in (
        f"{NAME}.{NAMESPACE}.svc",
        f"{NAME}.{NAMESPACE}.svc.cluster.local",
        f"{NAME}.{NAMESPACE}",
        "localhost",  # `kubectl port-forward`
    )
]
"""What a client may call the server; another name is an attempt to reach it through somebody's browser."""


@dataclass(frozen=True, kw_only=True)
class TrackingPlaceArgs:
    prefix: str
    """Start of the name of the server's role."""

    teams: Sequence[str]
    """Teams whose service accounts are let in; each is a user of that name."""

    bucket_name: str
    """Bucket of the artifacts; the server has its folder `tracking`."""

    kms_aliases: Sequence[str]
    """Aliases of the keys that encrypt the bucket and the database's secret."""

    database_identifier: str
    """RDS instance whose secret the server may read."""

    cidr: str
    """IPv4 block of the VPC, in which the database and AWS's interface endpoints are."""

    s3_cidrs: pulumi.Input[Sequence[str]]
    """Blocks of S3 behind a gateway endpoint (`cidr_blocks` of that endpoint)."""

    kubernetes_version: str
    """Minor version whose pod security standard binds, for example 1.34."""

    cluster_name: str
    """Known before the cluster is made."""

    cluster: pulumi.Input[str]
    """The same name, known once the cluster answers."""

    account: str
    """Account of the cluster, 12 digits."""

    region: str

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the server's role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class TrackingPlace(pulumi.ComponentResource):
    """Namespace, identity, openings and address of a tracking server: the same for every back end, and never public."""

    tracking_uri: str
    """For clients in a workspace."""

    namespace: str
    service_account: str

    def __init__(self, name: str, args: TrackingPlaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:tracking_place:TrackingPlace", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        self.tracking_uri, self.namespace, self.service_account = URI, NAMESPACE, NAME
        closed = ClosedNamespace(
            name,
            ClosedNamespaceArgs(
                namespace=NAMESPACE,
                kubernetes_version=args.kubernetes_version,
                labels=LABELS,
                annotations=said(args.tags),
            ),
            child,
        )
        identity = PodIdentity(
            name,
            PodIdentityArgs(
                role_name=f"{args.prefix}-tracking",
                namespace=NAMESPACE,
                service_account=NAME,
                policy=tracking_policy(args),
                policy_arns={},
                cluster_name=args.cluster_name,
                cluster=args.cluster,
                account=args.account,
                region=args.region,
                permissions_boundary=args.permissions_boundary,
                tags=args.tags,
            ),
            child,
        )
        for account, waits in ((NAME, [closed, identity]), (ADMINISTRATOR, [closed])):
            kubernetes.core.v1.ServiceAccount(
                f"{name}-{account}-account",
                metadata={"name": account, "namespace": NAMESPACE},
                automount_service_account_token=False,
                opts=pulumi.ResourceOptions(parent=self, depends_on=waits),
            )
        kubernetes.rbac.v1.ClusterRoleBinding(
            f"{name}-login",
            metadata={"name": f"{NAMESPACE}-login"},
            # To ask the cluster whose a token is, and nothing else.
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
            subjects=[{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
            opts=child,
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[closed])
        for what, spec in openings(args).items():
            kubernetes.networking.v1.NetworkPolicy(
                f"{name}-{what}",
                metadata={"name": what, "namespace": NAMESPACE},
                spec={"pod_selector": {"match_labels": LABELS}, **spec},
                opts=inside,
            )
        kubernetes.core.v1.ConfigMap(
            f"{name}-teams",
            metadata={"name": "login", "namespace": NAMESPACE},
            data={"login.json": json.dumps({"namespace": NAMESPACE, "teams": list(args.teams)})},
            opts=inside,
        )
        kubernetes.core.v1.Service(
            f"{name}-service",
            metadata={"name": NAME, "namespace": NAMESPACE, "labels": LABELS},
            spec={
                "type": "ClusterIP",
                "selector": LABELS,
                "ports": [{"name": "http", "port": PORT, "target_port": PORT, "protocol": "TCP"}],
            },
            opts=inside,
        )
        kubernetes.policy.v1.PodDisruptionBudget(
            f"{name}-budget",
            metadata={"name": NAME, "namespace": NAMESPACE},
            # Of two, one stays; a single one may go, or no node could ever be renewed.
            spec={"max_unavailable": 1, "selector": {"match_labels": LABELS}},
            opts=inside,
        )

        self.register_outputs(
            {
                "tracking_uri": self.tracking_uri,
                "namespace": self.namespace,
                "service_account": self.service_account,
            }
        )


def place_of(args: TrackingPlaceArgs) -> TrackingPlaceArgs:
    """Of a server's arguments those that say where it stands."""
    return TrackingPlaceArgs(**{field.name: getattr(args, field.name) for field in fields(TrackingPlaceArgs)})


def openings(args: TrackingPlaceArgs) -> dict[str, Any]:
    """Network policies of the server, by name: in from workspaces, out to its database, AWS and the API server."""
    callers = {"namespace_selector": {"match_expressions": [{"key": WORKSPACE, "operator": "Exists"}]}}
    return {
        "from-workspaces": {
            "policy_types": ["Ingress"],
            "ingress": [{"from_": [callers], "ports": [{"port": PORT, "protocol": "TCP"}]}],
        },
        "to-database": {"policy_types": ["Egress"], "egress": [to_block(args.cidr, DATABASE_PORT)]},
        "aws": {"policy_types": ["Egress"], "egress": [pod_identity(), https(args.cidr, args.s3_cidrs)]},
        "api-server": {"policy_types": ["Egress"], "egress": [api_server(args.cidr)]},
    }


def tracking_policy(args: TrackingPlaceArgs) -> dict[str, Any]:
    """What the server may do: its folder of the bucket, and the one secret that RDS keeps for its database."""
    here = (args.region, args.account)
    bucket = bucket_arn(args.region, args.bucket_name)
    return policy_document(
        {
            "Sid": "ListItsFolder",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": bucket,
            # S3 asks without a prefix for an object that is not there yet (S3 API reference, HeadObject).
            "Condition": {"StringLikeIfExists": {"s3:prefix": [FOLDER, f"{FOLDER}/*"]}},
        },
        {
            "Sid": "UseItsFolder",
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            "Resource": f"{bucket}/{FOLDER}/*",
        },
        {
            "Sid": "ReadThePassword",
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": arn("secretsmanager", *here, "secret:rds!db-*"),
            # RDS writes this tag on the secrets that it manages (RDS user guide, "password management").
            "Condition": {
                "StringEquals": {
                    "secretsmanager:ResourceTag/aws:rds:primaryDBInstanceArn": arn(
                        "rds", *here, f"db:{args.database_identifier}"
                    )
                }
            },
        },
        {
            "Sid": "UseTheKeys",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": arn("kms", *here, "key/*"),
            "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": sorted(set(args.kms_aliases))}},
        },
    )
