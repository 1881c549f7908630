"""What serves, and what watches it all."""

from dataclasses import dataclass

import pulumi

from components.captured_requests import CapturedRequests, CapturedRequestsArgs
from components.cluster import Cluster
from components.monitoring import Monitoring, MonitoringArgs
from components.sagemaker import SageMakerEndpoint, SageMakerEndpointArgs
from stacks.environment.foundation import Foundation
from stacks.environment.stores import Stores
from stacks.settings import Capture, Settings
from stacks.settings import SageMakerEndpoint as Wanted


@dataclass(frozen=True, kw_only=True)
class Platform:
    endpoints: dict[str, SageMakerEndpoint]
    monitoring: Monitoring


def platform(
    settings: Settings, base: Foundation, made: Stores, control_plane: Cluster | None, opts: pulumi.ResourceOptions
) -> Platform:
    """The fourth layer."""
    wanted = settings.environment.sagemaker_endpoints
    captured = {e.name: _captured(settings, e.name, e.capture, base, opts) for e in wanted if e.capture}
    endpoints = {e.name: _endpoint(settings, e, captured.get(e.name), base, made, opts) for e in wanted}
    alarms: list[pulumi.Input[str]] = [name for endpoint in endpoints.values() for name in endpoint.alarm_names]
    alarms += made.database.alarm_names if made.database else []
    monitoring = Monitoring(
        "monitoring",
        MonitoringArgs(
            prefix=settings.prefix,
            buckets={
                settings.bucket("artifacts"): made.artifacts.bucket,
                **{settings.dataset_bucket(name): dataset.bucket for name, dataset in made.datasets.items()},
                **{settings.capture_bucket(name): requests.bucket for name, requests in captured.items()},
            },
            cluster=settings.prefix if control_plane else None,
            database=f"{settings.prefix}-tracking" if made.database else None,
            endpoints=[endpoint.endpoint_name for endpoint in endpoints.values() if endpoint.endpoint_name],
            alarms=alarms,
            topic_arn=base.alerts.arn,
            privacy_topic_arn=base.privacy_alerts.arn,
            break_glass_roles=settings.environment.audit.break_glass_roles,
            account=settings.account,
            region=settings.region,
            tags=settings.tags,
        ),
        opts,
    )
    return Platform(endpoints=endpoints, monitoring=monitoring)


def _captured(
    settings: Settings, endpoint: str, capture: Capture, base: Foundation, opts: pulumi.ResourceOptions
) -> CapturedRequests:
    assert settings.controller, "the settings refuse capture without a controller"
    return CapturedRequests(
        f"{endpoint}-captured",
        CapturedRequestsArgs(
            bucket_name=settings.capture_bucket(endpoint),
            region=settings.region,
            kms_key_arn=base.keys.arns["personal"],
            log_bucket=base.logs.bucket,
            retention_days=capture.retention_days,
            data_origin=capture.origin,
            purpose=capture.purpose,
            legal_basis=capture.legal_basis,
            controller=settings.controller,
            register_id=capture.register_id,
            recipients=capture.recipients,
            erasure_path=capture.erasure_path,
            protect=settings.protect,
            tags=settings.tags,
        ),
        opts,
    )


def _endpoint(
    settings: Settings,
    endpoint: Wanted,
    captured: CapturedRequests | None,
    base: Foundation,
    made: Stores,
    opts: pulumi.ResourceOptions,
) -> SageMakerEndpoint:
    model, artifacts = endpoint.model, settings.environment.artifacts
    return SageMakerEndpoint(
        endpoint.name,
        SageMakerEndpointArgs(
            endpoint_name=f"{settings.prefix}-{endpoint.name}",
            repository=f"{settings.prefix}/{model.repository}" if model else None,
            image_digest=model.digest if model else None,
            artifact_bucket=settings.bucket("artifacts"),
            artifact=model.artifact if model else None,
            instance_type=endpoint.instance_type,
            min_instances=endpoint.instances.min,
            max_instances=endpoint.instances.max,
            vpc_id=base.network.vpc_id,
            subnet_ids=base.network.private_subnet_ids,
            capture_percent=endpoint.capture.percent if endpoint.capture else None,
            capture_bucket_name=settings.capture_bucket(endpoint.name) if captured else None,
            capture_bucket=captured.bucket if captured else None,
            capture_kms_key_arn=base.keys.arns["personal"] if captured else None,
            capture_kms_alias=base.keys.aliases["personal"] if captured else None,
            kms_key_arn=base.keys.arns[artifacts.data_class],
            kms_alias=base.keys.aliases[artifacts.data_class],
            data_class=artifacts.classification,
            log_retention_days=90,
            alarm_topic_arn=base.alerts.arn,
            account=settings.account,
            region=settings.region,
            permissions_boundary=base.permissions_boundary,
            tags=settings.tags,
        ),
        opts,
    )
