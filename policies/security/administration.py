"""Upkeep and administration of clusters: a version that is patched, and administrators that somebody chose."""

import datetime
import re
from collections.abc import Iterator
from typing import Any

from policies.reading import as_list
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    is_off,
    literal,
    look,
    parts,
    skip,
    text,
    undetermined,
)

CLUSTER, NODE_GROUP, ADD_ON = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"
ENTRY, GRANT = "aws:eks/accessEntry:AccessEntry", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
ROLE = "aws:iam/role:Role"

ADMINISTRATOR = ("AmazonEKSClusterAdminPolicy",)
"""Access policies that stand for cluster-admin (EKS user guide, "Review access policy permissions")."""

MASTERS = "system:masters"
VERSION = re.compile(r"v?1\.(?P<minor>\d+)(?:[.-].*)?")
FOLLOWING = "kube-proxy"
"""The one add-on whose versions are those of Kubernetes (EKS user guide, "Manage kube-proxy")."""


@control(
    "EKS-04",
    title="Cluster version is supported",
    kind="stack",
    severity="medium",
    types=(CLUSTER, NODE_GROUP, ADD_ON),
    basis=("32(1)(d)",),
    refs=("securityhub:EKS.2", "CKV_AWS_339", "prowler:eks_cluster_uses_a_supported_version"),
)
def versions_are_supported(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A cluster names its version (EKS takes the newest otherwise), which is on the maintained list {versions}, and
    whose support, standard or extended by its upgradePolicy, has not ended. A node group that names a version, and the
    add-on kube-proxy, are at most one minor version behind their cluster and never ahead of it.
    """
    if one.type == CLUSTER:
        yield from _supported(one, given)
        return
    path = "version" if one.type == NODE_GROUP else "addonVersion"
    if one.type == ADD_ON and text(one.props, "addonName") != FOLLOWING:
        yield skip("has versions of its own")
        return
    value = look(one.props, path)
    if value is UNKNOWN:
        yield undetermined(path)
    elif value is not ABSENT:
        yield from _near(one, path, value, stack)


def _supported(cluster: Resource, given: Parameters) -> Iterator[Problem]:
    path, fix = "version", "set a version of EKS-04.versions"
    value = look(cluster.props, path)
    if value is UNKNOWN:
        yield undetermined(path)
        return
    entry = next((entry for entry in given.get("versions", ()) if entry.get("version") == value), None)
    if value is ABSENT or value == "":
        yield fail(path, "not set, so EKS takes the newest", fix)
    elif entry is None:
        yield fail(path, "not on the maintained list", fix)
    else:
        yield from _in_support(cluster, entry, given, fix)


def _in_support(cluster: Resource, entry: Any, given: Parameters, fix: str) -> Iterator[Problem]:
    """EKS upgrades a cluster by itself, or charges six times as much, when standard support has ended."""
    kind = text(cluster.props, "upgradePolicy.supportType", "EXTENDED").lower()
    until, today = entry.get(f"{kind}Until"), given.get("today")
    if not isinstance(until, str):
        yield fail("upgradePolicy.supportType", "neither STANDARD nor EXTENDED", "set STANDARD or EXTENDED")
    elif isinstance(today, datetime.date) and datetime.date.fromisoformat(until) < today:
        longer = " or upgradePolicy.supportType EXTENDED" if kind == "standard" else ""
        yield fail("version", f"its {kind} support ended on {until}", f"{fix} in support{longer}")


def _near(one: Resource, path: str, value: Any, stack: Stack) -> Iterator[Problem]:
    cluster = _cluster_of(one, stack)
    if cluster is None:
        names = [look(one.props, "clusterName"), *(look(c.props, "name") for c in stack.of([CLUSTER]))]
        yield undetermined("clusterName") if UNKNOWN in names else skip("its cluster is in another stack")
        return
    mine, other = _minor(value), _minor(literal(cluster.props, "version", ""))
    if mine is None:
        yield fail(path, "no version of Kubernetes", "set one of the cluster's minor version")
    elif other is not None and not other - 1 <= mine <= other:
        yield fail(
            path, "more than one minor version from its cluster's, or after it", "set the cluster's minor version"
        )


def _cluster_of(one: Resource, stack: Stack) -> Resource | None:
    found = stack.referents(one, "clusterName", [CLUSTER])
    if not found:
        name = look(one.props, "clusterName")
        found = tuple(c for c in stack.of([CLUSTER]) if isinstance(name, str) and look(c.props, "name") == name)
    return found[0] if len(found) == 1 else None


def _minor(value: Any) -> int | None:
    match = VERSION.fullmatch(value) if isinstance(value, str) else None
    return int(match["minor"]) if match and len(match["minor"]) < 4 else None


@control(
    "EKS-05",
    title="Cluster administration is deliberate",
    kind="stack",
    severity="high",
    types=(CLUSTER, ENTRY, GRANT, ROLE),
    subjects=(CLUSTER, ENTRY, GRANT),
    basis=("25(2)", "32(4)"),
    refs=("CIS-EKS:4.1.7", "CIS-EKS:5.5.1", "trivy:KSV-0123"),
)
def administration_is_deliberate(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A cluster lets in by access entries alone (authentication mode API; the default is the ConfigMap), and nobody
    because they made it (the default is on). No access entry has the group system:masters. The access policy of
    cluster administrators goes to roles of {administrators} alone, each listed by name with the reason.
    """
    if one.type == CLUSTER:
        yield from parts(_mode(one), _creator(one))
    elif one.type == ENTRY:
        yield from _groups(one)
    elif text(one.props, "policyArn").rpartition("/")[2] in ADMINISTRATOR:
        yield from _administrator(one, stack, given)


def _mode(cluster: Resource) -> Iterator[Problem]:
    path, found = "accessConfig.authenticationMode", "a ConfigMap lets in too, and nobody reviews it"
    yield from expect(cluster.props, path, lambda value: value == "API", found, "set API", default="CONFIG_MAP")


def _creator(cluster: Resource) -> Iterator[Problem]:
    path, found = "accessConfig.bootstrapClusterCreatorAdminPermissions", "whoever made the cluster administers it"
    yield from expect(cluster.props, path, is_off, found, "set it to false and add access entries", default=True)


def _groups(entry: Resource) -> Iterator[Problem]:
    path = "kubernetesGroups"
    groups = as_list(literal(entry.props, path, []))
    if MASTERS in groups:
        yield fail(path, "a group that no role bounds", "remove system:masters and associate an access policy")
    elif UNKNOWN in groups:
        yield undetermined(path)


def _administrator(grant: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    path, fix = "principalArn", "associate a narrower policy, or list the role under EKS-05.administrators"
    listed = {entry.get("role") for entry in given.get("administrators", ()) if entry.get("reason")}
    name = _role(grant, stack)
    if name is None:
        yield undetermined(path)
    elif name not in listed:
        yield fail(path, "a role that is not listed administers the cluster", fix)


def _role(grant: Resource, stack: Stack) -> str | None:
    """Name of the role that is granted something; None where it is unknown."""
    entries = stack.referents(grant, "principalArn", [ENTRY])
    for one in (grant, *(entries if len(entries) == 1 else ())):
        value = look(one.props, "principalArn")
        if isinstance(value, str):
            return value.rpartition("/")[2]
        roles = stack.referents(one, "principalArn", [ROLE])
        name = look(roles[0].props, "name") if len(roles) == 1 else UNKNOWN
        if isinstance(name, str):
            return name
    return None
