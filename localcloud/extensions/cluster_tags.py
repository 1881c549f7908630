"""moto keeps tags of clusters only: those of node groups, add-ons, access entries and associations are refused."""

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions.cluster_records import Cluster, all_clusters, clusters_of
from localcloud.extensions.tagged_resources import sees
from localcloud.refusal import Refusal


def bearers(owner: Cluster) -> Iterator[tuple[str, str, dict[str, str]]]:
    """What bears tags in a cluster: ARN, type as the tagging API names it, tags."""
    yield owner.said["arn"], "eks:cluster", owner.said["tags"]
    for group in owner.node_groups.values():
        yield group["nodegroupArn"], "eks:nodegroup", group["tags"]
    for add_on in owner.add_ons.values():
        yield add_on["addonArn"], "eks:addon", add_on["tags"]
    for entry in owner.entries.values():
        yield entry["accessEntryArn"], "eks:access-entry", entry["tags"]
    for identity in owner.identities.values():
        yield identity["associationArn"], "eks:podidentityassociation", identity["tags"]


@sees
def tagged_clusters(account: str, region: str) -> Iterator[TaggedResource]:
    """Clusters and their parts, as the tagging API sees them."""
    for owner in all_clusters(account, region):
        for arn, kind, tags in bearers(owner):
            yield TaggedResource(arn=arn, tags=dict(tags), resource_type=kind)


@overlay.answers("eks", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    """Amazon EKS API Reference, ListTagsForResource."""
    return {"tags": _tags(call)}


@overlay.answers("eks", "TagResource")
def tag(call: Call) -> dict[str, Any]:
    """Sets tags; others stay."""
    _tags(call).update(call.input["tags"])
    return {}


@overlay.answers("eks", "UntagResource")
def untag(call: Call) -> dict[str, Any]:
    """Takes tags away."""
    tags = _tags(call)
    for key in call.input["tagKeys"]:
        tags.pop(key, None)
    return {}


def _tags(call: Call) -> dict[str, str]:
    name = call.input["resourceArn"]
    for owner in clusters_of(call.backend).values():
        for arn, _, tags in bearers(owner):
            if arn == name:
                return tags
    raise Refusal("NotFoundException", f"Resource was not found: {name}", 404)
