"""What every pod of ours has, so that a namespace under the restricted Pod Security Standard lets it in."""

import hashlib
from collections.abc import Mapping
from typing import Any

from components.accelerators import POOL, TOLERATION, pool_toleration
from components.quantity import cores, count, size

USER = 65532
"""Nobody in particular, and nobody on a node: everything a pod writes to is a volume of its own."""

USER_NAME = {"LOGNAME": "nobody"}
"""Environment of programs that ask for their user's name, of which an image knows none (Python docs, "getpass")."""


def pod_security() -> dict[str, Any]:
    """securityContext of a pod (Kubernetes documentation, "Pod Security Standards", Restricted)."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """securityContext of a container (as above)."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def resources(cpus: float, memory_gib: float, gpus: int = 0, gpu_resource: str = "") -> dict[str, Any]:
    """Requests, and the same as limits: GPUs cannot be overcommitted, and memory beyond may be gone at any time."""
    asked = {"cpu": cores(cpus), "memory": size(memory_gib)}
    if gpus:
        asked[gpu_resource] = count(gpus)
    return {"requests": asked, "limits": dict(asked)}


def placement(pool: str | None, gpus: int) -> dict[str, Any]:
    """Where a pod runs: on the nodes of `pool` alone, or, with None, wherever a node without GPUs has room."""
    place: dict[str, Any] = {}
    if pool is not None:
        place["nodeSelector"] = {POOL: pool}
    if gpus:
        place["tolerations"] = [dict(TOLERATION)]
    elif pool is not None:
        place["tolerations"] = [pool_toleration(pool)]
    return place


def folder(name: str, size_gib: float) -> dict[str, Any]:
    """A volume that is empty at first, goes with the pod, and may not fill the node."""
    return {"name": name, "emptyDir": {"sizeLimit": size(size_gib)}}


def digest(texts: Mapping[str, str]) -> str:
    """Changes with the texts: in a pod's annotations it brings new pods when a mounted text changes."""
    return hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:16]
