"""Types of the values in an environment file, each with what is allowed in words."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from stacks.file.regions import ZONES
from stacks.reading.problems import nearest, short
from stacks.versions import kubernetes_versions


class Part(BaseModel):
    """One mapping of an environment file: keys in camelCase, none unknown, no value read as another type."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
        allow_inf_nan=False,
        extra="forbid",
        frozen=True,
        strict=True,
    )


@dataclass(frozen=True)
class Allowed:
    """What a value may be, as a person would say it; error messages and the guide show it."""

    words: str


def refused(fix: str) -> PydanticCustomError:
    """The error of a validator that knows what to do instead."""
    return PydanticCustomError("refused", "{fix}", {"fix": fix})


def _known_region(text: str) -> str:
    if text not in ZONES:
        near = nearest(text, ZONES)
        raise refused(f"write {near}" if near else "write a region of AWS, for example eu-central-1")
    return text


def _known_kubernetes(text: str) -> str:
    if text not in kubernetes_versions():
        raise refused(f"write one of these in quotes, or add {short(text)} and its add-ons to versions.yaml")
    return text


def _scaling(text: str) -> str:
    if text.startswith("ml.t2."):
        raise refused("write another family: an endpoint scales, and SageMaker does not scale burstable instances")
    return text


System = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=16),
    Allowed("2 to 16 lower-case letters, digits and single hyphens, a letter first"),
]
Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=23),
    Allowed("2 to 23 lower-case letters, digits and single hyphens, a letter first"),
]
Code = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64),
    Allowed("up to 64 lower-case letters, digits and single hyphens, a letter first"),
]
RepositoryName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*([._/-][a-z0-9]+)*$", min_length=2, max_length=128),
    Allowed("2 to 128 lower-case letters and digits, parted by single hyphens, dots, underscores or slashes"),
]
Email = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=128),
    Allowed("an e-mail address of up to 128 characters"),
]
TagText = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_.:/=+@-]([A-Za-z0-9 _.:/=+@-]*[A-Za-z0-9_.:/=+@-])?$", min_length=1, max_length=100
    ),
    Allowed("1 to 100 letters, digits, spaces and any of _ . : / = + - @ (the characters of an AWS tag)"),
]
AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$"), Allowed("12 digits in quotes")]
Profile = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.:/=+@-]{0,127}$"),
    Allowed("a profile of the AWS configuration, up to 128 characters"),
]
RoleArn = Annotated[
    str,
    StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}$"),
    Allowed("the ARN of an IAM role, for example arn:aws:iam::111111111111:role/key-admin"),
]
MirrorSecretArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:ecr-pullthroughcache/[A-Za-z0-9/_+=.@-]+$",
        max_length=612,
    ),
    Allowed("the ARN of a Secrets Manager secret whose name starts with ecr-pullthroughcache/ (ECR asks for that)"),
]
Url = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$", max_length=256),
    Allowed("an http or https address, for example http://127.0.0.1:5000"),
]
Region = Annotated[
    str,
    AfterValidator(_known_region),
    WithJsonSchema({"type": "string", "enum": sorted(ZONES)}),
    Allowed("a region of AWS or of the European Sovereign Cloud, for example eu-central-1"),
]
KubernetesVersion = Annotated[
    str,
    AfterValidator(_known_kubernetes),
    WithJsonSchema({"type": "string", "enum": list(kubernetes_versions())}),
    Allowed(f"a version that versions.yaml has, in quotes: {', '.join(kubernetes_versions())}"),
]
InstanceType = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,19}\.[a-z0-9-]{2,19}$"),
    Allowed("an EC2 instance type, for example m7i.large"),
]
DatabaseClass = Annotated[
    str,
    StringConstraints(pattern=r"^db\.[a-z][a-z0-9-]{1,19}\.[a-z0-9-]{2,19}$"),
    Allowed("an RDS instance class, for example db.t4g.medium"),
]
EndpointInstanceType = Annotated[
    str,
    StringConstraints(pattern=r"^ml\.[a-z][a-z0-9-]{1,19}\.[a-z0-9-]{2,19}$"),
    AfterValidator(_scaling),
    Allowed("an instance type of SageMaker that scales, for example ml.m7i.large"),
]
ImageDigest = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*([._/-][a-z0-9]+)*@sha256:[0-9a-f]{64}$", max_length=200),
    Allowed("a repository of images.repositories, @sha256: and the image's digest of 64 hexadecimal digits"),
]


def repository_and_digest(image: str) -> tuple[str, str]:
    """The two parts of an `ImageDigest`: the repository as `images.repositories` has it, and `sha256:...`."""
    repository, _, digest = image.partition("@")
    return repository, digest


ModelArtifact = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._=-]*(/[A-Za-z0-9][A-Za-z0-9._=-]*)*\.tar\.gz$", max_length=512),
    Allowed("the key of a .tar.gz in the artifact bucket, for example models/credit-scoring/3/model.tar.gz"),
]
GitHubRepository = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$"),
    Allowed("owner/name of a repository on GitHub, without wildcards, for example example-bank/ml-platform"),
]
Days = Annotated[int, Field(ge=1, le=3650)]
RetentionDays = Annotated[int, Field(ge=2, le=3650)]
Classification = Literal["public", "internal", "confidential", "personal", "special-category"]
DataClass = Literal["public", "internal", "confidential", "personal", "special"]
LegalBasis = Literal[
    "consent", "contract", "legal-obligation", "vital-interests", "public-task", "legitimate-interests"
]
SpecialCondition = Literal[
    "explicit-consent",
    "employment-social-security",
    "vital-interests",
    "not-for-profit-body",
    "made-public",
    "legal-claims",
    "substantial-public-interest",
    "health-or-social-care",
    "public-health",
    "archiving-research-statistics",
]
LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
