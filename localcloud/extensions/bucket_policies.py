"""moto counts any bucket policy statement with a condition as a denial, and stores policies that no bucket may have."""

import json
from datetime import UTC, datetime
from typing import Any

from flask import has_request_context
from flask import request as flask_request
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from localcloud import overlay
from localcloud.backends import backend_of
from localcloud.bucket_actions import action_of, condition_keys
from localcloud.bucket_policy_document import is_public, validated
from localcloud.call import Call
from localcloud.caller import Caller, caller
from localcloud.policy_language import Request, effects
from localcloud.refusal import Refusal

INSECURE = "x-localcloud-insecure-transport"
"""A request with this header counts as one that came without TLS."""

ENDPOINT = "x-localcloud-source-vpce"
"""A request with this header counts as one that came through the VPC endpoint that it names."""

# What a bucket's owner may always do as root, lest a policy lock the bucket for ever; S3 User Guide, "Bucket policies".
_NEVER_LOCKED_OUT = ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy")


@overlay.checks("s3")
def no_policy_denies_the_request(call: Call) -> None:
    """Refuses what the bucket's policy denies, for the bucket, the object and, for a copy, the source."""
    bucket = _bucket(call, call.labels.get("Bucket"))
    if bucket is not None and bucket.policy:
        _require(call, bucket, action_of(call), call.labels.get("Key"))
    source = call.header("x-amz-copy-source")
    if source:
        name, _, key = source.lstrip("/").partition("/")
        origin = _bucket(call, name)
        if origin is not None and origin.policy:
            _require(call, origin, "s3:GetObject", key.partition("?")[0])


@overlay.checks("s3", "PutBucketPolicy")
def the_policy_is_one_a_bucket_may_have(call: Call) -> None:
    """Refuses malformed policies, and public ones where they are blocked."""
    bucket = _bucket(call, call.labels["Bucket"])
    if bucket is None:
        return
    document = validated(call.body, bucket.name, lambda name: _principal_exists(call, name))
    block = bucket.public_access_block
    if block is not None and block.block_public_policy and is_public(document):
        who = caller(call)
        raise Refusal(
            "AccessDenied",
            f"User: {who.session if who else 'anonymous'} is not authorized to perform: s3:PutBucketPolicy on "
            f'resource: "arn:aws:s3:::{bucket.name}" because public policies are prevented by the '
            "BlockPublicPolicy setting in S3 Block Public Access.",
            403,
        )


@overlay.answers("s3", "GetBucketPolicyStatus")
def get_policy_status(call: Call) -> dict[str, Any]:
    """Whether the policy is public, by the same measure as the block of public policies."""
    bucket = call.backend.get_bucket(call.input["Bucket"])
    if not bucket.policy:
        raise Refusal("NoSuchBucketPolicy", "The bucket policy does not exist", 404, BucketName=bucket.name)
    return {"PolicyStatus": {"IsPublic": is_public(json.loads(bucket.policy))}}


def _require(call: Call, bucket: FakeBucket, action: str, key: str | None) -> None:
    who = caller(call)
    if who is not None and who.kind == "Account" and action in _NEVER_LOCKED_OUT:
        return
    if "Deny" in _effects(call, who, bucket, action, key):
        resource = f"arn:aws:s3:::{bucket.name}" + (f"/{key}" if key else "")
        raise Refusal(
            "AccessDenied",
            f"User: {who.session if who else 'anonymous'} is not authorized to perform: {action} on resource: "
            f'"{resource}" with an explicit deny in a resource-based policy',
            403,
        )


def _effects(call: Call, who: Caller | None, bucket: FakeBucket, action: str, key: str | None) -> set[Any]:
    resource = f"arn:aws:s3:::{bucket.name}" + (f"/{key}" if key else "")
    context = {**_general_keys(call, who, bucket), **condition_keys(call), **_tag_keys(bucket, key)}
    request = Request((action,), resource, who.arn if who else None, call.account if who else None, context)
    return effects(json.loads(bucket.policy or b"{}"), request)


def _general_keys(call: Call, who: Caller | None, bucket: FakeBucket) -> dict[str, list[str]]:
    """The condition keys that every request has; IAM User Guide, "AWS global condition context keys"."""
    now = datetime.now(UTC)
    is_secure = (call.header(INSECURE) or "").lower() != "true"
    keys = {
        "aws:securetransport": [str(is_secure).lower()],
        "aws:currenttime": [now.isoformat()],
        "aws:epochtime": [str(int(now.timestamp()))],
        "aws:principalisawsservice": ["false"],
        "aws:viaawsservice": ["false"],
        "aws:requestedregion": [bucket.region_name],
        "aws:resourceaccount": [bucket.account_id],
        "s3:resourceaccount": [bucket.account_id],
    }
    if is_secure:
        keys["s3:tlsversion"] = ["1.3"]
    if call.header(ENDPOINT):
        keys["aws:sourcevpce"] = [call.header(ENDPOINT) or ""]
    else:
        keys["aws:sourceip"] = [call.environ.get("REMOTE_ADDR", "127.0.0.1")]
    for header, key in (("user-agent", "aws:useragent"), ("referer", "aws:referer")):
        if call.header(header):
            keys[key] = [call.header(header) or ""]
    if who is None:
        return keys | {"aws:principaltype": ["Anonymous"]}
    keys |= {"aws:principalarn": [who.arn], "aws:principalaccount": [call.account], "aws:principaltype": [who.kind]}
    if who.kind == "User":
        keys["aws:username"] = [who.arn.rsplit("/", 1)[1]]
    return keys


def _tag_keys(bucket: FakeBucket, key: str | None) -> dict[str, list[str]]:
    backend = backend_of("s3", bucket.account_id)
    found = bucket.keys.get(key) if key else None
    if found is None or not hasattr(found, "arn"):
        return {}
    tags = backend.tagger.get_tag_dict_for_resource(found.arn)
    return {f"s3:existingobjecttag/{name.lower()}": [value] for name, value in tags.items()}


def _bucket(call: Call, name: str | None) -> FakeBucket | None:
    return call.backend.buckets.get(name) if name else None


def _principal_exists(call: Call, name: str) -> bool:
    """Whether a principal of this account exists; those of other accounts are taken for granted."""
    if name == "*" or name == call.account or name == f"arn:aws:iam::{call.account}:root":
        return True
    parts = name.split(":", 5)
    if len(parts) < 6:
        return len(name) == 12 and name.isdigit()
    if parts[4] != call.account:
        return parts[2] in ("iam", "sts") and "*" not in name
    iam = backend_of("iam", call.account)
    known = [owner.arn for owner in (*iam.roles.values(), *iam.users.values())]
    return name in known or parts[2] == "sts"


@overlay.replaces(FakeBucket, "get_permission")
def permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """What moto asks about single objects of a multiple deletion, and about requests that no one signed."""
    call = flask_request.environ.get("localcloud.call") if has_request_context() else None
    if call is None or not bucket.policy:
        return PermissionResult.NEUTRAL
    who = caller(call)
    found = _effects(call, who, bucket, action, resource.partition(":::")[2].partition("/")[2] or None)
    if "Deny" in found:
        return PermissionResult.DENIED
    block = bucket.public_access_block
    is_shut = who is None and block is not None and block.restrict_public_buckets
    return PermissionResult.PERMITTED if "Allow" in found and not is_shut else PermissionResult.NEUTRAL
