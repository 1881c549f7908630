"""Training pipelines."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.account import image
from components.restricted_pod import container_security, digest, folder, placement, pod_security, resources
from components.tracking_login import AUDIENCE
from components.workspace import SERVICE_ACCOUNT
from components.workspace_access import QUEUE, QUEUE_NAME

NEVER = "0 0 1 1 *"
"""A schedule, since Kubernetes wants one, of what is suspended."""

KEPT_SECONDS = 7 * 24 * 3600
"""How long a job that has ended can be looked at."""

WORK = "/work"
TOKEN = "/token"


@dataclass(frozen=True, kw_only=True)
class TrainingPipelineArgs:
    pipeline: str
    """Name of both CronJobs, the second with `-on-demand`; at most 42 characters, since Kubernetes adds to it."""

    team: str
    """Team whose queue, service account and data the pipeline uses."""

    namespace: pulumi.Input[str]
    """The team's workspace, known once it and the queue are there."""

    git_url: str
    """Repository with the DVC pipeline, https. A secret `git-credentials` in the workspace with a key `credentials`, in
    the form of git-credential-store, opens a private one."""

    revision: str
    """Commit of it, 40 hexadecimal digits: a run tomorrow is the run of today."""

    image_repository: str
    """Repository of the training image in the account's registry; git, dvc and python are inside."""

    image_digest: str
    """`sha256:` and 64 hexadecimal digits."""

    stages: Sequence[str]
    """DVC stages that are reproduced; none reproduces all."""

    schedule: str | None
    """Cron expression in UTC; None runs it on demand alone."""

    dvc_remote: str
    """The team's prefix in the bucket of its data, `s3://BUCKET/dvc/TEAM`."""

    tracking_url: str | None
    """Tracking server that runs are logged to; None without one."""

    script: str
    """Text of lifecycle/run_pipeline.py."""

    pool: str | None
    """Pool whose nodes run it; None leaves it to any node without GPUs."""

    gpus: int
    """GPUs, or parts of one where the pool is partitioned or shared."""

    gpu_resource: str = "nvidia.com/gpu"
    """What the pool's nodes call them."""

    cpus: float
    memory_gib: float

    work_gib: float
    """Disk for repository, data and results."""

    deadline_hours: float
    """Hours after its start at which a run is ended; waiting in the queue does not count."""

    retries: int
    """How often a run is tried again; a spot node that went away does not count."""

    account: str
    """Account of the image, 12 digits."""

    region: str


class TrainingPipeline(pulumi.ComponentResource):
    """A DVC pipeline at one commit in one image, on a schedule and on demand, admitted by the team's queue.

    `kubectl create job --from=cronjob/NAME-on-demand RUN` starts a run at once.
    """

    on_demand: str
    """Name of the CronJob that runs are made from."""

    pod: dict[str, Any]
    """Specification of the pods of a run; who may start it, may start this."""

    def __init__(self, name: str, args: TrainingPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:pipeline:TrainingPipeline", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        self.on_demand, self.pod = f"{args.pipeline}-on-demand", pod(args)
        texts = {"run_pipeline.py": args.script}
        scripts = kubernetes.core.v1.ConfigMap(
            f"{name}-scripts",
            metadata={"name": f"{args.pipeline}-pipeline", "namespace": args.namespace, "labels": labels(args)},
            data=texts,
            opts=child,
        )
        template: Any = job_template(args, digest(texts))
        for role, cron_job, schedule in (
            ("scheduled", args.pipeline, args.schedule),
            ("on-demand", self.on_demand, None),
        ):
            spec: Any = {
                "schedule": schedule or NEVER,
                "timeZone": "Etc/UTC",
                "suspend": schedule is None,
                # A run that still waits in the queue is one too: they do not pile up.
                "concurrencyPolicy": "Forbid",
                "startingDeadlineSeconds": 3600,
                "successfulJobsHistoryLimit": 3,
                "failedJobsHistoryLimit": 3,
                "jobTemplate": template,
            }
            kubernetes.batch.v1.CronJob(
                f"{name}-{role}",
                metadata={"name": cron_job, "namespace": args.namespace, "labels": labels(args)},
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[scripts]),
            )

        self.register_outputs({"on_demand": self.on_demand})


