"""Where an environment's cluster answers."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from seedbed.account import Account
from seedbed.cluster.failures import NoClusterError, UnreachableError


@dataclass(frozen=True)
class Address:
    """What a client must know of a cluster; who it is comes from its tokens."""

    name: str
    """Of the cluster, in its account."""

    region: str
    endpoint: str
    """Of the API server: https://..."""

    authority: str
    """The certificate authority of the API server, PEM in base64."""


def address_of(account: Account) -> Address:
    """The address of the environment's cluster, as EKS tells it.

    Raises NoClusterError where there is none, UnreachableError where it has no address that could answer.
    """
    eks, name, region = account.client("eks"), account.prefix, account.settings.region
    try:
        about = eks.describe_cluster(name=name)["cluster"]
    except eks.exceptions.ResourceNotFoundException as error:
        raise NoClusterError(f"account {account.settings.account}, {region} has no cluster {name}") from error
    endpoint = about.get("endpoint") or ""
    authority = (about.get("certificateAuthority") or {}).get("data") or ""
    if not endpoint or not authority:
        raise UnreachableError(f"cluster {name} is {about['status']} and has no address yet")
    if account.on_this_machine and not _is_loopback(endpoint):
        raise UnreachableError(
            f"cluster {name} is on paper only: the local cloud was started without the programs of a control plane"
        )
    return Address(name, region, endpoint, authority)


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
