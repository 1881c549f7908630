"""Programs of others in the cluster, document by document."""

from __future__ import annotations  # a service in an annotation would be loaded at import

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.kubernetes_object import KubernetesObject, asked_later

Document = Mapping[str, Any]
"""One Kubernetes object as its chart gives it."""

DEFINITION = "CustomResourceDefinition"
WORKLOADS = frozenset({"DaemonSet", "Deployment", "StatefulSet"})
"""Programs: each finds its configuration there, its webhooks too, into which it writes its own certificate."""

AGGREGATED = "APIService"
"""A part of the API that a program answers: made when it runs, gone before it goes."""

WITHOUT_NAMESPACE = frozenset(
    {
        AGGREGATED,
        DEFINITION,
        "ClusterIssuer",
        "ClusterRole",
        "ClusterRoleBinding",
        "FlowSchema",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
)
"""Kinds of Kubernetes' own that are the whole cluster's; other kinds say so in their definition."""


@pulumi.input_type
class Documents:
    """Objects of a chart. The component is registered with their hash, since each is a resource of its own: a state
    that had all of them twice would be a megabyte longer, and is written at every step."""

    def __init__(self, objects: Iterable[Document]) -> None:
        """`objects` is what `helm template` prints, read."""
        self.objects = tuple(objects)
        pulumi.set(self, "digest", hashlib.sha256(json.dumps(self.objects, sort_keys=True).encode()).hexdigest())

    @property
    @pulumi.getter
    def digest(self) -> str:
        return pulumi.get(self, "digest")


@dataclass(frozen=True, kw_only=True)
class ChartArgs:
    documents: Documents
    """What the chart renders to; its hooks and tests are left out."""

    namespace: str
    """Namespace that is made for it."""

    namespace_labels: Mapping[str, str]
    """Labels of the namespace, for example its pod security."""


class Chart(pulumi.ComponentResource):
    """Every object of a chart as a resource with its ordinary type, so that previews and policies see inside.

    Definitions come first, then what the programs need, the programs, and last what they are asked about: objects of
    the chart's own kinds. Everything goes again in the opposite order: nobody asks a program that is gone, and what a
    definition defines is gone before it.
    """

    ready: pulumi.Output[str]
    """The namespace, known once everything is there."""

    last: tuple[pulumi.Resource, ...]
    """The programs and what they are asked about, which comes last and goes first: who waits for these waits for all.
    A wait for each object would be the same and half a megabyte of state, which is written at every step."""

    def __init__(self, name: str, args: ChartArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:chart:Chart", name, vars(args), opts)

        namespace = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": args.namespace, "labels": dict(args.namespace_labels)},
        }
        documents = ordinary(args.documents.objects, args.namespace)
        defined = [self._object(name, d, []) for d in documents if d["kind"] == DEFINITION]
        home = [self._object(name, namespace, [])]
        late = {AGGREGATED, *(d["spec"]["names"]["kind"] for d in documents if d["kind"] == DEFINITION)}
        needed = [self._object(name, d, home) for d in documents if d["kind"] not in {DEFINITION, *WORKLOADS, *late}]
        first = [*defined, *home, *needed]
        running = [self._object(name, d, first) for d in documents if d["kind"] in WORKLOADS]
        asked = [
            self._object(name, {**d, "metadata": asked_later(d["metadata"], running)}, running or first)
            for d in documents
            if d["kind"] in late
        ]
        self.last = (*running, *asked) or tuple(first)

        everything = pulumi.Output.all(*(made.id for made in (*first, *running, *asked)))
        self.ready = everything.apply(lambda _: args.namespace)
        self.register_outputs({"ready": self.ready})

    def _object(self, name: str, document: Document, after: Sequence[pulumi.Resource]) -> KubernetesObject:
        # Who runs the webhook puts its own certificate into the empty secret of its chart.
        filled = document["kind"] == "Secret" and not document.get("data")
        return KubernetesObject(
            f"{name}-{local_name(document)}",
            document,
            pulumi.ResourceOptions(parent=self, depends_on=list(after), ignore_changes=["data"] if filled else None),
        )


def ordinary(documents: Iterable[Document], namespace: str) -> list[dict[str, Any]]:
    """The objects that stay: without hooks, tests and what a server fills in, each in the namespace that it belongs to.

    Raises ValueError for what is no Kubernetes object, and for one that is there twice.
    """
    kept = []
    for place, document in enumerate(documents):
        if not document.get("kind") or not document.get("apiVersion") or not document.get("metadata", {}).get("name"):
            raise ValueError(
                f"document {place + 1} of the chart for namespace {namespace}: found {str(dict(document))[:200]}; "
                "an object has apiVersion, kind and metadata.name. Look at what `helm template` prints for it"
            )
        if "helm.sh/hook" not in (document["metadata"].get("annotations") or {}):
            kept.append(document)
    everywhere = WITHOUT_NAMESPACE | {
        d["spec"]["names"]["kind"] for d in kept if d["kind"] == DEFINITION and d["spec"]["scope"] == "Cluster"
    }
    placed = [_placed(document, namespace, everywhere) for document in kept if not _is_namespace(document, namespace)]
    names = [local_name(document) for document in placed]
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise ValueError(f"the chart for namespace {namespace} has more than one {', '.join(twice)}")
    return placed


def local_name(document: Document) -> str:
    """Name of the object's resource: kind, name and, if it has one, namespace."""
    metadata = document["metadata"]
    where = f"{metadata['namespace']}-" if metadata.get("namespace") else ""
    return f"{document['kind'].lower()}-{where}{metadata['name'].replace(':', '-')}"


def _placed(document: Document, namespace: str, everywhere: frozenset[str]) -> dict[str, Any]:
    given = document["metadata"]
    metadata = {key: value for key, value in given.items() if value is not None and key != "namespace"}
    if document["kind"] not in everywhere:
        metadata["namespace"] = given.get("namespace") or namespace
    kept = {key: value for key, value in document.items() if key not in {"metadata", "status"} and value is not None}
    return {**kept, "metadata": metadata}


def _is_namespace(document: Document, namespace: str) -> bool:
    return document["kind"] == "Namespace" and document["metadata"]["name"] == namespace
