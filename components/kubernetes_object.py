"""Objects of a cluster whose kind is known only when the program runs."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pulumi


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


def group_and_version(api: str) -> str:
    """As type tokens have it: the oldest kinds, which have no group, are those of `core`."""
    return api if "/" in api else f"core/{api}"
