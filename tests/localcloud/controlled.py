"""A cluster of Auto Mode with its controllers, for tests that ask its API server."""

import json
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import engine
from components.chart import DEFINITION, WITHOUT_NAMESPACE, WORKLOADS, ordinary
from localcloud import Running, temporary
from localcloud.clusters.api import Api, ApiError
from stacks.environment.charts import ChartArgs
from tests.localcloud.clusters import make_ground, wish
from tests.localcloud.running_clusters import INSTANCES, active, until

NAME = "auto"
REGION = "eu-central-1"
Object = dict[str, Any]

OWN = {
    "ClusterQueue", "ResourceFlavor", "WorkloadPriorityClass", "NodePool", "NodeClass", "NodeClaim", "Node",
    "ClusterServingRuntime", "ClusterStorageContainer",
}  # fmt: skip
"""Kinds of charts and clusters that are the whole cluster's, beside Kubernetes' own."""


class Cluster:
    """A running cluster of Auto Mode, asked as its administrator."""

    def __init__(self, running: Running, said: Mapping[str, Any]) -> None:
        self.running = running
        folder = running.log.parent / "clusters" / REGION / NAME
        config = json.loads((folder / "admin.kubeconfig").read_text())
        user = config["users"][0]["user"]
        authority = Path(config["clusters"][0]["cluster"]["certificate-authority"])
        certificate, key = Path(user["client-certificate"]), Path(user["client-key"])
        self.api = Api(said["endpoint"], authority, certificate, key, seconds=60)

    def apply(self, document: Object) -> Object:
        """Makes or changes an object, with strict validation."""
        return self.api.apply(path(document), document)

    def get(self, kind: str, name: str, namespace: str = "default", version: str = "v1") -> Object:
        """One object."""
        meta = {"name": name, "namespace": namespace}
        return self.api.get(path({"apiVersion": version, "kind": kind, "metadata": meta}))

    def drop(self, *documents: Object) -> None:
        """Takes objects away, pods of a job with it, and waits until they are gone."""
        with_all = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        for one in documents:
            self.api.delete(path(one), with_all)
        for one in documents:
            until(lambda one=one: self._is_gone(one), 180)

    def _is_gone(self, one: Object) -> bool:
        try:
            self.api.get(path(one))
        except ApiError as error:
            return error.status == 404
        return False

    def nodes(self, pool: str) -> list[Object]:
        """The nodes of a pool."""
        return self.api.items("/api/v1/nodes", labelSelector=f"karpenter.sh/nodepool={pool}")

    def pods(self, app: str) -> list[Object]:
        """Pods with the label `app`."""
        return self.api.items("/api/v1/namespaces/default/pods", labelSelector=f"app={app}")

    def phases(self, app: str) -> list[str]:
        """Their phases, sorted."""
        return sorted(one["status"]["phase"] for one in self.pods(app))

    def order(self, method: str, what: str, body: Any = None) -> Any:
        """A request on the account's control paths."""
        content = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.running.endpoint}/_localcloud/{what}", content, method=method)
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def install(self, chart: ChartArgs, program: str) -> None:
        """What the component Chart does: definitions, what the program needs, the program, and its own kinds."""
        documents = ordinary(chart.documents.objects, chart.namespace)
        meta = {"name": chart.namespace, "labels": dict(chart.namespace_labels)}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
        first = [one for one in documents if one["kind"] == DEFINITION]
        own = {one["spec"]["names"]["kind"] for one in first}
        programs = [one for one in documents if one["kind"] in WORKLOADS]
        last = [one for one in documents if one["kind"] in own]
        rest = [one for one in documents if one not in (*first, *programs, *last)]
        for one in (*first, namespace):
            self.apply(one)
        until(lambda: all(self._is_served(one) for one in first), 120)
        for one in (*rest, *programs):
            self.apply(one)
        until(lambda: self.get("Deployment", program, chart.namespace, "apps/v1")["status"].get("readyReplicas"), 300)
        asked = [one for one in rest if one["kind"].endswith("WebhookConfiguration")]
        until(lambda: all(self._is_trusted(one) for one in asked), 60)
        for one in last:
            self.apply(one)

    def _is_trusted(self, webhooks: Object) -> bool:
        """Whether the API server knows the program's authority, which is put in after webhooks are made."""
        return all(one["clientConfig"].get("caBundle") for one in self.api.get(path(webhooks))["webhooks"])

    def _is_served(self, definition: Object) -> bool:
        found = self.get(DEFINITION, definition["metadata"]["name"], version="apiextensions.k8s.io/v1")
        conditions = found.get("status", {}).get("conditions") or []
        return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def path(document: Object) -> str:
    """Where an object lies."""
    version, kind, meta = document["apiVersion"], document["kind"], document["metadata"]
    plural = kind.lower() + ("es" if kind.endswith("s") else "s")
    if kind.endswith("Policy"):
        plural = f"{kind.lower()[:-1]}ies"
    base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    if kind not in WITHOUT_NAMESPACE | OWN:
        base += f"/namespaces/{meta.get('namespace', 'default')}"
    return f"{base}/{plural}/{meta['name']}"


