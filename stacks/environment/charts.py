"""Which programs of others an environment has in its cluster, and what they are told."""

from collections.abc import Callable, Sequence
from typing import Any

import yaml

from components.chart import ChartArgs, Document, Documents
from components.closed_namespace import pod_security
from stacks.environment.narrowing import closed, narrowed
from stacks.helm import Release, rendered
from stacks.versions import catalogue

WEBHOOK_PORT = 9443
"""Where the API server asks both controllers (versions.yaml: values of their charts)."""

NOBODY = 65532
"""User of their images, which has no account on any node (distroless images, "nonroot")."""

POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": NOBODY,
    "runAsGroup": NOBODY,
    "seccompProfile": {"type": "RuntimeDefault"},
}

RUNTIMES = ("ClusterServingRuntime", "ClusterStorageContainer")
"""What KServe would load models with; endpoints here say themselves what runs (components/serving_pod.py)."""

STAYS = {"karpenter.sh/do-not-disrupt": "true"}
"""Annotation of a pod that is alone: Karpenter does not move it to save a node, which would leave its webhooks
without an answer meanwhile, and no job could be submitted (Karpenter, "Disruption", pod-level controls)."""


def kueue(kubernetes: str, teams: Sequence[str], replicas: int, cidr: str, image: str) -> ChartArgs:
    """Kueue for the namespaces of `teams`, from `image`; `kubernetes` is the cluster's minor version, `cidr` the block
    of its VPC.

    Raises ChartError where the chart cannot be rendered.
    """
    return _installed(
        [_release("kueue", kubernetes, kueue_values(teams, replicas, image))],
        cidr,
        lambda one: not _is_of_the_list(one),
    )


def kserve(kubernetes: str, cidr: str, image: str) -> ChartArgs:
    """KServe from `image` with its definitions; its webhooks' certificate is made by the add-on cert-manager.

    Raises ChartError where the chart cannot be rendered.
    """
    releases = [_release("kserve-crd", kubernetes, {}), _release("kserve-resources", kubernetes, kserve_values(image))]
    return _installed(releases, cidr, lambda one: one["kind"] not in RUNTIMES)


def kueue_values(teams: Sequence[str], replicas: int, image: str) -> dict[str, Any]:
    """Values of the chart: a pinned image, certificates of its own, nothing that it is not asked for."""
    repository, _, tag = image.partition(":")
    return {
        "enableCertManager": False,
        "controllerManager": {
            # Its list of waiting work would be an API of the cluster: with Kueue down no namespace could be deleted.
            "featureGates": [{"name": "VisibilityOnDemand", "enabled": False}],
            "replicas": replicas,
            "podDisruptionBudget": {"enabled": replicas > 1, "minAvailable": 1},
            "manager": {
                "podSecurityContext": POD_SECURITY,
                "image": {
                    "repository": repository,
                    "tag": tag,
                    "pullPolicy": "IfNotPresent",
                },
                "podAnnotations": STAYS if replicas == 1 else {},
            },
        },
        "managerConfig": {"controllerManagerConfigYaml": yaml.safe_dump(kueue_configuration(teams), sort_keys=True)},
    }


def kueue_configuration(teams: Sequence[str]) -> dict[str, Any]:
    """What Kueue watches and how it shares (Kueue, "Configuration API", v1beta2).

    It is asked about jobs and pods of the teams' namespaces alone: a namespace without a team does not depend on it.
    """
    return {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": ":8081"},
        "metrics": {"bindAddress": ":8443"},
        "webhook": {"port": 9443},
        "leaderElection": {"leaderElect": True, "resourceName": "c1f6bfd2.kueue.x-k8s.io"},
        "clientConnection": {"qps": 50, "burst": 100},
        "integrations": {"frameworks": ["batch/job", "pod"]},
        "managedJobsNamespaceSelector": {
            "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(teams)}]
        },
        "fairSharing": {"preemptionStrategies": ["LessThanOrEqualToFinalShare", "LessThanInitialShare"]},
        "objectRetentionPolicies": {"workloads": {"afterFinished": "168h0m0s"}},
    }


def kserve_values(image: str) -> dict[str, Any]:
    """Values of the chart: plain Deployments, Services and autoscalers, no Knative, no Istio, no way in from outside
    (KServe, "Raw Deployment installation")."""
    initializer = catalogue().images["kserve-storage-initializer"]
    repository, _, tag = image.partition(":")
    return {
        "kserve": {
            "controller": {
                "deploymentMode": "RawDeployment",
                "image": repository,
                "tag": tag,
                "securityContext": POD_SECURITY,
                "podAnnotations": STAYS,
                "gateway": {
                    "disableIstioVirtualHost": True,
                    "disableIngressCreation": True,
                    "domain": "cluster.local",
                },
            },
            "storage": {"image": initializer.repository, "tag": initializer.version.removeprefix(":")},
        }
    }


def _is_of_the_list(document: Document) -> bool:
    """Whether an object belongs to the list of waiting work, which the chart has even where the feature is off."""
    return document["kind"] == "APIService" or "visibility-server" in document["metadata"]["name"]


def _release(name: str, kubernetes: str, values: dict[str, Any]) -> Release:
    chart = catalogue().charts[name]
    return Release(
        chart=name,
        version=chart.version,
        repository=chart.repository,
        namespace=chart.namespace,
        kubernetes=kubernetes,
        values=values,
    )


def _installed(releases: Sequence[Release], cidr: str, wanted: Callable[[Document], bool]) -> ChartArgs:
    first = releases[0]
    objects = narrowed(document for release in releases for document in rendered(release) if wanted(document))
    return ChartArgs(
        documents=Documents(closed(objects, first.namespace, cidr, WEBHOOK_PORT)),
        namespace=first.namespace,
        namespace_labels=pod_security(first.kubernetes),
    )
