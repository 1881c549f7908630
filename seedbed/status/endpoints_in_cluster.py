"""The model endpoints of a cluster: whether they answer, and which model gets how much of the traffic."""

from collections.abc import Iterator, Sequence

from seedbed.cluster import Kube, Object
from seedbed.cluster import kind as kinds
from seedbed.status.section import Row
from stacks.file.workloads import Endpoint

HEAD = ("endpoint", "ready", "traffic", "replicas", "address", "state")
WAITS = "seedbed.dev/waits-for-model"
"""Label of pods that are not ready before a model is there."""

LOADED = "seedbed.dev/model-loaded"
"""Annotation of a pod with the version that it has."""


def endpoints(kube: Kube, wanted: Sequence[Endpoint]) -> Iterator[Row]:
    """Each endpoint of the file, and after it its canary: what it serves, or what it waits for."""
    names = {endpoint.name for endpoint in wanted}
    for endpoint in wanted:
        there = {kinds.name_of(one): one for one in kube.listed(kinds.INFERENCE_SERVICES, endpoint.team)}
        service = there.get(endpoint.name)
        if service is None:
            yield Row((endpoint.name, "no", "-", "-", "-", "not made yet"), None)
        else:
            share = 100 - (endpoint.canary_percent or 0)
            yield _row(kube, endpoint, service, share, endpoint.alias, f"({_bounds(endpoint)})")
        canary = there.get(f"{endpoint.name}-canary")
        if canary and endpoint.canary_percent and kinds.name_of(canary) not in names:
            yield _row(kube, endpoint, canary, endpoint.canary_percent, endpoint.canary_alias, "")


def _bounds(endpoint: Endpoint) -> str:
    return f"{endpoint.replicas.min} to {endpoint.replicas.max}"


def _row(kube: Kube, endpoint: Endpoint, service: Object, share: int, alias: str, bounds: str) -> Row:
    name = kinds.name_of(service)
    selector = f"serving.kserve.io/inferenceservice={name}"
    deployments = kube.listed(kinds.DEPLOYMENTS, endpoint.team, selector)
    pods = kube.listed(kinds.PODS, endpoint.team, selector)
    running = sum((one.get("status") or {}).get("readyReplicas") or 0 for one in deployments)
    asked = sum(one["spec"].get("replicas") or 0 for one in deployments)
    ready = kinds.condition(service, "Ready")
    good = ready.get("status") == "True"
    return Row(
        (
            name,
            "yes" if good else "no",
            f"{share}% {endpoint.model}@{alias}",
            f"{running} of {asked} {bounds}".strip(),
            str((service.get("status") or {}).get("url") or "-"),
            _state(endpoint, alias, pods, ready),
        ),
        good if ready else None,
    )


def _state(endpoint: Endpoint, alias: str, pods: Sequence[Object], ready: Object) -> str:
    """What it serves; what it waits for; or what KServe says."""
    loaded = sorted({version for pod in pods if (version := _annotations(pod).get(LOADED))})
    if ready.get("status") == "True":
        return f"serves version {', '.join(loaded)}" if loaded else "answers"
    waiting = [pod for pod in pods if kinds.labels_of(pod).get(WAITS) == "true" and LOADED not in _annotations(pod)]
    if waiting and all(pod["spec"].get("nodeName") for pod in waiting):
        return f"waits for a version of {endpoint.model} with the alias {alias}"
    if waiting:
        return "its pods wait for a node"
    return " ".join(str(ready.get("message") or ready.get("reason") or "not said yet").split())


def _annotations(thing: Object) -> dict[str, str]:
    return thing["metadata"].get("annotations") or {}