def labels(args: TrainingPipelineArgs) -> dict[str, str]:
    return {"app.kubernetes.io/name": "training", "seedbed.dev/pipeline": args.pipeline, "seedbed.dev/team": args.team}


def job_template(args: TrainingPipelineArgs, scripts: str) -> dict[str, Any]:
    """A Job that Kueue holds back until there is room (Kueue documentation, "Run a CronJob")."""
    queued = {QUEUE_NAME: QUEUE, "kueue.x-k8s.io/priority-class": "training"}
    return {
        "metadata": {"labels": {**labels(args), **queued}},
        "spec": {
            "backoffLimit": args.retries,
            "activeDeadlineSeconds": round(args.deadline_hours * 3600),
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            # Kubernetes documentation, "Pod failure policy": a lost node is nobody's mistake.
            "podFailurePolicy": {
                "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
            },
            "template": {
                "metadata": {
                    "labels": labels(args),
                    # Karpenter would move a run to a cheaper node, where it begins again.
                    "annotations": {"karpenter.sh/do-not-disrupt": "true", "seedbed.dev/scripts": scripts},
                },
                "spec": pod(args),
            },
        },
    }


def pod(args: TrainingPipelineArgs) -> dict[str, Any]:
    tracked = args.tracking_url is not None
    # A run reads its token once; EKS gives none for longer than a day.
    lasting = min(max(round(args.deadline_hours * 3600), 3600), 24 * 3600)
    token = {"audience": AUDIENCE, "path": "token", "expirationSeconds": lasting}
    mounts: list[Mapping[str, Any]] = [
        {"name": "work", "mountPath": WORK},
        {"name": "tmp", "mountPath": "/tmp"},
        {"name": "scripts", "mountPath": "/seedbed", "readOnly": True},
        {"name": "git", "mountPath": "/git", "readOnly": True},
        *([{"name": "token", "mountPath": TOKEN, "readOnly": True}] if tracked else []),
    ]
    environment = {
        "GIT_URL": args.git_url,
        "REVISION": args.revision,
        "DVC_REMOTE": args.dvc_remote,
        "FOLDER": f"{WORK}/repository",
        "GIT_CREDENTIALS": "/git/credentials",
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": WORK,
        "DVC_SITE_CACHE_DIR": f"{WORK}/.dvc-site",
        "DVC_NO_ANALYTICS": "true",
        "AWS_REGION": args.region,
        **({"MLFLOW_TRACKING_URI": args.tracking_url, "TRACKING_TOKEN_FILE": f"{TOKEN}/token"} if tracked else {}),
    }
    return {
        "serviceAccountName": SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "securityContext": pod_security(),
        **placement(args.pool, args.gpus),
        "containers": [
            {
                "name": "pipeline",
                "image": image(args.account, args.region, args.image_repository, args.image_digest),
                "command": ["python", "/seedbed/run_pipeline.py", *args.stages],
                "env": [{"name": key, "value": value} for key, value in environment.items()],
                "resources": resources(args.cpus, args.memory_gib, args.gpus, args.gpu_resource),
                "securityContext": container_security(),
                "volumeMounts": mounts,
            }
        ],
        "volumes": [
            folder("work", args.work_gib),
            folder("tmp", 1),
            {"name": "scripts", "configMap": {"name": f"{args.pipeline}-pipeline"}},
            {"name": "git", "secret": {"secretName": "git-credentials", "optional": True}},
            *([{"name": "token", "projected": {"sources": [{"serviceAccountToken": token}]}}] if tracked else []),
        ],
    }
