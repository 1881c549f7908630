"""Whose the objects of the cluster are."""

from collections.abc import Callable, Mapping

import pulumi

OWNED = frozenset(
    {
        "Namespace",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "InferenceService",
    }
)
"""Kinds on which it is written, those of charts too: who is called when one of them fails at night looks there."""

TOLD = ("owner", "system", "env", "cost-center")


def owned(
    tags: Mapping[str, str],
) -> Callable[[pulumi.ResourceTransformationArgs], pulumi.ResourceTransformationResult | None]:
    """A stack transformation that writes the environment's tags on objects of the cluster, as annotations: the value of
    a label could not hold an address (Kubernetes docs, "labels and selectors")."""
    ours = {f"seedbed.dev/{key}": tags[key] for key in TOLD}

    def write(given: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        package, _, rest = given.type_.partition(":")
        metadata = given.props.get("metadata")
        if package != "kubernetes" or rest.rpartition(":")[2] not in OWNED or not isinstance(metadata, Mapping):
            return None
        there = metadata.get("annotations") or {}
        if not isinstance(there, Mapping):
            return None
        told = {**metadata, "annotations": {**ours, **there}}
        return pulumi.ResourceTransformationResult({**given.props, "metadata": told}, given.opts)

    return write
