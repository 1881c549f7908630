"""Which pods stand for a program that really runs here, and how that program is told what its pod is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from localcloud.controllers.watching import Object

LABEL = "control-plane"
"""Label of the pods whose life is played here; kwok leaves them alone."""


@dataclass(frozen=True)
class PodProgram:
    """A program of which pods tell."""

    name: str
    """Name of the executable."""

    labels: Mapping[str, str]
    """Labels by which its pods are known."""

    container: str
    ports: Mapping[int, str]
    """Port in the pod and what it is for: `webhook`, `health`, `metrics`."""

    unserved: frozenset[int]
    """Ports of the pod that have no listener here."""

    arguments: Callable[[list[str], Path, Mapping[str, int]], list[str]]
    """From a container's arguments, the folder that stands for its root, and ports by what they are for."""


def programs() -> tuple[PodProgram, ...]:
    """All of them: charts kueue 0.15 and kserve-resources 0.15."""
    return (
        PodProgram(
            "kueue",
            {LABEL: "controller-manager", "app.kubernetes.io/name": "kueue"},
            "manager",
            {9443: "webhook", 8081: "health", 8443: "metrics"},
            frozenset({8082}),
            _kueue,
        ),
        PodProgram(
            "kserve-manager",
            {LABEL: "kserve-controller-manager"},
            "manager",
            {9443: "webhook", 8081: "health", 8080: "metrics"},
            frozenset({8443}),
            _kserve,
        ),
    )


def program_of(pod: Object) -> PodProgram | None:
    """The program that a pod stands for, or None."""
    labels = pod["metadata"].get("labels", {})
    return next((one for one in programs() if one.labels.items() <= labels.items()), None)


def container_of(program: PodProgram, pod: Object) -> Object:
    """The container that is the program."""
    return next(one for one in pod["spec"]["containers"] if one["name"] == program.container)


def target_port(pod: Object, wanted: int | str) -> int | None:
    """The port of a pod that a service means, which may name it."""
    if isinstance(wanted, int):
        return wanted
    every = (port for one in pod["spec"]["containers"] for port in one.get("ports", []))
    return next((port["containerPort"] for port in every if port.get("name") == wanted), None)


def environment(program: PodProgram, pod: Object, root: Path) -> dict[str, str]:
    """The container's variables; /tmp is the folder's own, where certificates are looked for unless told otherwise."""
    known = {"metadata.namespace": pod["metadata"]["namespace"], "metadata.name": pod["metadata"]["name"]}
    said: dict[str, str] = {}
    for one in container_of(program, pod).get("env", []):
        field = one.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
        value = one.get("value", known.get(field) if field else None)
        if value is not None:
            said[one["name"]] = value
    return {**said, "TMPDIR": str(root / "tmp"), "GOGC": "60"}


def inside(root: Path, path: str) -> Path:
    """Where a path of the container lies here."""
    return root / path.lstrip("/")


def _kueue(arguments: list[str], root: Path, ports: Mapping[str, int]) -> list[str]:
    """Kueue takes its addresses from its configuration file.

    Its API of pending workloads listens on a port and in a folder that are fixed in the program, so it stays off.
    """
    kept: list[str] = []
    gates = ""
    for one in arguments:
        name, _, value = one.lstrip("-").partition("=")
        if name == "config":
            kept.append(f"--config={_kueue_configuration(inside(root, value), root, ports)}")
        elif name == "feature-gates":
            gates = value
        else:
            kept.append(one)
    # Gates are read from either the argument or the file: both is refused.
    if gates or not _has_gates(root, arguments):
        kept.append(f"--feature-gates={','.join(filter(None, (gates, 'VisibilityOnDemand=false')))}")
    return kept


def _has_gates(root: Path, arguments: list[str]) -> bool:
    file = next((one.partition("=")[2] for one in arguments if one.startswith("--config=")), "")
    return bool(file and yaml.safe_load(inside(root, file).read_text()).get("featureGates"))


def _kueue_configuration(file: Path, root: Path, ports: Mapping[str, int]) -> Path:
    said: dict[str, Any] = yaml.safe_load(file.read_text())
    webhook = said.setdefault("webhook", {})
    folder = webhook.get("certDir", "/tmp/k8s-webhook-server/serving-certs")
    webhook |= {"host": "127.0.0.1", "port": ports["webhook"], "certDir": str(inside(root, folder))}
    said.setdefault("health", {})["healthProbeBindAddress"] = f"127.0.0.1:{ports['health']}"
    said.setdefault("metrics", {})["bindAddress"] = f"127.0.0.1:{ports['metrics']}"
    said.setdefault("leaderElection", {})["leaderElect"] = False  # it is alone
    if said.get("featureGates"):
        said["featureGates"]["VisibilityOnDemand"] = False
    written = file.with_name(f"{file.stem}.local.yaml")
    written.write_text(yaml.safe_dump(said, sort_keys=False))
    return written


def _kserve(arguments: list[str], root: Path, ports: Mapping[str, int]) -> list[str]:
    """KServe takes its addresses from arguments; its webhooks listen on every address, which no argument changes."""
    ours = ("metrics-addr", "leader-elect", "webhook-port", "health-probe-addr")
    kept = [one for one in arguments if one.lstrip("-").partition("=")[0] not in ours]
    return [
        *kept,
        f"--metrics-addr=127.0.0.1:{ports['metrics']}",
        f"--health-probe-addr=127.0.0.1:{ports['health']}",
        f"--webhook-port={ports['webhook']}",
    ]
