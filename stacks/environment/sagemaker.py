"""Endpoints of SageMaker, and where endpoints of every kind keep their requests."""

from collections.abc import Mapping

import pulumi

from components.captured_requests import CapturedRequests, CapturedRequestsArgs
from components.sagemaker import SageMakerEndpoint, SageMakerEndpointArgs
from stacks.environment.foundation import Foundation
from stacks.environment.stores import Stores
from stacks.settings import Capture, Settings
from stacks.settings import SageMakerEndpoint as Wanted


def captured(settings: Settings, base: Foundation, opts: pulumi.ResourceOptions) -> dict[str, CapturedRequests]:
    """Where each endpoint keeps its requests, for those that keep any."""
    env = settings.environment
    every = [*env.sagemaker_endpoints, *env.endpoints]
    return {one.name: _captured(settings, one.name, one.capture, base, opts) for one in every if one.capture}


def endpoints(
    settings: Settings,
    base: Foundation,
    made: Stores,
    kept: Mapping[str, CapturedRequests],
    opts: pulumi.ResourceOptions,
) -> dict[str, SageMakerEndpoint]:
    """Endpoints of SageMaker by name; `kept` is where they keep their requests."""
    wanted = settings.environment.sagemaker_endpoints
    return {one.name: _endpoint(settings, one, kept.get(one.name), base, made, opts) for one in wanted}


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
