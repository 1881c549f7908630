"""Kinds of Kubernetes objects, and where the API server keeps them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Object = dict[str, Any]
"""A Kubernetes object as the API gives it."""


@dataclass(frozen=True)
class Kind:
    """A kind of object by what its address says of it."""

    api_version: str
    """Group and version, as `karpenter.sh/v1`; `v1` for the core group."""

    plural: str
    """As in addresses: `nodepools`."""

    def path(self, namespace: str = "", name: str = "") -> str:
        """Path at the API server; without a namespace all of them, without a name all objects."""
        parts = ["apis" if "/" in self.api_version else "api", *self.api_version.split("/")]
        parts += ["namespaces", namespace] if namespace else []
        parts += [self.plural, *([name] if name else [])]
        return "/" + "/".join(quote(part, safe="") for part in parts)


NODES = Kind("v1", "nodes")
PODS = Kind("v1", "pods")
NAMESPACES = Kind("v1", "namespaces")
QUOTAS = Kind("v1", "resourcequotas")
CLAIMS = Kind("v1", "persistentvolumeclaims")
SERVICES = Kind("v1", "services")
ENDPOINT_SLICES = Kind("discovery.k8s.io/v1", "endpointslices")
MUTATING_WEBHOOKS = Kind("admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations")
VALIDATING_WEBHOOKS = Kind("admissionregistration.k8s.io/v1", "validatingwebhookconfigurations")
DEPLOYMENTS = Kind("apps/v1", "deployments")
STATEFUL_SETS = Kind("apps/v1", "statefulsets")
DAEMON_SETS = Kind("apps/v1", "daemonsets")
REPLICA_SETS = Kind("apps/v1", "replicasets")
JOBS = Kind("batch/v1", "jobs")
CRON_JOBS = Kind("batch/v1", "cronjobs")
DEFINITIONS = Kind("apiextensions.k8s.io/v1", "customresourcedefinitions")
NODE_POOLS = Kind("karpenter.sh/v1", "nodepools")
NODE_CLAIMS = Kind("karpenter.sh/v1", "nodeclaims")
CLUSTER_QUEUES = Kind("kueue.x-k8s.io/v1beta1", "clusterqueues")
LOCAL_QUEUES = Kind("kueue.x-k8s.io/v1beta1", "localqueues")
INFERENCE_SERVICES = Kind("serving.kserve.io/v1beta1", "inferenceservices")


def name_of(thing: Object) -> str:
    return str(thing["metadata"]["name"])


def namespace_of(thing: Object) -> str:
    """Empty for an object of the whole cluster."""
    return str(thing["metadata"].get("namespace", ""))


def labels_of(thing: Object) -> dict[str, str]:
    return thing["metadata"].get("labels") or {}


def condition(thing: Object, type_: str) -> Object:
    """A condition of an object's status; empty where nobody has said it yet."""
    conditions = (thing.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one.get("type") == type_), {})
