"""What EKS Auto Mode puts into a cluster by itself: its kinds of objects, its node class, its node pools."""

import time
from pathlib import Path
from typing import Any

import yaml

from localcloud.clusters.api import Api, ApiError

POOLS = "/apis/karpenter.sh/v1/nodepools"
CLASSES = "/apis/eks.amazonaws.com/v1/nodeclasses"
KINDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

ESTABLISHED_SECONDS = 30
"""How long the API server may take to serve a new kind; it takes about one."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def definitions(charts: Path | None, part: str) -> list[dict[str, Any]]:
    """The custom resource definitions of a part of the charts. Raises FileNotFoundError where there are none."""
    files = sorted((charts / part).glob("*.yaml")) if charts else []
    if not files:
        raise FileNotFoundError(
            f"{charts}/{part} has no definitions of kinds; build the charts (make up does), or give another --charts"
        )
    documents = [one for file in files for one in yaml.load_all(file.read_text(), _LOADER) if one]
    kinds = [one for one in documents if one["kind"] == "CustomResourceDefinition"]
    for one in kinds:
        one["metadata"].pop("labels", None)  # of charts: templates that nobody fills in here
    return kinds


def own_definition() -> dict[str, Any]:
    """That of EKS's NodeClass."""
    return yaml.load((Path(__file__).parent / "node_class.yaml").read_text(), _LOADER)


def install(api: Api, kinds: list[dict[str, Any]]) -> None:
    """Makes kinds known and waits until they are served. Raises ApiError."""
    for one in kinds:
        api.apply(f"{KINDS}/{one['metadata']['name']}", one)
    waiting = {one["metadata"]["name"] for one in kinds}
    until = time.monotonic() + ESTABLISHED_SECONDS
    while waiting:
        waiting -= {name for name in waiting if _is_established(api, name)}
        if waiting and time.monotonic() > until:
            raise ApiError(0, "custom resource definitions", f"not served yet: {', '.join(sorted(waiting))}")
        if waiting:
            time.sleep(0.1)


def _is_established(api: Api, name: str) -> bool:
    conditions = api.get(f"{KINDS}/{name}").get("status", {}).get("conditions") or []
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def node_class(said: dict[str, Any]) -> dict[str, Any]:
    """The class `default`, from what the account says of a cluster (Amazon EKS API Reference, Cluster)."""
    network = said["resourcesVpcConfig"]
    return {
        "apiVersion": "eks.amazonaws.com/v1",
        "kind": "NodeClass",
        "metadata": {"name": "default", "labels": {"app.kubernetes.io/managed-by": "eks"}},
        "spec": {
            "role": said["computeConfig"]["nodeRoleArn"].rpartition("/")[2],
            "subnetSelectorTerms": [{"id": one} for one in network["subnetIds"]],
            "securityGroupSelectorTerms": [{"id": network["clusterSecurityGroupId"]}],
            "ephemeralStorage": {"size": "80Gi", "iops": 3000, "throughput": 125},
            "networkPolicy": "DefaultAllow",
            "networkPolicyEventLogs": "Disabled",
            "snatPolicy": "Random",
        },
    }


def node_pool(name: str) -> dict[str, Any]:
    """A built-in pool, `general-purpose` or `system`; Amazon EKS User Guide, "Enable or Disable Built-in NodePools"."""
    is_system = name == "system"
    requirements = {
        "karpenter.sh/capacity-type": ("In", ["on-demand"]),
        "eks.amazonaws.com/instance-category": ("In", ["c", "m", "r"]),
        "eks.amazonaws.com/instance-generation": ("Gt", ["4"]),
        "kubernetes.io/arch": ("In", ["amd64", "arm64"] if is_system else ["amd64"]),
        "kubernetes.io/os": ("In", ["linux"]),
    }
    template: dict[str, Any] = {
        "nodeClassRef": {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": "default"},
        "expireAfter": "336h",
        "terminationGracePeriod": "24h0m0s",
        "requirements": [
            {"key": key, "operator": operator, "values": values} for key, (operator, values) in requirements.items()
        ],
    }
    if is_system:
        template["taints"] = [{"key": "CriticalAddonsOnly", "effect": "NoSchedule"}]
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "eks"}},
        "spec": {
            "template": {"spec": template},
            "disruption": {
                "consolidationPolicy": "WhenEmptyOrUnderutilized",
                "consolidateAfter": "30s",
                "budgets": [{"nodes": "10%"}],
            },
        },
    }


def arrange(api: Api, said: dict[str, Any]) -> None:
    """Makes the built-in class and pools that the cluster asks for, and takes the others away. Raises ApiError."""
    compute = said["computeConfig"]
    wanted = set(compute.get("nodePools", [])) if compute["enabled"] else set()
    if wanted:
        api.apply(f"{CLASSES}/default", node_class(said))
    for name in ("general-purpose", "system"):
        if name in wanted:
            api.apply(f"{POOLS}/{name}", node_pool(name))
        else:
            _remove(api, f"{POOLS}/{name}")
    if not wanted:
        _remove(api, f"{CLASSES}/default")


def _remove(api: Api, path: str) -> None:
    """Only what EKS made: a pool of the same name may be somebody's own."""
    try:
        found = api.get(path)
    except ApiError as error:
        if error.status == 404:
            return
        raise
    if found["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "eks":
        api.delete(path)
