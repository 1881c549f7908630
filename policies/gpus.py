"""Pools of nodes with GPUs: what they may take, and how many they may have."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from policies.control import Parameters
from policies.reading import ABSENT, UndeterminedError, as_list, as_number, items, literal, look
from policies.stack import UNKNOWN, Resource, Stack

NODE_GROUP, WRAPPED_GROUP = "aws:eks/nodeGroup:NodeGroup", "eks:index:ManagedNodeGroup"
"""The resource of the service, and the component of the package pulumi-eks around it."""

NODE_POOL, TEMPLATE = "kubernetes:karpenter.sh/v1:NodePool", "aws:ec2/launchTemplate:LaunchTemplate"
POOLS = (NODE_GROUP, WRAPPED_GROUP, NODE_POOL)

ACCELERATOR = re.compile(r"nvidia\.com/.+|amd\.com/gpu|gpu\.intel\.com/.+|aws\.amazon\.com/neuron.*|habana\.ai/.+")
"""Resources that device plugins of accelerators offer; they cannot be overcommitted."""

FAMILY = re.compile(r"(?:g|gr|p|vt|trn|inf|dl)\d[a-z0-9-]*(?:\..+)?")
"""Instance types with accelerators by how their family starts (EC2, "Instance type naming conventions")."""

CATEGORIES = frozenset({"g", "gr", "p", "vt", "trn", "inf", "dl"})

INSTANCE_TYPE, CAPACITY_TYPE = "node.kubernetes.io/instance-type", "karpenter.sh/capacity-type"
REQUIREMENTS = "spec.template.spec.requirements"
OWN_UNITS = "k8s.io/cluster-autoscaler/node-template/resources/"
"""Start of a node group's tag that says what a node of it has (Cluster Autoscaler on AWS, "scale from 0")."""


class Cap(NamedTuple):
    """What bounds a pool, and where."""

    path: str
    most: float | None
    """GPUs that the pool has at most; None where nothing says so."""


def requirement(pool: Resource, *ends: str) -> tuple[str, list[str]] | None:
    """Path and values of the first requirement of a node pool, with the operator In, whose key ends so."""
    for where, entry in items(pool.props, REQUIREMENTS):
        key = UNKNOWN if entry is UNKNOWN else look(entry, "key")
        if key is UNKNOWN:
            raise UndeterminedError(f"{where}.key")
        if isinstance(key, str) and key.endswith(ends) and look(entry, "operator") == "In":
            values = look(entry, "values")
            if values is UNKNOWN or UNKNOWN in as_list(values):
                raise UndeterminedError(f"{where}.values")
            return f"{where}.values", [value for value in as_list(values) if isinstance(value, str)]
    return None


def instance_types(pool: Resource, stack: Stack) -> tuple[str, list[str]] | None:
    """Path and names of the instance types that a pool may take; None where it says none."""
    if pool.type == NODE_POOL:
        return requirement(pool, INSTANCE_TYPE)
    found = as_list(literal(pool.props, "instanceTypes", []))
    path = "instanceTypes"
    if not found:
        templates = stack.referents(pool, "launchTemplate", [TEMPLATE])
        found = [value for one in templates if (value := look(one.props, "instanceType")) is not ABSENT]
        path = "LaunchTemplate.instanceType"
    if UNKNOWN in found:
        raise UndeterminedError(path)
    return (path, [value for value in found if isinstance(value, str)]) if found else None


def has_gpus(pool: Resource, stack: Stack) -> bool:
    """Whether nodes of a pool may have accelerators; one whose requirements leave it open may."""
    types = instance_types(pool, stack)
    if types is not None:
        return any(FAMILY.fullmatch(one) for one in types[1])
    if pool.type != NODE_POOL:
        image = look(pool.props, "amiType")
        return isinstance(image, str) and any(word in image for word in ("NVIDIA", "GPU", "NEURON"))
    family, category = requirement(pool, "/instance-family"), requirement(pool, "/instance-category")
    bounds = [not any(FAMILY.fullmatch(one) for one in family[1])] if family else []
    bounds += [not CATEGORIES & set(category[1])] if category else []
    return not any(bounds)


def cap(pool: Resource, stack: Stack, given: Parameters) -> Cap:
    """The most GPUs that a pool may have; raises UndeterminedError where that is unknown."""
    if pool.type == NODE_POOL:
        path = "spec.limits"
        limits = literal(pool.props, path, {})
        counted = _accelerators(limits)
        if UNKNOWN in counted.values():
            raise UndeterminedError(path)
        numbers = [as_number(value) for value in counted.values()]
        most = None if not numbers or None in numbers else sum(number for number in numbers if number is not None)
        return Cap(path, most)
    path = "scalingConfig.maxSize"
    size, types = as_number(literal(pool.props, path)), instance_types(pool, stack)
    per_node = max((given.get("types", {}).get(one, 0) for one in types[1]), default=0) if types else 0
    return Cap(path, None if size is None else size * per_node)


def units(pool: Resource, stack: Stack, given: Parameters) -> float:
    """What a pool offers to pods at most: GPUs, or their parts and turns; 0 where that is not known."""
    try:
        most = cap(pool, stack, given).most or 0
    except UndeterminedError:
        return 0
    tags = look(pool.props, "tags")
    said = {key: value for key, value in tags.items() if key.startswith(OWN_UNITS)} if isinstance(tags, Mapping) else {}
    each = as_number(next(iter(said.values()), None))
    size = as_number(look(pool.props, "scalingConfig.maxSize"))
    return size * each if pool.type != NODE_POOL and each is not None and size is not None else most


def labels(pool: Resource) -> Mapping[str, Any]:
    """Labels of a pool's nodes."""
    value = look(pool.props, "spec.template.metadata.labels" if pool.type == NODE_POOL else "labels")
    return value if isinstance(value, Mapping) else {}


def _accelerators(limits: Any) -> dict[str, Any]:
    return (
        {key: one for key, one in limits.items() if ACCELERATOR.fullmatch(key)} if isinstance(limits, Mapping) else {}
    )
