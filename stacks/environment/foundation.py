"""What everything stands on: keys and the network."""

from dataclasses import dataclass

import pulumi

from components.existing_network import ExistingNetwork, ExistingNetworkArgs
from components.keys import KeyRing, KeyRingArgs
from components.network import Network, NetworkArgs
from stacks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Foundation:
    keys: KeyRing
    network: Network | ExistingNetwork


def foundation(settings: Settings, opts: pulumi.ResourceOptions) -> Foundation:
    """The first layer."""
    env = settings.environment
    keys = KeyRing(
        "keys",
        KeyRingArgs(
            prefix=settings.prefix,
            data_classes=settings.data_classes,
            account=settings.account,
            region=settings.region,
            administrators=env.keys.administrators,
            rotation_days=env.keys.rotation_days,
            deletion_window_days=env.keys.deletion_window_days,
            tags=settings.tags,
        ),
        opts,
    )
    return Foundation(keys=keys, network=_network(settings, keys, opts))


def _network(settings: Settings, keys: KeyRing, opts: pulumi.ResourceOptions) -> Network | ExistingNetwork:
    network = settings.environment.network
    shared = {
        "prefix": settings.prefix,
        "endpoint_services": network.endpoint_services,
        "kms_key_arn": keys.arns["internal"],
        "flow_log_retention_days": network.flow_log_retention_days,
        "account": settings.account,
        "region": settings.region,
        "tags": settings.tags,
    }
    if network.existing is not None:
        there = network.existing
        return ExistingNetwork(
            "network",
            ExistingNetworkArgs(vpc_id=there.vpc_id, cidr=there.cidr, subnet_ids=there.subnet_ids, **shared),
            opts,
        )
    return Network(
        "network",
        NetworkArgs(cidr=network.cidr, zones=settings.zone_names, egress=network.egress, **shared),
        opts,
    )
