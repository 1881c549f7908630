"""Regions of AWS: where they lie and which zones they have."""

ZONES: dict[str, str] = {
    "af-south-1": "abc",
    "ap-east-1": "abc",
    "ap-east-2": "abc",
    "ap-northeast-1": "acd",
    "ap-northeast-2": "abcd",
    "ap-northeast-3": "abc",
    "ap-south-1": "abc",
    "ap-south-2": "abc",
    "ap-southeast-1": "abc",
    "ap-southeast-2": "abc",
    "ap-southeast-3": "abc",
    "ap-southeast-4": "abc",
    "ap-southeast-5": "abc",
    "ap-southeast-6": "abc",
    "ap-southeast-7": "abc",
    "ca-central-1": "abd",
    "ca-west-1": "abc",
    "eu-central-1": "abc",
    "eu-central-2": "abc",
    "eu-north-1": "abc",
    "eu-south-1": "abc",
    "eu-south-2": "abc",
    "eu-west-1": "abc",
    "eu-west-2": "abc",
    "eu-west-3": "abc",
    "eusc-de-east-1": "abc",
    "il-central-1": "abc",
    "me-central-1": "abc",
    "me-south-1": "abc",
    "mx-central-1": "abc",
    "sa-east-1": "abc",
    "us-east-1": "abcdef",
    "us-east-2": "abc",
    "us-west-1": "ac",
    "us-west-2": "abcd",
}
"""Letters of the zones by region ("AWS Regions and Availability Zones": at least three zones a region; Northern
California shows two of them to an account)."""

EEA: frozenset[str] = frozenset(
    {
        "eu-central-1",  # Frankfurt, Germany
        "eu-north-1",  # Stockholm, Sweden
        "eu-south-1",  # Milan, Italy
        "eu-south-2",  # Aragon, Spain
        "eu-west-1",  # Ireland
        "eu-west-3",  # Paris, France
        "eusc-de-east-1",  # Brandenburg, Germany: the European Sovereign Cloud
    }
)
"""Regions inside the European Economic Area. A name that starts with `eu-` proves nothing: eu-west-2 is London and
eu-central-2 Zurich, third countries under GDPR Art. 45 ("AWS Regions and Availability Zones", geography)."""


def partition(region: str) -> str:
    """Partition that the ARNs of a region name: the European Sovereign Cloud is a partition of its own."""
    return "aws-eusc" if region.startswith("eusc-") else "aws"


def zone_names(region: str, count: int) -> tuple[str, ...]:
    """The first `count` zones of a region, for example eu-central-1a."""
    return tuple(f"{region}{letter}" for letter in ZONES[region][:count])
