"""The models of the key `network`: a new one or one that is there."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from stacks.file.addresses import Egress, EndpointService, PrivateBlock, S3Block, SubnetId, VpcBlock, VpcId
from stacks.file.vocabulary import LogRetentionDays, Part

NEEDED_EVERYWHERE: tuple[EndpointService, ...] = ("ecr.api", "ecr.dkr", "kms", "logs", "sts")
"""Services that workloads of every environment call: images, keys, logs and tokens; S3 has its gateway."""


class Network(Part):
    """What both forms of a network have."""

    endpoints: Annotated[tuple[EndpointService, ...], Field(strict=False)] | None = None
    """AWS services reached inside the VPC through an interface endpoint; without the key ecr.api, ecr.dkr, kms, logs
    and sts in a new network and none in an existing one. A new network always reaches S3 through a gateway."""

    flow_log_retention_days: LogRetentionDays = 90
    """Days that the record of network flows is kept; CloudWatch Logs knows these numbers only."""


class NewNetwork(Network):
    """A VPC of the environment's own."""

    existing: ClassVar[None] = None

    cidr: PrivateBlock
    """IPv4 block of the VPC, large enough for its zones."""

    zones: Annotated[int, Field(ge=2, le=6)]
    """Availability zones to spread over, no more than the region has."""

    egress: Egress
    """How private subnets reach the internet: a NAT gateway in each zone, one for all, or not at all."""

    @property
    def endpoint_services(self) -> tuple[str, ...]:
        """The services with an interface endpoint, defaults filled in."""
        return NEEDED_EVERYWHERE if self.endpoints is None else self.endpoints


class ExistingVpc(Part):
    """A VPC that somebody else looks after."""

    vpc_id: VpcId
    """Its id."""

    cidr: VpcBlock
    """Its IPv4 block, whose hosts may use the endpoints."""

    subnet_ids: Annotated[tuple[SubnetId, ...], Field(strict=False, min_length=2, max_length=6)]
    """Private subnets for the workloads, in two zones at least: a database or a cluster in one zone is refused by AWS,
    and the ids alone do not say where they lie."""

    s3_cidrs: Annotated[tuple[S3Block, ...], Field(strict=False, max_length=50)] = ()
    """IPv4 blocks of S3, as the prefix list of its gateway endpoint in this VPC has them: pods that may speak to named
    addresses alone reach S3 there. None where S3 answers at addresses of the VPC itself (interface endpoint)."""


class ExistingNetwork(Network):
    """A VPC that was there before; nothing of it is changed."""

    existing: ExistingVpc
    """The VPC and its private subnets; instead of `cidr`, `zones` and `egress`."""

    @property
    def endpoint_services(self) -> tuple[str, ...]:
        """The services with an interface endpoint; none unless asked for, since the VPC may have its own."""
        return self.endpoints or ()


def form(value: Any) -> str:
    """Which of the two forms a mapping means to be."""
    if not isinstance(value, dict):
        return "<existing>" if isinstance(value, ExistingNetwork) else "<new>"
    new = value.keys() & {"cidr", "zones", "egress"}
    return "<existing>" if value.get("existing") is not None or ("existing" in value and not new) else "<new>"
