"""Objects of a cluster whose kind is known only when the program runs."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

import pulumi

from components.order import once

FORCE = "pulumi.com/patchForce"
"""Annotation of the provider, which the API server never sees."""


class KubernetesObject(pulumi.CustomResource):
    """One object with its ordinary type token, whatever fields its kind has at the top.

    `pulumi_kubernetes.apiextensions.CustomResource` registers the same token but takes metadata and spec alone, which
    leaves out roles, config maps, webhooks and more.
    """

    def __init__(self, name: str, document: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        """`document` is the object as an API server takes it, with apiVersion, kind and metadata."""
        provider = pulumi.ResourceOptions(version=version("pulumi-kubernetes"))
        super().__init__(
            f"kubernetes:{group_and_version(document['apiVersion'])}:{document['kind']}",
            name,
            dict(document),
            pulumi.ResourceOptions.merge(opts, provider),
        )


def asked_later(metadata: Mapping[str, Any], programs: Iterable[pulumi.Resource]) -> dict[str, Any]:
    """Metadata of an object that programs of the cluster are asked about, by webhooks: not known until they are there.

    A preview asks the API server about every object that it knows whole. After an `up` that was cut short it would ask
    webhooks whose program is not there yet, and fail.
    """
    annotations = metadata.get("annotations") or {}
    there = [program.id for program in programs if isinstance(program, pulumi.CustomResource)]
    return {**metadata, "annotations": {FORCE: once("true", *there), **annotations}}


def group_and_version(api: str) -> str:
    """As type tokens have it: the oldest kinds, which have no group, are those of `core`."""
    return api if "/" in api else f"core/{api}"
