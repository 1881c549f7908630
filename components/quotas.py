"""Service quotas that an environment needs."""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

Capacity = Literal["on-demand", "spot"]


class NeededQuota(NamedTuple):
    """What one quota of the account must allow, for this environment alone."""

    service: str
    """Code of the service at Service Quotas."""

    code: str | None
    """Code of the quota; None where only the name is known, by which Service Quotas lists it too."""

    name: str
    """Name of the quota at Service Quotas."""

    needed: int


ELASTIC_IPS = ("L-0263D0A3", "EC2-VPC Elastic IPs")
"""One a NAT gateway; 5 a region at first (VPC user guide, "Amazon VPC quotas")."""

_FAMILIES: tuple[tuple[str, dict[Capacity, tuple[str, str]]], ...] = (
    (
        r"(g|gr|vt)\d",
        {
            "on-demand": ("L-DB2E81BA", "Running On-Demand G and VT instances"),
            "spot": ("L-3819A6DF", "All G and VT Spot Instance Requests"),
        },
    ),
    (
        r"p[2-4]",
        {
            "on-demand": ("L-417A185B", "Running On-Demand P instances"),
            "spot": ("L-7212CCBC", "All P4, P3 and P2 Spot Instance Requests"),
        },
    ),
    (
        r"p5",
        {
            "on-demand": ("L-417A185B", "Running On-Demand P instances"),
            "spot": ("L-C4BD4855", "All P5 Spot Instance Requests"),
        },
    ),
    (r"p6", {"on-demand": ("L-417A185B", "Running On-Demand P instances")}),
    (
        r"[acdhimrtz]\d|(im|is)\d",
        {
            "on-demand": ("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"),
            "spot": ("L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests"),
        },
    ),
)
"""Quotas in vCPUs by how an instance family starts (EC2 user guide, "On-Demand Instance quotas", "Spot quotas")."""

_ENDPOINT_CODES = {
    "ml.g5.2xlarge": "L-9614C779",
    "ml.g5.4xlarge": "L-C1B9A48D",
    "ml.g5.12xlarge": "L-65C4BD00",
    "ml.g5.xlarge": "L-1928E07B",
    "ml.g6.xlarge": "L-D470D954",
    "ml.g6e.2xlarge": "L-F8D7F460",
    "ml.g6e.4xlarge": "L-93531071",
    "ml.g6e.xlarge": "L-B0729CB4",
    "ml.m5.large": "L-614B09FD",
    "ml.p4d.24xlarge": "L-09F79647",
}
"""SageMaker has a quota an instance type; these codes were read from lists that accounts published."""

_BURSTABLE = re.compile(r"t\d")
_OTHERWISE = {"c4.8xlarge": 36, "d2.8xlarge": 36, "t2.nano": 1, "t2.micro": 1, "t2.small": 1}
"""vCPUs of older types whose size says another number."""

_SIZE = re.compile(r"(?P<times>\d*)xlarge")


def vcpus(instance_type: str) -> int:
    """vCPUs of an EC2 instance type such as m7i.large (EC2 instance types guide, "specifications").

    A size stands for the same number in nearly every family: large 2, xlarge 4, Nxlarge 4 N. Raises ValueError for
    metal and for sizes that are none.
    """
    if instance_type in _OTHERWISE:
        return _OTHERWISE[instance_type]
    family, _, size = instance_type.partition(".")
    whole = _SIZE.fullmatch(size)
    if whole:
        return 4 * int(whole["times"] or 1)
    if size == "large":
        return 2
    if size == "medium" and not _BURSTABLE.match(family):
        return 1
    if size in ("nano", "micro", "small", "medium") and _BURSTABLE.match(family):
        return 2
    raise ValueError(
        f"{instance_type}: its vCPUs do not follow from its size; found {size or 'no size'!r}, allowed is medium, "
        "large, xlarge or a number before xlarge: choose such a size"
    )


def vcpu_quotas(caps: Iterable[tuple[str, Capacity, int]]) -> list[NeededQuota]:
    """Quotas for EC2 instances from `caps` of (instance type, capacity, instances at most), summed a quota.

    Raises ValueError for an instance type whose family or size is not known here.
    """
    needed: dict[tuple[str, str], int] = {}
    for instance_type, capacity, instances in caps:
        quota = _vcpu_quota(instance_type)[capacity]
        needed[quota] = needed.get(quota, 0) + vcpus(instance_type) * instances
    return [NeededQuota("ec2", code, name, number) for (code, name), number in sorted(needed.items()) if number]


def _vcpu_quota(instance_type: str) -> dict[Capacity, tuple[str, str]]:
    for start, quotas in _FAMILIES:
        if re.match(start, instance_type):
            return quotas
    raise ValueError(
        f"{instance_type}: the quota of its family is not known; found {instance_type.partition('.')[0]!r}, allowed "
        "are families that start with A, C, D, G, H, I, M, R, T, VT or Z and a number, and P2 to P6"
    )


def address_quota(nat_gateways: int) -> list[NeededQuota]:
    """Quota for the public addresses of `nat_gateways`, none for none."""
    return [NeededQuota("ec2", *ELASTIC_IPS, nat_gateways)] if nat_gateways else []


def endpoint_quotas(caps: Iterable[tuple[str, int]]) -> list[NeededQuota]:
    """Quotas for SageMaker endpoints from `caps` of (instance type, instances at most), summed an instance type.

    A deployment runs the new fleet beside the old one: twice the instances (SageMaker developer guide, "blue/green
    deployments").
    """
    needed: dict[str, int] = {}
    for instance_type, instances in caps:
        needed[instance_type] = needed.get(instance_type, 0) + 2 * instances
    return [
        NeededQuota("sagemaker", _ENDPOINT_CODES.get(kind), f"{kind} for endpoint usage", number)
        for kind, number in sorted(needed.items())
    ]
