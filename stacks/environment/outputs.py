"""What an environment tells those who use it."""

from typing import Any

from components.cluster import Cluster
from stacks.environment.foundation import Foundation
from stacks.environment.serving import Platform
from stacks.environment.stores import Stores
from stacks.environment.teams import needed_quotas
from stacks.settings import Settings


def outputs(
    settings: Settings, base: Foundation, made: Stores, control_plane: Cluster | None, serving: Platform
) -> dict[str, Any]:
    """The stack's outputs by name; what the environment does not have is left out."""
    told: dict[str, Any] = {
        "region": settings.region,
        "network": {"vpcId": base.network.vpc_id, "privateSubnetIds": base.network.private_subnet_ids},
        "keys": base.keys.aliases,
        "artifacts": made.artifacts.bucket,
        "datasets": {name: {"bucket": d.bucket, "dvc": d.dvc_remotes} for name, d in made.datasets.items()},
        "images": {"repositories": made.images.repository_urls, "mirrors": made.images.mirror_urls},
        "alarm": serving.monitoring.alarm,
        "quotas": needed_quotas(settings),
    }
    if made.database:
        told["database"] = {"endpoint": made.database.endpoint, "secret": made.database.secret_arn}
    if control_plane:
        told["cluster"] = {"name": control_plane.cluster_name, "endpoint": control_plane.endpoint}
    if base.delivery:
        roles = base.delivery
        told["delivery"] = {"previewRole": roles.preview_role_arn, "deployRole": roles.deploy_role_arn}
    if serving.endpoints:
        told["endpoints"] = {
            name: {"name": endpoint.endpoint_name, "status": endpoint.status}
            for name, endpoint in serving.endpoints.items()
        }
    return told
