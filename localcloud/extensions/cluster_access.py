"""moto has no access entries and no access policies of EKS."""

import re
import uuid
from typing import Any

from localcloud import overlay
from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.extensions.cluster_records import Cluster, arn, cluster, in_use, invalid, now, page
from localcloud.refusal import Refusal

POLICIES = (
    "AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSAutoNodePolicy", "AmazonEKSBlockStorageClusterPolicy",
    "AmazonEKSBlockStoragePolicy", "AmazonEKSClusterAdminPolicy", "AmazonEKSClusterInsightsPolicy",
    "AmazonEKSComputeClusterPolicy", "AmazonEKSComputePolicy", "AmazonEKSEditPolicy", "AmazonEKSHybridPolicy",
    "AmazonEKSLoadBalancingClusterPolicy", "AmazonEKSLoadBalancingPolicy", "AmazonEKSNetworkingClusterPolicy",
    "AmazonEKSNetworkingPolicy", "AmazonEKSSecretReaderPolicy", "AmazonEKSViewPolicy",
)  # fmt: skip
"""Access policies; Amazon EKS User Guide, "Review access policy permissions"."""

POLICY_ARN = "arn:aws:eks::aws:cluster-access-policy/"
GROUPS = {
    "EC2": ["system:nodes"],
    "EC2_LINUX": ["system:nodes"],
    "EC2_WINDOWS": ["system:nodes", "eks:kube-proxy-windows"],
}
TYPES = ("STANDARD", "EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX")
RESERVED = ("system:", "eks:", "aws:", "amazon:", "iam:")
"""How names of groups and users may not begin; Amazon EKS User Guide, "Create access entries"."""


def admit(call: Call, owner: Cluster, principal: str, kind: str, policy: str | None = None) -> None:
    """An entry that EKS makes by itself, with a policy on the whole cluster."""
    if principal in owner.entries:
        return
    owner.entries[principal] = _entry(call, owner, principal, kind)
    if policy:
        _associate(owner, principal, POLICY_ARN + policy, {"type": "cluster", "namespaces": []})


@overlay.answers("eks", "CreateAccessEntry")
def create(call: Call) -> dict[str, Any]:
    """Amazon EKS API Reference, CreateAccessEntry: one a principal, which exists, and groups that are not reserved."""
    owner, given, principal = _owner(call), call.input, call.input["principalArn"]
    kind = given.get("type", "STANDARD")
    if kind not in TYPES:
        raise invalid(f"type: found {kind}, allowed {', '.join(TYPES)}")
    if principal in owner.entries:
        raise in_use("The specified access entry resource is already in use on this cluster.")
    iam = backend_of("iam", call.account)
    own = f":iam::{call.account}:"
    exists = any(known.arn == principal for known in (*iam.roles.values(), *iam.users.values()))
    if not re.fullmatch(r"arn:aws:iam::\d{12}:(role|user)/.+", principal) or (own in principal and not exists):
        raise invalid(f"The specified principalArn is invalid: invalid principal. ({principal})")
    if kind != "STANDARD" and (given.get("kubernetesGroups") or given.get("username")):
        raise invalid(f"kubernetesGroups and username can only be given for the type STANDARD, found {kind}")
    made = _entry(call, owner, principal, kind)
    made |= {name: given[name] for name in ("kubernetesGroups", "username", "tags") if given.get(name)}
    _require_names(made)
    owner.entries[principal] = made
    return {"accessEntry": made}


@overlay.answers("eks", "DescribeAccessEntry")
def describe(call: Call) -> dict[str, Any]:
    """One entry."""
    return {"accessEntry": _known(call, _owner(call))}


@overlay.answers("eks", "ListAccessEntries")
def list_entries(call: Call) -> dict[str, Any]:
    """The principals, or those with a policy."""
    owner, policy = _owner(call), call.input.get("associatedPolicyArn")
    found = [one for one in owner.entries if not policy or policy in owner.access_policies.get(one, {})]
    return page(call, sorted(found), "accessEntries")


@overlay.answers("eks", "UpdateAccessEntry")
def update(call: Call) -> dict[str, Any]:
    """Other groups or another name; what the request leaves out stays."""
    entry = _known(call, _owner(call))
    wanted = {**entry, **{name: call.input[name] for name in ("kubernetesGroups", "username") if name in call.input}}
    if entry["type"] != "STANDARD":
        raise invalid(f"An access entry of the type {entry['type']} cannot be changed")
    wanted["username"] = wanted["username"] or _user(entry["principalArn"], "STANDARD")
    _require_names(wanted)
    entry |= {**wanted, "modifiedAt": now()}
    return {"accessEntry": entry}


@overlay.answers("eks", "DeleteAccessEntry")
def delete(call: Call) -> dict[str, Any]:
    """With its policies."""
    owner = _owner(call)
    principal = _known(call, owner)["principalArn"]
    del owner.entries[principal]
    owner.access_policies.pop(principal, None)
    return {}


