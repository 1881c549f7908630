"""Pods and the machines that they run on: nothing of the node is theirs."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from policies.pods import WORKLOADS, Container, Pod, allowances, each_container, each_pod
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
    items,
    look,
    parts,
    undetermined,
)

HOST_SPACES = ("hostNetwork", "hostPID", "hostIPC")

SOCKETS = ("docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock", "podman.sock")
"""Ends of paths by which whoever mounts them commands the container runtime."""


@control(
    "K8S-02",
    title="No host access",
    kind="resource",
    severity="critical",
    types=WORKLOADS,
    basis=("32(1)(b)",),
    refs=("CKV_K8S_16", "CKV_K8S_17", "CKV_K8S_18", "CKV_K8S_19", "CKV_K8S_26", "CKV_K8S_27", "trivy:KSV-0017",
          "trivy:KSV-0008", "trivy:KSV-0009", "trivy:KSV-0010", "trivy:KSV-0023", "trivy:KSV-0024",
          "kube-linter:privileged-container", "kube-linter:host-network", "kube-linter:host-pid",
          "kube-linter:host-ipc", "kube-linter:sensitive-host-mounts", "CIS-EKS:4.2.2", "CIS-EKS:4.2.3",
          "CIS-EKS:4.2.4"),
)  # fmt: skip
def pods_leave_their_node_alone(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """No container of any kind is privileged, opens a port of the host or unmasks /proc; no pod shares the network,
    processes or memory of its node, or mounts a path of it. Drivers of nodes may do what {platform} lists for them.
    """
    allowed = allowances(one, given)
    yield from each_pod(one, partial(_pod, one, allowed))


def _pod(one: Resource, allowed: frozenset[str], pod: Pod) -> Iterator[Problem]:
    spaces = [_closed(one, f"{pod.spec}.{field}") for field in HOST_SPACES if field not in allowed]
    windows = _closed(one, f"{pod.spec}.securityContext.windowsOptions.hostProcess")
    contained = each_container(one, pod, partial(_container, one, allowed))
    yield from parts(*spaces, windows, _volumes(one, allowed, pod), contained)


def _closed(one: Resource, path: str) -> Iterator[Problem]:
    field = path.rpartition(".")[2]
    yield from expect(one.props, path, is_off, "on, so the pod acts on its node", f"remove {field}", default=False)


def _volumes(one: Resource, allowed: frozenset[str], pod: Pod) -> Iterator[Problem]:
    for where, volume in items(one.props, f"{pod.spec}.volumes"):
        if volume is UNKNOWN:
            yield undetermined(where)
            continue
        mounted = look(volume, "hostPath")
        if mounted is UNKNOWN:
            yield undetermined(f"{where}.hostPath")
        elif mounted is not ABSENT:
            yield from _host_path(f"{where}.hostPath", mounted, allowed)


def _host_path(where: str, mounted: Any, allowed: frozenset[str]) -> Iterator[Problem]:
    path = look(mounted, "path") if isinstance(mounted, Mapping) else ABSENT
    listed = [entry for entry in allowed if entry.startswith("hostPath:")]
    if path is UNKNOWN and listed:
        yield undetermined(f"{where}.path")
    elif not isinstance(path, str) or f"hostPath:{path}" not in allowed:
        runtime = isinstance(path, str) and path.endswith(SOCKETS)
        found = "the socket of the container runtime, which is root on the node" if runtime else "a path of the node"
        yield fail(where, found, "mount an emptyDir, a claim, or what K8S-02.platform lists")


def _container(one: Resource, allowed: frozenset[str], container: Container) -> Iterator[Problem]:
    head = f"{container.path}.securityContext"
    proc = expect(
        one.props, f"{head}.procMount", lambda v: v == "Default", "unmasks /proc", "remove procMount", default="Default"
    )
    switches = [_closed(one, f"{head}.{path}") for path in _switches(allowed)]
    yield from parts(*switches, proc, _ports(one, allowed, container))


def _switches(allowed: frozenset[str]) -> Iterable[str]:
    return (path for path in ("privileged", "windowsOptions.hostProcess") if path not in allowed)


def _ports(one: Resource, allowed: frozenset[str], container: Container) -> Iterator[Problem]:
    for where, port in items(one.props, f"{container.path}.ports"):
        value = UNKNOWN if port is UNKNOWN else look(port, "hostPort")
        if value is UNKNOWN:
            yield undetermined(f"{where}.hostPort")
        elif value not in (ABSENT, 0) and "hostPort" not in allowed:
            yield fail(f"{where}.hostPort", "a port of the node", "remove hostPort and add a Service")
