"""Second copies of data: replicas, snapshots and backups stay where the first may be."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policies.gdpr.residency import approved, refuse, region_of
from policies.reading import as_list, leaves
from policies.rule import (
    ABSENT,
    BUCKET,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    is_off,
    items,
    look,
    undetermined,
)

REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"


@control(
    "RES-02",
    title="Object replication stays inside the approved regions",
    kind="stack",
    severity="critical",
    types=(REPLICATION, *BUCKET),
    basis=("44", "46", "28(3)(a)"),
    refs=("inverse:securityhub:S3.7", "inverse:CKV_AWS_144", "inverse:prowler:s3_bucket_cross_region_replication"),
)
def replication_stays_inside(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Each replication destination is a bucket of this stack in an approved region, or a bucket that the configuration
    registers with its region: a bucket's ARN names no region, so a destination that is neither fails.
    """
    top = "rules" if one.type == REPLICATION else "replicationConfiguration"
    for where, _ in items(one.props, top if one.type == REPLICATION else f"{top}.rules"):
        path = f"{where}.destination.bucket"
        value = look(one.props, path)
        if isinstance(value, str):
            yield from _named(path, value, stack, given)
            continue
        behind = [found for found in stack.referents(one, top, BUCKET) if found.urn != one.urn]
        regions = [region_of(found, stack) for found in behind]
        if not regions:
            yield undetermined(path) if value is UNKNOWN else fail(path, "no destination", "name a bucket")
        elif all(region in approved(given) for region in regions if isinstance(region, str)):
            yield from (undetermined(path) for region in regions if not isinstance(region, str))
        elif len(regions) == 1:
            yield from refuse(path, regions[0], given, "the region of the destination")
        else:
            yield undetermined(path)


def _named(path: str, arn: str, stack: Stack, given: Parameters) -> Iterator[Problem]:
    name = arn.rpartition(":::")[2]
    here = [one for one in stack.of(BUCKET) if look(one.props, "bucket") == name]
    regions = [region_of(one, stack) for one in here] or as_list(given.get("buckets", {}).get(name))
    if not regions:
        found = "the destination is neither a bucket of this stack nor a registered one"
        yield fail(path, found, "register it with its region under RES.buckets")
    for region in regions:
        yield from refuse(path, region, given, "the region of the destination")


Copies = Callable[[Resource, Stack], Iterator[tuple[str, Any]]]
"""The inputs of a resource that say into which region it copies, each with the region."""


def _own_region(one: Resource, stack: Stack) -> Iterator[tuple[str, Any]]:
    """The copy is the resource itself, so it lies where the resource is made."""
    yield "region", region_of(one, stack)


def _at(path: str) -> Copies:
    """A region at a fixed input; absent means that the copy stays in the resource's own region."""

    def found(one: Resource, _: Stack) -> Iterator[tuple[str, Any]]:
        if (value := look(one.props, path)) is not ABSENT:
            yield path, value

    return found


def _blocks(lists: str, name: str, read: Callable[[Any], Any] = lambda value: value) -> Copies:
    """Regions in blocks: `lists` is a path with `.*.` after each list."""

    def found(one: Resource, _: Stack) -> Iterator[tuple[str, Any]]:
        for where in _expand(one.props, lists.split(".*.")):
            yield f"{where}.{name}", read(look(one.props, f"{where}.{name}"))

    return found


def _expand(props: Any, lists: list[str], head: str = "") -> Iterator[str]:
    for where, _ in items(props, f"{head}.{lists[0]}" if head else lists[0]):
        if len(lists) == 1:
            yield where
        else:
            yield from _expand(props, lists[1:], where)


def _arn(value: Any) -> Any:
    """The region field of an ARN; of anything else that is known, no region."""
    if value is UNKNOWN or value is ABSENT:
        return value
    fields = value.split(":") if isinstance(value, str) else []
    return fields[3] if len(fields) > 5 and fields[0] == "arn" else ABSENT


LIFECYCLE_TARGET = re.compile(r"\.crossRegionCop(?:y|ies|yRules|yTargets)\b.*\.(?:target|targetRegion)$")


def _lifecycle_targets(one: Resource, _: Stack) -> Iterator[tuple[str, Any]]:
    """Data Lifecycle Manager names a region, or the ARN of an outpost, in several blocks."""
    for path, value in leaves(look(one.props, "policyDetails"), "policyDetails"):
        if LIFECYCLE_TARGET.search(path) or value is UNKNOWN:
            yield path, _arn(value) if str(value).startswith("arn:") else value


TARGETS: Mapping[str, Copies] = {
    "aws:backup/plan:Plan": _blocks("rules.*.copyActions", "destinationVaultArn", _arn),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": _own_region,
    "aws:rds/snapshotCopy:SnapshotCopy": _at("destinationRegion"),
    "aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy": _at("destinationRegion"),
    "aws:redshift/snapshotCopy:SnapshotCopy": _at("destinationRegion"),
    "aws:ec2/amiCopy:AmiCopy": _own_region,
    "aws:dlm/lifecyclePolicy:LifecyclePolicy": _lifecycle_targets,
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": _blocks(
        "replicationConfiguration.*.rules.*.destinations", "region"
    ),
    "aws:secretsmanager/secret:Secret": _blocks("replicas", "region"),
    "aws:kms/replicaKey:ReplicaKey": _own_region,
    "aws:dynamodb/tableReplica:TableReplica": _own_region,
    "aws:dynamodb/table:Table": _blocks("replicas", "regionName"),
    "aws:dynamodb/globalTable:GlobalTable": _blocks("replicas", "regionName"),
    "aws:efs/replicationConfiguration:ReplicationConfiguration": _blocks("destination", "region"),
}
MULTI_REGION_KEYS = ("aws:kms/key:Key", "aws:kms/externalKey:ExternalKey")
MULTI_REGION_ACCESS_POINT = "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint"


@control(
    "RES-03",
    title="Secondary copies stay inside the approved regions",
    kind="resource",
    severity="critical",
    types=(*TARGETS, *MULTI_REGION_KEYS, MULTI_REGION_ACCESS_POINT),
    basis=("44", "46", "5(1)(f)"),
    refs=("prowler:kms_cmk_not_multi_region", "CKV_AWS_245", "CKV_AWS_255", "securityhub:S3.24"),
)
def copies_stay_inside(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Backup copy actions, snapshot and image copies, replicas of backups, registries, secrets, tables and file systems
    target approved regions only; a key is not multi-region, because a replica of it can be made anywhere, and the
    buckets of a multi-region access point are registered with their region.
    """
    if one.type in MULTI_REGION_KEYS:
        found, fix = "the key can be copied to any region", "remove multiRegion, or use one key a region"
        yield from expect(one.props, "multiRegion", is_off, found, fix, default=False)
    elif one.type == MULTI_REGION_ACCESS_POINT:
        registered = given.get("buckets", {})
        for where in _expand(one.props, ["details", "regions"]):
            name = look(one.props, f"{where}.bucket")
            region = registered.get(name, ABSENT) if isinstance(name, str) else name
            yield from refuse(f"{where}.bucket", region, given, "the region of the bucket")
    else:
        for path, value in TARGETS[one.type](one, stack):
            yield from refuse(path, value, given)