@overlay.answers("eks", "ListAccessPolicies")
def list_policies(call: Call) -> dict[str, Any]:
    """The policies that EKS offers."""
    return page(call, [{"name": name, "arn": POLICY_ARN + name} for name in POLICIES], "accessPolicies")


@overlay.answers("eks", "AssociateAccessPolicy")
def associate(call: Call) -> dict[str, Any]:
    """A policy for the cluster or for some of its namespaces; a second time it gets the new scope."""
    owner = _owner(call)
    entry, policy, scope = _known(call, owner), call.input["policyArn"], call.input["accessScope"]
    if policy.removeprefix(POLICY_ARN) not in POLICIES:
        raise invalid(f"The policyArn parameter format is not valid. Found {policy}; see list-access-policies")
    names = scope.get("namespaces", [])
    if scope.get("type") not in ("cluster", "namespace") or (scope["type"] == "namespace") != bool(names):
        raise invalid(f"accessScope: the type is cluster, or namespace with at least one of namespaces; found {scope}")
    if entry["type"] not in ("STANDARD", "EC2", "HYPERPOD_LINUX"):
        raise invalid(f"Access policies cannot be associated with an access entry of the type {entry['type']}")
    said = _associate(owner, entry["principalArn"], policy, {"type": scope["type"], "namespaces": names})
    return {"clusterName": owner.name, "principalArn": entry["principalArn"], "associatedAccessPolicy": said}


@overlay.answers("eks", "ListAssociatedAccessPolicies")
def list_associated(call: Call) -> dict[str, Any]:
    """The policies of one entry."""
    owner = _owner(call)
    principal = _known(call, owner)["principalArn"]
    found = page(call, owner.access_policies.get(principal, {}).values(), "associatedAccessPolicies")
    return {**found, "clusterName": owner.name, "principalArn": principal}


@overlay.answers("eks", "DisassociateAccessPolicy")
def disassociate(call: Call) -> dict[str, Any]:
    """Takes a policy from an entry."""
    owner = _owner(call)
    principal = _known(call, owner)["principalArn"]
    if owner.access_policies.get(principal, {}).pop(call.input["policyArn"], None) is None:
        raise _missing(f"The policy {call.input['policyArn']} is not associated with {principal}")
    return {}


def _owner(call: Call) -> Cluster:
    owner = cluster(call)
    if owner.said["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        raise Refusal(
            "InvalidRequestException",
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this "
            "operation.",
        )
    return owner


def _known(call: Call, owner: Cluster) -> dict[str, Any]:
    found = owner.entries.get(call.input["principalArn"])
    if found is None:
        raise _missing(
            "The specified principalArn could not be found. You can view your available access entries with "
            f"'list-access-entries'. ({call.input['principalArn']})"
        )
    return found


def _missing(message: str) -> Refusal:
    return Refusal("ResourceNotFoundException", message, 404)


def _entry(call: Call, owner: Cluster, principal: str, kind: str) -> dict[str, Any]:
    _, _, resource = principal.rpartition(":")
    what, _, name = resource.partition("/")
    moment = now()
    return {
        "clusterName": owner.name,
        "principalArn": principal,
        "kubernetesGroups": list(GROUPS.get(kind, [])),
        "accessEntryArn": arn(
            call, "access-entry", owner.name, what, principal.split(":")[4], name or "root", str(uuid.uuid4())
        ),
        "createdAt": moment,
        "modifiedAt": moment,
        "tags": {},
        "username": _user(principal, kind),
        "type": kind,
    }


def _user(principal: str, kind: str) -> str:
    if kind.startswith("EC2"):
        return "system:node:{{EC2PrivateDNSName}}"
    if kind == "FARGATE_LINUX":
        return "system:node:{{SessionName}}"
    if ":role/" not in principal:
        return principal
    return f"arn:aws:sts::{principal.split(':')[4]}:assumed-role/{principal.rpartition('/')[2]}/{{{{SessionName}}}}"


def _require_names(entry: dict[str, Any]) -> None:
    for group in entry["kubernetesGroups"] if entry["type"] == "STANDARD" else ():
        if group.startswith(RESERVED):
            raise invalid(f"The kubernetes group name {group} is invalid, it cannot start with {', '.join(RESERVED)}")
    if entry["type"] == "STANDARD" and entry["username"].startswith(RESERVED):
        raise invalid(f"The username {entry['username']} is invalid, it cannot start with {', '.join(RESERVED)}")


def _associate(owner: Cluster, principal: str, policy: str, scope: dict[str, Any]) -> dict[str, Any]:
    held = owner.access_policies.setdefault(principal, {})
    moment = now()
    first = held.get(policy, {}).get("associatedAt", moment)
    held[policy] = {"policyArn": policy, "accessScope": scope, "associatedAt": first, "modifiedAt": moment}
    return held[policy]
