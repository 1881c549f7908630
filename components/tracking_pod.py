"""What the pods of every tracking server have."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.restricted_pod import container_security, digest, folder, pod_security, resources
from components.tracking_place import LABELS, NAME

CREDENTIALS = "/credentials"
"""Folder in memory with the database's password, which no manifest, state or environment has."""

PROGRAMS = "/programs"
LOGIN = "/login"
EVERY_SECONDS = 30
"""How often the password is read; RDS changes it every seven days (RDS user guide, "rotation")."""

Container = dict[str, Any]


def credentials(image: str, about: Mapping[str, Any]) -> Container:
    """The container that fetches the password: it starts before all others, and goes on beside them.

    (Kubernetes docs, "Sidecar containers": an init container that is restarted always.) `about` is what its program is
    told (components/tracking_credentials.py): where database and secret are, and nothing secret.
    """
    told = pulumi.Output.json_dumps({**about, "folder": CREDENTIALS, "every_seconds": EVERY_SECONDS}, sort_keys=True)
    return {
        "name": "credentials",
        "image": image,
        "command": ["python", f"{PROGRAMS}/tracking_credentials.py", told],
        "restartPolicy": "Always",
        # The others start when the password is there.
        "startupProbe": {
            "exec": {"command": ["test", "-e", f"{CREDENTIALS}/ready"]},
            "periodSeconds": 1,
            "failureThreshold": 120,
        },
        "resources": resources(0.1, 0.25),
        "securityContext": container_security(),
        "volumeMounts": [mount("credentials", CREDENTIALS, writable=True), mount("programs", PROGRAMS)],
    }


def mount(volume: str, path: str, *, writable: bool = False) -> dict[str, Any]:
    """Of a volume into a container."""
    return {"name": volume, "mountPath": path, "readOnly": not writable}


def volumes(programs: str) -> list[dict[str, Any]]:
    """Those of every tracking server; `programs` is the ConfigMap with what runs in it."""
    own = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"configMap": {"name": "login", "items": [{"key": "login.json", "path": "login.json"}]}},
    ]
    return [
        {"name": "credentials", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
        {"name": "programs", "configMap": {"name": programs}},
        {"name": "login", "projected": {"sources": own}},
        folder("scratch", 1),
    ]


def deployment(replicas: int, programs: Mapping[str, str], pod: dict[str, Any]) -> Any:
    """Specification of a Deployment that is never smaller than it should be; changed programs bring new pods."""
    return {
        "replicas": replicas,
        "selector": {"matchLabels": LABELS},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {
            "metadata": {"labels": LABELS, "annotations": {"seedbed.dev/programs": digest(programs)}},
            "spec": {
                "serviceAccountName": NAME,
                "automountServiceAccountToken": False,
                "securityContext": pod_security(),
                "terminationGracePeriodSeconds": 60,
                "topologySpreadConstraints": spread(),
                **pod,
            },
        },
    }


def spread() -> list[dict[str, Any]]:
    """Over zones, strictly, and over nodes where there are several."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": unsatisfiable,
            "labelSelector": {"matchLabels": LABELS},
            # A new version is spread for itself, beside the old one.
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key, unsatisfiable in (
            ("topology.kubernetes.io/zone", "DoNotSchedule"),
            ("kubernetes.io/hostname", "ScheduleAnyway"),
        )
    ]


def probe(port: int | str, path: str, *, seconds: int, failures: int) -> dict[str, Any]:
    """By HTTP."""
    return {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": seconds,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def host_of(endpoint: pulumi.Input[str]) -> pulumi.Output[str]:
    """Of a database's `host:port`."""
    return pulumi.Output.from_input(endpoint).apply(lambda text: text.rpartition(":")[0])
