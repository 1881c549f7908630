"""Access policies of the cluster's access entries, as bindings of roles on the API server."""

import hashlib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from localcloud.clusters.api import Api
from localcloud.extensions.cluster_records import Cluster

ROLES = {
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
    "AmazonEKSAdminViewPolicy": "eks:admin-view",
    "AmazonEKSSecretReaderPolicy": "eks:secret-reader",
}
"""Cluster roles by policy; Amazon EKS User Guide, "Review access policy permissions". Others are for nodes."""

OWN_ROLES = {
    "eks:admin-view": [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ],
    "eks:secret-reader": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}],
}
"""Those that Kubernetes does not have itself."""

RBAC = "rbac.authorization.k8s.io"
PATH = f"/apis/{RBAC}/v1"
OURS = {"app.kubernetes.io/managed-by": "localcloud", "app.kubernetes.io/component": "access-entry"}
SELECTOR = ",".join(f"{key}={value}" for key, value in OURS.items())


def group_of(principal: str) -> str:
    """The group that the authenticator gives to a principal with an access entry, and that its policies bind."""
    return f"eks:access-entry:{principal}"


def reconcile(record: Cluster, api: Api) -> None:
    """Makes the bindings that the associated policies mean, for the namespaces there are, and takes others away.

    Raises ApiError.
    """
    namespaces = [
        one["metadata"]["name"]
        for one in api.items("/api/v1/namespaces")
        if one.get("status", {}).get("phase") != "Terminating"
    ]
    wanted = dict(_wanted(record, namespaces))
    found = {_path(one) for kind in ("clusterrolebindings", "rolebindings") for one in _listed(api, kind)}
    needed = {binding["roleRef"]["name"] for binding in wanted.values()} & set(OWN_ROLES)
    for name in needed if set(wanted) - found else ():
        role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": OWN_ROLES[name]}
        api.apply(f"{PATH}/clusterroles/{name}", role)
    for path in set(wanted) - found:
        api.apply(path, wanted[path])
    for path in found - set(wanted):
        api.delete(path)


def _listed(api: Api, kind: str) -> list[dict[str, Any]]:
    return api.items(f"{PATH}/{kind}", labelSelector=SELECTOR)


def _wanted(record: Cluster, namespaces: list[str]) -> Iterable[tuple[str, dict[str, Any]]]:
    if record.said["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        return
    for principal, policies in record.access_policies.items():
        for arn, associated in policies.items():
            role = ROLES.get(arn.rpartition("/")[2])
            if role is None:
                continue
            scope = associated["accessScope"]
            patterns = scope["namespaces"]
            # The role and a namespaced scope are in the name: a binding's role cannot change.
            name = f"eks-access-{hashlib.sha256(f'{principal} {role}'.encode()).hexdigest()[:16]}"
            places: list[str | None] = [None]
            if scope["type"] == "namespace":
                places = [one for one in namespaces if any(fnmatchcase(one, pattern) for pattern in patterns)]
            for place in places:
                binding = _binding(name, role, principal, arn, place)
                yield _path(binding), binding


def _binding(name: str, role: str, principal: str, policy: str, namespace: str | None) -> dict[str, Any]:
    annotations = {"eks.amazonaws.com/principal-arn": principal, "eks.amazonaws.com/policy-arn": policy}
    metadata: dict[str, Any] = {"name": name, "labels": OURS, "annotations": annotations}
    if namespace:
        metadata["namespace"] = namespace
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group_of(principal)}],
    }


def _path(binding: dict[str, Any]) -> str:
    metadata = binding["metadata"]
    if "namespace" in metadata:
        return f"{PATH}/namespaces/{metadata['namespace']}/rolebindings/{metadata['name']}"
    return f"{PATH}/clusterrolebindings/{metadata['name']}"
