"""What programs of charts may do and reach: less than their charts give them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from components.chart import Document
from components.openings import api_server, dns, from_block, written

PROXY = "kube-rbac-proxy"
"""Container before KServe's metrics, which nobody here asks for."""

PROXYS_OWN = ("kserve-proxy-role", "kserve-proxy-rolebinding", "kserve-controller-manager-service")
"""What is there for the proxy alone."""


def narrowed(documents: Iterable[Document]) -> list[Document]:
    """The objects of controllers with what they need: a token, which they ask for themselves; no way to the secrets of
    others; no second program before metrics that nobody reads."""
    kept = [document for document in documents if document["metadata"]["name"] not in PROXYS_OWN]
    return [_pod(_role(document)) for document in kept]


def closed(documents: Sequence[Document], namespace: str, cidr: str, webhook_port: int) -> list[Document]:
    """The objects, and network policies for `namespace`: nobody speaks to anybody, but the deployments to the cluster's
    names and its API server, which reaches their webhooks from its interfaces in the VPC's `cidr`."""
    found = [_network(namespace, "default-deny", {}, {"policy_types": ["Ingress", "Egress"]})]
    for one in documents:
        if one["kind"] == "Deployment":
            ways = {
                "policy_types": ["Ingress", "Egress"],
                "ingress": [from_block(cidr, webhook_port)],
                "egress": [dns(), api_server(cidr)],
            }
            found.append(_network(namespace, one["metadata"]["name"], one["spec"]["selector"]["matchLabels"], ways))
    return [*documents, *found]


def _network(namespace: str, name: str, labels: Mapping[str, str], spec: Mapping[str, Any]) -> Document:
    selector = {"matchLabels": dict(labels)} if labels else {}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": selector, **written(spec)},
    }


def _role(document: Document) -> Document:
    """KServe reads secrets of all namespaces for the credentials of stores; pods here have those of their identity."""
    if document["kind"] != "ClusterRole":
        return document
    rules = []
    for rule in document.get("rules") or []:
        secret = "secrets" in rule.get("resources", ()) and not rule.get("resourceNames")
        resources = [one for one in rule.get("resources", ()) if one != "secrets"] if secret else None
        if resources is None:
            rules.append(rule)
        elif resources:
            rules.append({**rule, "resources": resources})
    return {**document, "rules": rules} if document.get("rules") else document


def _pod(document: Document) -> Document:
    if document["kind"] != "Deployment":
        return document
    template = document["spec"]["template"]
    spec = {
        **template["spec"],
        "automountServiceAccountToken": True,
        "containers": [one for one in template["spec"]["containers"] if one["name"] != PROXY],
    }
    return {**document, "spec": {**document["spec"], "template": {**template, "spec": spec}}}
