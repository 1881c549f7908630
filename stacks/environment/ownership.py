"""Whose the objects of the cluster are."""

from collections.abc import Callable, Mapping

import pulumi

from components.kubernetes_object import FORCE

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

DECIDED = {FORCE: "true"}
"""What the program says of an object counts, whoever edited it by hand in between (Pulumi's guide "Managing Resources
with Server-Side Apply"): without it an `up` after such an edit ends in a conflict. Fields that the program leaves out
stay with those who set them, such as the certificates that controllers write into webhooks."""


def owned(
    tags: Mapping[str, str],
) -> Callable[[pulumi.ResourceTransformationArgs], pulumi.ResourceTransformationResult | None]:
    """A stack transformation that writes on objects of the cluster that the program decides on them, and the
    environment's tags as annotations: a label's value could not hold an address (Kubernetes docs, "labels and
    selectors")."""
    ours = {f"seedbed.dev/{key}": tags[key] for key in TOLD}

    def write(given: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        package, _, rest = given.type_.partition(":")
        metadata = given.props.get("metadata")
        if package != "kubernetes" or not isinstance(metadata, Mapping):
            return None
        said = ours if rest.rpartition(":")[2] in OWNED else {}
        there = metadata.get("annotations") or {}
        if not isinstance(there, Mapping):
            return None
        told = {**metadata, "annotations": {**DECIDED, **said, **there}}
        return pulumi.ResourceTransformationResult({**given.props, "metadata": told}, given.opts)

    return write
