"""Amazon S3 User Guide: "Bucket policies for Amazon S3", "Blocking public access to your Amazon S3 storage"."""

import json

import pytest

from tests.localcloud.conftest import connect
from tests.localcloud.refusals import refused

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}],
}


def put(aws, bucket, *statements):
    everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    usual = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": everything}
    filled = [usual | statement for statement in statements]
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": filled}))


def marked(account, header, value):
    client = connect(account, "s3")
    client.meta.events.register("before-send.s3.*", lambda request, **_: request.headers.__setitem__(header, value))
    return client


def test_a_tls_only_bucket_serves_what_came_with_tls_and_refuses_the_rest(aws, account, bucket):
    put(aws, bucket, {"Condition": {"Bool": {"aws:SecureTransport": "false"}}})
    secure, insecure = aws("s3"), marked(account, "x-localcloud-insecure-transport", "true")

    secure.put_object(Bucket=bucket, Key="k", Body=b"bytes")
    assert secure.get_object(Bucket=bucket, Key="k")["Body"].read() == b"bytes"
    assert secure.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    with refused("AccessDenied", "s3:GetObject", "explicit deny"):
        insecure.get_object(Bucket=bucket, Key="k")
    with refused("AccessDenied", "s3:PutObject"):
        insecure.put_object(Bucket=bucket, Key="k", Body=b"other")
    with refused("AccessDenied", "s3:ListBucket"):
        insecure.list_objects_v2(Bucket=bucket)
    with refused("403"):
        insecure.head_object(Bucket=bucket, Key="k")
    assert secure.get_object(Bucket=bucket, Key="k")["Body"].read() == b"bytes"


def test_objects_without_the_buckets_key_are_refused(aws, bucket):
    key = aws("kms").create_key()["KeyMetadata"]
    other = aws("kms").create_key()["KeyMetadata"]["Arn"]
    wrong_way = {
        "Null": {"s3:x-amz-server-side-encryption": "false"},
        "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
    }
    wrong_key = {"ArnNotEqualsIfExists": {"s3:x-amz-server-side-encryption-aws-kms-key-id": key["Arn"]}}
    put(aws, bucket, {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*", "Condition": wrong_way})
    with refused("AccessDenied"):
        aws("s3").put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="AES256")
    aws("s3").put_object(Bucket=bucket, Key="k", Body=b"")

    put(aws, bucket, {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*", "Condition": wrong_key})
    with refused("AccessDenied"):
        aws("s3").put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=other)
    for name in (key["Arn"], key["KeyId"]):
        aws("s3").put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=name)


def test_a_role_is_kept_to_its_prefix(aws, account, bucket, name):
    aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    role = f"arn:aws:iam::000000000000:role/{name}"
    session = aws("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    aws("s3").put_bucket_policy(
        Bucket=bucket,
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": ["s3:GetObject", "s3:PutObject"],
                        "NotResource": f"arn:aws:s3:::{bucket}/own/*",
                        "Condition": {"ArnEquals": {"aws:PrincipalArn": role}},
                    },
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:ListBucket",
                        "Resource": f"arn:aws:s3:::{bucket}",
                        "Condition": {
                            "ArnEquals": {"aws:PrincipalArn": role},
                            "StringNotLike": {"s3:prefix": "own/*"},
                        },
                    },
                ],
            }
        ),
    )
    aws("s3").put_object(Bucket=bucket, Key="other/k", Body=b"")
    limited = connect(account, "s3", key=session["AccessKeyId"])

    limited.put_object(Bucket=bucket, Key="own/k", Body=b"")
    assert limited.list_objects_v2(Bucket=bucket, Prefix="own/")["KeyCount"] == 1
    with refused("AccessDenied", f"assumed-role/{name}/session"):
        limited.get_object(Bucket=bucket, Key="other/k")
    with refused("AccessDenied"):
        limited.list_objects_v2(Bucket=bucket, Prefix="other/")
    with refused("AccessDenied"):
        limited.copy_object(Bucket=bucket, Key="own/k2", CopySource=f"{bucket}/other/k")


def test_a_denied_object_of_many_stays(aws, bucket):
    for key in ("keep/a", "go/b"):
        aws("s3").put_object(Bucket=bucket, Key=key, Body=b"")
    put(aws, bucket, {"Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{bucket}/keep/*"})
    answer = aws("s3").delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "keep/a"}, {"Key": "go/b"}]})
    assert [found["Key"] for found in answer["Deleted"]] == ["go/b"]
    assert [(found["Key"], found["Code"]) for found in answer["Errors"]] == [("keep/a", "AccessDenied")]


def test_only_through_the_endpoint(aws, account, bucket):
    put(
        aws,
        bucket,
        {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
        | {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}},
    )
    aws("s3").put_object(Bucket=bucket, Key="k", Body=b"")
    with refused("AccessDenied"):
        aws("s3").get_object(Bucket=bucket, Key="k")
    marked(account, "x-localcloud-source-vpce", "vpce-1").get_object(Bucket=bucket, Key="k")


def test_an_owner_locked_out_can_still_mend_the_policy(aws, bucket):
    put(aws, bucket, {})
    with refused("AccessDenied"):
        aws("s3").list_objects_v2(Bucket=bucket)
    assert "Deny" in aws("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    aws("s3").delete_bucket_policy(Bucket=bucket)
    assert aws("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 0


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ({"Effect": "deny"}, "Invalid effect"),
        ({"Action": "ec2:*"}, "invalid action"),
        ({"Resource": "arn:aws:s3:::another/*"}, "invalid resource"),
        ({"Condition": {"StringMatches": {"aws:userid": "x"}}}, "Invalid Condition type"),
        ({"Condition": {"Bool": {"SecureTransport": "false"}}}, "invalid condition key"),
        ({"Principal": {"AWS": "arn:aws:iam::000000000000:role/there-is-none"}}, "Invalid principal"),
        ({"Principal": {"Users": "*"}}, "Invalid policy syntax"),
        ({"Extra": 1}, "Unknown field Extra"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::{bucket}"}, "does not apply to any resource"),
    ],
)
def test_a_malformed_policy_is_refused_and_changes_nothing(aws, bucket, statement, said):
    text = json.dumps(statement).replace("{bucket}", bucket)
    with refused("MalformedPolicy", said):
        put(aws, bucket, json.loads(text))
    with refused("NoSuchBucketPolicy"):
        aws("s3").get_bucket_policy(Bucket=bucket)


def test_what_is_no_json_is_refused(aws, bucket):
    with refused("MalformedPolicy", "valid JSON"):
        aws("s3").put_bucket_policy(Bucket=bucket, Policy="{")


@pytest.mark.parametrize(
    ("condition", "is_public"),
    [
        ({}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, False),
        ({"StringLike": {"aws:PrincipalArn": "*"}}, True),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, False),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}, True),
    ],
)
def test_a_public_policy_is_refused_while_it_is_blocked(aws, bucket, condition, is_public):
    statement = {"Effect": "Allow", "Condition": condition}
    if not is_public:
        put(aws, bucket, statement)
    else:
        with refused("AccessDenied", "BlockPublicPolicy"):
            put(aws, bucket, statement)
        aws("s3").delete_public_access_block(Bucket=bucket)
        put(aws, bucket, statement)
    assert aws("s3").get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is is_public
