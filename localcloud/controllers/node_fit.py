"""Whether a node would take a pod: resources, selectors, affinity to nodes, taints."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Object = dict[str, Any]
Amounts = dict[str, Fraction]

UNITS = {
    **{unit: Fraction(1024**power) for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)},
    **{unit: Fraction(1000**power) for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), start=1)},
    "m": Fraction(1, 1000),
    "u": Fraction(1, 10**6),
    "n": Fraction(1, 10**9),
}
"""Suffixes of quantities (Kubernetes API reference, Quantity)."""

COMING = "node.kubernetes.io/"
"""Start of the keys of taints that a node bears until it is ready."""


def quantity(text: str | int) -> Fraction:
    """The value of a quantity such as 500m, 16Gi or 1e3. Raises ValueError."""
    said = str(text)
    unit = next((unit for unit in UNITS if said.endswith(unit)), "")
    return Fraction(said.removesuffix(unit)) * UNITS.get(unit, Fraction(1))


@dataclass
class Room:
    """A node, there or to come, and what of it is free."""

    node: str
    labels: Mapping[str, str]
    taints: Iterable[Mapping[str, str]]
    free: Amounts
    used_by: list[Object] = field(default_factory=list)
    """Pods that were put there in thought."""

    def takes(self, pod: Object) -> bool:
        """Whether the pod could run there now."""
        return (
            all(self.free.get(name, Fraction(0)) >= amount for name, amount in requests(pod).items())
            and is_selected(pod["spec"], self.labels)
            and tolerates(pod["spec"].get("tolerations") or [], self.taints)
        )

    def put(self, pod: Object) -> None:
        """The pod takes its part."""
        for name, amount in requests(pod).items():
            self.free[name] = self.free.get(name, Fraction(0)) - amount
        self.used_by.append(pod)


def room(node: Object, pods: Iterable[Object]) -> Room:
    """What is free on a node with these pods; taints of one that is not ready yet do not count."""
    free = {name: quantity(value) for name, value in node.get("status", {}).get("allocatable", {}).items()}
    taints = [one for one in node["spec"].get("taints") or [] if not one["key"].startswith(COMING)]
    made = Room(node["metadata"]["name"], node["metadata"].get("labels") or {}, taints, free)
    for pod in pods:
        for name, amount in requests(pod).items():
            made.free[name] = made.free.get(name, Fraction(0)) - amount
    return made


def requests(pod: Object) -> Amounts:
    """What a pod asks for: its containers together with init containers that stay, or a later init container alone
    where that is more (Kubernetes documentation, "Init Containers", "Resource sharing within containers")."""
    spec = pod["spec"]
    asked: Amounts = {}
    peak: Amounts = {}
    for one in spec.get("initContainers") or []:
        needs = _amounts(one)
        if one.get("restartPolicy") == "Always":
            asked = _sum(asked, needs)
            peak = _most(peak, asked)
        else:
            peak = _most(peak, _sum(asked, needs))
    for one in spec["containers"]:
        asked = _sum(asked, _amounts(one))
    overhead = {name: quantity(value) for name, value in (spec.get("overhead") or {}).items()}
    return {**_sum(_most(peak, asked), overhead), "pods": Fraction(1)}


def is_selected(spec: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether selector and required affinity of a pod allow a node with these labels."""
    if not (spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(
        # a term by fields names nodes that are there, and an empty one selects none
        bool(term.get("matchExpressions")) and all(_holds(one, labels) for one in term["matchExpressions"])
        for term in required["nodeSelectorTerms"]
        if not term.get("matchFields")
    )


def tolerates(tolerations: Iterable[Mapping[str, str]], taints: Iterable[Mapping[str, str]]) -> bool:
    """Whether every taint that keeps pods away is tolerated (Kubernetes documentation, "Taints and Tolerations")."""
    every = list(tolerations)
    return all(any(_answers(one, taint) for one in every) for taint in taints if taint["effect"] != "PreferNoSchedule")


def _answers(toleration: Mapping[str, str], taint: Mapping[str, str]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    key = toleration.get("key")
    if toleration.get("operator", "Equal") == "Exists":
        return not key or key == taint["key"]
    return key == taint["key"] and toleration.get("value", "") == taint.get("value", "")


def _holds(one: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, wanted = labels.get(one["key"]), one.get("values") or []
    match one["operator"]:
        case "In":
            return value in wanted
        case "NotIn":
            return value not in wanted
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator if value is not None and value.lstrip("-").isdigit():
            return int(value) > int(wanted[0]) if operator == "Gt" else int(value) < int(wanted[0])
    return False


def _amounts(container: Mapping[str, Any]) -> Amounts:
    said = container.get("resources") or {}
    return {name: quantity(value) for name, value in {**said.get("limits", {}), **said.get("requests", {})}.items()}


def _sum(one: Amounts, other: Amounts) -> Amounts:
    return {name: one.get(name, Fraction(0)) + other.get(name, Fraction(0)) for name in {**one, **other}}


def _most(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, Fraction(0)), other.get(name, Fraction(0))) for name in {**one, **other}}
