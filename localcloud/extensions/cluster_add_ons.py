"""moto has no add-ons of EKS."""

import json
import uuid
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions.cluster_add_on_versions import NAMESPACES, default, require
from localcloud.extensions.cluster_pod_identities import bind
from localcloud.extensions.cluster_records import Cluster, arn, cluster, in_use, invalid, noted, now, page, role
from localcloud.refusal import Refusal

CONFLICTS = ("NONE", "OVERWRITE", "PRESERVE")


@overlay.answers("eks", "CreateAddon")
def create(call: Call) -> dict[str, Any]:
    """Amazon EKS API Reference, CreateAddon: active at once, its pods' roles are associations of their own."""
    owner, given, name = cluster(call), call.input, call.input["addonName"]
    if name in owner.add_ons:
        raise in_use(f"Addon already exists: {name} on cluster {owner.name}")
    kubernetes = owner.said["version"]
    version = given.get("addonVersion") or default(name, kubernetes)
    require(name, version, kubernetes)
    _check(call)
    moment = now()
    made = {
        "addonName": name,
        "clusterName": owner.name,
        "status": "ACTIVE",
        "addonVersion": version,
        "health": {"issues": []},
        "addonArn": arn(call, "addon", owner.name, name, str(uuid.uuid4())),
        "createdAt": moment,
        "modifiedAt": moment,
        "tags": given.get("tags", {}),
        "namespaceConfig": {"namespace": _namespace(call, name)},
        **{key: given[key] for key in ("serviceAccountRoleArn", "configurationValues") if given.get(key)},
    }
    made["podIdentityAssociations"] = _bound(call, owner, made, given.get("podIdentityAssociations", []))
    owner.add_ons[name] = made
    return {"addon": {**made, "status": "CREATING"}}


@overlay.answers("eks", "DescribeAddon")
def describe(call: Call) -> dict[str, Any]:
    """One add-on of the cluster."""
    return {"addon": _known(call, cluster(call))}


@overlay.answers("eks", "ListAddons")
def list_add_ons(call: Call) -> dict[str, Any]:
    """The names of those on the cluster."""
    return page(call, sorted(cluster(call).add_ons), "addons")


@overlay.answers("eks", "UpdateAddon")
def update(call: Call) -> dict[str, Any]:
    """What the request says replaces what was; associations that it leaves out stay, an empty list takes them away."""
    owner, given = cluster(call), call.input
    known = _known(call, owner)
    name = known["addonName"]
    if given.get("addonVersion"):
        require(name, given["addonVersion"], owner.said["version"])
    _check(call)
    for key in ("addonVersion", "configurationValues", "serviceAccountRoleArn"):
        if key in given:
            known[key] = given[key]
    if "podIdentityAssociations" in given:
        known["podIdentityAssociations"] = _bound(call, owner, known, given["podIdentityAssociations"])
    known["modifiedAt"] = now()
    params = {
        key[0].upper() + key[1:]: given[key] if isinstance(given[key], str) else json.dumps(given[key])
        for key in ("addonVersion", "configurationValues", "serviceAccountRoleArn", "podIdentityAssociations")
        if key in given
    }
    return noted(owner, "AddonUpdate", params, addonName=name)


@overlay.answers("eks", "DeleteAddon")
def delete(call: Call) -> dict[str, Any]:
    """With the associations that it has; Amazon EKS User Guide, "Remove an Amazon EKS add-on from a cluster"."""
    owner = cluster(call)
    known = _known(call, owner)
    _bound(call, owner, known, [])
    del owner.add_ons[known["addonName"]]
    return {"addon": {**known, "status": "DELETING"}}


def _known(call: Call, owner: Cluster) -> dict[str, Any]:
    found = owner.add_ons.get(call.input["addonName"])
    if found is None:
        raise Refusal(
            "ResourceNotFoundException", f"No addon: {call.input['addonName']} found in cluster: {owner.name}", 404
        )
    return found


def _check(call: Call) -> None:
    given = call.input
    if given.get("resolveConflicts", "NONE") not in CONFLICTS:
        raise invalid(f"resolveConflicts: found {given['resolveConflicts']}, allowed {', '.join(CONFLICTS)}")
    values = given.get("configurationValues", "").strip()
    try:
        json.loads(values if values.startswith(("{", "[")) else "{}")
    except ValueError as error:
        raise invalid(f"ConfigurationValue provided in request is not supported: Json format error: {error}") from None
    name = given.get("serviceAccountRoleArn")
    if name and role(call, name) is None:
        raise invalid(f"serviceAccountRoleArn: the role {name} does not exist")


def _namespace(call: Call, name: str) -> str:
    return call.input.get("namespaceConfig", {}).get("namespace") or NAMESPACES.get(name, "kube-system")


def _bound(call: Call, owner: Cluster, add_on: dict[str, Any], wanted: list[dict[str, str]]) -> list[str]:
    """The associations that the add-on has after this: those of accounts that stay are kept, with their role."""
    namespace = add_on["namespaceConfig"]["namespace"]
    roles = {one["serviceAccount"]: one["roleArn"] for one in wanted}
    for name in roles.values():
        if role(call, name) is None:
            raise invalid(f"Role provided in the request does not exist. ({name})")
    mine = {one: known for one, known in owner.identities.items() if known.get("ownerArn") == add_on["addonArn"]}
    for one, known in mine.items():
        if known["serviceAccount"] in roles:
            known |= {"roleArn": roles.pop(known["serviceAccount"]), "modifiedAt": now()}
        else:
            del owner.identities[one]
    for account, name in roles.items():
        bind(call, owner, namespace, account, name, ownerArn=add_on["addonArn"])
    return [
        known["associationArn"] for known in owner.identities.values() if known.get("ownerArn") == add_on["addonArn"]
    ]
