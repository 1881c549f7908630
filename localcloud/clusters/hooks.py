"""Where what else runs in a cluster registers: called when a cluster comes up, and when it goes down."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.clusters.cluster import LiveCluster

Flags = Callable[["LiveCluster"], list[str]]
Step = Callable[["LiveCluster"], object]

before_up: list[Flags] = []
up: list[Step] = []
down: list[Step] = []
change: list[Step] = []


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
