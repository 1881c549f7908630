"""Telemetry: metrics, logs and traces go where somebody answers for them."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml

from policies.documents import statements
from policies.outsiders import home, known, outsiders
from policies.pods import WORKLOADS, core
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
    literal,
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
CONFIG_MAP = core("ConfigMap")

TARGETS: Mapping[str, str] = {STREAM: "firehoseArn", SUBSCRIPTION: "destinationArn", DESTINATION: "targetArn"}
HOSTS: Mapping[str, tuple[str, ...]] = {FIREHOSE: ("httpEndpointConfiguration.url", "splunkConfiguration.hecEndpoint")}
NEXT = (FIREHOSE, KINESIS, FUNCTION, DESTINATION)
"""What telemetry may be handed to within the stack; a delivery stream is then judged itself."""

EXPORTER = re.compile(r"OTEL_EXPORTER_(?:OTLP|JAEGER|ZIPKIN)(?:_[A-Z]+)*_ENDPOINT")
"""Variables by which a process learns where to send (OpenTelemetry specification, "OTLP exporter configuration")."""

VARIABLE = re.compile(r"\.env\[\d+\]\.name$")
COMMAND = re.compile(r"(.+\.(?:args|command))\[\d+\]")
ARGUMENT = re.compile(r"""(?:otlp|otel|jaeger|zipkin)[\w.:-]*endpoint[=\s]+["']?([^\s"']+)""", re.IGNORECASE)
"""An option or variable in a command line that says where telemetry goes."""

SENDING = re.compile(r"(?:exporters|remote_write)(?:[.\[].+)?\.(?:\w+_)?(?:endpoint|url)")
"""Where the configuration of an OpenTelemetry collector or of Prometheus names a host."""

UNSEEN = "\0"
"""Stands in a command line for a part that is not known."""

REGION, ACCOUNT, RESOURCE = 3, 4, 5
"""Fields of an ARN."""

FIX = "send it within the cluster or to a resource of the stack, or register the sink under RES-05.sinks"


@control(
    "RES-05",
    title="Telemetry does not leak out of the perimeter",
    kind="stack",
    severity="high",
    types=(*TARGETS, DESTINATION_POLICY, FIREHOSE, PROMETHEUS, *WORKLOADS, *CONFIG_MAP, FUNCTION, KINESIS),
    subjects=(*TARGETS, DESTINATION_POLICY, FIREHOSE, PROMETHEUS, *WORKLOADS, *CONFIG_MAP, FUNCTION),
    basis=("28(1)", "44", "5(1)(f)"),
    refs=("prowler:cloudwatch_cross_account_sharing_disabled",),
)
def telemetry_stays_inside(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Metric streams, log subscriptions, log destinations and delivery streams end in a resource of the stack, of its
    account and region where they are named by ARN, or in a host or ARN of {sinks}; so do the remote writes of
    Prometheus and the OTLP endpoints of pods, in variables and command lines, of functions and of ConfigMaps, which may
    also hold the configuration of a collector; addresses within the cluster or the VPC are inside. What a program reads
    from a Secret, a file of its image or a configuration of another form is not seen. A log destination takes logs of
    the own account and of registered processors alone.
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
    elif one.type == FUNCTION:
        yield from _named(one, "environment.variables", sinks)
    elif one.type in CONFIG_MAP:
        yield from parts(_named(one, "data", sinks), _configured(one, sinks))
    else:
        variables = (_variable(one, path, sinks) for path in _exporters(one))
        yield from parts(*variables, *(_command(one, path, sinks) for path in _commands(one)))


def _arn(one: Resource, path: str, stack: Stack, sinks: frozenset[str]) -> Iterator[Problem]:
    value = look(one.props, path)
    if stack.referents(one, path, NEXT):
        return
    if value is UNKNOWN:
        yield undetermined(path)
    elif value is ABSENT:
        yield fail(path, "not set", FIX)
    elif not isinstance(value, str) or not (
        value in sinks or any(_is(value, found, stack) for found in stack.of(NEXT))
    ):
        yield fail(path, "a sink that is neither of this stack nor registered", FIX)


def _is(arn: str, found: Resource, stack: Stack) -> bool:
    """Whether an ARN may be that of a resource: by name, and by account and region where they are known."""
    fields = arn.split(":", RESOURCE)
    if len(fields) <= RESOURCE or re.split("[:/]", fields[RESOURCE])[-1] != word(found.props, "name"):
        return False
    accounts, region = home(found, stack)
    return (not accounts or fields[ACCOUNT] in accounts) and region in ("", fields[REGION])


def _host(one: Resource, path: str, sinks: frozenset[str]) -> Iterator[Problem]:
    yield from _led(look(one.props, path), path, sinks)


def _led(value: Any, path: str, sinks: frozenset[str]) -> Iterator[Problem]:
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


def _named(one: Resource, path: str, sinks: frozenset[str]) -> Iterator[Problem]:
    """Of a mapping of variables, those that say where telemetry goes."""
    given = literal(one.props, path, {})
    for name, value in given.items() if isinstance(given, Mapping) else ():
        if EXPORTER.fullmatch(str(name)):
            yield from _led(value, f"{path}.{name}", sinks)


def _configured(one: Resource, sinks: frozenset[str]) -> Iterator[Problem]:
    """Of the files of a ConfigMap, the hosts to which a collector or Prometheus is told to send."""
    given = look(one.props, "data")
    for name, content in given.items() if isinstance(given, Mapping) else ():
        for path, value in leaves(_parsed(content)):
            where = f"data.{name}.{path}"
            if SENDING.fullmatch(path) and isinstance(value, str) and "${" in value:
                yield undetermined(where)
            elif SENDING.fullmatch(path):
                yield from _led(value, where, sinks)


def _parsed(content: Any) -> Any:
    try:
        return yaml.safe_load(content) if isinstance(content, str) else ABSENT
    except (yaml.YAMLError, ValueError, RecursionError):
        return ABSENT


def _commands(one: Resource) -> list[str]:
    """Paths of the command lines of all containers."""
    found = (COMMAND.fullmatch(path) for path, _ in leaves(look(one.props, "spec"), "spec"))
    return sorted({match[1] for match in found if match})


def _command(one: Resource, path: str, sinks: frozenset[str]) -> Iterator[Problem]:
    given = look(one.props, path)
    line = " ".join(part if isinstance(part, str) else UNSEEN for part in given)
    for value in ARGUMENT.findall(line):
        yield from _led(UNKNOWN if value == UNSEEN else value, path, sinks)
