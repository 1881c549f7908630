"""The model of the key `cluster`."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.file.addresses import OpenBlock
from stacks.file.vocabulary import InstanceType, KubernetesVersion, LogRetentionDays, Part, RoleArn


class SystemNodes(Part):
    """The fixed nodes of a cluster whose compute AWS does not manage: they carry what the cluster itself needs."""

    instance_type: InstanceType = "m7i.large"
    """Size of a node."""

    min: Annotated[int, Field(ge=1, le=450)] = 2
    """Nodes at least, which is also how many there are at first (EKS: up to 450 in a node group)."""

    max: Annotated[int, Field(ge=1, le=450)] = 4
    """Nodes at most; not less than `min`."""

    disk_gib: Annotated[int, Field(ge=20, le=16384)] = 50
    """Encrypted disk of a node."""


class Cluster(Part):
    """A Kubernetes cluster (EKS)."""

    version: KubernetesVersion = "1.34"
    """Minor version of Kubernetes; `versions.yaml` has the add-ons that go with it."""

    access: Literal["private", "public"] = "private"
    """Where the API is reached from: the network only, or from `publicCidrs` too. The policies refuse `public` outside
    development."""

    public_cidrs: Annotated[tuple[OpenBlock, ...], Field(strict=False, max_length=40)] = ()
    """Networks that reach a public API, needed with `access: public` and refused without (EKS: up to 40)."""

    compute: Literal["auto", "managed"] = "auto"
    """`auto`: EKS Auto Mode makes, patches and removes nodes as pods ask for them; `managed`: a fixed group of system
    nodes."""

    system_nodes: SystemNodes | None = None
    """The fixed nodes; only with `compute: managed`, where the defaults below hold without the key."""

    administrators: Annotated[tuple[RoleArn, ...], Field(strict=False, max_length=20)] = ()
    """IAM roles of this account that may do everything in the cluster."""

    viewers: Annotated[tuple[RoleArn, ...], Field(strict=False, max_length=20)] = ()
    """IAM roles of this account that may see everything in the cluster but secrets."""

    log_retention_days: LogRetentionDays = 90
    """Days that the control plane's logs are kept."""

    support: Literal["standard", "extended"] = "standard"
    """What happens when standard support of the version ends: `standard` upgrades the cluster by itself, `extended`
    keeps the version for 12 more months at a higher price."""

    @property
    def node_group(self) -> SystemNodes | None:
        """The system nodes with defaults filled in; none where AWS manages compute."""
        return (self.system_nodes or SystemNodes()) if self.compute == "managed" else None
