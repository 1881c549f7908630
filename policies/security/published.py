"""Services of a cluster: reached from outside only where somebody decided so, and then encrypted."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.pods import core
from policies.reading import as_list, leaves
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    items,
    literal,
    look,
    parts,
    skip,
    text,
    undetermined,
)
from policies.security.serving import INGRESS, INGRESS_SCHEME

SERVICE = core("Service")
GATEWAY = (
    "kubernetes:gateway.networking.k8s.io/v1:Gateway",
    "kubernetes:gateway.networking.k8s.io/v1beta1:Gateway",
)
ISTIO_GATEWAY = (
    "kubernetes:networking.istio.io/v1:Gateway",
    "kubernetes:networking.istio.io/v1beta1:Gateway",
    "kubernetes:networking.istio.io/v1alpha3:Gateway",
)

CERTIFICATES = "service.beta.kubernetes.io/aws-load-balancer-ssl-cert"
INGRESS_CERTIFICATES = "alb.ingress.kubernetes.io/certificate-arn"
"""Annotations that name certificates of the load balancer (AWS Load Balancer Controller, "Annotations")."""

ENCRYPTED = ("HTTPS", "TLS")
OUTSIDE = ("LoadBalancer", "NodePort")


@control(
    "K8S-08",
    title="Cluster services are not published by accident",
    kind="resource",
    severity="high",
    types=(*SERVICE, *INGRESS, *GATEWAY, *ISTIO_GATEWAY),
    basis=("25(2)", "32(1)(b)"),
    refs=("kube-linter:exposed-services", "trivy:KSV-0108", "gatekeeper:K8sBlockLoadBalancer",
          "gatekeeper:K8sBlockNodePort", "gatekeeper:K8sHttpsOnly", "CIS-EKS:5.4.5"),
)  # fmt: skip
def services_are_not_published(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """No service has a load balancer, a port of the nodes or external addresses, and no ingress or gateway leads into
    the cluster, unless {approved} names its URN with owner and reason. What is approved uses TLS: certificates of the
    load balancer, tls of the ingress, listeners of the gateway, or where the approval's `tls` says. Dashboards, known
    by {dashboards} in their names, are never approved. Ingresses that say that they are internal need TLS alone.
    """
    if one.type in SERVICE:
        yield from _service(one, given)
    else:
        yield from _entrance(one, given)


def _service(one: Resource, given: Parameters) -> Iterator[Problem]:
    kind, external = text(one.props, "spec.type", "ClusterIP"), look(one.props, "spec.externalIPs")
    path = "spec.type" if kind in OUTSIDE else "spec.externalIPs"
    if kind not in OUTSIDE and external is UNKNOWN:
        yield undetermined(path)
    elif kind in OUTSIDE or as_list(external):
        yield from _decided(one, path, "reached from outside the cluster", "set ClusterIP", given)
    elif kind == "ClusterIP" or external is ABSENT:
        yield skip("is reached inside the cluster alone")


def _entrance(one: Resource, given: Parameters) -> Iterator[Problem]:
    if one.type in INGRESS and _annotation(one, INGRESS_SCHEME) == "internal":
        yield from _encrypted(one)
        return
    kind = "an ingress" if one.type in INGRESS else "a gateway"
    yield from _decided(one, "", f"{kind} leads into the cluster", "remove it", given)


def _decided(one: Resource, path: str, found: str, fix: str, given: Parameters) -> Iterator[Problem]:
    entry = next((entry for entry in given.get("approved", ()) if entry.get("urn") == one.urn), {})
    if not (entry.get("owner") and entry.get("reason")):
        yield fail(path, found, f"{fix}, or approve it under K8S-08.approved with owner and reason")
        return
    encrypted = () if entry.get("tls") else _encrypted(one)
    yield from parts(_no_dashboard(one, given), encrypted)


def _no_dashboard(one: Resource, given: Parameters) -> Iterator[Problem]:
    """Names, selectors and the services behind an ingress tell a dashboard."""
    pattern = re.compile("|".join(map(re.escape, given.get("dashboards", ()))) or r"(?!)", re.IGNORECASE)
    for head in ("metadata.name", "spec.selector", "spec.rules", "spec.defaultBackend", "spec.backend"):
        for where, value in leaves(look(one.props, head), head):
            if isinstance(value, str) and pattern.search(value):
                yield fail(where, "a dashboard", "reach it by `kubectl port-forward`, or through a VPN")
                return


def _encrypted(one: Resource) -> Iterator[Problem]:
    if one.type in GATEWAY:
        path, entries = "spec.listeners", items(one.props, "spec.listeners")
        protocols = [(f"{where}.protocol", look(entry, "protocol")) for where, entry in entries]
    elif one.type in ISTIO_GATEWAY:
        path, entries = "spec.servers", items(one.props, "spec.servers")
        protocols = [(f"{where}.port.protocol", look(entry, "port.protocol")) for where, entry in entries]
    else:
        yield from _certified(one)
        return
    if not protocols:
        yield fail(path, "not set", "name listeners with TLS")
    for where, value in protocols:
        if value is UNKNOWN:
            yield undetermined(where)
        elif value not in ENCRYPTED:
            yield fail(where, "not encrypted", "set HTTPS or TLS")


def _certified(one: Resource) -> Iterator[Problem]:
    key = INGRESS_CERTIFICATES if one.type in INGRESS else CERTIFICATES
    if one.type in INGRESS and as_list(literal(one.props, "spec.tls", [])):
        return
    value = _annotation(one, key)
    path = f"metadata.annotations.{key}"
    if value is ABSENT or value == "":
        yield fail(path, "not set, and nothing else encrypts", "name a certificate")


def _annotation(one: Resource, key: str) -> Any:
    """An annotation, whose name has dots, which a path could not tell from its own."""
    some = literal(one.props, "metadata.annotations", {})
    return some.get(key, ABSENT) if isinstance(some, Mapping) else ABSENT
