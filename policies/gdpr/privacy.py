"""Personal data: classified, registered, deleted in time, and not outside production."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from policies.alerts import RULE, RULE_TARGET
from policies.reading import as_number
from policies.retention import CURRENT, LIFECYCLE, NONCURRENT, UPLOADS, lifecycles, shortest
from policies.rule import (
    BUCKET,
    Parameters,
    Problem,
    Resource,
    Stack,
    UndeterminedError,
    control,
    expect,
    fail,
    is_off,
    is_on,
    look,
    number,
    parts,
    present,
    skip,
    text,
    undetermined,
)
from policies.schedules import SCHEDULE, spans
from policies.stores import FEATURE_GROUP, STORES, TABLE, personal
from policies.tags import CLASSES, tag, tags
from policies.workload_roles import CRON_JOB, STATE_MACHINE

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
TRACKING = (
    "aws:sagemaker/notebookInstance:NotebookInstance",
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer",
)
SECONDS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86400, "Weeks": 604800}


@control(
    "PRIV-01",
    title="Every data store is classified",
    kind="resource",
    severity="high",
    types=(*STORES, *TRACKING, LOG_GROUP),
    basis=("5(2)", "30(1)(c)", "32(2)"),
    refs=("awspra:data classification", "prowler:macie_is_enabled"),
)
def stores_are_classified(store: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """A data store carries data-class: public, internal, confidential, personal or special; there is no default."""
    value = tag(store, stack, "data-class")
    if value not in CLASSES:
        yield fail(
            "tags.data-class",
            "an unknown class" if value else "not set",
            f"set one of {', '.join(CLASSES)}",
        )


@control(
    "PRIV-02",
    title="Personal data carries its register entry",
    kind="resource",
    severity="high",
    types=STORES,
    basis=("5(1)(a)", "5(1)(b)", "5(1)(e)", "6(1)", "9(2)", "30(1)"),
    refs=("design:own (no scanner covers it)",),
)
def personal_data_is_registered(store: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A store of class personal or special carries purpose, legal-basis (special: special-condition of Art. 9(2) too),
    controller, register-id, recipients, retention-days and erasure-path, drawn from the vocabularies of the
    configuration; retention-days is an integer no greater than the ceiling of the purpose.
    """
    kind = personal(store, stack)
    if not kind:
        yield skip("holds no personal data")
        return
    purposes: dict[str, int] = given.get("purposes", {})
    codes = {
        "purpose": lambda value: value in purposes,
        "legal-basis": _one_of(given.get("legalBases", ())),
        "controller": _one_of(given.get("controllers", ()), or_any=True),
        "register-id": lambda value: bool(re.fullmatch(r"[\w./:-]+", value)),
        "recipients": _all_of(given.get("recipients", ())),
        "erasure-path": _one_of(given.get("erasurePaths", ())),
    }
    if kind == "special":
        codes["special-condition"] = _one_of(given.get("specialConditions", ()))
    yield from parts(
        *(_code(store, stack, key, accept) for key, accept in codes.items()), _ceiling(store, stack, purposes)
    )


def _one_of(words: Any, *, or_any: bool = False) -> Callable[[str], bool]:
    return lambda value: value in words if words or not or_any else bool(value)


def _all_of(words: Any) -> Callable[[str], bool]:
    return lambda value: all(one in words for one in re.split(r"[\s+,:;/]+", value))


def _code(store: Resource, stack: Stack, key: str, accept: Callable[[str], bool]) -> Iterator[Problem]:
    value = tag(store, stack, key)
    if not value or not accept(value):
        found = "a code outside the vocabulary" if value else "not set"
        yield fail(f"tags.{key}", found, f"set a {key} that policies/config knows under PRIV-02, or add it there")


def _ceiling(store: Resource, stack: Stack, purposes: dict[str, int]) -> Iterator[Problem]:
    path, days = "tags.retention-days", tag(store, stack, "retention-days")
    most = purposes.get(tag(store, stack, "purpose"))
    if not re.fullmatch(r"[1-9]\d{0,5}", days):
        yield fail(path, "no whole number of days" if days else "not set", "set the days after which data is deleted")
    elif most is not None and int(days) > most:
        yield fail(path, "above the ceiling of its purpose", f"set {most} days or fewer")


