"""What Karpenter is told of the instance types: resources, labels, and an offer a zone and way of paying."""

import re
from typing import Any

from localcloud.clusters.instances import Instance, Instances

GROUP = "eks.amazonaws.com"

SPOT_RATIO = 0.4
"""What a spot instance costs of the price on demand where the table does not say."""

PRICED_LIKE = "us-east-1"
"""Whose price stands in where a region's own is not known."""

DISK_GIB = 80
"""Ephemeral storage of a node of Auto Mode; Amazon EKS User Guide, "Create a node class"."""


def offers(instances: Instances, region: str, zones: list[str]) -> list[dict[str, Any]]:
    """Every instance type with a price, as the file of instance types has it."""
    return [_described(one, price, zones) for one in instances.values() if (price := price_of(one, region)) is not None]


def price_of(one: Instance, region: str) -> float | None:
    """US dollars an hour on demand; that of us-east-1 where the region's is not known, None where neither is."""
    known = one.usd or {}
    return known.get(region, known.get(PRICED_LIKE))


def labels(one: Instance) -> dict[str, str]:
    """What a node pool of Auto Mode may ask for; Amazon EKS User Guide, "Create a node pool for EKS Auto Mode"."""
    family, _, size = one.name.partition(".")
    shape = re.match(r"([a-z]+?)(\d+)", family)
    said = {
        "instance-category": shape[1] if shape else family,
        "instance-generation": shape[2] if shape else "",
        "instance-family": family,
        "instance-size": size,
        "instance-cpu": str(one.vcpus),
        "instance-memory": str(int(one.memory_gib * 1024)),
        "instance-hypervisor": "" if "metal" in size else "nitro",
    }
    if one.gpus and one.accelerator:
        said |= {
            "instance-gpu-name": one.accelerator.partition("-")[0],  # an A100 is an a100, with 40 or with 80 GB
            "instance-gpu-manufacturer": "nvidia",
            "instance-gpu-count": str(one.gpus),
            "instance-gpu-memory": str(int(one.gpu_memory_gib * 1024)),
        }
    return {f"{GROUP}/{name}": value for name, value in said.items() if value}


def _described(one: Instance, price: float, zones: list[str]) -> dict[str, Any]:
    capacity = one.capacity(disk_gib=DISK_GIB)
    left = one.allocatable(capacity)
    return {
        "name": one.name,
        "architecture": one.architecture,
        "operatingSystems": ["linux"],
        "labels": labels(one),
        "resources": capacity,
        "overhead": {
            "cpu": f"{one.vcpus * 1000 - _amount(left['cpu'], 'm')}m",
            "memory": f"{_amount(capacity['memory'], 'Mi') - _amount(left['memory'], 'Mi')}Mi",
        },
        "offerings": [
            _offer(kind, zone, price * share)
            for zone in zones
            for kind, share in (("spot", getattr(one, "spot_ratio", SPOT_RATIO)), ("on-demand", 1.0))
        ],
    }


def _offer(kind: str, zone: str, price: float) -> dict[str, Any]:
    asked = {"karpenter.sh/capacity-type": kind, "topology.kubernetes.io/zone": zone}
    return {
        "price": round(price, 6),
        "available": True,
        "requirements": [{"key": key, "operator": "In", "values": [value]} for key, value in asked.items()],
    }


def _amount(quantity: str, unit: str) -> int:
    return int(quantity.removesuffix(unit))
