"""Models behind an address in the cluster."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_kubernetes as kubernetes

from components.openings import SERVED_MODEL
from components.pod_identity import PodIdentity, PodIdentityArgs
from components.restricted_pod import digest
from components.serving_access import keeping, openings, reading, serving_policy
from components.serving_pod import PORT, Served, canary_bounds, pod, purposes, service_account

PROGRAMS = ("aws_requests.py", "capture_requests.py", "kept_requests.py", "load_model.py", "split_traffic.py")
"""What `ModelEndpointArgs.scripts` has."""

CPU_PERCENT = 70
"""Of the CPU that was asked for; above it replicas are added, below it they go."""


@dataclass(frozen=True, kw_only=True)
class ModelEndpointArgs:
    endpoint: str
    """Unique among the team's endpoints, and in the account among the endpoints of `prefix`; at most 40 characters."""

    prefix: str
    """Start of the name of the endpoint's role."""

    team: str
    """Name of the team's namespace."""

    namespace: pulumi.Input[str]
    """The same, known once the workspace and KServe are there."""

    model: str
    """Name in the registry; it need not exist yet."""

    alias: str
    """The version that bears it is served, whenever that changes."""

    canary_alias: str
    """The version that bears it is the canary; while none does, the canary serves the one with `alias`."""

    canary_percent: int | None
    """Percent of the connections that the canary gets, 1 to 99; None makes none."""

    runtime: Literal["mlserver", "sklearn", "xgboost", "lightgbm"]
    """How MLServer loads it; `mlserver` takes every model that MLflow logged."""

    image_repository: str
    """Repository of the serving image, MLServer with Python, in the account's registry."""

    image_digest: str
    """`sha256:` and 64 hexadecimal digits."""

    replicas_min: int
    """Replicas at least, 1 or more."""

    replicas_max: int
    """Replicas at most; the canary's share of them comes on top."""

    pool: str | None
    """Pool whose nodes serve it; None leaves it to any node without GPUs."""

    gpus: int
    """Of a replica; parts of GPUs where the pool is partitioned or shared."""

    gpu_resource: str = "nvidia.com/gpu"
    """What the pool's nodes call them."""

    cpus: float
    memory_gib: float

    model_gib: float
    """Disk for one version of the model."""

    callers: Sequence[str]
    """Namespaces whose pods may call it; none is none."""

    tracking: str
    """Namespace of the tracking server."""

    tracking_url: str
    """Its address in the cluster."""

    artifact_bucket: str
    artifact_prefix: str
    """Keys below which models are that the server does not keep itself; nothing else of the bucket is read."""

    kms_aliases: Sequence[str]
    """Aliases of the keys of the artifacts."""

    captured: str | None
    """Where requests and answers are kept, `BUCKET/PREFIX`; None keeps nothing."""

    capture_percent: int | None
    """Percent of the requests that are kept, 1 to 100; needed with `captured`."""

    capture_kms_aliases: Sequence[str]
    """Aliases of the key of that bucket; not looked at without `captured`."""

    cidr: str
    """IPv4 block of the VPC, in which AWS answers at interface endpoints."""

    s3_cidrs: pulumi.Input[Sequence[str]]
    """Blocks of S3 behind a gateway endpoint."""

    scripts: Mapping[str, str]
    """Texts of the files of lifecycle/ that `PROGRAMS` names, by these names."""

    cluster_name: str
    """Known before the cluster is made."""

    cluster: pulumi.Input[str]
    """The same name, known once the cluster answers."""

    account: str
    """Account of the cluster, 12 digits."""

    region: str

    purpose: str | None
    """What it answers for (GDPR Art. 5(1)(b)); None says nothing of it."""

    training_purposes: Sequence[str]
    """What the data that its models are trained on may be used for; none says nothing of it."""

    decision: Mapping[str, str]
    """Annotations that say what its answers decide about people (GDPR Art. 22); empty where that is nothing."""

    permissions_boundary: pulumi.Input[str] | None
    """Policy that bounds the role, by ARN; None where nothing but IAM itself does."""

    tags: Mapping[str, str]


