"""Trails: which of them is fit as evidence, and of which buckets it records every read and write."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from policies.customer_keys import own_key
from policies.reading import ABSENT, UndeterminedError, as_list, is_off, is_on, items, look, word
from policies.stack import BUCKET, UNKNOWN, Resource, Stack

TRAIL = "aws:cloudtrail/trail:Trail"
OBJECTS = "AWS::S3::Object"


def records(trail: Resource, bucket: Resource) -> bool:
    """Whether a trail records reads and writes of all objects of a bucket; raises UndeterminedError if that is unknown.

    Without selectors a trail records management events alone (CloudTrail user guide, "logging data events").
    """
    if is_off(look(trail.props, "enableLogging")):
        return False
    name = look(bucket.props, "bucket")
    wanted = f"{name}/" if isinstance(name, str) else None
    unsure = ""
    for path, arns in (*_plain(trail), *_advanced(trail)):
        found = [_covers(arn, wanted) for arn in arns]
        if True in found:
            return True
        unsure = unsure or (path if None in found else "")
    if unsure:
        raise UndeterminedError(f"Trail.{unsure}")
    return False


def _covers(arn: Any, wanted: str | None) -> bool | None:
    """Whether an ARN prefix covers every object of the bucket; None where either is unknown."""
    if not isinstance(arn, str):
        return None if arn is UNKNOWN else False
    match = re.fullmatch(r"arn:[^:]*:s3(?:$|:::(?P<prefix>.*))", arn)
    if match is None:
        return False
    prefix = match["prefix"] or ""
    return True if not prefix else None if wanted is None else wanted.startswith(prefix)


def _plain(trail: Resource) -> Iterator[tuple[str, Sequence[Any]]]:
    """Basic selectors over reads and writes: the path of each and its ARNs."""
    for where, _ in items(trail.props, "eventSelectors"):
        if look(trail.props, f"{where}.readWriteType") in (ABSENT, "All"):
            for place, _ in items(trail.props, f"{where}.dataResources"):
                if look(trail.props, f"{place}.type") == OBJECTS:
                    yield f"{place}.values", as_list(look(trail.props, f"{place}.values"))


def _advanced(trail: Resource) -> Iterator[tuple[str, Sequence[Any]]]:
    """Advanced selectors over reads and writes; one that names no ARN covers all."""
    for where, _ in items(trail.props, "advancedEventSelectors"):
        fields = {
            word(trail.props, f"{place}.field"): (place, block)
            for place, block in items(trail.props, f"{where}.fieldSelectors")
        }
        if "readOnly" in fields or "eventName" in fields or not _is(fields, "eventCategory", "Data"):
            continue
        if _is(fields, "resources.type", OBJECTS):
            place, block = fields.get("resources.ARN", (where, {"startsWiths": ["arn:aws:s3"]}))
            yield place, as_list(look(block, "startsWiths"))


def _is(fields: dict[Any, tuple[str, Any]], name: str, value: str) -> bool:
    return name in fields and as_list(look(fields[name][1], "equals")) == [value]


def faults(trail: Resource) -> Iterator[tuple[str, str, str]]:
    """Path, what is wrong and what to set, for each input that keeps a trail from being evidence.

    An unknown switch is left to the caller: its path comes with an empty text.
    """
    for path, wrong, default in (
        ("isMultiRegionTrail", "what happens in other regions is not recorded", False),
        ("enableLogFileValidation", "nobody would see that a record was changed", False),
        ("includeGlobalServiceEvents", "IAM and STS are not recorded", True),
        ("enableLogging", "nothing is recorded", True),
    ):
        value = look(trail.props, path)
        if value is UNKNOWN:
            yield path, "", ""
        elif not is_on(default if value is ABSENT else value):
            yield path, wrong, f"set {path} to true"
    if not own_key(trail.props, "kmsKeyId"):
        yield "kmsKeyId", "no customer key", "set the ARN of a KMS key"


def archive(trail: Resource, stack: Stack) -> Resource | None:
    """The bucket of this stack that a trail writes to: by dependency, or by its literal name."""
    behind = stack.referents(trail, "s3BucketName", BUCKET)
    if len(behind) == 1:
        return behind[0]
    name = look(trail.props, "s3BucketName")
    return next((one for one in stack.of(BUCKET) if isinstance(name, str) and look(one.props, "bucket") == name), None)
