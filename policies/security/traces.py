"""Traces: who touched personal data, and what was done in the account."""

from collections.abc import Iterator

from policies.baseline import REFERENCE, elsewhere, in_aws
from policies.retention import CURRENT, LIFECYCLE, lifecycles, shortest
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
    is_on,
    look,
    parts,
    skip,
    undetermined,
)
from policies.stack import ROOT
from policies.stores import personal
from policies.trails import TRAIL, archive, faults, records

LOGGING = ("aws:s3/bucketLogging:BucketLogging", "aws:s3/bucketLoggingV2:BucketLoggingV2")
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@control(
    "STO-06",
    title="Access to personal objects leaves a trail",
    kind="stack",
    severity="medium",
    types=(*BUCKET, *LOGGING, TRAIL, *LIFECYCLE),
    subjects=BUCKET,
    basis=("5(2)", "32(1)(d)", "33(3)"),
    refs=("securityhub:S3.9", "securityhub:S3.22", "securityhub:S3.23", "CKV_AWS_18", "trivy:AWS-0089",
          "trivy:AWS-0171", "trivy:AWS-0172", "prowler:s3_bucket_server_access_logging_enabled",
          "prowler:cloudtrail_s3_dataevents_read_enabled", "prowler:cloudtrail_s3_dataevents_write_enabled"),
)  # fmt: skip
def access_leaves_a_trail(bucket: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """Reads and writes of the objects of a personal bucket are recorded as data events of a trail of the stack, or in
    access logs that go to another bucket, whose objects expire.
    """
    if not personal(bucket, stack):
        yield skip("holds no personal data")
        return
    unsure = ""
    for trail in stack.of([TRAIL]):
        try:
            if records(trail, bucket):
                return
        except UndeterminedError as unknown:
            unsure = unknown.path
    links = stack.joined(bucket, LOGGING, "bucket")
    if not links and stack.ambiguous(bucket, LOGGING, "bucket"):
        unsure = "BucketLogging.bucket"
    problems = [problem for link in links for problem in parts(_delivery(bucket, link, stack))]
    if unsure:
        yield undetermined(unsure)
    elif links:
        yield from problems
    else:
        fix = "add a BucketLogging with bucket=bucket.id, or name the bucket in the data events of a trail"
        yield fail("", "nothing records who reads and writes its objects", fix)


def _delivery(bucket: Resource, link: Resource, stack: Stack) -> Iterator[Problem]:
    path = "BucketLogging.targetBucket"
    behind = stack.referents(link, "targetBucket", BUCKET)
    name = look(link.props, "targetBucket")
    found = behind or [one for one in stack.of(BUCKET) if isinstance(name, str) and look(one.props, "bucket") == name]
    if any(one.urn == bucket.urn for one in found):
        yield fail(path, "the bucket logs into itself", "name another bucket")
    elif len(found) == 1:
        if shortest(lifecycles(found[0], stack), CURRENT) is None:
            yield fail(path, f"the logs in {found[0].name} never expire", "give that bucket a lifecycle of its own")
    elif found or name is UNKNOWN:
        yield undetermined(path)
    else:
        fix = "log into a bucket that this stack declares with a lifecycle"
        yield fail(path, "leads to no bucket of this stack, so nothing shows when its logs expire", fix)


@control(
    "LOG-01",
    title="Account activity is recorded and tamper-evident",
    kind="stack",
    severity="high",
    types=(ROOT, TRAIL, *BUCKET, BLOCK, *LIFECYCLE, REFERENCE),
    subjects=(ROOT, TRAIL),
    basis=("5(2)", "32(1)(d)", "33(3)"),
    refs=("securityhub:CloudTrail.1", "securityhub:CloudTrail.2", "securityhub:CloudTrail.4", "CKV_AWS_35",
          "CKV_AWS_36", "CKV_AWS_67", "trivy:AWS-0014", "trivy:AWS-0015", "trivy:AWS-0016",
          "prowler:cloudtrail_multi_region_enabled", "prowler:cloudtrail_kms_encryption_enabled",
          "prowler:cloudtrail_log_file_validation_enabled"),
)  # fmt: skip
def activity_is_recorded(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A stack has a trail, unless the register `baseline` says who else keeps one for the account (service trail); each
    trail covers all regions and global services, is on, validates its files, has a customer key and writes to a bucket
    of the stack that is closed to the public and whose objects expire.
    """
    if one.type == TRAIL:
        yield from (fail(path, wrong, fix) if wrong else undetermined(path) for path, wrong, fix in faults(one))
        yield from parts(_archive(one, stack))
    elif not in_aws(stack):
        yield skip("nothing of the stack is in AWS")
    elif not any(True for _ in stack.of([TRAIL])) and not elsewhere("trail", stack, given):
        fix = "add a Trail over all regions, or register under LOG.baseline who keeps one"
        yield fail("", "nothing records what is done in the account", fix)


def _archive(trail: Resource, stack: Stack) -> Iterator[Problem]:
    path = "s3BucketName"
    bucket = archive(trail, stack)
    if bucket is None:
        if look(trail.props, path) is UNKNOWN:
            yield undetermined(path)
        else:
            fix = "write to a bucket that this stack declares, or leave the trail to its owner (LOG.baseline)"
            yield fail(path, "leads to no bucket of this stack, so nothing shows who reads it and when it ends", fix)
        return
    blocks = stack.joined(bucket, [BLOCK], "bucket")
    switches = [look(block.props, switch) for block in blocks for switch in SWITCHES]
    if not blocks or any(value is ABSENT or not (value is UNKNOWN or is_on(value)) for value in switches):
        yield fail(path, f"the bucket {bucket.name} may be opened to the public", "block public access to it (STO-01)")
    elif UNKNOWN in switches:
        yield undetermined("BucketPublicAccessBlock")
    if shortest(lifecycles(bucket, stack), CURRENT) is None:
        yield fail(path, f"the record in {bucket.name} is kept for ever", "give that bucket a lifecycle")
