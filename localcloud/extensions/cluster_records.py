"""moto keeps of a Kubernetes cluster only a part: here is all that the account knows of each, as EKS tells it."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localcloud.backends import backend_of, regions_of
from localcloud.call import Call
from localcloud.policy_language import listed
from localcloud.refusal import Refusal


@dataclass
class Cluster:
    """A cluster and all that goes with it; each part is a document by the names of the Amazon EKS API Reference."""

    said: dict[str, Any]
    interfaces: list[str] = field(default_factory=list)
    """Network interfaces of the control plane."""

    node_groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    node_interfaces: dict[str, list[str]] = field(default_factory=dict)
    add_ons: dict[str, dict[str, Any]] = field(default_factory=dict)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    access_policies: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Associated access policies by ARN of the principal and of the policy."""

    identities: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Pod identity associations by id."""

    updates: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.said["name"]


def clusters_of(backend: Any) -> dict[str, Cluster]:
    """A region's clusters by name."""
    return {name: vars(known)["record"] for name, known in backend.clusters.items() if "record" in vars(known)}


def cluster(call: Call) -> Cluster:
    """The cluster that the request names. Raises Refusal."""
    name = call.input.get("clusterName") or call.input["name"]
    found = clusters_of(call.backend).get(name)
    if found is None:
        raise Refusal("ResourceNotFoundException", f"No cluster found for name: {name}.", 404)
    return found


def all_clusters(account: str, region: str) -> list[Cluster]:
    """The clusters of a region, without making the region's state where there is none."""
    backend = dict.get(regions_of("eks", account), region)
    return list(clusters_of(backend).values()) if backend is not None else []


def invalid(message: str) -> Refusal:
    """What EKS says to a parameter that it cannot use."""
    return Refusal("InvalidParameterException", message)


def in_use(message: str) -> Refusal:
    """What EKS says where something is already there, or still needed."""
    return Refusal("ResourceInUseException", message, 409)


def arn(call: Call, kind: str, *parts: str) -> str:
    """An ARN of EKS."""
    return f"arn:aws:eks:{call.region}:{call.account}:{'/'.join((kind, *parts))}"


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def noted(owner: Cluster, kind: str, params: dict[str, Any], **of: str) -> dict[str, Any]:
    """Notes an update of a cluster, or of its part `of`, and gives the answer to who asked for it."""
    update = {
        "id": str(uuid.uuid4()),
        "status": "Successful",
        "type": kind,
        "params": [{"type": name, "value": value} for name, value in params.items()],
        "createdAt": now(),
        "errors": [],
    }
    owner.updates[update["id"]] = {**of, "update": update}
    return {"update": {**update, "status": "InProgress"}}


def role(call: Call, name: str) -> Any:
    """The role with this ARN, or None."""
    iam = backend_of("iam", call.account)
    return next((known for known in iam.roles.values() if known.arn == name), None)


def trusts(known: Any, service: str, *actions: str) -> bool:
    """Whether the role lets the service do all of the actions with it."""
    allowed: set[str] = set()
    for statement in listed(json.loads(known.assume_role_policy_document)["Statement"]):
        principal = statement.get("Principal", {})
        named = listed(principal.get("Service", [])) if isinstance(principal, dict) else []
        if statement.get("Effect") == "Allow" and service in named:
            allowed |= {action.lower() for action in listed(statement.get("Action", []))}
    return all({action.lower(), "sts:*", "*"} & allowed for action in actions)


def page(call: Call, items: Iterable[Any], name: str) -> dict[str, Any]:
    """One page of a list, by maxResults (100 where not given) and nextToken."""
    every = list(items)
    start = int(call.input.get("nextToken") or 0)
    end = start + int(call.input.get("maxResults") or 100)
    return {name: every[start:end], **({"nextToken": str(end)} if end < len(every) else {})}
