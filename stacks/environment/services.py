"""What every team uses: tracking, endpoints of SageMaker, the places of kept requests, and erasure on request."""

from dataclasses import dataclass

import pulumi

from components.captured_requests import CapturedRequests
from components.erasure import Erasure
from components.sagemaker import SageMakerEndpoint
from stacks.environment.cluster import Compute
from stacks.environment.erasing import erasing
from stacks.environment.foundation import Foundation
from stacks.environment.sagemaker import captured, endpoints
from stacks.environment.stores import Stores
from stacks.environment.tracking import TrackingServer, tracking
from stacks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Platform:
    tracking: TrackingServer | None
    endpoints: dict[str, SageMakerEndpoint]
    captured: dict[str, CapturedRequests]
    erasure: Erasure | None


def platform(
    settings: Settings, base: Foundation, made: Stores, compute: Compute | None, opts: pulumi.ResourceOptions
) -> Platform:
    """The fourth layer."""
    kept = captured(settings, base, opts)
    return Platform(
        tracking=tracking(settings, base, made, compute.cluster, compute.inside) if compute else None,
        endpoints=endpoints(settings, base, made, kept, opts),
        captured=kept,
        erasure=erasing(settings, base, compute) if compute else None,
    )
