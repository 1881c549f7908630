"""moto's new buckets are those of before 2023: unencrypted, not blocked for the public, with access control lists."""

import ipaddress
import re

from moto.s3.models import PublicAccessBlock

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Answer, Refusal

ENFORCED = "BucketOwnerEnforced"
OWNERSHIPS = (ENFORCED, "BucketOwnerPreferred", "ObjectWriter")


def _sse_s3() -> dict[str, object]:
    return {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}


def is_name(name: str) -> bool:
    """Whether a general purpose bucket may bear the name; S3 User Guide, "General purpose bucket naming rules"."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name) or ".." in name:
        return False
    if name.startswith(("xn--", "sthree-", "amzn-s3-demo-")) or name.endswith(
        ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
    ):
        return False
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return True
    return False


@overlay.checks("s3", "CreateBucket")
def the_request_is_one_that_aws_takes(call: Call) -> None:
    """Refuses bad names, and access control lists on a bucket that has none."""
    name = call.input["Bucket"]
    if not is_name(name):
        raise Refusal("InvalidBucketName", "The specified bucket is not valid.", BucketName=name)
    ownership = call.header("x-amz-object-ownership") or ENFORCED
    if ownership not in OWNERSHIPS:
        raise Refusal("InvalidArgument", f"Invalid x-amz-object-ownership header: {ownership}")
    has_grants = any(key.startswith("HTTP_X_AMZ_GRANT_") for key in call.environ)
    if ownership == ENFORCED and (call.header("x-amz-acl") not in (None, "private") or has_grants):
        raise Refusal(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        )
    call.environ["localcloud.is_new"] = name not in call.backend.buckets


@overlay.follows("s3", "CreateBucket")
def a_new_bucket_is_closed(call: Call, _: Answer) -> None:
    """SSE-S3, public access blocked, owner enforced; S3 User Guide, "Default settings for new S3 buckets FAQ"."""
    if not call.environ["localcloud.is_new"]:
        return
    bucket = call.backend.get_bucket(call.input["Bucket"])
    bucket.encryption = _sse_s3()
    bucket.public_access_block = PublicAccessBlock("true", "true", "true", "true")
    bucket.ownership_rule = call.header("x-amz-object-ownership") or ENFORCED


@overlay.follows("s3", "DeleteBucketEncryption")
def encryption_falls_back_to_s3_keys(call: Call, _: Answer) -> None:
    """S3 API Reference, DeleteBucketEncryption: "resets the default encryption for the bucket as SSE-S3"."""
    call.backend.get_bucket(call.input["Bucket"]).encryption = _sse_s3()


@overlay.checks("s3", "PutBucketAcl", "PutObjectAcl")
def lists_are_refused_where_the_owner_is_enforced(call: Call) -> None:
    """S3 User Guide, "Controlling ownership of objects and disabling ACLs"."""
    bucket = call.backend.buckets.get(call.input["Bucket"])
    if bucket is not None and bucket.ownership_rule == ENFORCED:
        raise Refusal("AccessControlListNotSupported", "The bucket does not allow ACLs")


@overlay.checks("s3", "PutObject", "CopyObject", "CreateMultipartUpload")
def objects_come_without_lists_where_the_owner_is_enforced(call: Call) -> None:
    """Only bucket-owner-full-control, which says what is true anyway, passes; the same page."""
    bucket = call.backend.buckets.get(call.labels["Bucket"])
    if bucket is None or bucket.ownership_rule != ENFORCED:
        return
    has_grants = any(key.startswith("HTTP_X_AMZ_GRANT_") for key in call.environ)
    if has_grants or call.header("x-amz-acl") not in (None, "bucket-owner-full-control"):
        raise Refusal("AccessControlListNotSupported", "The bucket does not allow ACLs")


@overlay.checks("s3", "PutBucketOwnershipControls")
def the_ownership_is_known(call: Call) -> None:
    """moto keeps any word."""
    for rule in call.input["OwnershipControls"].get("Rules", []):
        if rule.get("ObjectOwnership") not in OWNERSHIPS:
            raise Refusal(
                "MalformedXML", "The XML you provided was not well-formed or did not validate against our schema"
            )
