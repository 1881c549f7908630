"""The teams of a cluster: their namespaces, what runs there, and how much of their quotas is used."""

from collections.abc import Iterator, Sequence

from seedbed.cluster import Kube
from seedbed.cluster import kind as kinds
from seedbed.cluster.usage import GPUS, amount, said
from seedbed.status.section import Row
from stacks.file.teams import Team

HEAD = ("team", "pods", "waiting", "GPUs", "CPUs", "memory", "state")
GIB = 2.0**30


def teams(kube: Kube, wanted: Sequence[Team]) -> Iterator[Row]:
    """Each team of the file, with what its namespace uses of what it may."""
    for team in wanted:
        namespace = kube.get(kinds.NAMESPACES, team.name)
        if namespace is None:
            yield Row((team.name, "-", "-", "-", "-", "-", "no namespace yet"), None)
            continue
        pods = [(pod.get("status") or {}).get("phase") for pod in kube.listed(kinds.PODS, team.name)]
        used, most = _quota(kube, team.name)
        phase = (namespace.get("status") or {}).get("phase", "unknown")
        yield Row(
            (
                team.name,
                str(pods.count("Running")),
                str(pods.count("Pending") or "-"),
                _of(used, most, f"requests.{GPUS}gpu"),
                _of(used, most, "requests.cpu"),
                _of(used, most, "requests.memory", GIB, " GiB"),
                "ready" if phase == "Active" else str(phase).lower(),
            ),
            phase == "Active",
        )


def _quota(kube: Kube, namespace: str) -> tuple[dict[str, float], dict[str, float]]:
    """What is used and what is allowed at most, by resource, the strictest quota where there are several."""
    used: dict[str, float] = {}
    most: dict[str, float] = {}
    for quota in kube.listed(kinds.QUOTAS, namespace):
        status = quota.get("status") or {}
        for name, hard in (status.get("hard") or {}).items():
            if amount(hard) < most.get(name, float("inf")):
                most[name], used[name] = amount(hard), amount((status.get("used") or {}).get(name, "0"))
    return used, most


def _of(used: dict[str, float], most: dict[str, float], name: str, unit: float = 1.0, word: str = "") -> str:
    if name not in most:
        return "-"
    return f"{said(used[name] / unit)} of {said(most[name] / unit)}{word}"
