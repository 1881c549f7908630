"""Address plan of a network."""

from ipaddress import IPv4Network
from typing import NamedTuple

SMALLEST_SUBNET_BITS = 28
"""AWS makes no subnet smaller than /28 (VPC user guide, subnet sizing)."""


class SubnetPlan(NamedTuple):
    """One private and one public block a zone, in the order of the zones."""

    private: tuple[str, ...]
    public: tuple[str, ...]


def subnet_plan(cidr: str, zones: int) -> SubnetPlan:
    """Divide `cidr` among `zones`: equal private blocks, and one more of their size shared by the public ones.

    The blocks depend on the number of zones only through powers of two, so growing from two zones to three moves no
    subnet. Raises ValueError when a public block would be smaller than /28.
    """
    network = IPv4Network(cidr)
    private_bits = network.prefixlen + zones.bit_length()
    public_bits = private_bits + (zones - 1).bit_length()
    if public_bits > SMALLEST_SUBNET_BITS:
        largest = SMALLEST_SUBNET_BITS - zones.bit_length() - (zones - 1).bit_length()
        raise ValueError(f"{cidr} is too small for {zones} zones: allowed is /{largest} or larger")
    *_, last = blocks = list(network.subnets(new_prefix=private_bits))
    return SubnetPlan(
        private=tuple(map(str, blocks[:zones])),
        public=tuple(str(b) for b, _ in zip(last.subnets(new_prefix=public_bits), range(zones), strict=False)),
    )
