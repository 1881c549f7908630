"""Ways through a closed namespace: rules of Kubernetes network policies.

A service's port has to be its pods' port: the VPC CNI judges a packet before the service's address is translated (EKS
user guide, "limit pod traffic with Kubernetes network policies", considerations).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

SERVICE_RANGES = ("10.100.0.0/16", "172.20.0.0/16")
"""EKS gives a cluster's services the one that is not the VPC's (EKS API, KubernetesNetworkConfigRequest)."""

POD_IDENTITY_AGENT = "169.254.170.23/32"
"""Where a pod fetches its IAM credentials, by HTTP on port 80 (EKS user guide, "Pod Identity Agent")."""

SERVED_MODEL = "serving.kserve.io/inferenceservice"
"""Label by which KServe marks the pods of an endpoint; its value is the endpoint's name."""

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""Label that the API server itself writes on every namespace."""


def dns() -> Any:
    """To the cluster's names: CoreDNS in pods, or on each node behind the tenth service address, as in Auto Mode.

    (EKS user guide, "Auto Mode components"; no label selects what is not a pod.)
    """
    pods = {
        "namespace_selector": {"match_labels": {NAMESPACE_NAME: "kube-system"}},
        "pod_selector": {"match_labels": {"k8s-app": "kube-dns"}},
    }
    return {"to": [pods, *_blocks(_service(10))], "ports": [_port(53, "UDP"), _port(53)]}


def api_server(cidr: str) -> Any:
    """To the cluster's API server: the first service address, and its interfaces in the VPC."""
    return {"to": _blocks([*_service(1), cidr]), "ports": [_port(443)]}


def pod_identity() -> Any:
    """To the agent that hands out a pod's IAM credentials."""
    return {"to": _blocks([POD_IDENTITY_AGENT]), "ports": [_port(80)]}


def https(cidr: str, s3_cidrs: pulumi.Input[Sequence[str]]) -> Any:
    """To AWS: interface endpoints inside the VPC's `cidr`, and the blocks of S3 behind a gateway endpoint.

    The first is always there: a rule whose list of peers is empty would open every address (NetworkPolicy v1).
    """
    peers = pulumi.Output.from_input(s3_cidrs).apply(lambda blocks: _blocks([cidr, *blocks]))
    known = isinstance(s3_cidrs, Sequence)
    return {"to": _blocks([cidr, *s3_cidrs]) if known else peers, "ports": [_port(443)]}


def to_block(cidr: str, port: int) -> Any:
    """To one port of the hosts of a block."""
    return {"to": _blocks([cidr]), "ports": [_port(port)]}


def to_pods(namespace: str, labels: Mapping[str, str], port: int) -> Any:
    """To one port of the pods of a namespace that bear `labels`."""
    return {"to": [_pods({NAMESPACE_NAME: namespace}, labels)], "ports": [_port(port)]}


def from_namespaces(labels: Mapping[str, str], port: int) -> Any:
    """In to one port, from every pod of the namespaces that bear `labels`."""
    return {"from_": [{"namespace_selector": {"match_labels": dict(labels)}}], "ports": [_port(port)]}


def beside() -> Any:
    """Every pod of the same namespace, as peers."""
    return [{"pod_selector": {}}]


def _pods(namespace: Mapping[str, str], pods: Mapping[str, str]) -> Any:
    return {
        "namespace_selector": {"match_labels": dict(namespace)},
        "pod_selector": {"match_labels": dict(pods)},
    }


def _blocks(cidrs: Sequence[str]) -> Any:
    return [{"ip_block": {"cidr": cidr}} for cidr in cidrs]


def _port(port: int, protocol: str = "TCP") -> Any:
    return {"port": port, "protocol": protocol}


def _service(number: int) -> list[str]:
    """The address of that number in each of the ranges."""
    return [f"{block.rpartition('.')[0]}.{number}/32" for block in SERVICE_RANGES]
