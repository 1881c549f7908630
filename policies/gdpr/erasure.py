"""Erasure: there is somebody who can do it, and nothing that forbids it."""

import datetime
from collections.abc import Iterator, Mapping

from policies.documents import Statement, statements
from policies.grants import Grants, Kind
from policies.identities import ATTACHMENT, ATTACHMENTS, INLINE, POLICY, ROLE, boundaries, documents_of
from policies.identities import roles_of as holders_of
from policies.reading import as_number
from policies.recovery import LOCK, PLAN, SELECTION, VAULT, locks, points, vaults
from policies.rule import (
    ABSENT,
    BUCKET,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    items,
    look,
    parts,
    skip,
    undetermined,
)
from policies.stores import CLUSTER, DATABASE, FEATURE_GROUP, FILES, STORES, TABLE, VERSIONING, called, personal
from policies.tags import tag, tags
from policies.workload_roles import ASSOCIATION, CRON_JOB, FUNCTION, SERVICE_ACCOUNT, STATE_MACHINE, roles_of

BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
OBJECT_LOCK = (
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2",
)
WORKLOADS = (CRON_JOB, STATE_MACHINE, FUNCTION)

OBJECT = Kind("s3", "{}/{}")
NEEDED: Mapping[str, tuple[tuple[str, Kind | None], ...]] = {
    **dict.fromkeys(
        BUCKET, tuple((f"s3:{one}", Kind("s3", "{}/{}")) for one in ("DeleteObject", "DeleteObjectVersion"))
    ),
    TABLE: (("dynamodb:DeleteItem", Kind("dynamodb", "table/{}")),),
    FEATURE_GROUP: (("sagemaker:DeleteRecord", Kind("sagemaker", "feature-group/{}")),),
    FILES: (("elasticfilesystem:ClientWrite", None),),
    **dict.fromkeys((DATABASE, CLUSTER), (("rds-db:connect", None),)),
}
"""What a role must be allowed to erase there; without a kind on anything, because AWS names the resource itself."""


