"""moto's own objects: one backend a service, account and region."""

from typing import Any

from moto import backends
from moto.utilities.utils import get_partition

from localcloud import additions


def regions_of(package: str, account: str) -> Any:
    """All regions of a service by moto's package name; a region is made when it is first asked for."""
    known: Any = backends.get_backend
    added = additions.regions_of(package, account)
    return known(package)[account] if added is None else added


def backend_of(package: str, account: str, region: str = "us-east-1") -> Any:
    """A service's backend in a region, or the one of the whole partition for services such as iam and s3."""
    regions = regions_of(package, account)
    return regions[region] if region in regions else regions[get_partition(region)]
