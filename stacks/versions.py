"""The one catalogue of versions, read."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

CATALOGUE = Path(__file__).parents[1] / "versions.yaml"


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


class Catalogue(_Entry):
    """Everything that has a version."""

    kubernetes: Annotated[dict[str, Kubernetes], Field(min_length=1)]
    """By minor version, for example 1.34."""


@cache
def catalogue() -> Catalogue:
    """The catalogue as `versions.yaml` has it. Raises pydantic's ValidationError where the file is not sound."""
    return Catalogue.model_validate(yaml.safe_load(CATALOGUE.read_text(encoding="utf-8")))


def kubernetes_versions() -> tuple[str, ...]:
    """Minor versions of Kubernetes that an environment may ask for, the newest first."""
    return tuple(sorted(catalogue().kubernetes, key=lambda v: [int(n) for n in v.split(".")], reverse=True))


def addon_versions(kubernetes: str) -> dict[str, str]:
    """Version of each EKS add-on for a minor version of Kubernetes. Raises KeyError for one that is not there."""
    return {name: addon.version for name, addon in catalogue().kubernetes[kubernetes].addons.items()}
