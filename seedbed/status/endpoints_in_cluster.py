"""The model endpoints of a cluster: whether they answer, and which model gets how much of the traffic."""

from collections.abc import Iterator, Sequence

from seedbed.cluster import Kube, Object
from seedbed.cluster import kind as kinds
from seedbed.status.section import Row
from stacks.file.workloads import Endpoint

HEAD = ("endpoint", "ready", "traffic", "replicas", "address", "state")
LABEL = "seedbed.dev/endpoint"


def endpoints(kube: Kube, wanted: Sequence[Endpoint]) -> Iterator[Row]:
    """Each endpoint of the file: what it does, or what it waits for."""
    for endpoint in wanted:
        there = kube.listed(kinds.INFERENCE_SERVICES, endpoint.team)
        own = [
            one
            for one in there
            if kinds.labels_of(one).get(LABEL) == endpoint.name or kinds.name_of(one) == endpoint.name
        ]
        if not own:
            yield Row((endpoint.name, "no", "-", "-", "-", "not made yet"), None)
        for one in sorted(own, key=kinds.name_of):
            yield _row(kube, endpoint, one)


def _row(kube: Kube, endpoint: Endpoint, service: Object) -> Row:
    ready = kinds.condition(service, "Ready")
    good = ready.get("status") == "True"
    status = service.get("status") or {}
    return Row(
        (
            kinds.name_of(service),
            "yes" if good else "no",
            _traffic(endpoint, service),
            _replicas(kube, endpoint, service),
            str(status.get("url") or "-"),
            "answers" if good else str(ready.get("message") or ready.get("reason") or "not said yet"),
        ),
        good if ready else None,
    )


def _traffic(endpoint: Endpoint, service: Object) -> str:
    """Who gets how much: the canary and the rest."""
    percent = (service["spec"].get("predictor") or {}).get("canaryTrafficPercent") or endpoint.canary_percent
    if not percent:
        return f"100% {endpoint.model}@{endpoint.alias}"
    return f"{100 - percent}% {endpoint.alias}, {percent}% {endpoint.canary_alias}"


def _replicas(kube: Kube, endpoint: Endpoint, service: Object) -> str:
    """Replicas that are ready, of those that there should be now, between the bounds of the file."""
    selector = f"serving.kserve.io/inferenceservice={kinds.name_of(service)}"
    deployments = kube.listed(kinds.DEPLOYMENTS, endpoint.team, selector)
    ready = sum((one.get("status") or {}).get("readyReplicas") or 0 for one in deployments)
    asked = sum(one["spec"].get("replicas") or 0 for one in deployments)
    return f"{ready} of {asked} ({endpoint.replicas.min} to {endpoint.replicas.max})"
