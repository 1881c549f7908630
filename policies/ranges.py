"""Address ranges that stand for the internet."""

import ipaddress

WIDE = {4: 8, 6: 4}
"""Prefix lengths below which a range counts as the whole internet: two halves of it are no narrower."""


def internet(value: object) -> bool:
    """Whether a range is so wide that it stands for the internet; what is no range does not."""
    if not isinstance(value, str):
        return False
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen < WIDE[network.version]
