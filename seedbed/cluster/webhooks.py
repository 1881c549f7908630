"""Webhooks of an environment's cluster, and whether anybody answers them."""

import time
from collections.abc import Callable, Collection, Iterator

from seedbed.cluster.client import Kube
from seedbed.cluster.kind import (
    DAEMON_SETS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    MUTATING_WEBHOOKS,
    SERVICES,
    STATEFUL_SETS,
    VALIDATING_WEBHOOKS,
    Object,
)

PATIENCE_SECONDS = 120.0
"""A controller gets a node, its image and its certificate by then."""

KINDS = {
    "kubernetes:admissionregistration.k8s.io/v1:MutatingWebhookConfiguration": MUTATING_WEBHOOKS,
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration": VALIDATING_WEBHOOKS,
}
"""By type token of the Kubernetes provider."""

SERVICE = "kubernetes.io/service-name"
"""Label of an EndpointSlice (Kubernetes documentation, "EndpointSlices")."""

Service = tuple[str, str]
"""Namespace and name."""


def await_answers(
    kube: Kube,
    webhooks: Collection[tuple[str, str]],
    say: Callable[[str], object],
    sleep: Callable[[float], object] = time.sleep,
) -> list[str]:
    """Waits until the programs behind webhook configurations, given by type token and name, answer.

    Waited for is only a program that is meant to run, two minutes at most: until it answers the API server refuses all
    that it would ask it about. Returns the services of all that do not answer.
    """
    asked = {service for type_, name in webhooks for service in _services(kube.get(KINDS[type_], name))}
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        asked = {service for service in asked if not _is_answered(kube, service)}
        coming = sorted(service for service in asked if _is_meant_to_run(kube, service))
        if not coming or time.monotonic() > until:
            return ["/".join(service) for service in sorted(asked)]
        say(f"{'/'.join(coming[0])} does not answer yet")
        sleep(1.0)


def _services(configuration: Object | None) -> Iterator[Service]:
    for webhook in (configuration or {}).get("webhooks") or []:
        service = webhook["clientConfig"].get("service")
        if service and webhook.get("failurePolicy") != "Ignore":
            yield str(service["namespace"]), str(service["name"])


def _is_answered(kube: Kube, service: Service) -> bool:
    namespace, name = service
    slices = kube.listed(ENDPOINT_SLICES, namespace, f"{SERVICE}={name}")
    # A missing condition counts as ready (API reference, EndpointConditions).
    return any((one.get("conditions") or {}).get("ready", True) for s in slices for one in s.get("endpoints") or [])


def _is_meant_to_run(kube: Kube, service: Service) -> bool:
    namespace, name = service
    selector = ((kube.get(SERVICES, name, namespace) or {}).get("spec") or {}).get("selector") or {}
    workloads = (one for kind in (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS) for one in kube.listed(kind, namespace))
    return bool(selector) and any(_runs(workload, selector) for workload in workloads)


def _runs(workload: Object, selector: dict[str, str]) -> bool:
    spec = workload["spec"]
    labels = spec["template"]["metadata"].get("labels") or {}
    return (
        spec.get("replicas") != 0
        and "deletionTimestamp" not in workload["metadata"]
        and (selector.items() <= labels.items())
    )
