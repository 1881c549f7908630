"""The one catalogue of versions, read."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

CATALOGUE = Path(__file__).parents[1] / "versions.yaml"

Text = Annotated[str, StringConstraints(min_length=5)]
Version = Annotated[str, StringConstraints(pattern=r"^v?[0-9]+\.[0-9]+\.[0-9]+([.+-][A-Za-z0-9.-]+)?$")]


class _Entry(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Addon(_Entry):
    """One EKS add-on at one version of Kubernetes."""

    version: Annotated[str, StringConstraints(pattern=r"^v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+$")]
    source: Annotated[str, StringConstraints(min_length=10)]
    """Where the version was read."""

    checked: bool
    """Whether a page of AWS names this version."""


class Kubernetes(_Entry):
    """A minor version of Kubernetes that EKS offers."""

    standard_support_until: date
    extended_support_until: date
    addons: Annotated[dict[str, Addon], Field(min_length=1)]


class Program(_Entry):
    """A program that is not Python."""

    version: Version
    module: Text
    """Go module that it is built from for this machine."""

    account: Text
    """What an environment in an account runs in its place."""


class Chart(_Entry):
    """What is installed into a cluster, rendered from a chart of Helm."""

    version: Version
    module: Text
    """Go module whose files hold the chart."""

    repository: Text
    """Where its project publishes the same chart."""

    namespace: str


class Image(_Entry):
    """A container image."""

    repository: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+\.[a-z]+/[a-z0-9._/-]+$")]
    """Host and name."""

    tag: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")]
    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")] | None = None
    """Digest of that tag, where it was read."""

    source: Text
    """Where the version was read."""

    @property
    def host(self) -> str:
        """Registry that publishes it."""
        return self.repository.partition("/")[0]

    @property
    def upstream(self) -> str:
        """That registry as a mirror calls it (ECR user guide, "pull through cache", upstream registries)."""
        return "registry-1.docker.io" if self.host == "docker.io" else self.host

    @property
    def name(self) -> str:
        """Name in that registry."""
        return self.repository.partition("/")[2]

    @property
    def version(self) -> str:
        """What stands behind the name: the tag, and the digest where it is known."""
        return f":{self.tag}" + (f"@{self.digest}" if self.digest else "")

    def at(self, digest: str | None) -> "Image":
        """The same image by `digest`, where the catalogue has none."""
        return self.model_copy(update={"digest": self.digest or digest})

    @property
    def reference(self) -> str:
        """What a container is told, by digest where it is known."""
        return self.repository + self.version


class NodeImage(_Entry):
    """An AMI type of managed node groups."""

    release: Text
    """Which release of it a group runs."""

    source: Text


class Catalogue(_Entry):
    """Everything that has a version."""

    kubernetes: Annotated[dict[str, Kubernetes], Field(min_length=1)]
    """By minor version, for example 1.34."""

    programs: dict[str, Program]
    charts: dict[str, Chart]
    images: dict[str, Image]
    node_images: dict[str, NodeImage] = Field(default_factory=dict)


@cache
def catalogue() -> Catalogue:
    """The catalogue as `versions.yaml` has it. Raises pydantic's ValidationError where the file is not sound."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as quick where libyaml is there
    return Catalogue.model_validate(yaml.load(CATALOGUE.read_text(encoding="utf-8"), Loader=loader))


def kubernetes_versions() -> tuple[str, ...]:
    """Minor versions of Kubernetes that an environment may ask for, the newest first."""
    return tuple(sorted(catalogue().kubernetes, key=lambda v: [int(n) for n in v.split(".")], reverse=True))


def local_kubernetes() -> str:
    """Minor version of Kubernetes that the local control plane has."""
    return catalogue().programs["kube"].version.removeprefix("v").rpartition(".")[0]


def addon_versions(kubernetes: str) -> dict[str, str]:
    """Version of each EKS add-on for a minor version of Kubernetes. Raises KeyError for one that is not there."""
    return {name: addon.version for name, addon in catalogue().kubernetes[kubernetes].addons.items()}


def chart_version(name: str) -> str:
    """Version of a chart. Raises KeyError for one that is not there."""
    return catalogue().charts[name].version


def image(name: str) -> Image:
    """An image by its name in the catalogue. Raises KeyError for one that is not there."""
    return catalogue().images[name]
