"""The model endpoints of a cluster: whether they answer, and which model gets how much of the traffic."""

from collections.abc import Iterator, Sequence

from seedbed.cluster import Kube, Object
from seedbed.cluster import kind as kinds
from seedbed.status.section import Row
from stacks.file.workloads import Endpoint

HEAD = ("endpoint", "ready", "traffic", "replicas", "address", "state")
LOADER = "model"
"""Sidecar of an endpoint's pods that has started when a model is there (components/serving_pod.py)."""

LOADED = "seedbed.dev/model-loaded"
"""Annotation of a pod with the version that it has; the local cloud writes it, in an account nobody does."""


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
            yield _row(kube, endpoint, service, share, (endpoint.alias,), f"({_bounds(endpoint)})")
        canary = there.get(f"{endpoint.name}-canary")
        if canary and endpoint.canary_percent and kinds.name_of(canary) not in names:
            aliases = (endpoint.canary_alias, endpoint.alias)
            yield _row(kube, endpoint, canary, endpoint.canary_percent, aliases, "")


def _bounds(endpoint: Endpoint) -> str:
    return f"{endpoint.replicas.min} to {endpoint.replicas.max}"


def _row(kube: Kube, endpoint: Endpoint, service: Object, share: int, aliases: Sequence[str], bounds: str) -> Row:
    name = kinds.name_of(service)
    selector = f"serving.kserve.io/inferenceservice={name}"
    deployments = kube.listed(kinds.DEPLOYMENTS, endpoint.team, selector)
    pods = kube.listed(kinds.PODS, endpoint.team, selector)
    running = sum((one.get("status") or {}).get("readyReplicas") or 0 for one in deployments)
    asked = sum(one["spec"].get("replicas") or 0 for one in deployments)
    ready = kinds.condition(service, "Ready")
    good = ready.get("status") == "True"
    waits = not good and any(map(_has_no_model, pods))
    return Row(
        (
            name,
            "yes" if good else "no",
            f"{share}% {endpoint.model}@{aliases[0]}",
            f"{running} of {asked} {bounds}".strip(),
            str((service.get("status") or {}).get("url") or "-"),
            _waits_for(endpoint.model, aliases) if waits else _state(pods, ready),
        ),
        good if ready and not waits else None,
    )


def _has_no_model(pod: Object) -> bool:
    """Whether its loader runs, and has brought nothing yet."""
    sidecars = (pod.get("status") or {}).get("initContainerStatuses") or ()
    loader = next((one for one in sidecars if one["name"] == LOADER), {})
    return "running" in (loader.get("state") or {}) and not loader.get("started")


def _waits_for(model: str, aliases: Sequence[str]) -> str:
    """No fault of the endpoint: it may be there months before its first model."""
    named = " or ".join(f"{model}@{alias}" for alias in aliases)
    return f"waits for {named}: nothing in the registry that its pods could load"


def _state(pods: Sequence[Object], ready: Object) -> str:
    """What it serves, or what KServe says."""
    loaded = sorted({version for pod in pods if (version := _annotations(pod).get(LOADED))})
    if ready.get("status") == "True":
        return f"serves version {', '.join(loaded)}" if loaded else "answers"
    if any(not pod["spec"].get("nodeName") for pod in pods):
        return "its pods wait for a node"
    return " ".join(str(ready.get("message") or ready.get("reason") or "not said yet").split())


def _annotations(thing: Object) -> dict[str, str]:
    return thing["metadata"].get("annotations") or {}
