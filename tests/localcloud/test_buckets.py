"""Buckets as the Amazon S3 User Guide and API Reference tell of them; each test names its page."""

import pytest

from tests.localcloud.conftest import REGION
from tests.localcloud.refusals import refused

CLOSED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


def make(aws, name, **more):
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}, **more)


def test_a_new_bucket_is_encrypted_closed_and_without_lists(aws, bucket):
    """User Guide, "Default settings for new S3 buckets FAQ"."""
    s3 = aws("s3")
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == CLOSED
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert s3.head_object(Bucket=bucket, Key="k")["ServerSideEncryption"] == "AES256"


def test_deleting_the_encryption_resets_it(aws, bucket):
    """API Reference, DeleteBucketEncryption."""
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    aws("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert aws("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"] == [rule]
    aws("s3").put_object(Bucket=bucket, Key="k", Body=b"")
    assert aws("s3").head_object(Bucket=bucket, Key="k")["SSEKMSKeyId"] == key

    aws("s3").delete_bucket_encryption(Bucket=bucket)
    (rule,) = aws("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


@pytest.mark.parametrize(
    "name", ["Upper-case", "under_score", "a..b", "10.0.0.1", "xn--bucket", "bucket-s3alias", "-ab"]
)
def test_a_name_that_no_bucket_may_bear_is_refused(aws, name):
    """User Guide, "General purpose bucket naming rules"."""
    with refused("InvalidBucketName"):
        make(aws, name)


def test_lists_are_refused_where_the_owner_is_enforced(aws, bucket, name):
    """User Guide, "Controlling ownership of objects and disabling ACLs for your bucket"."""
    s3 = aws("s3")
    with refused("AccessControlListNotSupported"):
        s3.put_bucket_acl(Bucket=bucket, ACL="private")
    with refused("AccessControlListNotSupported"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="public-read")
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="bucket-owner-full-control")
    with refused("InvalidBucketAclWithObjectOwnership"):
        make(aws, f"{name}-public", ACL="public-read")

    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    s3.put_bucket_acl(Bucket=bucket, ACL="private")


def test_tags_of_the_creation_are_the_buckets_tags(aws, name):
    """API Reference, CreateBucketConfiguration; S3 Control API Reference, ListTagsForResource."""
    tags = [{"Key": "env", "Value": "local"}, {"Key": "owner", "Value": "a"}]
    config = {"LocationConstraint": REGION, "Tags": tags}
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration=config)
    assert aws("s3").get_bucket_tagging(Bucket=name)["TagSet"] == tags

    aws("s3").delete_bucket(Bucket=name)
    make(aws, name)
    with refused("NoSuchTagSet"):
        aws("s3").get_bucket_tagging(Bucket=name)
    with refused("InvalidTag"):
        config = {"LocationConstraint": REGION, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}
        aws("s3").create_bucket(Bucket=f"{name}-twice", CreateBucketConfiguration=config)


def test_a_bucket_with_objects_or_versions_stays(aws, bucket):
    """API Reference, DeleteBucket: BucketNotEmpty."""
    s3 = aws("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    with refused("BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)
    for one in (version, marker):
        s3.delete_object(Bucket=bucket, Key="k", VersionId=one)
    s3.delete_bucket(Bucket=bucket)


RULES = [
    {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {
            "And": {
                "Prefix": "p/",
                "Tags": [{"Key": "a", "Value": "b"}],
                "ObjectSizeGreaterThan": 1024,
                "ObjectSizeLessThan": 1 << 30,
            }
        },
        "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
        "Expiration": {"Days": 730},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
    },
    {
        "ID": "parts",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    },
    {"ID": "small", "Status": "Disabled", "Filter": {"ObjectSizeLessThan": 10}, "Expiration": {"Days": 1}},
]


def test_a_lifecycle_comes_back_as_it_was_put(aws, bucket):
    """API Reference, GetBucketLifecycleConfiguration."""
    s3 = aws("s3")
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": RULES},
        TransitionDefaultMinimumObjectSize="varies_by_storage_class",
    )
    found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert found["Rules"] == RULES
    assert found["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"
    s3.delete_bucket_lifecycle(Bucket=bucket)
    with refused("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)


def test_logging_comes_back_as_it_was_put_and_delivers_nothing(aws, bucket, name):
    """API Reference, PutBucketLogging."""
    make(aws, f"{name}-logs")
    wanted = {
        "TargetBucket": f"{name}-logs",
        "TargetPrefix": "p/",
        "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
    }
    aws("s3").put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": wanted})
    assert aws("s3").get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == wanted
    aws("s3").put_object(Bucket=bucket, Key="k", Body=b"")
    aws("s3").delete_bucket(Bucket=f"{name}-logs")


def test_a_bucket_says_who_pays(aws, bucket):
    """API Reference, GetBucketRequestPayment."""
    assert aws("s3").get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    aws("s3").put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert aws("s3").get_bucket_request_payment(Bucket=bucket)["Payer"] == "Requester"


INVENTORY = {
    "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::target", "Format": "Parquet", "Prefix": "i"}},
    "IsEnabled": True,
    "Id": "one",
    "IncludedObjectVersions": "Current",
    "OptionalFields": ["Size", "ETag"],
    "Schedule": {"Frequency": "Weekly"},
}
CONFIGURATIONS = [
    ("inventory", "InventoryConfiguration", INVENTORY),
    (
        "intelligent_tiering",
        "IntelligentTieringConfiguration",
        {"Id": "one", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]},
    ),
    ("metrics", "MetricsConfiguration", {"Id": "one", "Filter": {"Prefix": "p/"}}),
    ("analytics", "AnalyticsConfiguration", {"Id": "one", "StorageClassAnalysis": {}}),
]


@pytest.mark.parametrize(("family", "member", "wanted"), CONFIGURATIONS, ids=[c[0] for c in CONFIGURATIONS])
def test_configurations_by_id_come_and_go_and_the_bucket_stays(aws, bucket, family, member, wanted):
    """API Reference, PutBucketInventoryConfiguration and its neighbours."""

    def call(verb, plural="", **arguments):
        return getattr(aws("s3"), f"{verb}_bucket_{family}_configuration{plural}")(Bucket=bucket, **arguments)

    call("put", Id="one", **{member: wanted})
    call("put", Id="two", **{member: wanted | {"Id": "two"}})
    assert call("get", Id="one")[member] == wanted
    assert [found["Id"] for found in call("list", "s")[f"{member}List"]] == ["one", "two"]

    call("delete", Id="one")
    with refused("NoSuchConfiguration"):
        call("get", Id="one")
    with refused("NoSuchConfiguration"):
        call("delete", Id="one")
    assert aws("s3").head_bucket(Bucket=bucket)["BucketRegion"] == REGION


def test_configurations_come_in_pages(aws, bucket):
    """API Reference, ListBucketMetricsConfigurations: at most 100 at a time."""
    for number in range(105):
        name = f"m{number:03}"
        aws("s3").put_bucket_metrics_configuration(Bucket=bucket, Id=name, MetricsConfiguration={"Id": name})
    first = aws("s3").list_bucket_metrics_configurations(Bucket=bucket)
    second = aws("s3").list_bucket_metrics_configurations(
        Bucket=bucket, ContinuationToken=first["NextContinuationToken"]
    )
    assert (len(first["MetricsConfigurationList"]), first["IsTruncated"]) == (100, True)
    assert (len(second["MetricsConfigurationList"]), second["IsTruncated"]) == (5, False)
