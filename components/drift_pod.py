"""Pods that watch for drift."""

from __future__ import annotations  # the arguments come from the module that uses this one

from typing import TYPE_CHECKING, Any

from components.account import dns_suffix, image
from components.drift_access import ALARM_NAMESPACE, METRIC
from components.restricted_pod import container_security, folder, placement, pod_security, resources
from components.workspace_access import QUEUE, QUEUE_NAME

if TYPE_CHECKING:
    from components.drift import DriftWatchArgs

DEADLINE_SECONDS = 3600
SCRIPTS = "/seedbed"


def account_name(args: DriftWatchArgs) -> str:
    """Of service account, job, and everything else there is one of."""
    return f"drift-{args.endpoint}"


def labels(args: DriftWatchArgs) -> dict[str, str]:
    return {"app.kubernetes.io/name": "drift", "seedbed.dev/drift": args.endpoint, "seedbed.dev/team": args.team}


def job(args: DriftWatchArgs) -> Any:
    """Specification of the CronJob."""
    return {
        "schedule": args.schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 600,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "metadata": {"labels": {**labels(args), QUEUE_NAME: QUEUE}},
            "spec": {
                "backoffLimit": 2,
                "activeDeadlineSeconds": DEADLINE_SECONDS,
                "ttlSecondsAfterFinished": 24 * 3600,
                "template": {"metadata": {"labels": labels(args)}, "spec": pod(args)},
            },
        },
    }


def pod(args: DriftWatchArgs) -> dict[str, Any]:
    environment = {
        "CAPTURED": f"s3://{args.captured}",
        "REFERENCE": f"s3://{args.reference}",
        "THRESHOLD": str(args.threshold),
        "METRIC_NAMESPACE": ALARM_NAMESPACE,
        "METRIC": METRIC,
        "ENDPOINT": f"{args.prefix}/{args.endpoint}",
        "NAMESPACE": args.team,
        **({"RETRAIN": args.retrain} if args.retrain else {}),
        "AWS_REGION": args.region,
        "AWS_DNS_SUFFIX": dns_suffix(args.region),
        "PYTHONPATH": SCRIPTS,
        "HOME": "/tmp",
    }
    return {
        "serviceAccountName": account_name(args),
        # Only who may make a Job has business with the API server.
        "automountServiceAccountToken": args.retrain is not None,
        "restartPolicy": "Never",
        "securityContext": pod_security(),
        **placement(args.pool, 0),
        "containers": [
            {
                "name": "watch",
                "image": image(args.account, args.region, args.image_repository, args.image_digest),
                "command": ["python", "-m", "lifecycle.watch_drift"],
                "env": [{"name": key, "value": value} for key, value in environment.items()],
                "resources": resources(args.cpus, args.memory_gib),
                "securityContext": container_security(),
                "volumeMounts": [
                    {"name": "tmp", "mountPath": "/tmp"},
                    {"name": "scripts", "mountPath": f"{SCRIPTS}/lifecycle", "readOnly": True},
                ],
            }
        ],
        "volumes": [folder("tmp", 1), {"name": "scripts", "configMap": {"name": account_name(args)}}],
    }
