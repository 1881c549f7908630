"""Containers: no more rights than they need, and no more of the node than they say."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from policies.gpus import ACCELERATOR
from policies.pods import (
    INFERENCE,
    MAIN,
    MODEL,
    STARTING,
    TEMPLATED,
    WORKLOADS,
    Container,
    Pod,
    allowances,
    each_container,
    each_pod,
)
from policies.reading import as_list, as_number
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    is_off,
    is_on,
    items,
    literal,
    look,
    parts,
    undetermined,
)

LASTING = tuple(one for one in TEMPLATED if not one.endswith((":Job", ":DaemonSet")))
"""Workloads that answer until somebody ends them."""

PROBES = {"readinessProbe": "callers come before it is ready", "livenessProbe": "it may hang for ever"}

SECCOMP = ("RuntimeDefault", "Localhost")


@control(
    "K8S-03",
    title="Containers run with least privilege",
    kind="resource",
    severity="high",
    types=WORKLOADS,
    basis=("32(1)(b)",),
    refs=("CKV_K8S_20", "CKV_K8S_22", "CKV_K8S_28", "CKV_K8S_31", "CKV_K8S_37", "CKV_K8S_40", "trivy:KSV-0001",
          "trivy:KSV-0003", "trivy:KSV-0012", "trivy:KSV-0014", "trivy:KSV-0030", "kube-linter:run-as-non-root",
          "kube-linter:no-read-only-root-fs", "kube-linter:privilege-escalation-container", "CIS-EKS:4.2.5",
          "CIS-EKS:4.2.6", "CIS-EKS:4.2.8", "PSS:restricted"),
)  # fmt: skip
def containers_have_least_privilege(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """Each container, the pod's own settings counted where it says nothing, runs as non-root under a numeric user of at
    least {minUser}, which no account of a node has, without privilege escalation (the default allows it), with all
    capabilities dropped and none added, under the seccomp profile of the runtime or one of its own, and with a
    read-only root file system. Drivers of nodes may do what {platform} lists for them.
    """
    allowed = allowances(one, given)

    def check(pod: Pod, container: Container) -> Iterator[Problem]:
        checks = {
            "runAsNonRoot": _switch(one, pod, container, "runAsNonRoot", "may run as root"),
            "runAsUser": _user(one, pod, container, given),
            "allowPrivilegeEscalation": _escalation(one, container),
            "capabilities": _capabilities(one, container),
            "seccompProfile": _seccomp(one, pod, container),
            "readOnlyRootFilesystem": _read_only(one, container),
        }
        yield from parts(*(found for name, found in checks.items() if name not in allowed))

    yield from each_pod(one, lambda pod: each_container(one, pod, partial(check, pod)))


def _effective(one: Resource, pod: Pod, container: Container, field: str) -> tuple[str, Any]:
    """What holds for a container, and where it stands; where nothing does, the container's place."""
    own, shared = f"{container.path}.securityContext.{field}", f"{pod.spec}.securityContext.{field}"
    value = look(one.props, own)
    if value is ABSENT and look(one.props, shared) is not ABSENT:
        return shared, look(one.props, shared)
    return own, value


def _switch(one: Resource, pod: Pod, container: Container, field: str, found: str) -> Iterator[Problem]:
    path, value = _effective(one, pod, container, field)
    if value is UNKNOWN:
        yield undetermined(path)
    elif not is_on(value):
        yield fail(path, f"not set, so it {found}" if value is ABSENT else found, f"set {field} to true")


def _user(one: Resource, pod: Pod, container: Container, given: Parameters) -> Iterator[Problem]:
    path, value = _effective(one, pod, container, "runAsUser")
    least = given.get("minUser", 10000)
    number = None if value is UNKNOWN else as_number(value)
    if value is UNKNOWN:
        yield undetermined(path)
    elif number is None or number < least:
        found = "not set, so the image decides" if value is ABSENT else "a number that accounts of the node may have"
        yield fail(path, found, f"set {least} or more")


def _escalation(one: Resource, container: Container) -> Iterator[Problem]:
    path, fix = f"{container.path}.securityContext.allowPrivilegeEscalation", "set allowPrivilegeEscalation to false"
    yield from expect(one.props, path, is_off, "a process may gain rights", fix, default=True)


def _read_only(one: Resource, container: Container) -> Iterator[Problem]:
    path, found = f"{container.path}.securityContext.readOnlyRootFilesystem", "the image can be changed as it runs"
    yield from expect(one.props, path, is_on, found, "set readOnlyRootFilesystem to true", default=False)


