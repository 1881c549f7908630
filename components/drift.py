"""Watches for data that drifts."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components.drift_access import ALARM_NAMESPACE, METRIC, guard, watching_policy
from components.drift_pod import account_name, job, labels
from components.openings import api_server
from components.pod_identity import PodIdentity, PodIdentityArgs
from components.workspace_access import binding

RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, kw_only=True)
class DriftWatchArgs:
    endpoint: str
    """Endpoint whose requests are compared; at most 36 characters."""

    prefix: str
    """Start of the names of role and alarm."""

    team: str
    """Name of the team's namespace."""

    namespace: pulumi.Input[str]
    """The same, known once the workspace is there."""

    schedule: str
    """Cron expression in UTC."""

    threshold: float
    """Distance of the distributions from which it is an alarm: above 0, below 1."""

    image_repository: str
    """Repository of an image with Python 3.10 or newer in the account's registry."""

    image_digest: str
    """`sha256:` and 64 hexadecimal digits."""

    captured: str
    """Where the endpoint's requests are kept, bucket and prefix: `BUCKET/PREFIX`."""

    reference: str
    """Where what the model was trained on is, `BUCKET/PREFIX`."""

    kms_aliases: Sequence[str]
    """Aliases of the keys of both."""

    retrain: str | None
    """CronJob of the same team that is run when data drifts (TrainingPipeline.on_demand); None runs none."""

    retrain_pod: Mapping[str, Any]
    """Specification of its pods (TrainingPipeline.pod), for no other may be run; not looked at without `retrain`."""

    scripts: Mapping[str, str]
    """Texts of aws_requests.py and watch_drift.py of lifecycle/, by these names."""

    pool: str | None
    """Pool whose nodes run it; None leaves it to any node without GPUs."""

    cpus: float
    memory_gib: float

    cidr: str
    """IPv4 block of the VPC, in which the API server answers."""

    alarm_topic_arn: pulumi.Input[str]
    """Topic that is told of drift."""

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


class DriftWatch(pulumi.ComponentResource):
    """A job that compares what an endpoint is asked with what its model was trained on; drift is told, and retrains."""

    alarm_names: list[pulumi.Output[str]]
    """Each known once the alarm is there."""

    def __init__(self, name: str, args: DriftWatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:drift:DriftWatch", name, vars(args), opts)

        identity = PodIdentity(
            f"{name}-identity",
            PodIdentityArgs(
                role_name=f"{args.prefix}-drift-{args.endpoint}",
                namespace=args.team,
                service_account=account_name(args),
                policy=watching_policy(
                    account=args.account,
                    region=args.region,
                    places=(args.captured, args.reference),
                    kms_aliases=args.kms_aliases,
                ),
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
            metadata=_metadata(args, account_name(args)),
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[identity]),
        )
        scripts = kubernetes.core.v1.ConfigMap(
            f"{name}-scripts",
            metadata=_metadata(args, account_name(args)),
            data=args.scripts,
            opts=pulumi.ResourceOptions(parent=self),
        )
        first: list[pulumi.Resource] = [account, scripts]
        if args.retrain is not None:
            first += self._retraining(name, args, args.retrain)
        kubernetes.batch.v1.CronJob(
            f"{name}-job",
            metadata=_metadata(args, account_name(args)),
            spec=job(args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=first),
        )
        self.alarm_names = [self._alarm(name, args, role, **about).name for role, about in alarms(args).items()]

        self.register_outputs({"alarm_names": self.alarm_names})

    def _retraining(self, name: str, args: DriftWatchArgs, retrain: str) -> list[pulumi.Resource]:
        """Leave to make a Job of one CronJob. RBAC cannot say which Job is made, so an admission policy does."""
        child = pulumi.ResourceOptions(parent=self)
        rules = [
            {
                "api_groups": ["batch"],
                "resources": ["cronjobs"],
                "resource_names": [retrain],
                "verbs": ["get"],
            },
            {"api_groups": ["batch"], "resources": ["jobs"], "verbs": ["create"]},
        ]
        who = {"kind": "ServiceAccount", "name": account_name(args), "namespace": args.namespace}
        policy_name = f"drift-{args.team}-{args.endpoint}"
        policy = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
            f"{name}-guard",
            metadata={"name": policy_name},
            spec=guard(args.team, account_name(args), retrain, args.retrain_pod),
            opts=child,
        )
        bound = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            f"{name}-guard-binding",
            metadata={"name": policy_name},
            spec=binding(policy_name, args.team),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        # Nobody gets the leave before it is bounded.
        bounded = pulumi.ResourceOptions(parent=self, depends_on=[bound])
        role: Any = rules
        made = kubernetes.rbac.v1.Role(
            f"{name}-retrain", metadata=_metadata(args, account_name(args)), rules=role, opts=bounded
        )
        held = kubernetes.rbac.v1.RoleBinding(
            f"{name}-retrain-binding",
            metadata=_metadata(args, account_name(args)),
            role_ref={"api_group": RBAC, "kind": "Role", "name": account_name(args)},
            subjects=[who],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made]),
        )
        way = kubernetes.networking.v1.NetworkPolicy(
            f"{name}-api-server",
            metadata=_metadata(args, account_name(args)),
            spec={
                "pod_selector": {"match_labels": labels(args)},
                "policy_types": ["Egress"],
                "egress": [api_server(args.cidr)],
            },
            opts=child,
        )
        return [held, way]

    def _alarm(self, name: str, args: DriftWatchArgs, role: str, **about: Any) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            f"{name}-{role}-alarm",
            name=f"{args.prefix}-{args.endpoint}-{role}",
            namespace=ALARM_NAMESPACE,
            dimensions={"Endpoint": f"{args.prefix}/{args.endpoint}"},
            evaluation_periods=1,
            alarm_actions=[args.alarm_topic_arn],
            ok_actions=[args.alarm_topic_arn],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
            **about,
        )


def alarms(args: DriftWatchArgs) -> dict[str, dict[str, Any]]:
    """What is told, by role: the distance that the job measures, and that a run of it failed."""
    about = f"what the endpoint {args.endpoint} is asked"
    every = {"treat_missing_data": "notBreaching", "period": 3600, "comparison_operator": "GreaterThanThreshold"}
    return {
        "drift": {
            **every,
            "alarm_description": f"{about} is no longer what its model was trained on",
            "metric_name": METRIC,
            "statistic": "Maximum",
            "threshold": args.threshold,
        },
        "drift-failures": {
            **every,
            "alarm_description": f"The watch over {about} failed: whether it drifts is not known",
            "metric_name": "Failures",
            "statistic": "Sum",
            "threshold": 0,
        },
    }


def _metadata(args: DriftWatchArgs, name: str) -> Any:
    return {"name": name, "namespace": args.namespace, "labels": labels(args)}
