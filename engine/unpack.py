"""Charts and CRDs, copied out of the Go modules that carry them."""

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Part:
    """A folder of a module that is wanted as it stands there."""

    name: str
    """Folder that it becomes."""

    module: str
    pins: str
    """Folder beside this file whose go.mod pins the module."""

    inside: str
    """Folder in the module."""

    only: tuple[str, ...] = ("**/*",)
    """Patterns of the files that are wanted."""


PARTS = (
    Part(name="kueue", module="sigs.k8s.io/kueue", pins="cluster", inside="charts/kueue"),
    Part(name="kserve-crd", module="github.com/kserve/kserve", pins="controllers", inside="charts/kserve-crd"),
    Part(
        name="kserve-resources", module="github.com/kserve/kserve", pins="controllers", inside="charts/kserve-resources"
    ),
    Part(
        name="nvidia-device-plugin",
        module="github.com/NVIDIA/k8s-device-plugin",
        pins="charts",
        inside="deployments/helm/nvidia-device-plugin",
    ),
    Part(
        name="karpenter-crds",
        module="sigs.k8s.io/karpenter",
        pins="cluster",
        inside="pkg/apis/crds",
        only=("*.yaml",),
    ),
    Part(
        name="karpenter-kwok-crds",
        module="sigs.k8s.io/karpenter",
        pins="cluster",
        inside="kwok/apis/crds",
        only=("*.yaml",),
    ),
    Part(
        name="cert-manager-crds",
        module="github.com/cert-manager/cert-manager",
        pins="charts",
        inside="deploy/crds",
        only=("crd-certificates.yaml", "crd-certificaterequests.yaml", "crd-issuers.yaml", "crd-clusterissuers.yaml"),
    ),
)


def copy(part: Part, module: Path, target: Path) -> int:
    """Copy a part of a module into its folder below `target`, writable; give the number of files.

    Raises ValueError where the module has nothing of the kind.
    """
    source = module / part.inside
    wanted = [path for pattern in part.only for path in sorted(source.glob(pattern)) if path.is_file()]
    if not wanted:
        raise ValueError(f"{part.module} has no files {' or '.join(part.only)} in {part.inside} (looked in {module})")
    for path in wanted:
        copied = target / part.name / path.relative_to(source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
    return len(wanted)
