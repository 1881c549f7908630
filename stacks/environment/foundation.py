"""What everything stands on: keys, who delivers, the network, who is told, and the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.access_log import LogStore, LogStoreArgs
from components.alerts import AlertTopic, AlertTopicArgs
from components.audit import AuditTrail, AuditTrailArgs
from components.delivery import DeliveryIdentity, DeliveryIdentityArgs
from components.existing_network import ExistingNetwork, ExistingNetworkArgs
from components.keys import KeyRing, KeyRingArgs
from components.network import Network, NetworkArgs
from stacks import bootstrap
from stacks.instances import served_by
from stacks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Foundation:
    keys: KeyRing
    delivery: DeliveryIdentity | None
    network: Network | ExistingNetwork
    s3_cidrs: pulumi.Input[Sequence[str]]
    """Blocks of S3 behind a gateway endpoint, which pods may reach beside the VPC."""

    logs: LogStore
    alerts: AlertTopic
    privacy_alerts: AlertTopic

    @property
    def permissions_boundary(self) -> pulumi.Output[str] | None:
        """What bounds every role of the environment; a role that CI makes must bear it."""
        return self.delivery.boundary_arn if self.delivery else None


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
            disk_classes=["internal"] if _node_groups(settings) else [],
            rotation_days=env.keys.rotation_days,
            deletion_window_days=env.keys.deletion_window_days,
            protect=settings.protect,
            tags=settings.tags,
        ),
        opts,
    )
    delivery = _delivery(settings, keys, opts)
    logs = LogStore(
        "logs",
        LogStoreArgs(
            bucket_name=settings.bucket("logs"),
            account=settings.account,
            region=settings.region,
            retention_days=env.logs.retention_days,
            protect=settings.protect,
            tags=settings.tags,
        ),
        opts,
    )
    AuditTrail(
        "audit",
        AuditTrailArgs(
            trail_name=settings.prefix,
            bucket_name=settings.bucket("audit"),
            data_buckets=_data_buckets(settings),
            log_bucket=logs.bucket,
            retention_days=env.audit.retention_days,
            detector=env.audit.detector,
            rotation_days=env.keys.rotation_days,
            deletion_window_days=env.keys.deletion_window_days,
            account=settings.account,
            region=settings.region,
            protect=settings.protect,
            tags=settings.tags,
        ),
        opts,
    )
    network = _network(settings, keys, delivery, opts)
    return Foundation(
        keys=keys,
        delivery=delivery,
        network=network,
        s3_cidrs=network.s3_cidrs if isinstance(network, Network) else settings.s3_cidrs,
        logs=logs,
        alerts=_topic("alerts", settings, settings.notify, opts),
        privacy_alerts=_topic("privacy-alerts", settings, settings.privacy_contact, opts),
    )


def _node_groups(settings: Settings) -> bool:
    """Whether nodes come in managed groups, whose disks Auto Scaling encrypts."""
    env = settings.environment
    managed = env.cluster is not None and env.cluster.compute == "managed"
    return managed or any(served_by(pool) == "node-group" for pool in env.pools)


def _data_buckets(settings: Settings) -> list[str]:
    env = settings.environment
    captured = [settings.capture_bucket(e.name) for e in env.sagemaker_endpoints if e.model and e.capture]
    captured += [settings.capture_bucket(e.name) for e in env.endpoints if e.capture]
    return [settings.bucket("artifacts"), *[settings.dataset_bucket(d.name) for d in env.datasets], *captured]


def _delivery(settings: Settings, keys: KeyRing, opts: pulumi.ResourceOptions) -> DeliveryIdentity | None:
    delivery = settings.environment.delivery
    if delivery is None:
        return None
    return DeliveryIdentity(
        "delivery",
        DeliveryIdentityArgs(
            system=settings.environment.system,
            environment=settings.name,
            repository=delivery.repository,
            identity_provider=delivery.identity_provider,
            key_aliases=list(keys.aliases.values()),
            state_bucket=bootstrap.bucket_name(settings),
            state_key_alias=bootstrap.key_alias(settings),
            account=settings.account,
            region=settings.region,
            tags=settings.tags,
        ),
        opts,
    )


def _topic(name: str, settings: Settings, email: str, opts: pulumi.ResourceOptions) -> AlertTopic:
    return AlertTopic(
        name,
        AlertTopicArgs(
            topic_name=f"{settings.prefix}-{name}",
            emails=[email],
            rotation_days=settings.environment.keys.rotation_days,
            deletion_window_days=settings.environment.keys.deletion_window_days,
            account=settings.account,
            region=settings.region,
            protect=settings.protect,
            tags=settings.tags,
        ),
        opts,
    )


def _network(
    settings: Settings, keys: KeyRing, delivery: DeliveryIdentity | None, opts: pulumi.ResourceOptions
) -> Network | ExistingNetwork:
    network = settings.environment.network
    shared = {
        "prefix": settings.prefix,
        "endpoint_services": network.endpoint_services,
        "kms_key_arn": keys.arns["internal"],
        "flow_log_retention_days": network.flow_log_retention_days,
        "permissions_boundary": delivery.boundary_arn if delivery else None,
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
