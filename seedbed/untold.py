"""What an account does not tell of a thing that was made: taken from what it was asked for."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

UNTOLD: dict[str, tuple[tuple[str, ...], ...]] = {
    "aws:eks/cluster:Cluster": (
        # Terraform AWS provider, aws_eks_cluster: not returned by the EKS API, and an import takes it for true.
        ("accessConfig", "bootstrapClusterCreatorAdminPermissions"),
        ("bootstrapSelfManagedAddons",),
    ),
}
"""Properties by type that count at the creation only, and that a change of replaces the thing."""


def remembered(deployment: Mapping[str, Any], asked: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """The deployment with the untold properties as they were asked for; None where nothing differs.

    `asked` are the inputs, by URN, of creations whose things were taken over and read from the account since.
    """
    resources, is_other = [], False
    for resource in deployment.get("resources", []):
        mended = deepcopy(resource)
        for path in UNTOLD.get(resource["type"], ()) if resource["urn"] in asked and not resource.get("delete") else ():
            wanted = _at(asked[resource["urn"]], path)
            if wanted is None:
                continue
            for part in ("inputs", "outputs"):
                is_other |= _put(mended.get(part) or {}, path, wanted)
        resources.append(mended)
    return {**deployment, "resources": resources} if is_other else None


def _at(properties: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = properties
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _put(properties: dict[str, Any], path: tuple[str, ...], value: Any) -> bool:
    """Whether it was another value; what holds it has to be there."""
    *way, last = path
    holder: Any = properties
    for name in way:
        holder = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(holder, dict) or holder.get(last) == value:
        return False
    holder[last] = value
    return True
