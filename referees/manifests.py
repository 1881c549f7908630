"""Kubernetes manifests made of the resources of a stack, one document each."""

from collections.abc import Mapping
from typing import Any

from policies.rule import UNKNOWN, Resource, Stack
from referees.numbers import whole

PACKAGE = "kubernetes:"

UNREAD = ("CustomResourceDefinition",)
"""Kinds that no scanner judges and that would be most of what it has to read."""

NAMESPACE = "default"
"""Where the API server puts what names no namespace."""


def manifests(stack: Stack, prefix: str = "") -> dict[str, dict[str, Any]]:
    """The manifest of each Kubernetes resource by URN.

    prefix: stands before each namespace, so that manifests read side by side do not meet.
    """
    found = {one.urn: _manifest(one, prefix) for one in stack.resources if one.type.startswith(PACKAGE)}
    return {urn: manifest for urn, manifest in found.items() if manifest["kind"] not in UNREAD}


def _manifest(one: Resource, prefix: str) -> dict[str, Any]:
    """A resource as `kubectl apply` would take it: group, version and kind come from the type where it gives none."""
    version, kind = one.type.removeprefix(PACKAGE).rsplit(":", 1)
    made: dict[str, Any] = {"apiVersion": version.removeprefix("core/"), "kind": kind, **_known(one.props)}
    metadata = {"name": one.name, **made.get("metadata", {})}
    if kind == "Namespace":
        metadata["name"] = f"{prefix}{metadata['name']}"
    else:
        metadata["namespace"] = f"{prefix}{metadata.get('namespace', NAMESPACE)}"
    return {**made, "metadata": metadata}


def _known(value: Any) -> Any:
    """A value without what only the deployment will know."""
    if isinstance(value, Mapping):
        return {key: _known(inner) for key, inner in value.items() if inner is not UNKNOWN and inner is not None}
    if isinstance(value, list | tuple):
        return [_known(inner) for inner in value if inner is not UNKNOWN]
    return whole(value)
