"""Backups: which plans select a store, where its recovery points lie, and how long each kind of copy lives."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.documents import matches, places, reaches
from policies.grants import Kind
from policies.reading import ABSENT, UndeterminedError, as_list, as_number, is_on, items, look, word
from policies.stack import BUCKET, UNKNOWN, Resource, Stack
from policies.stores import CLUSTER, DATABASE, FILES, NAMES, TABLE, called
from policies.tags import tag

PLAN, SELECTION = "aws:backup/plan:Plan", "aws:backup/selection:Selection"
AIR_GAPPED = "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault"
VAULT, LOCK = "aws:backup/vault:Vault", "aws:backup/vaultLockConfiguration:VaultLockConfiguration"

ARNS: Mapping[str, Kind] = {
    **dict.fromkeys(BUCKET, Kind("s3", "{}")),
    DATABASE: Kind("rds", "db:{}"),
    CLUSTER: Kind("rds", "cluster:{}"),
    TABLE: Kind("dynamodb", "table/{}"),
    FILES: Kind("elasticfilesystem", "file-system/{}"),
}

ALIKE: Mapping[str, tuple[bool, bool]] = {
    "stringEquals": (True, False),
    "stringLikes": (True, True),
    "stringNotEquals": (False, False),
    "stringNotLikes": (False, True),
}
"""Conditions of a selection: whether a tag shall match, and whether the value is a pattern."""

TAG_KEY = re.compile(r"^aws:ResourceTag/")

POINT_IN_TIME_DAYS = 35
"""How far back a table can be restored when no period is given (DynamoDB API reference, PointInTimeRecovery)."""


@dataclass(frozen=True)
class Point:
    """One rule of a plan that makes recovery points of a store."""

    plan: Resource
    path: str

    @property
    def days(self) -> Any:
        """Days after which a recovery point is deleted: the longest of the rule and its copies; ABSENT for never."""
        copies = [f"{where}.lifecycle.deleteAfter" for where, _ in items(self.plan.props, f"{self.path}.copyActions")]
        found = [look(self.plan.props, path) for path in (f"{self.path}.lifecycle.deleteAfter", *copies)]
        numbers = [as_number(value) for value in found]
        if any(value is not UNKNOWN and not number for value, number in zip(found, numbers, strict=True)):
            return ABSENT
        return UNKNOWN if UNKNOWN in found else max(number for number in numbers if number is not None)


def points(store: Resource, stack: Stack) -> list[Point]:
    """The rules of all plans of this stack that select a store; raises UndeterminedError where that is unknown."""
    plans = {
        plan.urn: plan
        for selection in stack.of([SELECTION])
        if _selects(selection, store, stack)
        for plan in stack.referents(selection, "planId", [PLAN])
    }
    return [Point(plan, where) for plan in plans.values() for where, _ in items(plan.props, "rules")]


def vaults(point: Point, stack: Stack) -> tuple[Resource, ...]:
    """Vaults of this stack that a rule writes to: by name, else by dependency."""
    name = look(point.plan.props, f"{point.path}.targetVaultName")
    if isinstance(name, str):
        return tuple(one for one in stack.of([VAULT]) if word(one.props, "name") == name)
    return stack.referents(point.plan, "rules", [VAULT])


def window(store: Resource) -> float:
    """Days over which the service itself can restore a state that is past: zero where it cannot.

    Raises UndeterminedError when that is unknown.
    """
    if store.type in (DATABASE, CLUSTER):
        path, default = "backupRetentionPeriod", 0 if store.type == DATABASE else 1
    elif store.type == TABLE and look(store.props, "pointInTimeRecovery.enabled") is UNKNOWN:
        raise UndeterminedError("pointInTimeRecovery.enabled")
    elif store.type == TABLE and is_on(look(store.props, "pointInTimeRecovery.enabled")):
        path, default = "pointInTimeRecovery.recoveryPeriodInDays", POINT_IN_TIME_DAYS
    else:
        return 0
    value = look(store.props, path)
    if value is UNKNOWN:
        raise UndeterminedError(path)
    return as_number(value) or 0 if value is not ABSENT else default


def _selects(selection: Resource, store: Resource, stack: Stack) -> bool:
    tagged = items(selection.props, "selectionTags")
    if any(_equal(store, stack, block) for _, block in tagged):
        return True
    if any(_covers(pattern, store) for pattern in as_list(look(selection.props, "notResources"))):
        return False
    if store.urn in selection.dependencies.get("resources", ()):
        return _conditions(selection, store, stack)
    patterns = as_list(look(selection.props, "resources"))
    if called(store) is None and patterns and "*" not in patterns:
        raise UndeterminedError(NAMES.get(store.type, "name"))
    if any(_covers(pattern, store) for pattern in patterns):
        return _conditions(selection, store, stack)
    if UNKNOWN in patterns and not selection.dependencies.get("resources"):
        raise UndeterminedError("Selection.resources")
    return False


def _covers(pattern: Any, store: Resource) -> bool:
    if pattern == "*":
        return True
    kind, name = ARNS.get(store.type), called(store)
    if not isinstance(pattern, str) or kind is None or name is None:
        return False
    return any(reaches(pattern, kind.arn(place, name)) for place in places(pattern))


def _conditions(selection: Resource, store: Resource, stack: Stack) -> bool:
    return all(
        _holds(store, stack, block, shall, like)
        for where, _ in items(selection.props, "conditions")
        for name, (shall, like) in ALIKE.items()
        for _, block in items(selection.props, f"{where}.{name}")
    )


def _holds(store: Resource, stack: Stack, block: Any, shall: bool, like: bool) -> bool:
    key, value = look(block, "key"), look(block, "value")
    if UNKNOWN in (key, value):
        raise UndeterminedError("Selection.conditions")
    key = TAG_KEY.sub("", str(key))
    found = tag(store, stack, key)
    return shall is (matches(str(value), found) if like else value == found)


def _equal(store: Resource, stack: Stack, block: Any) -> bool:
    key, value = look(block, "key"), look(block, "value")
    if UNKNOWN in (key, value):
        raise UndeterminedError("Selection.selectionTags")
    return isinstance(key, str) and isinstance(value, str) and tag(store, stack, key) == value


def air_gapped(point: Point, stack: Stack) -> Iterator[Resource]:
    """Logically air-gapped vaults of this stack that a rule may copy to: by name, or by dependency of its plan."""
    arns = [look(block, "destinationVaultArn") for _, block in items(point.plan.props, f"{point.path}.copyActions")]
    names = {arn.rpartition(":")[2] for arn in arns if isinstance(arn, str)}
    behind = stack.referents(point.plan, "rules", [AIR_GAPPED]) if UNKNOWN in arns else ()
    yield from (one for one in stack.of([AIR_GAPPED]) if one in behind or word(one.props, "name") in names)


def locks(vault: Resource, stack: Stack) -> Iterator[Resource]:
    """Locks of a vault: by dependency, or by its literal name."""
    name = word(vault.props, "name")
    for one in stack.of([LOCK]):
        behind = stack.referents(one, "backupVaultName", [VAULT])
        if any(found.urn == vault.urn for found in behind) or (name and look(one.props, "backupVaultName") == name):
            yield one
