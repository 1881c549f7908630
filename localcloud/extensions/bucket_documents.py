"""moto gives back less than it was given: sizes in lifecycle filters, key formats of logs, replication filters."""

from typing import Any

from moto.s3.models import FakeBucket

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Answer

DOCUMENTS = {
    "PutBucketLifecycleConfiguration": ("LifecycleConfiguration", "GetBucketLifecycleConfiguration", None),
    "PutBucketLogging": ("BucketLoggingStatus", "GetBucketLogging", None),
    "PutBucketReplication": ("ReplicationConfiguration", "GetBucketReplication", "ReplicationConfiguration"),
    "PutBucketEncryption": (
        "ServerSideEncryptionConfiguration",
        "GetBucketEncryption",
        "ServerSideEncryptionConfiguration",
    ),
    "PutBucketNotificationConfiguration": (
        "NotificationConfiguration",
        "GetBucketNotificationConfiguration",
        None,
    ),
}
"""Operation that puts a document: member of its input, operation that gets it, member of that output (None: all)."""

ANY_SIZE = "all_storage_classes_128K"


def _register(put: str, member: str, get: str, answered: str | None) -> None:
    @overlay.follows("s3", put)
    def keep(call: Call, _: Answer) -> None:
        document = call.input.get(member) or {}
        if put == "PutBucketLifecycleConfiguration":
            document = _with_rule_ids(document)
            document["TransitionDefaultMinimumObjectSize"] = call.input.get(
                "TransitionDefaultMinimumObjectSize", ANY_SIZE
            )
        if put == "PutBucketEncryption":
            for rule in document.get("Rules", []):
                rule.setdefault("BucketKeyEnabled", False)
        _documents(call)[get] = document

    @overlay.follows("s3", get)
    def give_back(call: Call, _: Answer) -> dict[str, Any] | None:
        document = _documents(call).get(get)
        if document is None:
            return None
        return {answered: document} if answered else document


def _documents(call: Call) -> dict[str, Any]:
    return vars(call.backend.get_bucket(call.input["Bucket"])).setdefault("documents", {})


def _with_rule_ids(document: dict[str, Any]) -> dict[str, Any]:
    """S3 names a rule that came without an ID; S3 API Reference, LifecycleRule."""
    from moto.moto_api._internal import mock_random

    rules = [{"ID": str(mock_random.uuid4()), **rule} for rule in document.get("Rules", [])]
    return {**document, "Rules": rules}


for _put, (_member, _get, _answered) in DOCUMENTS.items():
    _register(_put, _member, _get, _answered)


@overlay.follows("s3", "DeleteBucketEncryption")
def encryption_is_forgotten(call: Call, _: Answer) -> None:
    """Its reset is told by the bucket's defaults."""
    _documents(call).pop("GetBucketEncryption", None)


@overlay.replaces(FakeBucket, "_log_permissions_enabled_policy")
def logs_may_be_written(*_: object, **__: object) -> bool:
    """moto looks for one exact shape of the target's policy, and breaks on a Principal of "*".

    S3 takes the setting whatever the target's policy says, and delivers nothing where it does not allow it; S3 API
    Reference, PutBucketLogging.
    """
    return True
