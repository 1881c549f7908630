"""What the Cluster Autoscaler decides: which group gets a node more, and which nodes go."""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import yaml

from localcloud.clusters.machines import GROUP_LABEL
from localcloud.controllers.node_fit import Room, room

Object = dict[str, Any]

IMAGE = "cluster-autoscaler"
LEFT_OUT = ("Succeeded", "Failed")
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
TEN_MINUTES = "10m"
"""What the program takes for its times of scaling down where it is not told (its FAQ, parameters)."""


@dataclass(frozen=True)
class Settings:
    """What the program is told by its arguments."""

    namespace: str
    tags: tuple[str, ...]
    """Tags that a group must have."""

    idle_seconds: float
    after_add_seconds: float
    """How long no node goes after one came."""

    uses_priorities: bool


@dataclass(frozen=True)
class Group:
    """A managed node group as the program sees it."""

    name: str
    scaling_name: str
    """Name of its Auto Scaling group."""

    least: int
    desired: int
    most: int
    node: Object
    """What a new node of it would be."""

    is_sold_out: bool
    instances: tuple[str, ...] = ()
    """Those that it has, with a node or with one to come."""


@dataclass(frozen=True)
class Growth:
    """A group that is to get a node, and the pod that it is for."""

    group: Group
    pod: Object


def program(pods: Iterable[Object]) -> Object | None:
    """The pod that is the program: the oldest one ready, since the others wait for its lock."""
    ready = [one for one in pods if _container(one) is not None and is_ready(one) and not _is_going(one)]
    return min(ready, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]), default=None)


def settings(pod: Object) -> Settings:
    """How that pod is told to work. Raises ValueError for a time that is none."""
    container = _container(pod) or {}
    words = [*(container.get("command") or []), *(container.get("args") or [])]
    said = {name: value for one in words for name, _, value in [one.lstrip("-").partition("=")]}
    discovery = said.get("node-group-auto-discovery", "").removeprefix("asg:tag=")
    return Settings(
        namespace=said.get("namespace", "kube-system"),
        tags=tuple(tag for tag in discovery.split(",") if tag),
        idle_seconds=seconds(said.get("scale-down-unneeded-time", TEN_MINUTES)),
        after_add_seconds=seconds(said.get("scale-down-delay-after-add", TEN_MINUTES)),
        uses_priorities="priority" in said.get("expander", "").split(","),
    )


def seconds(text: str) -> float:
    """A duration as Go writes it, such as 10m or 1h30m. Raises ValueError."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"found {text!r}, wanted a duration such as 10m or 1h30m")
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def is_discovered(tags: Sequence[str], cluster_name: str) -> bool:
    """Whether a group of the cluster has all these tags; EKS gives the first three (EKS user guide, "Managed node
    groups")."""
    own = {
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{cluster_name}": "owned",
        f"kubernetes.io/cluster/{cluster_name}": "owned",
        "eks:cluster-name": cluster_name,
    }
    wanted = [(key, sign, value) for tag in tags for key, sign, value in [tag.partition("=")]]
    return bool(wanted) and all(key in own and (not sign or own[key] == value) for key, sign, value in wanted)


def preferred(groups: Sequence[Group], priorities: str | None) -> list[Group]:
    """The groups from the best to the worst: by the highest number under which the table has a pattern for the name,
    those without one last; by name where that leaves it open, as the program would draw lots."""
    table: Mapping[Any, list[str]] = (yaml.safe_load(priorities) if priorities else None) or {}

    def rank(group: Group) -> int:
        numbers = [
            int(number)
            for number, patterns in table.items()
            if any(re.search(pattern, group.scaling_name) for pattern in patterns)
        ]
        return max(numbers, default=0)

    return sorted(groups, key=lambda one: (-rank(one), one.name))


def rooms(nodes: Iterable[Object], pods: Sequence[Object], groups: Iterable[Group]) -> list[Room]:
    """What is free on every node, and on those that a group has been promised."""
    there = list(nodes)
    found = [room(one, on_node(pods, one)) for one in there if not one["spec"].get("unschedulable")]
    joined = {instance_of(one) for one in there}
    return found + [room(group.node, ()) for group in groups for one in group.instances if one not in joined]


def waiting(pods: Iterable[Object]) -> list[Object]:
    """Pods for which the scheduler found no node, the oldest first."""
    found = [
        one
        for one in pods
        if not one["spec"].get("nodeName") and not _is_going(one) and not _is_of_daemon(one) and _finds_no_node(one)
    ]
    return sorted(found, key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))