def _capabilities(one: Resource, container: Container) -> Iterator[Problem]:
    head = f"{container.path}.securityContext.capabilities"
    dropped, added = look(one.props, f"{head}.drop"), look(one.props, f"{head}.add")
    if "ALL" not in as_list(dropped):
        unsure = dropped is UNKNOWN or UNKNOWN in as_list(dropped)
        path, fix = f"{head}.drop", "set drop to ALL"
        yield undetermined(path) if unsure else fail(path, "capabilities of the runtime's default are kept", fix)
    if added is UNKNOWN:
        yield undetermined(f"{head}.add")
    elif as_list(added):
        yield fail(f"{head}.add", "capabilities are added", "remove add, and use a port above 1023")


def _seccomp(one: Resource, pod: Pod, container: Container) -> Iterator[Problem]:
    path, value = _effective(one, pod, container, "seccompProfile.type")
    if value is UNKNOWN:
        yield undetermined(path)
    elif value not in SECCOMP:
        found = "not set, so every system call is allowed" if value is ABSENT else "every system call is allowed"
        yield fail(path, found, "set type to RuntimeDefault")


@control(
    "K8S-04",
    title="Workloads declare what they consume",
    kind="resource",
    severity="medium",
    types=WORKLOADS,
    basis=("32(1)(b)",),
    refs=("CKV_K8S_10", "CKV_K8S_11", "CKV_K8S_12", "CKV_K8S_13", "CKV_K8S_8", "CKV_K8S_9", "trivy:KSV-0011",
          "trivy:KSV-0015", "trivy:KSV-0016", "trivy:KSV-0018", "gatekeeper:K8sContainerLimits",
          "kube-linter:no-liveness-probe"),
)  # fmt: skip
def workloads_declare_what_they_consume(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """Each container has requests of CPU and memory (a limit alone counts as one) and a memory limit; what it asks of
    accelerators it has as a limit of the same size. Containers that serve, those of inference services and those with
    ports in workloads that last, have a readiness and a liveness probe.
    """

    def check(container: Container) -> Iterator[Problem]:
        yield from parts(_amounts(one, container), _accelerators(one, container), _probes(one, container))

    kinds = (MAIN, STARTING, MODEL)
    yield from each_pod(one, lambda pod: each_container(one, pod, check, kinds))


def _amounts(one: Resource, container: Container) -> Iterator[Problem]:
    head = f"{container.path}.resources"
    for resource in ("cpu", "memory"):
        request, limit = f"{head}.requests.{resource}", f"{head}.limits.{resource}"
        asked, most = look(one.props, request), look(one.props, limit)
        if asked is ABSENT and most is ABSENT:
            yield fail(request, "not set, so nothing is kept for it", f"set how much {resource} it needs")
        elif asked in (ABSENT, UNKNOWN) and most in (ABSENT, UNKNOWN):
            yield undetermined(request if asked is UNKNOWN else limit)
        if resource == "memory" and most is ABSENT:
            yield fail(limit, "not set, so it may take what its node has", "set the most that it may have")
        elif resource == "memory" and most is UNKNOWN:
            yield undetermined(limit)


def _accelerators(one: Resource, container: Container) -> Iterator[Problem]:
    head = f"{container.path}.resources"
    asked, most = (literal(one.props, f"{head}.{kind}", {}) for kind in ("requests", "limits"))
    both = [value if isinstance(value, Mapping) else {} for value in (asked, most)]
    for name in sorted({key for some in both for key in some if ACCELERATOR.fullmatch(str(key))}):
        request, limit = (some.get(name, ABSENT) for some in both)
        if UNKNOWN in (request, limit):
            yield undetermined(f"{head}.{'limits' if limit is UNKNOWN else 'requests'}.{name}")
        elif limit is ABSENT:
            yield fail(
                f"{head}.limits.{name}", "not set, and accelerators cannot be overcommitted", "set the request's number"
            )
        elif request is not ABSENT and as_number(request) != as_number(limit):
            yield fail(f"{head}.requests.{name}", "another number than the limit's", "set the limit's number")


def _probes(one: Resource, container: Container) -> Iterator[Problem]:
    if not _serves(one, container):
        return
    for kind, found in PROBES.items():
        path = f"{container.path}.{kind}"
        if look(one.props, path) in (ABSENT, {}):
            yield fail(path, f"not set, so {found}", f"add a {kind}")


def _serves(one: Resource, container: Container) -> bool:
    if container.kind == STARTING and look(one.props, f"{container.path}.restartPolicy") != "Always":
        return False
    if one.type == INFERENCE and container.kind != STARTING:
        return True
    return one.type in (*LASTING, INFERENCE) and bool(items(one.props, f"{container.path}.ports"))
