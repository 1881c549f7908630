"""Clusters and what is inside them."""

from collections.abc import Callable, Iterator

from seedbed.account import Account
from seedbed.services.kind import Inputs, Kind, Listed, as_mapping, named


def own(account: Account) -> list[str]:
    """Names of the clusters that bear the environment's name; what is inside others is not looked at."""
    names = account.pages("eks", "list_clusters", "clusters")
    return [name for name in names if name == account.prefix or name.startswith(f"{account.prefix}-")]


def _clusters(account: Account) -> Iterator[Listed]:
    eks = account.client("eks")
    for name in own(account):
        about = eks.describe_cluster(name=name)["cluster"]
        if about["status"] != "DELETING":
            yield Listed(name, name, about["arn"], lambda about=about: as_mapping(about.get("tags")))


def _inside(listing: str, result: str, describe: str, argument: str, about: str) -> Callable:
    def listed(account: Account) -> Iterator[Listed]:
        eks = account.client("eks")
        for cluster in own(account):
            for name in account.pages("eks", listing, result, clusterName=cluster):
                found = getattr(eks, describe)(**{"clusterName": cluster, argument: name})[about]
                if found.get("status") == "DELETING":
                    continue
                id_ = f"{cluster}:{name}"
                yield Listed(id_, id_, tags=lambda found=found: as_mapping(found.get("tags")))

    return listed


def _identities(account: Account) -> Iterator[Listed]:
    eks = account.client("eks")
    for cluster in own(account):
        for one in account.pages("eks", "list_pod_identity_associations", "associations", clusterName=cluster):
            asked = {"clusterName": cluster, "associationId": one["associationId"]}
            yield Listed(
                f"{cluster},{one['associationId']}",
                f"{cluster}:{one['namespace']}:{one['serviceAccount']}",
                tags=lambda asked=asked: as_mapping(
                    eks.describe_pod_identity_association(**asked)["association"].get("tags")
                ),
            )


def _of(*keys: str) -> Callable[[Inputs], str]:
    return lambda inputs: ":".join(str(inputs[key]) for key in keys)


KINDS = {
    "aws:eks/cluster:Cluster": Kind("cluster", _clusters, named("name"), "eks:cluster/"),
    "aws:eks/nodeGroup:NodeGroup": Kind(
        "node group",
        _inside("list_nodegroups", "nodegroups", "describe_nodegroup", "nodegroupName", "nodegroup"),
        _of("clusterName", "nodeGroupName"),
        "eks:nodegroup/",
        swept=False,
    ),
    "aws:eks/addon:Addon": Kind(
        "add-on",
        _inside("list_addons", "addons", "describe_addon", "addonName", "addon"),
        _of("clusterName", "addonName"),
        "eks:addon/",
        swept=False,
    ),
    "aws:eks/accessEntry:AccessEntry": Kind(
        "access entry",
        _inside("list_access_entries", "accessEntries", "describe_access_entry", "principalArn", "accessEntry"),
        _of("clusterName", "principalArn"),
        "eks:access-entry/",
        swept=False,
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Kind(
        "pod identity",
        _identities,
        _of("clusterName", "namespace", "serviceAccount"),
        "eks:podidentityassociation/",
        swept=False,
    ),
}
