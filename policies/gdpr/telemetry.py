"""Telemetry: metrics, logs and traces go where somebody answers for them."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from policies.documents import statements
from policies.outsiders import known, outsiders
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
    leaves,
    look,
    parts,
    present,
    undetermined,
    word,
)

STREAM = "aws:cloudwatch/metricStream:MetricStream"
SUBSCRIPTION = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"
DESTINATION = "aws:cloudwatch/logDestination:LogDestination"
DESTINATION_POLICY = "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy"
FIREHOSE, KINESIS = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "aws:kinesis/stream:Stream"
FUNCTION = "aws:lambda/function:Function"
PROMETHEUS = "kubernetes:monitoring.coreos.com/v1:Prometheus"
PODS = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:batch/v1:Job",
    "kubernetes:batch/v1:CronJob",
    "kubernetes:core/v1:Pod",
    "kubernetes:serving.kserve.io/v1beta1:InferenceService",
    "kubernetes:kubeflow.org/v1:PyTorchJob",
)

TARGETS: Mapping[str, str] = {STREAM: "firehoseArn", SUBSCRIPTION: "destinationArn", DESTINATION: "targetArn"}
HOSTS: Mapping[str, tuple[str, ...]] = {FIREHOSE: ("httpEndpointConfiguration.url", "splunkConfiguration.hecEndpoint")}
NEXT = (FIREHOSE, KINESIS, FUNCTION, DESTINATION)
"""What telemetry may be handed to within the stack; a delivery stream is then judged itself."""

EXPORTER = re.compile(r"OTEL_EXPORTER_(?:OTLP|JAEGER|ZIPKIN)(?:_[A-Z]+)*_ENDPOINT")
"""Variables by which a process learns where to send (OpenTelemetry specification, "OTLP exporter configuration")."""

VARIABLE = re.compile(r"\.env\[\d+\]\.name$")

FIX = "send it within the cluster or to a resource of the stack, or register the sink under RES-05.sinks"


@control(
    "RES-05",
    title="Telemetry does not leak out of the perimeter",
    kind="stack",
    severity="high",
    types=(*TARGETS, DESTINATION_POLICY, FIREHOSE, PROMETHEUS, *PODS, KINESIS, FUNCTION),
    subjects=(*TARGETS, DESTINATION_POLICY, FIREHOSE, PROMETHEUS, *PODS),
    basis=("28(1)", "44", "5(1)(f)"),
    refs=("prowler:cloudwatch_cross_account_sharing_disabled",),
)
def telemetry_stays_inside(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Metric streams, log subscriptions, log destinations and delivery streams end in a resource of the stack or in a
    host or ARN of {sinks}; so do the remote writes of Prometheus and the OTLP endpoints of pods, for which addresses
    within the cluster or the VPC are inside; a log destination takes logs of the own account and of registered
    processors alone.
    """
    sinks = frozenset(given.get("sinks", ()))
    if one.type in TARGETS:
        yield from _arn(one, TARGETS[one.type], stack, sinks)
    elif one.type == DESTINATION_POLICY:
        allowed = known(one, stack, given)
        for entry in statements(one.props, "accessPolicy") or ():
            for found in outsiders(entry, allowed) if entry.allow else ():
                yield fail(f"{entry.path}.Principal", found, "name the own account, or register it: RES.processors")
    elif one.type == FIREHOSE:
        yield from parts(*(_host(one, path, sinks) for path in HOSTS[FIREHOSE] if present(one.props, path)))
    elif one.type == PROMETHEUS:
        writes = items(one.props, "spec.remoteWrite")
        yield from parts(*(_host(one, f"{where}.url", sinks) for where, _ in writes))
    else:
        yield from parts(*(_variable(one, path, sinks) for path in _exporters(one)))


def _arn(one: Resource, path: str, stack: Stack, sinks: frozenset[str]) -> Iterator[Problem]:
    value = look(one.props, path)
    names = {word(found.props, "name") for found in stack.of(NEXT)} - {""}
    if stack.referents(one, path, NEXT):
        return
    if value is UNKNOWN:
        yield undetermined(path)
    elif value is ABSENT:
        yield fail(path, "not set", FIX)
    elif not isinstance(value, str) or not (value in sinks or re.split("[:/]", value)[-1] in names):
        yield fail(path, "a sink that is neither of this stack nor registered", FIX)


def _host(one: Resource, path: str, sinks: frozenset[str]) -> Iterator[Problem]:
    value = look(one.props, path)
    if value is UNKNOWN:
        yield undetermined(path)
    elif not isinstance(value, str) or not (value in sinks or _inside(value, sinks)):
        yield fail(path, "a host that is neither inside nor registered", FIX)


def _inside(url: str, sinks: frozenset[str]) -> bool:
    """Whether a host is registered, is this machine, lies in a private network, or is a service of the cluster."""
    try:
        host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host in sinks or ("." not in host and host != "") or host.endswith((".svc", ".svc.cluster.local"))


def _exporters(one: Resource) -> list[str]:
    """Paths of the environment variables of all containers that say where telemetry goes."""
    found = []
    for path, value in leaves(look(one.props, "spec"), "spec"):
        unsure = value is UNKNOWN and VARIABLE.search(path)
        if unsure or (path.endswith(".name") and isinstance(value, str) and EXPORTER.fullmatch(value)):
            found.append(path.removesuffix(".name"))
    return found


def _variable(one: Resource, path: str, sinks: frozenset[str]) -> Iterator[Problem]:
    if look(one.props, f"{path}.name") is UNKNOWN:
        if any(True for _ in _host(one, f"{path}.value", sinks)):
            yield undetermined(f"{path}.name")
    elif present(one.props, f"{path}.value"):
        yield from _host(one, f"{path}.value", sinks)
    else:
        fix = "write the address as value, where it can be read"
        yield fail(path, "comes from elsewhere, so nobody sees where telemetry goes", fix)
