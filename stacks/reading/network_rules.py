"""Rules between the settings of place and network."""

from collections.abc import Iterator
from typing import Any

from components.cidr import subnet_plan
from stacks.file.regions import EEA, ZONES
from stacks.reading.problems import Problem, shown
from stacks.reading.sound import ENVIRONMENT, are


def residency(name: Any, config: Any) -> Iterator[Problem]:
    """`eu` means the European Economic Area, whatever a region's name starts with (GDPR Art. 44)."""
    if config.environment.residency == "eu" and are(str, config.region) and config.region not in EEA:
        fix = "choose one of these regions, or say residency: none if data may leave the European Economic Area"
        wrong = "lies outside the European Economic Area, while residency is eu"
        yield Problem(("aws:region",), wrong, shown(config.region), ", ".join(sorted(EEA)), fix)


def zones(name: Any, config: Any) -> Iterator[Problem]:
    """A region has the zones that it has."""
    network, have = config.environment.network, len(ZONES.get(config.region, "")) if are(str, config.region) else 0
    if have and are(int, getattr(network, "zones", None)) and network.zones > have:
        at = (ENVIRONMENT, "network", "zones")
        yield Problem(at, f"is more than {config.region} has", shown(network.zones), f"2 to {have}", f"write {have}")


def addresses(name: Any, config: Any) -> Iterator[Problem]:
    """The block holds a private and a public subnet in each zone."""
    network = config.environment.network
    cidr: Any = getattr(network, "cidr", None)
    count: Any = getattr(network, "zones", None)
    if not (are(str, cidr) and are(int, count)):
        return
    try:
        subnet_plan(cidr, count)
    except ValueError:
        size = next(bits for bits in range(24, 15, -1) if _fits(f"10.0.0.0/{bits}", count))
        at, allowed = (ENVIRONMENT, "network", "cidr"), f"/{size} or larger for {count} zones"
        yield Problem(at, "is too small for the zones", shown(cidr), allowed, f"write a block of /{size}")


def _fits(cidr: str, count: int) -> bool:
    try:
        return bool(subnet_plan(cidr, count))
    except ValueError:
        return False


def ways_out(name: Any, config: Any) -> Iterator[Problem]:
    """Without the internet, endpoints are the only way to anything."""
    network = config.environment.network
    if getattr(network, "egress", None) == "endpoints-only" and network.endpoints == []:
        at, fix = (ENVIRONMENT, "network", "endpoints"), "name the services, or remove the key for the usual ones"
        wrong = "is empty, while egress is endpoints-only"
        yield Problem(at, wrong, "an empty list", "the services that workloads call", fix)


RULES = (residency, zones, addresses, ways_out)
