"""What would be lost in a cluster with a namespace, a claim on a disk, or the definition of a kind."""

from collections import Counter

from seedbed.cluster import kind as kinds
from seedbed.cluster.client import Kube
from seedbed.cluster.kind import Kind
from seedbed.cluster.usage import amount, is_over, said

GIB = 2.0**30


def in_namespace(kube: Kube, name: str) -> str:
    """What a namespace holds, in words."""
    if kube.get(kinds.NAMESPACES, name) is None:
        return f"namespace {name}: not there any more"
    counts: Counter[str] = Counter()
    counts["pod"] = sum(not is_over(pod) for pod in kube.listed(kinds.PODS, name))
    counts["job"] = len(kube.listed(kinds.JOBS, name))
    counts["model endpoint"] = len(kube.find(kinds.INFERENCE_SERVICES, name))
    held = [f"{number} {what}{'s' * (number != 1)}" for what, number in counts.items() if number]
    claims = kube.listed(kinds.CLAIMS, name)
    if claims:
        size = sum(amount(one["spec"]["resources"]["requests"]["storage"]) for one in claims)
        held.append(f"{len(claims)} disk{'s' * (len(claims) != 1)} of {said(size / GIB)} GiB")
    return f"namespace {name}: {', '.join(held) or 'nothing runs in it'}"


def in_claim(kube: Kube, id_: str) -> str:
    """How big the disk behind a claim is and who uses it; `id_` is NAMESPACE/NAME."""
    namespace, _, name = id_.rpartition("/")
    claim = kube.get(kinds.CLAIMS, name, namespace)
    if claim is None:
        return f"disk {id_}: not there any more"
    size = said(amount(claim["spec"]["resources"]["requests"]["storage"]) / GIB)
    users = [
        kinds.name_of(pod)
        for pod in kube.listed(kinds.PODS, namespace)
        for volume in pod["spec"].get("volumes") or []
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == name
    ]
    return f"disk {id_}: {size} GiB, used by {', '.join(sorted(users)) or 'no pod now'}"


def of_kind(kube: Kube, id_: str) -> str:
    """How many objects of a kind there are; `id_` is the name of its definition: PLURAL.GROUP."""
    definition = kube.get(kinds.DEFINITIONS, id_)
    if definition is None:
        return f"kind {id_}: not there any more"
    spec = definition["spec"]
    version = next(one["name"] for one in spec["versions"] if one["served"])
    count = len(kube.find(Kind(f"{spec['group']}/{version}", spec["names"]["plural"])))
    return f"kind {id_}: {count or 'no'} object{'s' * (count != 1)}"
