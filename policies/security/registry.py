"""Image registries: nothing is overwritten, everything is scanned, nobody from outside reads."""

import re
from collections.abc import Iterator

from policies.customer_keys import own_key
from policies.rule import (
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    is_off,
    is_on,
    items,
    literal,
    look,
    parts,
    text,
    undetermined,
)
from policies.security.exposure import anonymous_grants

REPOSITORY = "aws:ecr/repository:Repository"
TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
SCANNING = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
PUBLIC_REPOSITORY = "aws:ecrpublic/repository:Repository"


@control(
    "REG-01",
    title="Registry tags are immutable",
    kind="resource",
    severity="medium",
    types=(REPOSITORY, TEMPLATE),
    basis=("32(1)(b)", "5(2)"),
    refs=("securityhub:ECR.2", "CKV_AWS_51", "trivy:AWS-0031", "prowler:ecr_repositories_tag_immutability"),
)
def tags_are_immutable(repository: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """The tags of a repository, or of those that a creation template makes, are IMMUTABLE (the service's default is
    MUTABLE); exclusions match only tags that the configuration reserves for caches.
    """
    path, filters = "imageTagMutability", "imageTagMutabilityExclusionFilters"
    allowed = ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")
    yield from expect(
        repository.props,
        path,
        lambda value: value in allowed,
        "tags can be overwritten",
        "set IMMUTABLE",
        default="MUTABLE",
    )
    for where, _entry in items(repository.props, filters):
        if literal(repository.props, f"{where}.filter") not in given.get("cacheTags", ()):
            fix = "use a pattern of REG-01.cacheTags, or remove it"
            yield fail(f"{where}.filter", "excludes tags that are not reserved for caches", fix)


@control(
    "REG-02",
    title="Images are scanned",
    kind="stack",
    severity="medium",
    types=(REPOSITORY, SCANNING),
    subjects=(REPOSITORY,),
    basis=("32(1)(d)",),
    refs=("securityhub:ECR.1", "CKV_AWS_163", "trivy:AWS-0030", "CIS-EKS:5.1.1",
          "prowler:ecr_repositories_scan_images_on_push_enabled", "prowler:ecr_registry_scan_images_on_push_enabled"),
)  # fmt: skip
def images_are_scanned(repository: Resource, stack: Stack, _: Parameters) -> Iterator[Problem]:
    """A repository scans on push, or a registry scanning rule of this stack matches its name."""
    path = "imageScanningConfiguration.scanOnPush"
    value = look(repository.props, path)
    if is_on(value) or any(_matched(repository, one) for one in stack.of([SCANNING])):
        return
    if value is UNKNOWN:
        yield undetermined(path)
    else:
        fix = "set it to true, or add a RegistryScanningConfiguration with a matching filter"
        yield fail(path, "off or not set, and no registry rule matches the repository", fix)


def _matched(repository: Resource, scanning: Resource) -> bool:
    for where, _ in items(scanning.props, "rules"):
        if literal(scanning.props, f"{where}.scanFrequency") in ("SCAN_ON_PUSH", "CONTINUOUS_SCAN"):
            for place, _filter in items(scanning.props, f"{where}.repositoryFilters"):
                pattern = text(scanning.props, f"{place}.filter")
                if pattern == "*" or (pattern and _filtered(text(repository.props, "name"), pattern)):
                    return True
    return False


def _filtered(name: str, pattern: str) -> bool:
    """A filter without `*` matches the names that contain it, one with `*` whole names (ECR, "Filters")."""
    if "*" not in pattern:
        return pattern in name
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None


@control(
    "REG-03",
    title="Registries are private and under our key",
    kind="resource",
    severity="high",
    types=(REPOSITORY, TEMPLATE, REPOSITORY_POLICY, PUBLIC_REPOSITORY),
    basis=("32(1)(a)", "32(1)(b)"),
    refs=("awsconfig:ecr-repository-cmk-encryption-enabled", "CKV_AWS_32", "CKV_AWS_136", "trivy:AWS-0032",
          "trivy:AWS-0033", "prowler:ecr_repositories_not_publicly_accessible"),
)  # fmt: skip
def registries_are_private(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """Repository policies name no anonymous principal, there is no public gallery repository, images are encrypted with
    a customer key (the default is AES256; none under alias/aws/ is one), both in creation templates too, and force
    deletion is off where the configuration forbids it.
    """
    if one.type == PUBLIC_REPOSITORY:
        yield fail("", "a repository of the public gallery", "use a private repository")
    elif one.type == REPOSITORY_POLICY:
        yield from anonymous_grants(one, "policy")
    elif one.type == TEMPLATE:
        yield from parts(_own_key(one), anonymous_grants(one, "repositoryPolicy"))
    else:
        yield from parts(_own_key(one), _no_force_delete(one, given))


def _own_key(repository: Resource) -> Iterator[Problem]:
    path, fix = "encryptionConfigurations", "set encryptionType KMS and kmsKey to the ARN of a customer key"
    blocks = (
        [path] if look(repository.props, path) is UNKNOWN else [where for where, _ in items(repository.props, path)]
    )
    if not blocks:
        yield fail(path, "not set, so the service's own key encrypts", fix)
    for where in blocks:
        kind = look(repository.props, f"{where}.encryptionType")
        if kind is UNKNOWN:
            continue
        if kind not in ("KMS", "KMS_DSSE"):
            yield fail(f"{where}.encryptionType", "another type than KMS", fix)
        elif not own_key(repository.props, f"{where}.kmsKey"):
            yield fail(f"{where}.kmsKey", "a key that AWS manages encrypts", fix)


def _no_force_delete(repository: Resource, given: Parameters) -> Iterator[Problem]:
    if given.get("forbidForceDelete"):
        found, fix = "deletes the repository with its images", "remove forceDelete"
        yield from expect(repository.props, "forceDelete", is_off, found, fix, default=False)