@control(
    "PRIV-04",
    title="The erasure path exists and is wired",
    kind="stack",
    severity="high",
    types=(*STORES, *WORKLOADS, ROLE, POLICY, INLINE, ATTACHMENT, ATTACHMENTS, ASSOCIATION, SERVICE_ACCOUNT,
           BUCKET_POLICY),
    subjects=STORES,
    basis=("17(1)", "17(2)", "16", "12(3)"),
    refs=("design:own (no scanner covers it)",),
)  # fmt: skip
def erasure_is_wired(store: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """The erasure-path of a store of class personal or special is offered by a CronJob (annotation erasure-path), state
    machine or function (tag) of the stack, or is its name, and its role may delete objects and versions, rows or
    records there, which neither a boundary nor the bucket's policy denies; a way of {byExpiry} needs no workload where
    retention-days is at most {days}, the month of Art. 12(3).
    """
    if not personal(store, stack):
        yield skip("holds no personal data")
        return
    path, way = "tags.erasure-path", tag(store, stack, "erasure-path")
    if not way:
        yield fail(path, "not set", "name the way in which a person's data is erased there (PRIV-02.erasurePaths)")
    elif way in given.get("byExpiry", ()):
        kept, most = as_number(tag(store, stack, "retention-days")), given.get("days", 30)
        if kept is None or kept > most:
            fix = f"name a way that a workload offers, or keep the data {most} days or fewer"
            yield fail(path, "data expires later than a request for erasure must be answered", fix)
    else:
        yield from _offered(store, way, stack)


def _offered(store: Resource, way: str, stack: Stack) -> Iterator[Problem]:
    path, some = "tags.erasure-path", [one for one in stack.of(WORKLOADS) if _offers(one, way, stack)]
    if not some:
        if any(_way(one, stack) is UNKNOWN for one in stack.of(WORKLOADS)):
            yield undetermined("CronJob.metadata.annotations.erasure-path")
        else:
            fix = "add a CronJob (annotation), state machine or function (tag) with this erasure-path"
            yield fail(path, "no workload of this stack offers this way", fix)
        return
    problems = [tuple(parts(_able(store, one, stack))) for one in some]
    yield from min(problems, key=lambda found: [one.state == "fail" for one in found])


def _offers(one: Resource, way: str, stack: Stack) -> bool:
    return way in (one.name, look(one.props, "metadata.name"), _way(one, stack))


def _way(one: Resource, stack: Stack) -> object:
    if one.type != CRON_JOB:
        return tags(one, stack).get("erasure-path", ABSENT)
    annotations = look(one.props, "metadata.annotations")
    return annotations.get("erasure-path", ABSENT) if isinstance(annotations, Mapping) else annotations


def _able(store: Resource, workload: Resource, stack: Stack) -> Iterator[Problem]:
    path, name = "tags.erasure-path", called(store)
    wanted = NEEDED.get(store.type, ())
    roles = roles_of(workload, stack)
    if wanted and not roles:
        yield fail(path, f"the workload {workload.name} acts as no role of this stack", "give it a role")
        return
    if name is None:
        yield undetermined("bucket")
        return
    views = [_grants(role, stack) for role in roles]
    missing = [
        action
        for action, kind in wanted
        if not any(view.on(action, kind, name) if kind else view.at_all(action) for view in views)
    ]
    if missing and any(_unread(role, stack) for role in roles):
        yield undetermined("RolePolicy.policy")
    elif missing:
        found = f"the role of {workload.name} may not do {' and '.join(missing)} there"
        yield fail(path, found, "allow it in a policy of the role")
    for holder in stack.joined(store, [BUCKET_POLICY], "bucket") if store.type in BUCKET else ():
        for entry in statements(holder.props, "policy") or ():
            if any(_denied(entry, action, roles) for action, _ in wanted):
                found = f"the bucket's policy denies it to {workload.name}"
                yield fail("BucketPolicy.policy", found, "except the role of the erasure from the denial")


def _grants(role: Resource, stack: Stack) -> Grants:
    found = [entry for _, _, entries in documents_of(role, stack) for entry in entries]
    return Grants(tuple(found), boundaries(role, stack))


def _unread(role: Resource, stack: Stack) -> bool:
    """Whether a policy of the role is unknown, so that what it allows may be in there."""
    holders = [one for one in stack.of((INLINE, POLICY)) if look(one.props, "policy") is UNKNOWN]
    return any(found.urn == role.urn for one in holders for found in holders_of(one, stack))


def _denied(entry: Statement, action: str, roles: tuple[Resource, ...]) -> bool:
    """Whether a denial without a condition covers one of the roles."""
    if entry.allow or entry.conditions or not entry.does(action):
        return False
    names = [look(role.props, "name") for role in roles]
    return entry.anonymous or any(f":role/{name}" in principal for principal in entry.principals for name in names)


@control(
    "PRIV-05",
    title="No irrevocable retention on personal data",
    kind="stack",
    severity="high",
    types=(*STORES, *OBJECT_LOCK, *VERSIONING, VAULT, LOCK, PLAN, SELECTION),
    subjects=STORES,
    basis=("17(1)", "17(3)", "5(1)(e)"),
    refs=("inverse:securityhub:S3.15", "inverse:CKV_AWS_143", "inverse:prowler:s3_bucket_object_lock",
          "inverse:securityhub:S3.20", "inverse:trivy:AWS-0170"),
)  # fmt: skip
def nothing_keeps_data_for_good(store: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A store of class personal or special has no object lock in compliance mode, no deletion by MFA alone, and its
    backups lie in no vault whose lock keeps them longer than retention-days; unless the tags legal-hold (the case) and
    legal-hold-until (a day that is not past) say that Art. 17(3) asks for it.
    """
    if not personal(store, stack):
        yield skip("holds no personal data")
    elif not _held(store, stack, given["today"]):
        checks = [_object_lock(store, stack), _mfa(store, stack)] if store.type in BUCKET else []
        yield from parts(*checks, _vault_lock(store, stack))


def _held(store: Resource, stack: Stack, today: datetime.date) -> bool:
    try:
        end = datetime.date.fromisoformat(tag(store, stack, "legal-hold-until"))
    except ValueError:
        return False
    return bool(tag(store, stack, "legal-hold")) and end >= today


def _object_lock(bucket: Resource, stack: Stack) -> Iterator[Problem]:
    places = [(one, "rule") for one in stack.joined(bucket, OBJECT_LOCK, "bucket")]
    for one, top in [*places, (bucket, "objectLockConfiguration.rule")]:
        for where, _ in items(one.props, top):
            path = f"{where}.defaultRetention.mode"
            mode = look(one.props, path)
            if mode is UNKNOWN:
                yield undetermined(path)
            elif mode == "COMPLIANCE":
                fix = "set GOVERNANCE, or tag the store with legal-hold and legal-hold-until"
                yield fail(path, "nobody can delete an object before its time, not even on request", fix)
    if stack.ambiguous(bucket, OBJECT_LOCK, "bucket"):
        yield undetermined("BucketObjectLockConfiguration.bucket")


def _mfa(bucket: Resource, stack: Stack) -> Iterator[Problem]:
    places = [(one, "versioningConfiguration.mfaDelete") for one in stack.joined(bucket, VERSIONING, "bucket")]
    for one, path in [*places, (bucket, "versioning.mfaDelete")]:
        value = look(one.props, path)
        if value is UNKNOWN:
            yield undetermined(path)
        elif value in ("Enabled", True, "true"):
            fix = "leave mfaDelete out: no workload has a device, so no erasure would ever run"
            yield fail(path, "only the root user with a device can delete a version", fix)


def _vault_lock(store: Resource, stack: Stack) -> Iterator[Problem]:
    days = as_number(tag(store, stack, "retention-days"))
    for vault in {one.urn: one for point in points(store, stack) for one in vaults(point, stack)}.values():
        for lock in locks(vault, stack):
            least = look(lock.props, "minRetentionDays")
            if least is UNKNOWN:
                yield undetermined("VaultLockConfiguration.minRetentionDays")
            elif days is not None and (as_number(least) or 0) > days:
                fix = f"set {days:g} days or fewer, or tag the store with legal-hold and legal-hold-until"
                yield fail("VaultLockConfiguration.minRetentionDays", f"{vault.name} keeps copies for longer", fix)