@control(
    "PRIV-03",
    title="Retention is enforced by a mechanism, not by a tag",
    kind="stack",
    severity="high",
    types=(*STORES, *LIFECYCLE, CRON_JOB, STATE_MACHINE, RULE, RULE_TARGET, SCHEDULE),
    subjects=STORES,
    basis=("5(1)(e)", "17(1)(a)", "25(2)"),
    refs=(
        "securityhub:S3.10",
        "securityhub:S3.13",
        "CKV2_AWS_61",
        "CKV_AWS_300",
        "prowler:s3_bucket_lifecycle_enabled",
    ),
)
def retention_is_enforced(store: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """A personal store is emptied at or before retention-days: buckets by enabled lifecycle rules over the whole bucket
    for current versions, non-current versions (all of them: no rule that spares the newest) and unfinished uploads (a
    version that expires becomes non-current first, so the two periods add up), tables and online features by TTL,
    databases and file systems by a job of the stack that `erases` them and runs at least once in retention-days: a
    CronJob, or a state machine with an enabled event rule or schedule (cron or rate).
    """
    if not personal(store, stack):
        yield skip("holds no personal data")
        return
    days = as_number(tag(store, stack, "retention-days"))
    if days is None:
        yield skip("has no retention to enforce; PRIV-02 asks for it")
    elif store.type in BUCKET:
        yield from _bucket(store, stack, days)
    elif store.type == TABLE:
        found, fix = "TTL is off", "enable TTL on an attribute that holds the end of retention"
        yield from expect(store.props, "ttl.enabled", is_on, found, fix, default=False)
    elif store.type == FEATURE_GROUP:
        yield from _features(store, days)
    else:
        yield from _scheduled(store, stack, days)


def _bucket(bucket: Resource, stack: Stack, days: float) -> Iterator[Problem]:
    holders = lifecycles(bucket, stack)
    if not holders:
        fix = "add a BucketLifecycleConfiguration with bucket=bucket.id"
        yield fail("", "no lifecycle configuration refers to this bucket", fix)
        return
    found = {}
    for deadline in (CURRENT, NONCURRENT, UPLOADS):
        found[deadline] = shortest(holders, deadline)
        if found[deadline] is None:
            path = f"{holders[0][1]}[].{deadline.split}"
            yield fail(path, f"no enabled rule over the whole bucket deletes {deadline.name}", "add one")
    current, noncurrent, uploads = found[CURRENT], found[NONCURRENT], found[UPLOADS]
    if uploads and uploads[0] > days:
        yield fail(uploads[1], "unfinished uploads outlive the retention", f"set {days:g} days or fewer")
    if current and current[0] > days:
        yield fail(current[1], "data outlives the retention", f"set {days:g} days or fewer")
    elif current and noncurrent and current[0] + noncurrent[0] > days:
        fix = f"choose the two periods so that together they are {days:g} days or fewer"
        yield fail(noncurrent[1], "an expired version lives on as a non-current one beyond the retention", fix)


def _features(group: Resource, days: float) -> Iterator[Problem]:
    store, ttl = "onlineStoreConfig", "onlineStoreConfig.ttlDuration"
    if not present(group.props, store) or is_off(look(group.props, f"{store}.enableOnlineStore")):
        return
    value, unit = number(group.props, f"{ttl}.value"), text(group.props, f"{ttl}.unit")
    if value is None or unit not in SECONDS:
        yield fail(ttl, "not set, so online features stay for ever", f"set {days:g} days or fewer")
    elif value * SECONDS[unit] > days * SECONDS["Days"]:
        yield fail(ttl, "longer than the retention", f"set {days:g} days or fewer")


def _scheduled(store: Resource, stack: Stack, days: float) -> Iterator[Problem]:
    """A job of this stack that says which store it empties, by annotation or tag `erases` with the store's name."""
    if any(span is not None and span <= days for span in _intervals(store, stack)):
        return
    some = list(_intervals(store, stack))
    if None in some:
        yield undetermined("CronJob.spec.schedule")
        return
    found = "its job runs too seldom for the retention" if some else "no scheduled job of this stack deletes from it"
    fix = f"add a CronJob (annotation) or state machine (tag) with erases={store.name} that runs within {days:g} days"
    yield fail("", found, fix)


def _intervals(store: Resource, stack: Stack) -> Iterator[float | None]:
    for job in stack.of((CRON_JOB, STATE_MACHINE)):
        path = "metadata.annotations.erases"
        if store.name == (look(job.props, path) if job.type == CRON_JOB else tags(job, stack).get("erases")):
            yield from spans(job, stack)


@control(
    "PRIV-06",
    title="No real personal data outside production",
    kind="stack",
    severity="critical",
    types=STORES,
    basis=("5(1)(c)", "25(1)", "4(5)", "32(1)(a)"),
    refs=("design:own (no scanner covers it)",),
)
def no_real_personal_data(store: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """A store of class personal or special is marked data-origin synthetic or pseudonymised; of pseudonymised data the
    key that re-identifies (tag reidentifies) is not in the same stack. Data without a mark counts as real.
    """
    if not personal(store, stack):
        yield skip("holds no personal data")
        return
    origin = tag(store, stack, "data-origin")
    if origin not in ("synthetic", "pseudonymised"):
        fix = "use synthetic or pseudonymised data here and say so in data-origin"
        yield fail("tags.data-origin", "real personal data, or no mark", fix)
    elif origin == "pseudonymised":
        yield from parts(*(_no_key_to_persons(one, stack) for one in stack.resources))


def _no_key_to_persons(one: Resource, stack: Stack) -> Iterator[Problem]:
    try:
        mark = tag(one, stack, "reidentifies")
    except UndeterminedError as unknown:
        yield undetermined(f"{one.type.rpartition(':')[2]}.{unknown.path}")
        return
    if mark:
        found = f"the key that re-identifies lies in the same stack ({one.urn})"
        yield fail("tags.data-origin", found, "keep it in another account")
