"""Where what else runs in a cluster registers: called when a cluster comes up, and when it goes down."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.refusal import Answer

if TYPE_CHECKING:
    from localcloud.clusters.cluster import LiveCluster

Flags = Callable[["LiveCluster"], list[str]]
Step = Callable[["LiveCluster"], object]
Control = Callable[[Path, str, bytes], Answer | None]

before_up: list[Flags] = []
up: list[Step] = []
down: list[Step] = []
change: list[Step] = []
control: list[Control] = []


def flags(hook: Flags) -> Flags:
    """Registers what gives more flags of the API server, before that one starts; ports and certificates are there."""
    before_up.append(hook)
    return hook


def on_up(hook: Step) -> Step:
    """Registers what is called when the API server answers, before the cluster is ACTIVE; it may raise."""
    up.append(hook)
    return hook


def on_down(hook: Step) -> Step:
    """Registers what is called before the cluster's processes are ended; those of `cluster.run` are ended anyway."""
    down.append(hook)
    return hook


def on_change(hook: Step) -> Step:
    """Registers what is called after what EKS tells of a running cluster changed: settings, add-ons, nodes."""
    change.append(hook)
    return hook


def on_control(hook: Control) -> Control:
    """Registers what answers more control paths: state folder, method and path, body; None for what is not its own."""
    control.append(hook)
    return hook
