"""moto drops the tags that come with CreateBucket, where the AWS provider sends them."""

from typing import Any

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Answer, Refusal

MOST = 50
"""Tags of one bucket; S3 API Reference, PutBucketTagging."""


def _arn(call: Call) -> str:
    return f"arn:aws:s3:::{call.input['Bucket']}"


def _in_order(tags: list[dict[str, str]]) -> None:
    keys = [tag["Key"] for tag in tags]
    if len(set(keys)) < len(keys):
        raise Refusal("InvalidTag", "Cannot provide multiple Tags with the same key")
    if any(key.startswith("aws:") for key in keys):
        raise Refusal("InvalidTag", "System tags cannot be added/updated by requester")
    if len(keys) > MOST:
        raise Refusal("BadRequest", f"Bucket tag count cannot be greater than {MOST}")


@overlay.checks("s3", "CreateBucket")
def tags_are_in_order(call: Call) -> None:
    """Refuses tags that PutBucketTagging would refuse."""
    _in_order(call.input.get("CreateBucketConfiguration", {}).get("Tags", []))


@overlay.checks("s3control", "TagResource")
def added_tags_are_in_order(call: Call) -> None:
    """The same for tags added by S3 Control."""
    _in_order(call.input.get("Tags", []))


@overlay.follows("s3", "CreateBucket")
def tags_are_kept(call: Call, _: Answer) -> None:
    """Keeps the tags of the new bucket where GetBucketTagging and S3 Control read them."""
    tags: list[dict[str, Any]] = call.input.get("CreateBucketConfiguration", {}).get("Tags", [])
    if tags:
        call.backend.tagger.tag_resource(_arn(call), tags)


@overlay.follows("s3", "DeleteBucket")
def tags_go_with_the_bucket(call: Call, _: Answer) -> None:
    """A later bucket of the same name starts without them."""
    call.backend.tagger.delete_all_tags_for_resource(_arn(call))


@overlay.checks("s3control", "ListTagsForResource", "TagResource", "UntagResource")
def the_bucket_exists(call: Call) -> None:
    """moto answers for any name."""
    from moto.s3.models import s3_backends

    arn = call.input["ResourceArn"]
    name = arn.removeprefix("arn:aws:s3:::")
    if name != arn and name not in s3_backends[call.account]["aws"].buckets:
        raise Refusal("NoSuchBucket", "The specified bucket does not exist", 404)
