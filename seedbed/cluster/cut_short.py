"""What a killed run was making or deleting in a cluster, and what became of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seedbed.cluster.client import Kube
from seedbed.cluster.failures import ClusterError
from seedbed.cluster.kind import Object

MANAGER = "pulumi-kubernetes-"
"""Start of the name under which the provider owns the fields of one object; the rest is by chance, made at creation."""

PATIENCE_SECONDS = 600.0
"""For what is on its way out: the provider itself waits as long."""


@dataclass(frozen=True)
class Made:
    """An object that a cut-short creation made."""

    id: str
    """By which the provider imports it."""

    outputs: Mapping[str, Any]
    """What the state must say of it before it is read.

    Made again it would have a second owner, and the first one would refuse every later change (server-side apply,
    "conflicts"); so the state learns who the first one is.
    """


def made(kube: Kube, inputs: Mapping[str, Any]) -> Made | None:
    """What a creation with these inputs made; None where it made nothing, or nothing that the provider owns."""
    found = _object(kube, inputs)
    if found is None or "deletionTimestamp" in found["metadata"]:
        return None
    fields = found["metadata"].get("managedFields") or []
    owner = next(
        (
            one["manager"]
            for one in fields
            if one["manager"].startswith(MANAGER) and one["operation"] == "Apply" and not one.get("subresource")
        ),
        None,
    )
    if owner is None:
        return None
    metadata = found["metadata"]
    id_ = f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])
    return Made(id_, {"__fieldManager": owner})


def wait_until_gone(
    kube: Kube,
    things: Mapping[str, Mapping[str, Any]],
    say: Callable[[str], object],
    sleep: Callable[[float], object] = time.sleep,
) -> list[str]:
    """Waits for each thing, inputs by URN, that is on its way out; what only stands there is not waited for.

    Returns the URNs of those that are still there after ten minutes.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    left = dict(things)
    while True:
        left = {urn: inputs for urn, inputs in left.items() if _is_going(_object(kube, inputs))}
        if not left or time.monotonic() > until:
            return list(left)
        first = next(iter(left.values()))
        say(f"{first['kind']} {first['metadata']['name']} is being deleted ({len(left)} in all)")
        sleep(1.0)


def is_cluster(type_: str) -> bool:
    """Whether a type token is one of the Kubernetes provider."""
    return type_.startswith("kubernetes:")


def _is_going(thing: Object | None) -> bool:
    return thing is not None and "deletionTimestamp" in thing["metadata"]


def _object(kube: Kube, inputs: Mapping[str, Any]) -> Object | None:
    metadata = inputs.get("metadata") or {}
    if not (inputs.get("apiVersion") and inputs.get("kind") and metadata.get("name")):
        return None
    kind = kube.kind_of(str(inputs["apiVersion"]), str(inputs["kind"]))
    if kind is None:
        return None
    return kube.get(kind, str(metadata["name"]), str(metadata.get("namespace") or ""))


def answering(open_kube: Callable[[], Kube]) -> Kube | None:
    """The cluster, where there is one that answers."""
    try:
        kube = open_kube()
        kube.version()
    except ClusterError:
        return None
    return kube
