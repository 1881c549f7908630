"""Buckets and their policies in a stack: moto's stacks drop versioning, lifecycle, public access block and policies."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localcloud.backends import backend_of
from localcloud.extensions.stack_types import ANY, KINDS, Kind, Place, tag_dict, tag_list
from localcloud.refusal import Refusal

TAGS = [{"Key": ANY, "Value": ANY}]


def _make(place: Place, logical_id: str, properties: Mapping[str, Any]) -> str:
    name = properties["BucketName"]
    where: dict[str, Any] = {}
    if place.region != "us-east-1":
        where["CreateBucketConfiguration"] = {"LocationConstraint": place.region}
    s3 = place.client("s3")
    if any(bucket["Name"] == name for bucket in s3.list_buckets()["Buckets"]):
        # In us-east-1 S3 itself would say yes to an owner who asks twice.
        raise Refusal("AlreadyExists", f"{name} already exists")
    s3.create_bucket(Bucket=name, **where)
    _configure(place, name, {}, properties)
    _mark(place, logical_id, name)
    return name


def _change(place: Place, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    _configure(place, name, old, new)


def _configure(place: Place, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    s3 = place.client("s3")
    changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    if "BucketEncryption" in changed:
        if rules := new.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration"):
            s3.put_bucket_encryption(
                Bucket=name, ServerSideEncryptionConfiguration={"Rules": [_encryption(rule) for rule in rules]}
            )
        else:
            s3.delete_bucket_encryption(Bucket=name)
    if "VersioningConfiguration" in changed:
        s3.put_bucket_versioning(
            Bucket=name, VersioningConfiguration=new.get("VersioningConfiguration") or {"Status": "Suspended"}
        )
    if "PublicAccessBlockConfiguration" in changed:
        if blocked := new.get("PublicAccessBlockConfiguration"):
            s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=blocked)
        else:
            s3.delete_public_access_block(Bucket=name)
    if "OwnershipControls" in changed and "OwnershipControls" in new:
        s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=new["OwnershipControls"])
    if "LifecycleConfiguration" in changed:
        if rules := new.get("LifecycleConfiguration", {}).get("Rules"):
            s3.put_bucket_lifecycle_configuration(
                Bucket=name, LifecycleConfiguration={"Rules": [_rule(rule) for rule in rules]}
            )
        else:
            s3.delete_bucket_lifecycle(Bucket=name)
    if "Tags" in changed:
        _tag(place, name, tag_dict(new.get("Tags")))


def _encryption(rule: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in rule.items() if key != "ServerSideEncryptionByDefault"}
    return {**kept, "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's form of a lifecycle rule as S3's."""
    made: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        made["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": rule["ExpirationInDays"]}
    for name in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"):
        if name in rule:
            made[name] = rule[name]
    return made


def _tag(place: Place, name: str, tags: Mapping[str, str]) -> None:
    """Sets the user's tags and leaves those of the system."""
    backend = backend_of("s3", place.account)
    bucket = backend.get_bucket(name)
    of_system = {k: v for k, v in backend.tagger.get_tag_dict_for_resource(bucket.arn).items() if k.startswith("aws:")}
    place.client("s3").delete_bucket_tagging(Bucket=name)
    if tags:
        place.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(tags)})
    backend.tagger.tag_resource(bucket.arn, tag_list(of_system))


def _mark(place: Place, logical_id: str, name: str) -> None:
    """S3 itself refuses tags of the system from anybody but CloudFormation."""
    backend = backend_of("s3", place.account)
    backend.tagger.tag_resource(backend.get_bucket(name).arn, tag_list(place.system_tags(logical_id)))


def _unmake(place: Place, name: str, _: Mapping[str, Any]) -> None:
    place.client("s3").delete_bucket(Bucket=name)


KINDS["AWS::S3::Bucket"] = Kind(
    properties={
        "BucketName": ANY,
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {
                    "BucketKeyEnabled": ANY,
                    "ServerSideEncryptionByDefault": {"SSEAlgorithm": ANY, "KMSMasterKeyID": ANY},
                }
            ]
        },
        "VersioningConfiguration": {"Status": ANY},
        "PublicAccessBlockConfiguration": dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), ANY
        ),
        "OwnershipControls": {"Rules": [{"ObjectOwnership": ANY}]},
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": ANY,
                    "Status": ANY,
                    "Prefix": ANY,
                    "ExpirationInDays": ANY,
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ANY},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": ANY, "NewerNoncurrentVersions": ANY},
                }
            ]
        },
        "Tags": TAGS,
    },
    required=("BucketName",),
    fixed=frozenset({"BucketName"}),
    make=_make,
    change=_change,
    unmake=_unmake,
    attributes=lambda place, name, _: {
        "Arn": f"arn:aws:s3:::{name}",
        "RegionalDomainName": f"{name}.s3.{place.region}.amazonaws.com",
    },
)


def _make_policy(place: Place, _: str, properties: Mapping[str, Any]) -> str:
    name, s3 = properties["Bucket"], place.client("s3")
    try:
        s3.get_bucket_policy(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
    else:
        raise Refusal("AlreadyExists", f"The bucket policy already exists on bucket {name}.")
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(properties["PolicyDocument"]))
    return name


def _change_policy(place: Place, name: str, _: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    place.client("s3").put_bucket_policy(Bucket=name, Policy=json.dumps(new["PolicyDocument"]))


KINDS["AWS::S3::BucketPolicy"] = Kind(
    properties={"Bucket": ANY, "PolicyDocument": ANY},
    required=("Bucket", "PolicyDocument"),
    fixed=frozenset({"Bucket"}),
    make=_make_policy,
    change=_change_policy,
    unmake=lambda place, name, _: place.client("s3").delete_bucket_policy(Bucket=name),
    attributes=lambda *_: {},
)
