"""What pods ask for and nodes have."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from seedbed.cluster.kind import Object

GPUS = "nvidia.com/"
"""Start of the names of GPUs and of parts of them."""

SUFFIXES = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
QUANTITY = re.compile(r"^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([A-Za-z]{0,2})$")
Amounts = defaultdict[str, float]
"""Amounts by the name of a resource, 0 for any other."""

OVER = frozenset({"Succeeded", "Failed"})
"""Phases of a pod that uses nothing any more."""


def amount(quantity: object) -> float:
    """A quantity of Kubernetes as a number: `500m` is 0.5, `1Ki` 1024 (API reference, "Quantity")."""
    found = QUANTITY.match(str(quantity))
    if found is None or found[2] not in SUFFIXES:
        raise ValueError(f"{quantity!r}: not a quantity of Kubernetes, such as 500m, 2 or 1.5Gi")
    return float(found[1]) * SUFFIXES[found[2]]


def requests(pod: Object) -> Amounts:
    """What the scheduler keeps for a pod: its containers together, or one that initializes it if that asks for more.

    Containers beside the others (init containers with `restartPolicy: Always`) count with them.
    """
    spec = pod["spec"]
    starting = spec.get("initContainers") or []
    beside = [one for one in starting if one.get("restartPolicy") == "Always"]
    asked = _together([*(spec.get("containers") or []), *beside])
    for one in starting:
        if one not in beside:
            for name, most in _together([one]).items():
                asked[name] = max(asked[name], most)
    for name, quantity in (spec.get("overhead") or {}).items():
        asked[name] += amount(quantity)
    return asked


def _together(containers: Iterable[Object]) -> Amounts:
    asked: Amounts = defaultdict(float)
    for one in containers:
        for name, quantity in _asked(one.get("resources") or {}).items():
            asked[name] += amount(quantity)
    return asked


def _asked(resources: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    # A limit without a request is one.
    return {**(resources.get("limits") or {}), **(resources.get("requests") or {})}


def gpus(amounts: Mapping[str, float]) -> float:
    """GPUs, or parts of them, among the amounts."""
    return sum(number for name, number in amounts.items() if name.startswith(GPUS))


def capacity(nodes: Iterable[Object]) -> Amounts:
    """What pods may ask of the nodes together."""
    there: Amounts = defaultdict(float)
    for node in nodes:
        for name, quantity in ((node.get("status") or {}).get("allocatable") or {}).items():
            there[name] += amount(quantity)
    return there


def is_over(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in OVER


def said(number: float) -> str:
    """A number as a person writes it: `2`, `0.5`."""
    return f"{number:.2f}".rstrip("0").rstrip(".") or "0"
