"""moto makes up image digests from layers, and names the wrong error for an immutable tag."""

import hashlib
from fnmatch import fnmatchcase
from typing import Any

from moto.ecr.models import Image

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import Refusal


@overlay.replaces(Image, "_create_digest")
def digest_of_the_manifest(image: Any) -> None:
    """OCI Image Specification, "Digests": of the manifest's bytes."""
    image._image_digest = _digest(image.image_manifest)


@overlay.checks("ecr", "PutImage")
def an_immutable_tag_stays(call: Call) -> None:
    """Amazon ECR User Guide, "Preventing image tags from being overwritten": ImageTagAlreadyExistsException."""
    wanted = call.input
    digest = _digest(wanted["imageManifest"])
    if wanted.get("imageDigest", digest) != digest:
        raise Refusal(
            "ImageDigestDoesNotMatchException", f"The digest {wanted['imageDigest']} is not the manifest's, {digest}"
        )
    repository, tag = call.backend.repositories.get(wanted["repositoryName"]), wanted.get("imageTag")
    if repository is None or tag is None or not _is_immutable(repository, tag):
        return
    for image in repository.images:
        if tag in image.image_tags and image.image_manifest != wanted["imageManifest"]:
            raise Refusal(
                "ImageTagAlreadyExistsException",
                f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten "
                "because the tag is immutable.",
            )


def _digest(manifest: str) -> str:
    return f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"


def _is_immutable(repository: Any, tag: str) -> bool:
    kind = str(getattr(repository.image_tag_mutability, "value", repository.image_tag_mutability))
    filters = repository.image_tag_mutability_exclusion_filters or []
    is_excluded = any(fnmatchcase(tag, one["filter"]) for one in filters)
    return kind.startswith("IMMUTABLE") != (kind.endswith("_WITH_EXCLUSION") and is_excluded)