@contextmanager
def auto_mode(aws: Any, running: Running) -> Iterator[Cluster]:
    """A cluster of Auto Mode with the add-on cert-manager."""
    ground, eks = make_ground(aws, NAME), aws("eks")
    eks.create_cluster(
        **wish(ground, NAME)
        | {
            "version": "1.34",
            "bootstrapSelfManagedAddons": False,
            "computeConfig": {"enabled": True, "nodePools": ["general-purpose"], "nodeRoleArn": ground.node_role},
            "storageConfig": {"blockStorage": {"enabled": True}},
            "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
        }
    )
    said = active(eks, NAME)
    eks.create_addon(clusterName=NAME, addonName="cert-manager")
    yield Cluster(running, said)
    eks.delete_addon(clusterName=NAME, addonName="cert-manager")
    eks.delete_cluster(name=NAME)


@contextmanager
def account_with_controllers() -> Iterator[Running]:
    """An account whose clusters run with their controllers; charts are rendered from the built ones."""
    built = engine.ensure()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEEDBED_HELM", str(built.helm))
        patch.setenv("SEEDBED_CHARTS", str(built.charts))
        with temporary(programs=built.cluster, charts=built.charts, instances=INSTANCES) as running:
            yield running


def pool(name: str, types: Sequence[str], capacity: Sequence[str], gpus: int) -> Object:
    """A node pool with a cap in GPUs that is empty again after seconds."""
    requirements = {
        "karpenter.sh/capacity-type": list(capacity),
        "node.kubernetes.io/instance-type": list(types),
        "eks.amazonaws.com/instance-gpu-manufacturer": ["nvidia"],
    }
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": name},
        "spec": {
            "limits": {"nvidia.com/gpu": str(gpus)},
            "disruption": {"consolidationPolicy": "WhenEmptyOrUnderutilized", "consolidateAfter": "2s"},
            "template": {
                "metadata": {"labels": {"seedbed.dev/pool": name}},
                "spec": {
                    "nodeClassRef": {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": "default"},
                    "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}],
                    "requirements": [
                        {"key": key, "operator": "In", "values": values} for key, values in requirements.items()
                    ],
                },
            },
        },
    }


def pod_spec(pool: str, gpus: int = 1) -> Object:
    """What a pod says that wants GPUs of a pool."""
    return {
        "terminationGracePeriodSeconds": 0,
        "nodeSelector": {"seedbed.dev/pool": pool},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "containers": [
            {
                "name": "main",
                "image": "training",
                "resources": {"requests": {"cpu": "1"}, "limits": {"nvidia.com/gpu": str(gpus)}},
            }
        ],
    }


def deployment(name: str, pool: str, replicas: int) -> Object:
    """Pods of one GPU each in a pool."""
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec(pool)},
        },
    }
