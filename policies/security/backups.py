"""Backups: personal data can be brought back, and not for longer than it may be kept."""

from collections.abc import Iterator
from typing import Any

from policies.customer_keys import KEY, own_key
from policies.documents import matches
from policies.reading import as_list, as_number
from policies.recovery import PLAN, SELECTION, VAULT, Point, points, vaults, window
from policies.retention import CURRENT, LIFECYCLE, NONCURRENT, lifecycles, shortest
from policies.rule import (
    ABSENT,
    BUCKET,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    UndeterminedError,
    control,
    fail,
    literal,
    look,
    parts,
    skip,
    undetermined,
    word,
)
from policies.stores import ENCRYPTION, STORES, VERSIONING, keys_of, personal
from policies.tags import tag

TEST = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
PATH = "Plan.rules"


@control(
    "BAK-02",
    title="Personal stores are backed up and restorable",
    kind="stack",
    severity="medium",
    types=(*STORES, PLAN, SELECTION, VAULT, TEST, KEY, *VERSIONING, *ENCRYPTION),
    subjects=STORES,
    basis=("32(1)(c)", "32(1)(d)"),
    refs=("securityhub:Backup.1", "securityhub:RDS.26", "securityhub:EFS.2", "CKV_AWS_166", "CKV2_AWS_8",
          "CKV2_AWS_18", "prowler:backup_plans_exist", "prowler:backup_vaults_encrypted",
          "prowler:rds_instance_protected_by_backup_plan"),
)  # fmt: skip
def personal_stores_can_be_restored(store: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """A store of class personal or special is selected by a backup plan whose recovery points expire, in a vault with a
    customer key that a restore testing plan includes and does not exclude; or its own service keeps earlier states of
    it under its customer key: a bucket versions, a database automated backups, a table point-in-time recovery.
    """
    if not personal(store, stack):
        yield skip("holds no personal data")
        return
    some = points(store, stack)
    for point in some:
        yield from parts(_expires(point), _vault(point, stack))
    if not some and not _keeps_states(store, stack):
        fix = "select it in a backup plan, or let its service keep earlier states (versions, automated backups)"
        yield fail("", "no plan selects it, and its service keeps no earlier state under a customer key", fix)


def _expires(point: Point) -> Iterator[Problem]:
    if point.days is UNKNOWN:
        yield undetermined(f"{PATH}.lifecycle.deleteAfter")
    elif point.days is ABSENT:
        fix = "set deleteAfter for the rule and each of its copies"
        yield fail(f"{PATH}.lifecycle.deleteAfter", f"recovery points of {point.plan.name} never expire", fix)


def _vault(point: Point, stack: Stack) -> Iterator[Problem]:
    path = f"{PATH}.targetVaultName"
    found = vaults(point, stack)
    if len(found) != 1:
        if found or look(point.plan.props, f"{point.path}.targetVaultName") is UNKNOWN:
            yield undetermined(path)
        else:
            fix = "write to a vault that this stack declares with a customer key"
            yield fail(path, f"the plan {point.plan.name} writes to no vault of this stack", fix)
        return
    (vault,) = found
    if not own_key(vault.props, "kmsKeyArn"):
        yield fail("Vault.kmsKeyArn", f"the vault {vault.name} has no customer key", "set the ARN of a KMS key")
    if not any(_tests(one, vault, stack) for one in stack.of([TEST])):
        fix = "add a RestoreTestingPlan that includes it"
        yield fail("RestoreTestingPlan", f"nothing tries whether what is in {vault.name} can be restored", fix)


def _tests(one: Resource, vault: Resource, stack: Stack) -> bool:
    """Whether a restore testing plan includes a vault and does not exclude it, which wins."""
    path = "recoveryPointSelection"
    included, excluded = (as_list(look(one.props, f"{path}.{name}")) for name in ("includeVaults", "excludeVaults"))
    behind = any(found.urn == vault.urn for found in stack.referents(one, path, [VAULT]))
    if _names(excluded, vault) or not (behind or _names(included, vault)):
        return False
    if behind and UNKNOWN in excluded:
        raise UndeterminedError(f"RestoreTestingPlan.{path}.excludeVaults")
    return True


def _names(arns: list[Any], vault: Resource) -> bool:
    name = word(vault.props, "name")
    ends = [arn.rpartition(":")[2] for arn in arns if isinstance(arn, str)]
    return "*" in ends or (isinstance(name, str) and any(matches(end, name) for end in ends))


def _keeps_states(store: Resource, stack: Stack) -> bool:
    if not keys_of(store, stack):
        return False
    if store.type not in BUCKET:
        return window(store) > 0
    for one in stack.joined(store, VERSIONING, "bucket"):
        if literal(one.props, "versioningConfiguration.status") == "Enabled":
            return True
    if stack.ambiguous(store, VERSIONING, "bucket"):
        raise UndeterminedError("BucketVersioning.bucket")
    return False


@control(
    "BAK-03",
    title="Erasure wins over copies within a stated time",
    kind="stack",
    severity="high",
    types=(*STORES, *LIFECYCLE, PLAN, SELECTION),
    subjects=STORES,
    basis=("17(1)", "5(1)(e)", "12(3)"),
    refs=("design:own (no scanner covers it)",),
)
def erasure_wins_over_copies(store: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Of a store of class personal or special nothing is left {graceDays} days after retention-days: the days until
    objects expire, of their old versions, of point-in-time recovery and of recovery points add up; and the tag
    restore-runbook names one of {runbooks}, which replay recorded erasures after a restore.
    """
    if not personal(store, stack):
        yield skip("holds no personal data")
        return
    yield from parts(_age(store, stack, given.get("graceDays", 30)), _runbook(store, stack, given.get("runbooks", ())))


def _age(store: Resource, stack: Stack, grace: float) -> Iterator[Problem]:
    days = as_number(tag(store, stack, "retention-days"))
    if days is None:
        return  # PRIV-02 asks for it
    some = points(store, stack)
    endless = [point for point in some if point.days is ABSENT]
    unknown = [point for point in some if point.days is UNKNOWN]
    kept = max((point.days for point in some if point not in (*endless, *unknown)), default=0)
    total = _contents(store, stack, days) + window(store) + kept
    if endless:
        found = f"copies made by {endless[0].plan.name} never expire"
        yield fail(f"{PATH}.lifecycle.deleteAfter", found, f"let all copies end {grace:g} days after the retention")
    elif total > days + grace:
        found = f"copies live {total - days:g} days longer than the retention"
        yield fail("tags.retention-days", found, f"let all copies end {grace:g} days after it")
    elif unknown:
        yield undetermined(f"{PATH}.lifecycle.deleteAfter")


def _contents(store: Resource, stack: Stack, days: float) -> float:
    """Days until an object and its old versions are gone; the retention where something else deletes (PRIV-03)."""
    holders = lifecycles(store, stack) if store.type in BUCKET else []
    current, old = (shortest(holders, deadline) for deadline in (CURRENT, NONCURRENT))
    return (current[0] if current else days) + (old[0] if old else 0) if holders else days


def _runbook(store: Resource, stack: Stack, runbooks: tuple[str, ...]) -> Iterator[Problem]:
    value = tag(store, stack, "restore-runbook")
    if value not in runbooks:
        found = "a runbook that is not registered" if value else "not set, so a restore brings back what was erased"
        yield fail("tags.restore-runbook", found, "name a runbook of BAK-03.runbooks, which replays recorded erasures")
