"""Where a team works in a cluster."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from components.closed_namespace import ClosedNamespace, ClosedNamespaceArgs, said
from components.pod_identity import PodIdentity, PodIdentityArgs
from components.quantity import count, size
from components.tracking_place import WORKSPACE
from components.workspace_access import QUEUE, binding, guards, subjects
from components.workspace_network import openings

SERVICE_ACCOUNT = "team"

RBAC = "rbac.authorization.k8s.io"

LIMITS = {"default": {"cpu": "1", "memory": "2Gi"}, "default_request": {"cpu": "250m", "memory": "512Mi"}}
"""What a container gets that asks for nothing; a quota refuses one without requests (Kubernetes docs, "quotas")."""


@dataclass(frozen=True, kw_only=True)
class WorkspaceArgs:
    team: str
    """Name of the namespace, and of the Kubernetes group whose members work in it."""

    prefix: str
    """Start of the name of the team's role."""

    members: Sequence[str]
    """Kubernetes groups that work in it beside the team's own."""

    policy_arns: Mapping[str, pulumi.Input[str]]
    """IAM policies of the team's pods, by data set: its own prefixes, nothing beside them."""

    gpus: Mapping[str, int]
    """Most that run at once, borrowed ones included, by resource, for example nvidia.com/gpu or nvidia.com/mig-3g.20gb.

    A resource that is missing here has no bound: name each that a pool offers, and 0 where the team gets none.
    """

    cpus: int
    """Most vCPUs that run at once."""

    memory_gib: int
    """Most memory of all that runs at once, in GiB."""

    pods: int
    """Most pods at once that have not ended."""

    cluster_queue: pulumi.Input[str]
    """Kueue's cluster queue from which the team's jobs are admitted; known once it is there."""

    tracking: str | None
    """Namespace of the tracking server, None where there is none."""

    calls: Mapping[str, str]
    """Endpoints of other teams that this one calls, to the namespace of each."""

    cidr: str
    """IPv4 block of the VPC, in which AWS answers at interface endpoints."""

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
    """Policy that bounds the team's role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class Workspace(pulumi.ComponentResource):
    """A team's namespace: its people and pods do their work in it, and reach no other team's pods, data or share."""

    namespace: str
    service_account: str
    """Pods under it may use the team's data."""

    role_name: str
    queue: str
    """Local queue in which the team's jobs wait."""

    def __init__(self, name: str, args: WorkspaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:workspace:Workspace", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        self.namespace, self.service_account, self.queue = args.team, SERVICE_ACCOUNT, QUEUE
        self.role_name = f"{args.prefix}-team-{args.team}"
        self._closed = ClosedNamespace(
            name,
            ClosedNamespaceArgs(
                namespace=args.team,
                kubernetes_version=args.kubernetes_version,
                labels={WORKSPACE: args.team},
                annotations=said(args.tags),
            ),
            child,
        )
        identity = PodIdentity(
            name,
            PodIdentityArgs(
                role_name=self.role_name,
                namespace=args.team,
                service_account=SERVICE_ACCOUNT,
                policy=None,
                policy_arns=args.policy_arns,
                cluster_name=args.cluster_name,
                cluster=args.cluster,
                account=args.account,
                region=args.region,
                permissions_boundary=args.permissions_boundary,
                tags=args.tags,
            ),
            child,
        )
        kubernetes.core.v1.ServiceAccount(
            f"{name}-account",
            metadata={"name": SERVICE_ACCOUNT, "namespace": args.team},
            # The team's pods have no business with the API server; AWS's token comes in a volume of its own.
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._closed, identity]),
        )
        self._bounds(name, args)
        self._people(name, args)
        self._network(name, args)
        kubernetes.apiextensions.CustomResource(
            f"{name}-queue",
            api_version="kueue.x-k8s.io/v1beta1",
            kind="LocalQueue",
            metadata={"name": QUEUE, "namespace": args.team},
            spec={"clusterQueue": args.cluster_queue},
            opts=self._inside,
        )

        self.register_outputs(
            {
                "namespace": self.namespace,
                "service_account": self.service_account,
                "role_name": self.role_name,
                "queue": self.queue,
            }
        )

    @property
    def _inside(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=[self._closed])

    def _bounds(self, name: str, args: WorkspaceArgs) -> None:
        hard = {
            "requests.cpu": count(args.cpus),
            "requests.memory": size(args.memory_gib),
            "pods": count(args.pods),
            # What would be reached from outside the cluster is the environment's to make.
            "services.loadbalancers": "0",
            "services.nodeports": "0",
            **{f"requests.{resource}": count(units) for resource, units in args.gpus.items()},
        }
        kubernetes.core.v1.ResourceQuota(
            f"{name}-quota",
            metadata={"name": "workspace", "namespace": args.team},
            spec={"hard": hard},
            opts=self._inside,
        )
        kubernetes.core.v1.LimitRange(
            f"{name}-limits",
            metadata={"name": "workspace", "namespace": args.team},
            spec={"limits": [{"type": "Container", **LIMITS}]},
            opts=self._inside,
        )

    def _people(self, name: str, args: WorkspaceArgs) -> None:
        groups = list(dict.fromkeys([args.team, *args.members]))
        # The second shows them their queue and what waits in it; Kueue's chart brings the role.
        for role in ("edit", "kueue-batch-user-role"):
            kubernetes.rbac.v1.RoleBinding(
                f"{name}-{role}",
                metadata={"name": f"team-{role}", "namespace": args.team},
                role_ref={"api_group": RBAC, "kind": "ClusterRole", "name": role},
                subjects=subjects(groups),
                opts=self._inside,
            )
        for what, spec in guards(args.team, groups).items():
            policy = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
                f"{name}-guard-{what}",
                metadata={"name": f"workspace-{args.team}-{what}"},
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self),
            )
            kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
                f"{name}-guard-{what}-binding",
                metadata={"name": f"workspace-{args.team}-{what}"},
                spec=binding(f"workspace-{args.team}-{what}", args.team),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
            )

    def _network(self, name: str, args: WorkspaceArgs) -> None:
        opened = openings(cidr=args.cidr, s3_cidrs=args.s3_cidrs, tracking=args.tracking, calls=args.calls)
        for what, spec in opened.items():
            kubernetes.networking.v1.NetworkPolicy(
                f"{name}-{what}",
                metadata={"name": what, "namespace": args.team},
                spec=spec,
                opts=self._inside,
            )
