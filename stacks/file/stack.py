"""The models of a whole `Pulumi.<environment>.yaml`."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from stacks.file.environment import Environment
from stacks.file.vocabulary import AccountId, Allowed, Code, Part, Profile, Region, RoleArn, Url


class AssumeRole(Part):
    """The role that the provider takes on before its first call."""

    role_arn: RoleArn
    """A role of the environment's account."""


def _configuration_key(attribute: str) -> str:
    return "seedbed:environment" if attribute == "environment" else f"aws:{to_camel(attribute)}"


class ProviderSettings(Part):
    """What the explicit AWS provider is told; it reads nothing else."""

    model_config = ConfigDict(alias_generator=_configuration_key)

    region: Region
    """Where everything is made."""

    allowed_account_ids: Annotated[
        tuple[AccountId, ...],
        Field(strict=False, min_length=1, max_length=1),
        Allowed("a list of exactly one account, 12 digits in quotes"),
    ]
    """The environment's account, and no other: the provider refuses to work in a different one. 000000000000 is the
    account of the local cloud."""

    profile: Profile | None = None
    """Profile of the AWS configuration with the credentials; without it those of the shell."""

    assume_role: AssumeRole | None = None
    """Role to take on with these credentials."""

    endpoints: dict[Code, Url] = Field(default_factory=dict, max_length=50)
    """Addresses of services that are not reached at AWS itself, by service. The local cloud needs none: its address
    comes through the process environment."""

    skip_credentials_validation: bool = False
    """Do not ask STS whether the credentials are valid; for the local cloud."""

    skip_metadata_api_check: bool = False
    """Do not look for credentials of the machine; for the local cloud."""

    s3_use_path_style: bool = False
    """Write the bucket into the path and not into the host; for the local cloud."""

    max_retries: Annotated[int, Field(ge=0, le=100)] | None = None
    """Times that a failed call is repeated; without it the provider's own 25."""

    def arguments(self) -> dict[str, Any]:
        """These settings as arguments of `pulumi_aws.Provider`, without those that nobody gave."""
        given = {
            field: getattr(self, field) for field in ProviderSettings.model_fields if field in self.model_fields_set
        }
        if "allowed_account_ids" in given:
            given["allowed_account_ids"] = list(self.allowed_account_ids)
        if self.assume_role:
            given.pop("assume_role")
            given["assume_roles"] = [{"role_arn": self.assume_role.role_arn}]
        if "endpoints" in given:
            given["endpoints"] = [dict(self.endpoints)]
        return given


EnvironmentName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=15),
    Allowed("up to 15 lower-case letters, digits and single hyphens, a letter first"),
]


class Config(ProviderSettings):
    """The keys below `config`."""

    environment: Environment
    """The environment, as far as it is not the provider's business."""
