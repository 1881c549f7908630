"""Buckets: nobody from outside, no ACLs, no plain HTTP."""

from collections.abc import Iterator

from policies.documents import PRINCIPAL_KEYS, Statement, matches, statements
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
    is_on,
    look,
    parts,
    present,
    undetermined,
)

PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ACL = ("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2")
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
WEBSITE = (
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
    "aws:s3/bucketWebsiteConfigurationV2:BucketWebsiteConfigurationV2",
)
ACCESS_POINT = "aws:s3/accessPoint:AccessPoint"
ACCESS_POINT_POLICY = "aws:s3control/accessPointPolicy:AccessPointPolicy"

SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
ALL_ACTIONS = frozenset({"*", "s3:*"})

SAMPLE_OBJECTS = ("/q", "/0Z1/x_y.7")
"""Keys of objects that share no character: what covers both covers any."""

PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-eusc")


@control(
    "STO-01",
    title="Every bucket blocks public access",
    kind="stack",
    severity="critical",
    types=(*BUCKET, PUBLIC_ACCESS_BLOCK),
    subjects=BUCKET,
    basis=("25(2)", "32(1)(b)"),
    refs=("securityhub:S3.8", "securityhub:S3.1", "CKV2_AWS_6", "CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56",
          "trivy:AWS-0094", "trivy:AWS-0086", "trivy:AWS-0087", "trivy:AWS-0091", "trivy:AWS-0093",
          "prowler:s3_bucket_level_public_access_block"),
)  # fmt: skip
def buckets_block_public_access(bucket: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """Exactly one public access block refers to the bucket, proven by dependency, and all four switches are on.

    A switch left out is off, as in the service (API_PublicAccessBlockConfiguration).
    """
    blocks = stack.joined(bucket, [PUBLIC_ACCESS_BLOCK], "bucket")
    if len(blocks) != 1:
        if not blocks and stack.ambiguous(bucket, [PUBLIC_ACCESS_BLOCK], "bucket"):
            yield undetermined("BucketPublicAccessBlock.bucket")
            return
        yield fail(
            "",
            f"{len(blocks)} public access blocks refer to this bucket",
            "give it exactly one BucketPublicAccessBlock with bucket=bucket.id",
        )
    for block in blocks:
        for switch in SWITCHES:
            found = f"off in the public access block {block.name}"
            yield from expect(block.props, switch, is_on, found, f"set {switch} to true", default=False)


@control(
    "STO-03",
    title="Plain HTTP is refused by every bucket",
    kind="stack",
    severity="high",
    types=(*BUCKET, POLICY),
    subjects=BUCKET,
    basis=("32(1)(a)",),
    refs=("securityhub:S3.5", "CKV_AWS_379", "prowler:s3_bucket_secure_transport_policy"),
)
def buckets_refuse_plain_http(bucket: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """A bucket policy joined to the bucket denies everybody all actions on bucket and objects when
    aws:SecureTransport is false; a bucket without a policy answers plain HTTP.
    """
    fix = "deny s3:* to everybody on bucket and objects with Bool aws:SecureTransport=false in its BucketPolicy"
    holders = [(one, "policy") for one in stack.joined(bucket, [POLICY], "bucket")]
    if not holders and present(bucket.props, "policy"):
        holders = [(bucket, "policy")]
    if not holders and stack.ambiguous(bucket, [POLICY], "bucket"):
        yield undetermined("BucketPolicy.bucket")
    elif not holders:
        yield fail("", "no bucket policy refers to this bucket", fix)
    for holder, path in holders:
        found = statements(holder.props, path)
        name = look(bucket.props, "bucket")
        if not any(_refuses_http(one, name) for one in found or ()):
            yield fail(path, "no statement denies all requests over plain HTTP", fix)


def _refuses_http(one: Statement, bucket: object) -> bool:
    everything = any(action.lower() in ALL_ACTIONS for action in one.actions)
    only = [
        (operator.lower(), key, [str(value).lower() for value in values]) for operator, key, values in one.conditions
    ]
    insecure = [("bool", "aws:securetransport", ["false"])]
    both = all(_covers(one, bucket, suffix) for suffix in ("", *SAMPLE_OBJECTS))
    return not one.allow and everything and one.anonymous and not one.not_principals and only == insecure and both


def _covers(one: Statement, bucket: object, suffix: str) -> bool:
    if one.not_resources:
        return False
    if not isinstance(bucket, str):
        return any(_shape(pattern, suffix) for pattern in one.resources)
    return any(matches(pattern, f"arn:{cut}:s3:::{bucket}{suffix}") for pattern in one.resources for cut in PARTITIONS)


def _shape(pattern: str, suffix: str) -> bool:
    """Without the bucket's name: whether the pattern covers some whole bucket, or all its objects."""
    return pattern == "*" or (pattern.partition("/")[2] == "*" if suffix else "/" not in pattern)


@control(
    "STO-04",
    title="No public or ACL-based grants",
    kind="resource",
    severity="critical",
    types=(POLICY, *ACL, OWNERSHIP, *WEBSITE, ACCESS_POINT, ACCESS_POINT_POLICY, *BUCKET),
    basis=("25(2)", "32(1)(b)"),
    refs=("securityhub:S3.2", "securityhub:S3.3", "securityhub:S3.12", "securityhub:S3.19", "CKV_AWS_70", "CKV2_AWS_65",
          "CKV_AWS_392", "trivy:AWS-0092", "prowler:s3_bucket_acl_prohibited",
          "prowler:s3_bucket_policy_public_write_access", "prowler:s3_access_point_public_access_block"),
)  # fmt: skip
def nothing_is_granted_to_everybody(one: Resource, _: Stack, __: Parameters) -> Iterator[Problem]:
    """No bucket or access point policy allows an anonymous principal without a condition that names who or where,
    no ACL and no website configuration exists, declared ownership is BucketOwnerEnforced, and access points block
    public access (which they do when the block is left out).
    """
    if one.type in ACL:
        yield fail("", "an ACL resource", "remove it; grant access with policies, ownership BucketOwnerEnforced")
    elif one.type in WEBSITE:
        yield fail("", "a website configuration", "remove it; serve public files from a distribution of their own")
    elif one.type == OWNERSHIP:
        yield from expect(
            one.props,
            "rule.objectOwnership",
            lambda value: value == "BucketOwnerEnforced",
            "ACLs are in force",
            "set BucketOwnerEnforced",
            default="ObjectWriter",
        )
    else:
        switches = _access_point_switches(one) if one.type == ACCESS_POINT else _inline_grants(one)
        yield from parts(anonymous_grants(one, "policy"), switches)


def anonymous_grants(holder: Resource, path: str) -> Iterator[Problem]:
    """One problem for each statement that allows everybody something."""
    found = statements(holder.props, path)
    if found is None:
        yield fail(path, "no policy document", "write a JSON object with a list Statement of Allow and Deny entries")
    for one in found or ():
        if one.allow and one.anonymous and not one.narrowed(PRINCIPAL_KEYS):
            yield fail(
                f"{one.path}.Principal",
                "an anonymous principal is allowed",
                "name roles or accounts, or add a condition such as aws:PrincipalOrgID",
            )


def _inline_grants(bucket: Resource) -> Iterator[Problem]:
    if bucket.type not in BUCKET:
        return
    if look(bucket.props, "acl") not in (ABSENT, "private"):
        yield _refused(bucket, "acl", "an ACL other than private", "remove it")
    for path in ("grants", "website"):
        if present(bucket.props, path) and look(bucket.props, path) not in ([], {}):
            yield _refused(bucket, path, "set on the bucket itself", "remove it")


def _refused(one: Resource, path: str, found: str, fix: str) -> Problem:
    return undetermined(path) if look(one.props, path) is UNKNOWN else fail(path, found, fix)


def _access_point_switches(point: Resource) -> Iterator[Problem]:
    for switch in SWITCHES:
        path = f"publicAccessBlockConfiguration.{switch}"
        yield from expect(point.props, path, is_on, "off", f"set {path} to true", default=True)
