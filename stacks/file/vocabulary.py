"""Types of the values in an environment file, each with what is allowed in words."""

from dataclasses import dataclass
from functools import partial
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from stacks.file.regions import ZONES
from stacks.reading.problems import nearest


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


def _refused(fix: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{fix}", {"fix": fix})


def _known_region(text: str) -> str:
    if text not in ZONES:
        near = nearest(text, ZONES)
        raise _refused(f"write {near}" if near else "write a region of AWS, for example eu-central-1")
    return text


def _private_block(text: str, smallest: int = 24) -> str:
    try:
        block = IPv4Network(text)
    except (AddressValueError, NetmaskValueError):
        raise _refused("write an IPv4 block, for example 10.40.0.0/16") from None
    except ValueError:
        raise _refused(f"write the first address of the block: {IPv4Network(text, strict=False)}") from None
    if not 16 <= block.prefixlen <= smallest:
        raise _refused(f"choose a block from /16 to /{smallest}, for example {block.network_address}/16")
    if not any(block.subnet_of(IPv4Network(n)) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")):
        raise _refused("choose a private block, for example 10.40.0.0/16")
    if text != str(block):
        raise _refused(f"write {block}")
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
VpcId = Annotated[
    str,
    StringConstraints(pattern=r"^vpc-[0-9a-f]{8,17}$"),
    Allowed("the id of a VPC, for example vpc-0a1b2c3d4e5f60718"),
]
SubnetId = Annotated[
    str,
    StringConstraints(pattern=r"^subnet-[0-9a-f]{8,17}$"),
    Allowed("the id of a subnet, for example subnet-0a1b2c3d4e5f60718"),
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
PrivateBlock = Annotated[
    str,
    AfterValidator(_private_block),
    WithJsonSchema({"type": "string", "pattern": r"^(10|172|192)\.[0-9]{1,3}\.[0-9]{1,3}\.0/(1[6-9]|2[0-4])$"}),
    Allowed("a private IPv4 block from /16 to /24 (inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16)"),
]
VpcBlock = Annotated[
    str,
    AfterValidator(partial(_private_block, smallest=28)),
    WithJsonSchema({"type": "string", "pattern": r"^(10|172|192)(\.[0-9]{1,3}){3}/(1[6-9]|2[0-8])$"}),
    Allowed("a private IPv4 block from /16 to /28 (inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16)"),
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
Egress = Literal["nat-per-zone", "single-nat", "endpoints-only"]
EndpointService = Literal[
    "airflow.api",
    "athena",
    "autoscaling",
    "bedrock-runtime",
    "cloudtrail",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticfilesystem",
    "elasticloadbalancing",
    "events",
    "glue",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "rds",
    "sagemaker.api",
    "sagemaker.runtime",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "states",
    "sts",
    "xray",
]
LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
