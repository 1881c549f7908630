"""Keys as the AWS KMS Developer Guide and API Reference tell of them, and those who use them."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.localcloud.conftest import REGION
from tests.localcloud.refusals import refused

ROOT = {
    "Sid": "root",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def kms(aws):
    return aws("kms")


@pytest.fixture
def key(kms):
    return kms.create_key()["KeyMetadata"]["KeyId"]


def test_a_key_keeps_its_rotation_period(kms, key):
    """API Reference, EnableKeyRotation: 90 to 2560 days, a year by default."""
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    found = kms.get_key_rotation_status(KeyId=key)
    assert (found["KeyRotationEnabled"], found["RotationPeriodInDays"]) == (True, 180)
    assert found["NextRotationDate"] - kms.describe_key(KeyId=key)["KeyMetadata"]["CreationDate"] > timedelta(179)
    signing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    with refused("UnsupportedOperationException"):
        kms.enable_key_rotation(KeyId=signing)


def test_a_key_is_named_by_its_arn_too(kms):
    """API Reference, DisableKey, EnableKey, ScheduleKeyDeletion and CancelKeyDeletion."""
    key = kms.create_key()["KeyMetadata"]["Arn"]
    for change, state in (
        (kms.disable_key, "Disabled"),
        (kms.enable_key, "Enabled"),
        (kms.schedule_key_deletion, "PendingDeletion"),
        (kms.cancel_key_deletion, "Disabled"),
    ):
        change(KeyId=key)
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == state
    with refused("NotFoundException"):
        kms.disable_key(KeyId=f"{key[:-4]}0000")


def test_a_key_that_waits_for_its_deletion_does_nothing(kms, key, name):
    """Developer Guide, "Key states of AWS KMS keys" and "Delete an AWS KMS key"."""
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    with refused("ValidationException", "7 to 30"):
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=31)
    said = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert (said["KeyState"], said["PendingWindowInDays"]) == ("PendingDeletion", 7)
    for attempt in (
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: kms.encrypt(KeyId=f"alias/{name}", Plaintext=b"x"),
        lambda: kms.enable_key(KeyId=key),
        lambda: kms.create_alias(AliasName=f"alias/{name}-2", TargetKeyId=key),
    ):
        with refused("KMSInvalidStateException"):
            attempt()
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    with refused("DisabledException"):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    kms.enable_key(KeyId=key)
    kms.encrypt(KeyId=key, Plaintext=b"x")


def test_a_key_and_its_aliases_are_gone_when_the_time_is_up():
    """Developer Guide, "Delete an AWS KMS key"."""
    from moto.core.utils import utcnow
    from moto.kms.models import KmsBackend

    from localcloud.extensions.key_states import keys_go_when_their_time_is_up

    backend = KmsBackend(REGION, "000000000000")
    going, staying = (backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None) for _ in range(2))
    backend.create_alias(going.id, "alias/going")
    for key, days in ((going, -1), (staying, 1)):
        key.key_state, key.deletion_date = "PendingDeletion", utcnow() + timedelta(days)
    call: Any = SimpleNamespace(backend=backend)
    keys_go_when_their_time_is_up(call)
    assert list(backend.keys) == [staying.id]
    assert not backend.alias_exists("alias/going")


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("{", "not a valid key policy"),
        (document({**ROOT, "Effect": "Permit"}), "not a valid key policy"),
        (document({**ROOT, "Condition": {"Like": {"aws:userid": "x"}}}), "Invalid condition operator"),
        (document(ROOT, {**ROOT, "Principal": {"AWS": "arn:aws:iam::000000000000:role/none"}}), "invalid principals"),
        (document({**ROOT, "Action": "kms:Encrypt"}), "will not allow you to update the key policy"),
        (document(ROOT, {**ROOT, "Effect": "Deny"}), "will not allow you to update the key policy"),
    ],
)
def test_a_policy_that_no_key_may_have_is_refused(kms, key, policy, said):
    """API Reference, PutKeyPolicy: MalformedPolicyDocumentException and the lockout safety check."""
    with refused("MalformedPolicyDocumentException", said):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    with refused("MalformedPolicyDocumentException", said):
        kms.create_key(Policy=policy)


def test_a_good_policy_is_kept(kms, key):
    policy = document(ROOT, {**ROOT, "Sid": "tls", "Effect": "Deny", "Condition": {"Null": {"aws:userid": "true"}}})
    with refused("MalformedPolicyDocumentException"):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy, BypassPolicyLockoutSafetyCheck=True)
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"]) == json.loads(policy)


def test_objects_need_a_living_key(aws, kms, key, bucket):
    """Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys"."""
    s3 = aws("s3")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    kms.disable_key(KeyId=key)
    with refused("KMS.DisabledException"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with refused("KMS.NotFoundException"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId="no-such-key")


def test_repositories_need_a_living_key(aws, kms, key, name):
    """Amazon ECR API Reference, CreateRepository: KmsException."""
    encryption = {"encryptionType": "KMS", "kmsKey": key}
    aws("ecr").create_repository(repositoryName=name, encryptionConfiguration=encryption)
    kms.schedule_key_deletion(KeyId=key)
    with refused("KmsException"):
        aws("ecr").create_repository(repositoryName=f"{name}-2", encryptionConfiguration=encryption)


def test_a_log_group_needs_a_key_that_lets_it_in(aws, kms, name):
    """CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS"."""
    group = f"arn:aws:logs:{REGION}:000000000000:log-group:{name}"
    service = {
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}},
    }
    key = kms.create_key(Policy=document(ROOT))["KeyMetadata"]["Arn"]
    with refused("InvalidParameterException", "does not exist or is not allowed"):
        aws("logs").create_log_group(logGroupName=name, kmsKeyId=key)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(ROOT, service))
    with refused("InvalidParameterException"):
        aws("logs").create_log_group(logGroupName=f"{name}-other", kmsKeyId=key)
    aws("logs").create_log_group(logGroupName=name, kmsKeyId=key)
    assert aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["kmsKeyId"] == key
