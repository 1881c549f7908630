"""What an environment tells those who use it."""

from typing import Any

from components.monitoring import Monitoring
from stacks.environment.cluster import Compute
from stacks.environment.foundation import Foundation
from stacks.environment.services import Platform
from stacks.environment.stores import Stores
from stacks.environment.teams import Teams, needed_quotas
from stacks.register import processing_register
from stacks.settings import Settings


def outputs(
    settings: Settings,
    base: Foundation,
    made: Stores,
    compute: Compute | None,
    serving: Platform,
    people: Teams,
    watch: Monitoring,
) -> dict[str, Any]:
    """The stack's outputs by name; what the environment does not have is left out."""
    told: dict[str, Any] = {
        "region": settings.region,
        "network": {"vpcId": base.network.vpc_id, "privateSubnetIds": base.network.private_subnet_ids},
        "keys": base.keys.aliases,
        "artifacts": made.artifacts.bucket,
        "datasets": {name: {"bucket": d.bucket, "dvc": d.dvc_remotes} for name, d in made.datasets.items()},
        "images": {"repositories": made.images.repository_urls, "mirrors": made.images.mirror_urls},
        "alarm": watch.alarm,
        "quotas": needed_quotas(settings),
    }
    if register := processing_register(settings):
        told["processing_register"] = register
    if made.database:
        told["database"] = {"endpoint": made.database.endpoint, "secret": made.database.secret_arn}
    if compute:
        told["cluster"] = {"name": compute.cluster.cluster_name, "endpoint": compute.cluster.endpoint}
    if serving.tracking:
        told["tracking"] = {"uri": serving.tracking.uri, "namespace": serving.tracking.namespace}
    if people.work:
        work = people.work
        told["teams"] = {
            name: {"namespace": one.namespace, "queue": one.queue, "role": one.role_name}
            for name, one in work.teams.items()
        }
        told["pipelines"] = {name: {"onDemand": one.on_demand} for name, one in work.pipelines.items()}
        told["models"] = {name: {"url": one.url} for name, one in work.endpoints.items()}
    if base.delivery:
        roles = base.delivery
        told["delivery"] = {"previewRole": roles.preview_role_arn, "deployRole": roles.deploy_role_arn}
    if serving.endpoints:
        told["endpoints"] = {
            name: {"name": endpoint.endpoint_name, "status": endpoint.status}
            for name, endpoint in serving.endpoints.items()
        }
    return told
