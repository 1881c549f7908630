"""Node classes as EKS resolves them: are their role, subnets, groups and reservations there, and which are they?"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from localcloud.backends import backend_of
from localcloud.clusters.api import Api, ApiError
from localcloud.controllers.auto_mode import CLASSES
from localcloud.controllers.watching import Object

CHECKS = ("SubnetsReady", "SecurityGroupsReady", "InstanceProfileReady")
REFRESH_SECONDS = 60
"""The account's network may change without the class: so often it is looked at again."""


class Account:
    """What a node class may name, as the account has it now."""

    def __init__(self, account: str, region: str, vpc: str) -> None:
        self._iam = backend_of("iam", account)
        self._ec2 = backend_of("ec2", account, region)
        self._vpc = vpc

    def has_role(self, name: str) -> bool:
        """Whether the role is there, by name or ARN."""
        return any(name in (one.name, one.arn) for one in tuple(self._iam.roles.values()))

    def has_profile(self, name: str) -> bool:
        """Whether the instance profile is there."""
        return any(name == one.name for one in tuple(self._iam.instance_profiles.values()))

    def subnets(self, terms: Iterable[Object]) -> list[dict[str, str]]:
        """The subnets of the cluster's VPC that one of the terms selects."""
        every = [one for zone in tuple(self._ec2.subnets.values()) for one in tuple(zone.values())]
        return [
            {"id": one.id, "zone": one.availability_zone, "zoneID": one.availability_zone_id}
            for one in sorted(every, key=lambda one: one.id)
            if one.vpc_id == self._vpc and any(_selects(term, one) for term in terms)
        ]

    def groups(self, terms: Iterable[Object]) -> list[dict[str, str]]:
        """The security groups of the cluster's VPC that one of the terms selects."""
        every = tuple(self._ec2.groups.get(self._vpc, {}).values())
        return [
            {"id": one.id, "name": one.name}
            for one in sorted(every, key=lambda one: one.id)
            if any(_selects(term, one) for term in terms)
        ]


def _selects(term: Object, one: Any) -> bool:
    if "id" in term:
        return term["id"] == one.id
    if "name" in term:
        return term["name"] == getattr(one, "name", None)
    has = {tag["key"]: tag["value"] for tag in one.get_tags()}
    return all(key in has and value in ("*", has[key]) for key, value in term.get("tags", {}).items())


def status(one: Object, account: Any, reservations: list[dict[str, Any]]) -> dict[str, Any]:
    """The status that the class should have; `account` is an Account, reservations those that the region has."""
    spec = one["spec"]
    subnets = account.subnets(spec["subnetSelectorTerms"])
    groups = account.groups(spec["securityGroupSelectorTerms"])
    role, profile = spec.get("role"), spec.get("instanceProfile")
    has_identity = account.has_role(role) if role else account.has_profile(profile)
    found: dict[str, tuple[bool, str, str]] = {
        "SubnetsReady": (bool(subnets), "SubnetsNotFound", "SubnetSelector did not match any Subnets"),
        "SecurityGroupsReady": (bool(groups), "SecurityGroupsNotFound", "no security group matches the terms"),
        "InstanceProfileReady": (has_identity, "RoleNotFound", f"{role or profile} does not exist in the account"),
    }
    wrong = [name for name in CHECKS if not found[name][0]]
    said = ", ".join(f"{name}=False: {found[name][2]}" for name in wrong)
    checks = {name: found[name] if name in wrong else (True, name, "") for name in CHECKS}
    checks["Ready"] = (not wrong, "UnhealthyDependents" if wrong else "Ready", said)
    asked = spec.get("capacityReservationSelectorTerms", [])
    return {
        "subnets": subnets,
        "securityGroups": groups,
        "instanceProfile": profile or f"eks-{one['metadata']['uid'][:8]}",
        "capacityReservations": [held for held in reservations if any(_reserves(term, held) for term in asked)],
        "conditions": [_condition(one, kind, *checked) for kind, checked in checks.items()],
    }


def _reserves(term: Object, held: Object) -> bool:
    if "id" in term:
        return term["id"] == held["id"]
    return term.get("tags", {}).items() <= held.get("tags", {}).items()


def _condition(one: Object, kind: str, is_true: bool, reason: str, message: str) -> dict[str, Any]:
    wanted = "True" if is_true else "False"
    before = next((it for it in one.get("status", {}).get("conditions") or [] if it["type"] == kind), {})
    moment = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "type": kind,
        "status": wanted,
        "reason": reason,
        "message": message,
        "observedGeneration": one["metadata"]["generation"],
        "lastTransitionTime": before["lastTransitionTime"] if before.get("status") == wanted else moment,
    }


def look_at(api: Api, classes: Iterable[Object], account: Account, reservations: list[dict[str, Any]]) -> None:
    """Writes the status of each class that has another one. Raises ApiError."""
    plain = [{key: value for key, value in held.items() if key != "tags"} for held in reservations]
    for one in classes:
        wanted = status(one, account, reservations)
        wanted["capacityReservations"] = [
            held for held in plain if held["id"] in {it["id"] for it in wanted["capacityReservations"]}
        ]
        if one.get("status") != wanted:
            try:
                api.patch(f"{CLASSES}/{one['metadata']['name']}/status", {"status": wanted})
            except ApiError as error:
                if error.status != 404:
                    raise