def homeless(pods: Iterable[Object], free: Sequence[Room]) -> list[Object]:
    """Those that find no room there; the others are put into it in thought."""
    left = []
    for pod in pods:
        place = next((one for one in free if one.takes(pod)), None)
        if place is None:
            left.append(pod)
        else:
            place.put(pod)
    return left


def growth(pods: Iterable[Object], groups: Sequence[Group], priorities: str | None) -> Growth | None:
    """The first of these pods that a group could take which may grow, with the best such group."""
    open_ = [one for one in preferred(groups, priorities) if one.desired < one.most and not one.is_sold_out]
    for pod in pods:
        for group in open_:
            if room(group.node, ()).takes(pod):
                return Growth(group, pod)
    return None


def refusal(pod: Object, groups: Iterable[Group]) -> str:
    """Why no group grows for a pod, in the program's words where it has some; empty where that is no group's affair."""
    fitting = [one for one in groups if room(one.node, ()).takes(pod)]
    full = sum(1 for one in fitting if one.desired >= one.most)
    sold = sum(1 for one in fitting if one.desired < one.most and one.is_sold_out)
    parts = [f"{full} max node group size reached" if full else "", f"{sold} sold out" if sold else ""]
    return f"pod didn't trigger scale-up: {', '.join(filter(None, parts))}" if fitting else ""


def idle(nodes: Iterable[Object], pods: Sequence[Object], free: Iterable[Room]) -> list[Object]:
    """Ready nodes of groups with nothing but daemons on them, and for which no pod waits."""
    expected = {one.node for one in free if one.used_by}
    return [
        one
        for one in nodes
        if group_of(one)
        and is_ready(one)
        and one["metadata"]["name"] not in expected
        and not any(not _is_of_daemon(pod) for pod in on_node(pods, one))
    ]


def due(
    nodes: Iterable[Object], since: Mapping[str, float], moment: float, wanted: Settings, groups: Iterable[Group]
) -> list[Object]:
    """Which of the idle nodes go now: idle for long enough, and their group stays at its least."""
    spare = {one.name: one.desired - one.least for one in groups}
    gone = []
    for node in nodes:
        name, group = node["metadata"]["name"], group_of(node)
        if moment - since[name] >= wanted.idle_seconds and spare.get(group, 0) > 0:
            spare[group] -= 1
            gone.append(node)
    return gone


def on_node(pods: Iterable[Object], node: Object) -> list[Object]:
    """The pods on a node that have not ended."""
    name = node["metadata"]["name"]
    return [
        one
        for one in pods
        if one["spec"].get("nodeName") == name and one.get("status", {}).get("phase") not in LEFT_OUT
    ]


def group_of(node: Object) -> str:
    """Name of the managed node group, or nothing."""
    return (node["metadata"].get("labels") or {}).get(GROUP_LABEL, "")


def instance_of(node: Object) -> str:
    """Id of the instance behind a node, or nothing."""
    return node["spec"].get("providerID", "").rpartition("/")[2]


def is_ready(one: Object) -> bool:
    """Whether a node or pod says so."""
    return _condition(one, "Ready").get("status") == "True"


def as_new(node: Object) -> Object:
    """A node like this one, as its group would make another: empty, ready, without its name."""
    made = deepcopy({key: node[key] for key in ("metadata", "spec", "status")})
    made["metadata"]["name"] = "new"
    made["metadata"]["labels"].pop("kubernetes.io/hostname", None)
    made["spec"].pop("unschedulable", None)
    return made


def _container(pod: Object) -> Object | None:
    names = ((one.get("image", "").partition("@")[0].rpartition("/")[2], one) for one in pod["spec"]["containers"])
    return next((one for name, one in names if name.partition(":")[0] == IMAGE), None)


def _finds_no_node(pod: Object) -> bool:
    said = _condition(pod, "PodScheduled")
    return said.get("status") == "False" and said.get("reason") == "Unschedulable"


def _condition(one: Object, kind: str) -> Object:
    return next((it for it in one.get("status", {}).get("conditions") or [] if it["type"] == kind), {})


def _is_of_daemon(pod: Object) -> bool:
    return any(one["kind"] in ("DaemonSet", "Node") for one in pod["metadata"].get("ownerReferences") or [])


def _is_going(one: Object) -> bool:
    return "deletionTimestamp" in one["metadata"]
