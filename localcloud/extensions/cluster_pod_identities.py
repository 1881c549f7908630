"""moto has no pod identity associations of EKS."""

import secrets
import string
import uuid
from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.extensions.cluster_records import Cluster, arn, cluster, in_use, invalid, now, page, role
from localcloud.refusal import Refusal

TOLD_IN_LISTS = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn")


def bind(call: Call, owner: Cluster, namespace: str, account: str, role_arn: str, **more: Any) -> dict[str, Any]:
    """A role for the pods of a service account: one an account; Amazon EKS User Guide, "Assign an IAM role"."""
    if role(call, role_arn) is None:
        raise invalid(f"Role provided in the request does not exist. ({role_arn})")
    for one, known in owner.identities.items():
        if (known["namespace"], known["serviceAccount"]) == (namespace, account):
            raise in_use(f"Association already exists: {one}")
    name = "a-" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(17))
    moment = now()
    owner.identities[name] = {
        "clusterName": owner.name,
        "namespace": namespace,
        "serviceAccount": account,
        "roleArn": role_arn,
        "associationArn": arn(call, "podidentityassociation", owner.name, name),
        "associationId": name,
        "tags": {},
        "createdAt": moment,
        "modifiedAt": moment,
        "disableSessionTags": False,
        **more,
    }
    return owner.identities[name]


@overlay.answers("eks", "CreatePodIdentityAssociation")
def create(call: Call) -> dict[str, Any]:
    """Amazon EKS API Reference, CreatePodIdentityAssociation."""
    given = call.input
    more = {name: given[name] for name in ("tags", "disableSessionTags", "targetRoleArn", "policy") if name in given}
    if more.get("targetRoleArn"):
        more["externalId"] = str(uuid.uuid4())
    made = bind(call, cluster(call), given["namespace"], given["serviceAccount"], given["roleArn"], **more)
    return {"association": made}


@overlay.answers("eks", "DescribePodIdentityAssociation")
def describe(call: Call) -> dict[str, Any]:
    """One association."""
    return {"association": _known(call, cluster(call))}


@overlay.answers("eks", "ListPodIdentityAssociations")
def list_associations(call: Call) -> dict[str, Any]:
    """All, or those of a namespace or a service account."""
    given = call.input
    found = [
        {name: known[name] for name in TOLD_IN_LISTS if name in known}
        for known in cluster(call).identities.values()
        if all(known[name] == given[name] for name in ("namespace", "serviceAccount") if name in given)
    ]
    return page(call, found, "associations")


@overlay.answers("eks", "UpdatePodIdentityAssociation")
def update(call: Call) -> dict[str, Any]:
    """Another role, target role or use of session tags."""
    known, given = _known(call, cluster(call)), call.input
    if "roleArn" in given and role(call, given["roleArn"]) is None:
        raise invalid(f"Role provided in the request does not exist. ({given['roleArn']})")
    known |= {
        name: given[name] for name in ("roleArn", "disableSessionTags", "targetRoleArn", "policy") if name in given
    }
    if known.get("targetRoleArn"):
        known.setdefault("externalId", str(uuid.uuid4()))
    known["modifiedAt"] = now()
    return {"association": known}


@overlay.answers("eks", "DeletePodIdentityAssociation")
def delete(call: Call) -> dict[str, Any]:
    """The pods keep what credentials they have, and get no more."""
    owner = cluster(call)
    known = _known(call, owner)
    del owner.identities[known["associationId"]]
    return {"association": known}


def _known(call: Call, owner: Cluster) -> dict[str, Any]:
    found = owner.identities.get(call.input["associationId"])
    if found is None:
        raise Refusal(
            "ResourceNotFoundException", f"The specified association {call.input['associationId']} was not found", 404
        )
    return found
