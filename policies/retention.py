"""Bucket lifecycles: after how many days a bucket's rules have deleted everything in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.reading import ABSENT, UndeterminedError, as_number, items, literal, look
from policies.stack import BUCKET, UNKNOWN, Resource, Stack

LIFECYCLE = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
INLINE = "lifecycleRules"


@dataclass(frozen=True)
class Deadline:
    """One of the three ways in which a bucket forgets, and the input that says when."""

    name: str
    split: str
    """Input beneath a rule of a lifecycle resource."""

    inline: str
    """Input beneath a rule written on the bucket itself."""

    spared: str = ""
    """Input beneath a rule of a lifecycle resource: how many of the newest it keeps whatever their age."""


CURRENT = Deadline("current versions", "expiration.days", "expiration.days")
NONCURRENT = Deadline(
    "non-current versions",
    "noncurrentVersionExpiration.noncurrentDays",
    "noncurrentVersionExpiration.days",
    "noncurrentVersionExpiration.newerNoncurrentVersions",
)
UPLOADS = Deadline(
    "unfinished uploads",
    "abortIncompleteMultipartUpload.daysAfterInitiation",
    "abortIncompleteMultipartUploadDays",
)


def lifecycles(bucket: Resource, stack: Stack) -> list[tuple[Resource, str]]:
    """Resources that hold lifecycle rules of the bucket, each with the input where the rules are."""
    found = [(one, "rules") for one in stack.joined(bucket, LIFECYCLE, "bucket")]
    if not found and stack.ambiguous(bucket, LIFECYCLE, "bucket"):
        raise UndeterminedError("BucketLifecycleConfiguration.bucket")
    if not found and bucket.type in BUCKET and look(bucket.props, INLINE) is not ABSENT:
        found = [(bucket, INLINE)]
    return found


def shortest(holders: list[tuple[Resource, str]], deadline: Deadline) -> tuple[float, str] | None:
    """Days until the enabled rules over the whole bucket delete, and where it says so; None if none does.

    A rule that spares the newest non-current versions (`newerNoncurrentVersions`) keeps those for ever: it counts not.
    Raises UndeterminedError when that depends on an unknown value.
    """
    known: list[tuple[float, str]] = []
    unknown: list[str] = []
    for holder, path in holders:
        for where, value in _days(holder, path, deadline):
            if value is UNKNOWN:
                unknown.append(where)
            elif (days := as_number(value)) is not None and days >= 1:
                known.append((days, where))
    if unknown and not known:
        raise UndeterminedError(unknown[0])
    return min(known, default=None)


def _days(holder: Resource, path: str, deadline: Deadline) -> Iterator[tuple[str, Any]]:
    for where, rule in items(holder.props, path):
        if rule is UNKNOWN:
            yield where, UNKNOWN
        elif isinstance(rule, Mapping) and _enabled(holder, where) and _whole(holder, where):
            place = f"{where}.{deadline.inline if path == INLINE else deadline.split}"
            spared = look(holder.props, f"{where}.{deadline.spared}") if deadline.spared else ABSENT
            if spared is UNKNOWN:
                yield f"{where}.{deadline.spared}", UNKNOWN
            elif (spared in (ABSENT, "") or as_number(spared) == 0) and look(holder.props, place) is not ABSENT:
                yield place, look(holder.props, place)


def _enabled(holder: Resource, where: str) -> bool:
    status = literal(holder.props, f"{where}.status")
    return status == "Enabled" if status is not None else literal(holder.props, f"{where}.enabled") is True


def _whole(holder: Resource, where: str) -> bool:
    """Whether the rule has no filter: an empty prefix is none."""
    narrow = [literal(holder.props, f"{where}.{path}") for path in ("prefix", "filter.prefix")]
    others = literal(holder.props, f"{where}.filter", {})
    given = others if isinstance(others, Mapping) else {"filter": others}
    rest = {key: value for key, value in given.items() if key != "prefix"}
    tags = literal(holder.props, f"{where}.tags")
    return not any(narrow) and not tags and not any(value for key, value in rest.items() if not key.startswith("__"))
