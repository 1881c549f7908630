"""Erasure: there is somebody who can do it, and nothing that forbids it."""

import datetime
from collections.abc import Iterator, Mapping

from policies.conditions import Caller, caller, denied, settled
from policies.documents import statements
from policies.grants import Grants, Kind, Limit
from policies.identities import ATTACHMENT, ATTACHMENTS, INLINE, POLICY, ROLE, boundaries, documents_of
from policies.identities import roles_of as holders_of
from policies.reading import as_number
from policies.recovery import AIR_GAPPED, LOCK, PLAN, SELECTION, VAULT, air_gapped, locks, points, vaults
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

HOLD_DAYS = 366
"""How far ahead a legal hold may end: a longer case is looked at again before its hold is prolonged."""

NEEDED: Mapping[str, tuple[tuple[str, Kind], ...]] = {
    **dict.fromkeys(
        BUCKET, tuple((f"s3:{one}", Kind("s3", "{}/{}")) for one in ("DeleteObject", "DeleteObjectVersion"))
    ),
    TABLE: (("dynamodb:DeleteItem", Kind("dynamodb", "table/{}")),),
    FEATURE_GROUP: (("sagemaker:DeleteRecord", Kind("sagemaker", "feature-group/{}")),),
    FILES: (("elasticfilesystem:ClientWrite", Kind("elasticfilesystem", "file-system/{}")),),
    **dict.fromkeys((DATABASE, CLUSTER), (("rds-db:connect", Kind("rds-db", "dbuser:{}/USER")),)),
}
"""What a role must be allowed to erase there, by action and kind of resource; `USER`: any one user."""

NUMBERED: Mapping[str, str] = {DATABASE: "db-Q7X0ZK9W", CLUSTER: "cluster-Q7X0ZK9W", FILES: "fs-0a7f03c9"}
"""An id in place of that which AWS gives such a store: what is allowed on it is allowed on any."""


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
    retention-days is at most {days}, the month of Art. 12(3). Of conditions those on the role's ARN, its account and
    TLS are read; any other leaves it undecided, as does a Lustre file system, for which AWS knows no such permission.
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
    path, name = "tags.erasure-path", NUMBERED.get(store.type) or called(store)
    if store.type not in NEEDED:
        yield undetermined("PersistentVolume")
        return
    roles = roles_of(workload, stack)
    if not roles:
        yield fail(path, f"the workload {workload.name} acts as no role of this stack", "give it a role")
        return
    if name is None:
        yield undetermined("bucket")
        return
    sure, perhaps = ([_grants(role, stack, doubt=doubt) for role in roles] for doubt in (False, True))
    unsure = [action for action, kind in NEEDED[store.type] if not any(_may(one, action, kind, name) for one in sure)]
    missing = [
        action
        for action, kind in NEEDED[store.type]
        if not any(one.at_all(action) if store.type in NUMBERED else one.on(action, kind, name) for one in perhaps)
    ]
    if unsure and (not missing or any(_unread(role, stack) for role in roles)):
        yield undetermined("RolePolicy.policy")
    elif missing:
        found = f"the role of {workload.name} may not do {' and '.join(missing)} there"
        yield fail(path, found, "allow it in a policy of the role")
    for holder in stack.joined(store, [BUCKET_POLICY], "bucket") if store.type in BUCKET else ():
        yield from _denials(holder, workload, [caller(role, stack) for role in roles])


def _may(view: Grants, action: str, kind: Kind, name: str) -> bool:
    """Whether the action is allowed there, for a database as any one user."""
    users = {pattern.rpartition("/")[2] for one in view.statements for pattern in one.resources} | {"USER"}
    return any(view.on(action, Kind(kind.service, kind.form.replace("USER", one)), name) for one in users)


def _grants(role: Resource, stack: Stack, *, doubt: bool) -> Grants:
    """doubt: whether a condition that depends on more than the role is taken in its favour."""
    found = [entry for _, _, entries in documents_of(role, stack) for entry in entries]
    who, limit = caller(role, stack), boundaries(role, stack)
    if limit and limit.statements is not None:
        limit = Limit(settled(limit.statements, who, doubt=doubt))
    return Grants(settled(found, who, doubt=doubt), limit)


def _unread(role: Resource, stack: Stack) -> bool:
    """Whether a policy of the role is unknown, so that what it allows may be in there."""
    holders = [one for one in stack.of((INLINE, POLICY)) if look(one.props, "policy") is UNKNOWN]
    return any(found.urn == role.urn for one in holders for found in holders_of(one, stack))


def _denials(holder: Resource, workload: Resource, callers: list[Caller]) -> Iterator[Problem]:
    actions = [action for action, _ in NEEDED[BUCKET[0]]]
    against = [one for one in statements(holder.props, "policy") or () if not one.allow and any(map(one.does, actions))]
    found = [denied(one, who) for one in against for who in callers]
    if True in found:
        problem = f"the bucket's policy denies it to {workload.name}"
        yield fail("BucketPolicy.policy", problem, "except the role of the erasure from the denial")
    elif None in found:
        yield undetermined("BucketPolicy.policy")


@control(
    "PRIV-05",
    title="No irrevocable retention on personal data",
    kind="stack",
    severity="high",
    types=(*STORES, *OBJECT_LOCK, *VERSIONING, VAULT, AIR_GAPPED, LOCK, PLAN, SELECTION),
    subjects=STORES,
    basis=("17(1)", "17(3)", "5(1)(e)"),
    refs=("inverse:securityhub:S3.15", "inverse:CKV_AWS_143", "inverse:prowler:s3_bucket_object_lock",
          "inverse:securityhub:S3.20", "inverse:trivy:AWS-0170"),
)  # fmt: skip
def nothing_keeps_data_for_good(store: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A store of class personal or special has no object lock in compliance mode, no deletion by MFA alone, and its
    backups lie in no vault that keeps them longer than retention-days by a lock or as one that is logically air-gapped;
    unless the tags legal-hold (the case) and legal-hold-until (a day that is not past and at most 366 days ahead) say
    that Art. 17(3) asks for it.
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
    return bool(tag(store, stack, "legal-hold")) and today <= end <= today + datetime.timedelta(HOLD_DAYS)


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
    some = points(store, stack)
    found = {one.urn: one for point in some for one in vaults(point, stack)}.values()
    holders = {lock.urn: (lock, vault) for vault in found for lock in locks(vault, stack)}
    # A logically air-gapped vault is locked from the start.
    holders |= {one.urn: (one, one) for point in some for one in air_gapped(point, stack)}
    for holder, vault in holders.values():
        path = f"{holder.type.rpartition(':')[2]}.minRetentionDays"
        least = look(holder.props, "minRetentionDays")
        if least is UNKNOWN:
            yield undetermined(path)
        elif days is not None and (as_number(least) or 0) > days:
            fix = f"set {days:g} days or fewer, or tag the store with legal-hold and legal-hold-until"
            yield fail(path, f"{vault.name} keeps copies for longer", fix)
