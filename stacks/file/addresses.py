"""Types of what a network is made of: blocks, ids, services."""

from functools import partial
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from stacks.file.vocabulary import Allowed, refused

NOBODYS = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
)
"""Blocks that no caller from the internet has (RFC 6890; 224.0.0.0/3 is multicast and what is reserved)."""


def _parsed(text: str, example: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except (AddressValueError, NetmaskValueError):
        raise refused(f"write an IPv4 block, for example {example}") from None
    except ValueError:
        raise refused(f"write the first address of the block: {IPv4Network(text, strict=False)}") from None


def _written(text: str, block: IPv4Network) -> str:
    """The text, in the one way to write the block: a netmask or a missing length means the same and reads otherwise."""
    if text != str(block):
        raise refused(f"write {block}")
    return text


def _private_block(text: str, smallest: int = 24) -> str:
    block = _parsed(text, "10.40.0.0/16")
    if not 16 <= block.prefixlen <= smallest:
        raise refused(f"choose a block from /16 to /{smallest}, for example {block.network_address}/16")
    if not any(block.subnet_of(IPv4Network(n)) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")):
        raise refused("choose a private block, for example 10.40.0.0/16")
    return _written(text, block)


def _open_block(text: str) -> str:
    if ":" in text:
        raise refused("write IPv4 blocks: the API of a cluster in an IPv4 network has no IPv6 address")
    block = _parsed(text, "203.0.113.0/24")
    if block.prefixlen < 8:
        raise refused("name the networks that your people come from: this block is a part of the whole internet")
    if any(block.overlaps(IPv4Network(nobodys)) for nobodys in NOBODYS):
        raise refused("write public addresses: from a private network the API is reached without this list")
    return _written(text, block)


def _s3_block(text: str) -> str:
    block = _parsed(text, "52.219.170.0/23")
    if block.prefixlen < 11:
        raise refused("write the blocks one by one as the prefix list has them: this one has more than S3 in it")
    if any(block.overlaps(IPv4Network(nobodys)) for nobodys in NOBODYS):
        raise refused("write addresses of S3, which are public; those of the VPC itself are open without this list")
    return _written(text, block)


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
OpenBlock = Annotated[
    str,
    AfterValidator(_open_block),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/([89]|[12][0-9]|3[0-2])$"}),
    Allowed("a public IPv4 block from /8 to /32, for example 203.0.113.0/24"),
]
S3Block = Annotated[
    str,
    AfterValidator(_s3_block),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/(1[1-9]|2[0-9]|3[0-2])$"}),
    Allowed(
        "a public IPv4 block from /11 to /32 of the prefix list com.amazonaws.REGION.s3, for example 52.219.170.0/23"
    ),
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