class ModelEndpoint(pulumi.ComponentResource):
    """A model of the registry that answers in the cluster: there before its first version, and current ever after.

    While no version bears the alias, its pods wait and are not ready; the environment comes up all the same.
    """

    url: str
    """Where callers find it; the Open Inference Protocol is spoken there, below /v2/models/MODEL."""

    role_name: str

    def __init__(self, name: str, args: ModelEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:serving:ModelEndpoint", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        self.url = f"http://{args.endpoint}.{args.team}.svc.cluster.local:{PORT}"
        self.role_name = f"{args.prefix}-serve-{args.endpoint}"
        first = self._access(name, args)
        self._network(name, args, first)
        first.append(
            kubernetes.core.v1.ConfigMap(
                f"{name}-scripts",
                metadata=_metadata(args, f"{args.endpoint}-serving"),
                data=args.scripts,
                opts=child,
            )
        )
        self._service(name, args, args.endpoint)
        split = None if args.canary_percent is None else (f"{args.endpoint}-canary", args.canary_percent)
        self._predictor(name, args, args.endpoint, (args.alias,), (args.replicas_min, args.replicas_max), split, first)
        if args.canary_percent is not None:
            canary = f"{args.endpoint}-canary"
            least, most = canary_bounds(args.replicas_min, args.replicas_max, args.canary_percent)
            self._service(f"{name}-canary", args, canary)
            self._predictor(f"{name}-canary", args, canary, (args.canary_alias, args.alias), (least, most), None, first)
        kubernetes.policy.v1.PodDisruptionBudget(
            f"{name}-budget",
            metadata=_metadata(args, args.endpoint),
            # At least one replica stays, and with one alone a node can still be drained.
            spec={"max_unavailable": 1, "selector": {"match_labels": {SERVED_MODEL: args.endpoint}}},
            opts=child,
        )

        self.register_outputs({"url": self.url, "role_name": self.role_name})

    def _access(self, name: str, args: ModelEndpointArgs) -> list[pulumi.Resource]:
        where = {"account": args.account, "region": args.region}
        policy = serving_policy(
            reading(**where, bucket=args.artifact_bucket, prefix=args.artifact_prefix, kms_aliases=args.kms_aliases),
            keeping(**where, place=args.captured, kms_aliases=args.capture_kms_aliases) if args.captured else [],
        )
        identity = PodIdentity(
            f"{name}-identity",
            PodIdentityArgs(
                role_name=self.role_name,
                namespace=args.team,
                service_account=service_account(args),
                policy=policy,
                policy_arns={},
                cluster_name=args.cluster_name,
                cluster=args.cluster,
                account=args.account,
                region=args.region,
                permissions_boundary=args.permissions_boundary,
                tags=args.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        account = kubernetes.core.v1.ServiceAccount(
            f"{name}-account",
            metadata=_metadata(args, service_account(args)),
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[identity]),
        )
        return [account]

    def _network(self, name: str, args: ModelEndpointArgs, first: list[pulumi.Resource]) -> None:
        specs = openings(
            endpoint=args.endpoint,
            canary=args.canary_percent is not None,
            callers=args.callers,
            tracking=args.tracking,
            cidr=args.cidr,
            s3_cidrs=args.s3_cidrs,
        )
        for which, spec in specs.items():
            of: Any = spec
            first.append(
                kubernetes.networking.v1.NetworkPolicy(
                    f"{name}-network-{which}",
                    metadata=_metadata(args, which),
                    spec=of,
                    opts=pulumi.ResourceOptions(parent=self),
                )
            )

    def _service(self, name: str, args: ModelEndpointArgs, predictor: str) -> None:
        """An address whose port is the pods' own: the VPC CNI judges packets by it (components/openings.py)."""
        kubernetes.core.v1.Service(
            f"{name}-service",
            # The engine would wait for a pod that is ready, and there may be no model for months.
            metadata={**_metadata(args, predictor), "annotations": {"pulumi.com/skipAwait": "true"}},
            spec={
                "selector": {SERVED_MODEL: predictor},
                "ports": [{"name": "http", "port": PORT, "target_port": PORT, "protocol": "TCP"}],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _predictor(
        self,
        name: str,
        args: ModelEndpointArgs,
        predictor: str,
        aliases: tuple[str, ...],
        replicas: tuple[int, int],
        split: tuple[str, int] | None,
        first: Sequence[pulumi.Resource],
    ) -> None:
        """KServe makes a Deployment, a Service and an autoscaler of it (KServe guide, "Raw Deployment")."""
        kubernetes.apiextensions.CustomResource(
            f"{name}-predictor",
            api_version="serving.kserve.io/v1beta1",
            kind="InferenceService",
            metadata={
                **_metadata(args, predictor),
                "labels": {
                    **_metadata(args, predictor)["labels"],
                    "seedbed.dev/waits-for-model": "true",
                    # No ingress, whatever KServe's own configuration says.
                    "networking.kserve.io/visibility": "cluster-local",
                },
                "annotations": {
                    "serving.kserve.io/deploymentMode": "RawDeployment",
                    "serving.kserve.io/autoscalerClass": "hpa",
                    "seedbed.dev/model": args.model,
                    "seedbed.dev/aliases": ",".join(aliases),
                    "seedbed.dev/tracking-url": args.tracking_url,
                    "seedbed.dev/scripts": digest(args.scripts),
                    **purposes(args),
                    **args.decision,
                },
            },
            spec={
                "predictor": {
                    "minReplicas": replicas[0],
                    "maxReplicas": replicas[1],
                    "scaleMetric": "cpu",
                    "scaleTarget": CPU_PERCENT,
                    **pod(args, Served(aliases, split)),
                }
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(first)),
        )


def _metadata(args: ModelEndpointArgs, name: str) -> Any:
    labels = {"app.kubernetes.io/name": "serving", "seedbed.dev/endpoint": args.endpoint, "seedbed.dev/team": args.team}
    return {"name": name, "namespace": args.namespace, "labels": labels}
