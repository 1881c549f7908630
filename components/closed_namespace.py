"""Namespaces."""

from __future__ import annotations  # a service in an annotation would be loaded at import

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from components.openings import dns

MODES = ("enforce", "audit", "warn")
"""What is done about a pod that breaks the standard (Kubernetes docs, "Pod Security Admission")."""


@dataclass(frozen=True, kw_only=True)
class ClosedNamespaceArgs:
    namespace: str
    """Unique in the cluster."""

    kubernetes_version: str
    """Minor version whose standard binds, for example 1.34: a new cluster version refuses no pod that ran before."""

    labels: Mapping[str, str]
    """By which network policies and webhooks know it."""

    annotations: Mapping[str, str]
    """What people should know of it, such as the owner."""


class ClosedNamespace(pulumi.ComponentResource):
    """A namespace whose pods are restricted, reach nobody but the cluster's names, and are reached by nobody."""

    def __init__(self, name: str, args: ClosedNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:closed_namespace:ClosedNamespace", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = kubernetes.core.v1.Namespace(
            f"{name}-namespace",
            metadata={
                "name": args.namespace,
                "labels": {**args.labels, **pod_security(args.kubernetes_version)},
                "annotations": args.annotations,
            },
            opts=child,
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        kubernetes.networking.v1.NetworkPolicy(
            f"{name}-default-deny",
            metadata={"name": "default-deny", "namespace": args.namespace},
            spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
            opts=inside,
        )
        kubernetes.networking.v1.NetworkPolicy(
            f"{name}-names",
            metadata={"name": "names", "namespace": args.namespace},
            spec={"pod_selector": {}, "policy_types": ["Egress"], "egress": [dns()]},
            opts=inside,
        )

        self.register_outputs({})


def pod_security(kubernetes_version: str) -> dict[str, str]:
    """Labels by which the API server holds a namespace's pods to the restricted standard of one version."""
    labels = {}
    for mode in MODES:
        labels[f"pod-security.kubernetes.io/{mode}"] = "restricted"
        labels[f"pod-security.kubernetes.io/{mode}-version"] = f"v{kubernetes_version}"
    return labels


def said(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as annotations: a label's value could not hold an address (Kubernetes docs, "labels and selectors")."""
    return {f"seedbed.dev/{key}": value for key, value in tags.items()}
