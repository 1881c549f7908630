"""moto takes an S3 request with a query it does not know for the bare one: DELETE ?metrics deletes the bucket."""

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import UNKNOWN, Refusal

# fmt: off
ANSWERED_BY_MOTO = frozenset({
    "AbortMultipartUpload", "BucketCORSPreflightCheck", "CompleteMultipartUpload", "CopyObject",
    "CreateBucket", "CreateMultipartUpload", "DeleteBucket", "DeleteBucketCors",
    "DeleteBucketEncryption", "DeleteBucketLifecycle", "DeleteBucketOwnershipControls",
    "DeleteBucketPolicy", "DeleteBucketReplication", "DeleteBucketTagging", "DeleteBucketWebsite",
    "DeleteObject", "DeleteObjectTagging", "DeleteObjects", "DeletePublicAccessBlock",
    "GetBucketAccelerateConfiguration", "GetBucketAcl", "GetBucketCors", "GetBucketEncryption",
    "GetBucketLifecycleConfiguration", "GetBucketLocation", "GetBucketLogging",
    "GetBucketNotificationConfiguration", "GetBucketOwnershipControls", "GetBucketPolicy",
    "GetBucketPolicyStatus", "GetBucketReplication", "GetBucketTagging", "GetBucketVersioning",
    "GetBucketWebsite", "GetObject", "GetObjectAcl", "GetObjectAttributes", "GetObjectLegalHold",
    "GetObjectLockConfiguration", "GetObjectTagging", "GetPublicAccessBlock", "HeadBucket",
    "HeadObject", "ListBuckets", "ListMultipartUploads", "ListObjectVersions", "ListObjects",
    "ListObjectsV2", "ListParts", "ObjectCORSPreflightCheck", "PostObject",
    "PutBucketAccelerateConfiguration", "PutBucketAcl", "PutBucketCors", "PutBucketEncryption",
    "PutBucketLifecycleConfiguration", "PutBucketLogging", "PutBucketNotificationConfiguration",
    "PutBucketOwnershipControls", "PutBucketPolicy", "PutBucketReplication", "PutBucketTagging",
    "PutBucketVersioning", "PutBucketWebsite", "PutObject", "PutObjectAcl", "PutObjectLegalHold",
    "PutObjectLockConfiguration", "PutObjectRetention", "PutObjectTagging", "PutPublicAccessBlock",
    "RestoreObject", "UploadPart", "UploadPartCopy",
})
# fmt: on
"""Operations that moto's S3 tells apart from their neighbours (read in its routing)."""


@overlay.checks("s3")
def the_operation_is_one_that_moto_tells_apart(call: Call) -> None:
    """Refuses what moto would take for another operation."""
    if call.operation in ANSWERED_BY_MOTO or overlay.is_answered("s3", call.operation or ""):
        return
    asked = call.operation or f"{call.environ['REQUEST_METHOD']} ?{call.environ.get('QUERY_STRING', '')}"
    raise Refusal(UNKNOWN, f"the local cloud does not know s3 {asked}; see docs/local-cloud.md")


@overlay.answers("s3", "GetBucketRequestPayment")
def get_request_payment(call: Call) -> dict[str, str]:
    """Who pays, which the AWS provider reads with every bucket."""
    return {"Payer": call.backend.get_bucket(call.input["Bucket"]).payer}


@overlay.answers("s3", "PutBucketRequestPayment")
def put_request_payment(call: Call) -> dict[str, str]:
    """Keeps who pays."""
    payer = call.input["RequestPaymentConfiguration"]["Payer"]
    if payer not in ("BucketOwner", "Requester"):
        raise Refusal("MalformedXML", "The XML you provided was not well-formed or did not validate against our schema")
    call.backend.get_bucket(call.input["Bucket"]).payer = payer
    return {}
