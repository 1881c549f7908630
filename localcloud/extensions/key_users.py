"""moto lets buckets, repositories and log groups use keys that do not exist, are off, or are not theirs to use."""

import json
from typing import Any

from localcloud import overlay
from localcloud.backends import backend_of
from localcloud.call import Call
from localcloud.policy_language import Request, effects
from localcloud.refusal import Refusal


def find(call: Call, name: str) -> Any:
    """The key that an ARN, id or alias names in the request's region, or None."""
    kms = backend_of("kms", call.account, call.region)
    if name.split(":")[3:4] not in ([], [call.region]):
        return None
    try:
        return kms.keys.get(kms.any_id_to_key_id(name))
    except AttributeError:
        return None


@overlay.checks("s3", "PutObject", "CreateMultipartUpload", "CopyObject")
def objects_need_a_living_key(call: Call) -> None:
    """Amazon S3 User Guide, "Troubleshoot server-side encryption": KMS.NotFoundException and KMS.DisabledException."""
    algorithm, name = (
        call.header("x-amz-server-side-encryption"),
        call.header("x-amz-server-side-encryption-aws-kms-key-id"),
    )
    if algorithm is None:
        bucket = call.backend.buckets.get(call.labels["Bucket"])
        rule = (
            ((bucket.encryption or {}) if bucket else {}).get("Rule", {}).get("ApplyServerSideEncryptionByDefault", {})
        )
        algorithm, name = rule.get("SSEAlgorithm"), rule.get("KMSMasterKeyID")
    if not name or algorithm not in ("aws:kms", "aws:kms:dsse"):
        return
    key = find(call, name)
    if key is None:
        raise Refusal("KMS.NotFoundException", f"Key '{name}' does not exist")
    if not key.enabled or key.key_state != "Enabled":
        raise Refusal("KMS.DisabledException", f"{key.arn} is {key.key_state}.")


@overlay.checks("ecr", "CreateRepository")
def repositories_need_a_living_key(call: Call) -> None:
    """Amazon ECR API Reference, CreateRepository: KmsException."""
    name = call.input.get("encryptionConfiguration", {}).get("kmsKey")
    if name and (find(call, name) is None or find(call, name).key_state != "Enabled"):
        raise Refusal("KmsException", f"The KMS key {name} does not exist or is not enabled.")


@overlay.checks("logs", "CreateLogGroup", "AssociateKmsKey")
def log_groups_need_a_key_that_lets_them(call: Call) -> None:
    """CloudWatch Logs User Guide, "Encrypt log data": the key policy must let the service in for this log group."""
    name = call.input.get("kmsKeyId")
    if not name:
        return
    group = call.input.get("logGroupName") or call.input.get("resourceIdentifier", "").split(":log-group:")[-1]
    arn = f"arn:aws:logs:{call.region}:{call.account}:log-group:{group}"
    key = find(call, name)
    if key is None or key.key_state != "Enabled" or not _lets_in(key, call, arn):
        raise Refusal(
            "InvalidParameterException",
            f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'",
        )


def _lets_in(key: Any, call: Call, group: str) -> bool:
    context = {
        "kms:encryptioncontext:aws:logs:arn": [group],
        "kms:encryptioncontextkeys": ["aws:logs:arn"],
        "kms:viaservice": [f"logs.{call.region}.amazonaws.com"],
        "aws:sourceaccount": [call.account],
        "aws:sourcearn": [group],
        "aws:principalisawsservice": ["true"],
    }
    service = f"logs.{call.region}.amazonaws.com"
    needed = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")
    return all(
        effects(json.loads(key.policy), Request((action,), key.arn, service, None, context)) == {"Allow"}
        for action in needed
    )
