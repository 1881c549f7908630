"""What an environment's stores hold, and its deletion on demand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seedbed import inventory
from seedbed.account import Account
from seedbed.services import databases
from seedbed.services.kind import as_mapping

COUNTED = 10_000
"""Object versions are counted up to this; more is more."""

LATER = "ImageReferencedByManifestList"
"""ECR's word for an image that an index still names."""


@dataclass(frozen=True)
class Held:
    """A store that is not empty."""

    kind: str
    """`bucket`, `image repository`, `mirrored repository`, `database` or `disk`"""
    name: str
    amount: str
    """How much, in words."""


def held(account: Account) -> list[Held]:
    """The environment's stores that hold something.

    AWS deletes no bucket and no repository that does; a database goes with every row. One in the account of this
    machine is a record without a server, so it holds none.
    """
    found = [one for name in own(account, "bucket") if (one := in_bucket(account, name))]
    if not account.on_this_machine:
        found += [
            in_database(one) for one in databases.instances(account) if _bears(account, as_mapping(one.get("TagList")))
        ]
    mirrors = tuple(f"{account.prefix}/{mirror.name}/" for mirror in account.settings.environment.images.mirrors)
    for name in own(account, "image repository"):
        if name.startswith(mirrors):
            found.append(Held("mirrored repository", name, "made by the registry when an image was first pulled"))
        elif one := in_repository(account, name):
            found.append(one)
    return found


def in_bucket(account: Account, name: str) -> Held | None:
    """What a bucket holds, whoever it belongs to; None where it is empty or gone."""
    objects: set[str] = set()
    count = size = 0
    s3 = account.client("s3")
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            versions = page.get("Versions") or []
            found = [*versions, *(page.get("DeleteMarkers") or [])]
            objects.update(one["Key"] for one in found)
            count += len(found)
            size += sum(one.get("Size") or 0 for one in versions)
            if count >= COUNTED and page.get("IsTruncated"):
                more = f"more than {_number(len(objects), 'object')}, {_number(count, 'version')}, {amount(size)}"
                return Held("bucket", name, more)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            return None
        raise
    said = f"{_number(len(objects), 'object')}, {_number(count, 'version')}, {amount(size)}"
    return Held("bucket", name, said) if count else None


def in_repository(account: Account, name: str) -> Held | None:
    """What an image repository holds, whoever it belongs to; None where it is empty or gone."""
    ecr = account.client("ecr")
    try:
        images = list(account.pages("ecr", "list_images", "imageIds", repositoryName=name))
    except ecr.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "RepositoryNotFoundException":
            return None
        raise
    return Held("image repository", name, _number(len(images), "image")) if images else None


def in_database(about: Mapping[str, Any]) -> Held:
    """What is known of a database, as `describe_db_instances` has it: nobody but its users sees the rows."""
    newest = about.get("LatestRestorableTime")
    days = about.get("BackupRetentionPeriod") or 0
    restorable = f"restorable up to {newest:%Y-%m-%d %H:%M} UTC" if newest else "no backup yet"
    return Held(
        "database",
        about["DBInstanceIdentifier"],
        f"{about['AllocatedStorage']} GiB, {restorable}, automated backups of {_number(days, 'day')} go with it",
    )


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def amount(size: int) -> str:
    """Bytes as a person says them: `512 B`, `1.5 GiB`."""
    value, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def own(account: Account, kind: str) -> list[str]:
    """Names of the environment's own stores of a kind, by their tags: a name alone is no proof before a deletion."""
    found = []
    for name in inventory.NAMED[kind](account):
        if name.startswith((f"{account.prefix}-", f"{account.prefix}/")) and _bears(
            account, borne(account, kind, name)
        ):
            found.append(name)
    return found


def _bears(account: Account, tags: Mapping[str, str]) -> bool:
    return account.own_tags.items() <= tags.items()


def delete(account: Account, stores: Sequence[Held], say: Callable[[str], None]) -> None:
    """Deletes everything in the given stores, all versions of it.

    The stores themselves stay for the engine, databases and disks of pods with all that they hold; but for mirrored
    repositories, which the engine does not know.
    """
    for store in stores:
        if store.kind in ("database", "disk"):
            continue
        if store.kind == "bucket":
            _empty_bucket(account, store.name, say)
        elif store.kind == "mirrored repository":
            account.client("ecr").delete_repository(repositoryName=store.name, force=True)
        else:
            _empty_repository(account, store.name, say)


def _empty_bucket(account: Account, name: str, say: Callable[[str], None]) -> None:
    s3 = account.client("s3")
    for upload in account.pages("s3", "list_multipart_uploads", "Uploads", Bucket=name):
        s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    gone = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        found = [*(page.get("Versions") or []), *(page.get("DeleteMarkers") or [])]
        if not found:
            continue
        wanted = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        answer = s3.delete_objects(Bucket=name, Delete={"Objects": wanted, "Quiet": True})
        if errors := answer.get("Errors"):
            first = errors[0]
            raise DeletionRefusedError(
                f"s3://{name}/{first['Key']} (version {first.get('VersionId')}): {first['Code']}: {first['Message']}"
            )
        gone += len(wanted)
        say(f"{name}: {gone} object versions deleted")


def _empty_repository(account: Account, name: str, say: Callable[[str], None]) -> None:
    ecr = account.client("ecr")
    digests = {image["imageDigest"] for image in account.pages("ecr", "list_images", "imageIds", repositoryName=name)}
    total, left = len(digests), sorted(digests)
    while left:
        # An image of an index goes only after the index; those that must wait come in the next round.
        waiting: list[str] = []
        refused: dict[str, Any] = {}
        # ECR API reference, BatchDeleteImage: 100 images a call.
        for start in range(0, len(left), 100):
            batch = [{"imageDigest": digest} for digest in left[start : start + 100]]
            for failure in ecr.batch_delete_image(repositoryName=name, imageIds=batch).get("failures") or []:
                if failure.get("failureCode") != LATER:
                    raise _refusal(name, failure)
                refused = failure
                waiting.append(failure["imageId"]["imageDigest"])
            said = total - len(waiting) - len(left[start + 100 :])
            say(f"{name}: {said} of {total} images deleted")
        if len(waiting) == len(left):
            raise _refusal(name, refused)
        left = waiting


def _refusal(name: str, failure: dict[str, Any]) -> "DeletionRefusedError":
    digest = (failure.get("imageId") or {}).get("imageDigest", "")
    return DeletionRefusedError(f"{name}@{digest}: {failure.get('failureCode')}: {failure.get('failureReason')}")


class DeletionRefusedError(Exception):
    """The account kept an object or an image."""


def borne(account: Account, kind: str, name: str) -> dict[str, str]:
    """Tags of a bucket or of an image repository."""
    if kind == "bucket":
        s3 = account.client("s3")
        try:
            answer = s3.get_bucket_tagging(Bucket=name)
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchTagSet":
                return {}
            raise
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}
    ecr = account.client("ecr")
    about = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    answer = ecr.list_tags_for_resource(resourceArn=about["repositoryArn"])
    return {tag["Key"]: tag["Value"] for tag in answer["tags"]}
