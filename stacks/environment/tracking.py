"""Experiments and models."""

from dataclasses import dataclass

import pulumi

from components.cluster import Cluster
from components.modeldb import ModelDb, ModelDbArgs
from components.tracking import Mlflow, MlflowArgs
from stacks.environment.foundation import Foundation
from stacks.environment.stores import Stores
from stacks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class TrackingServer:
    namespace: str
    uri: str
    deployment: str
    """Name of the Deployment in that namespace."""


def tracking(
    settings: Settings, base: Foundation, made: Stores, there: Cluster, opts: pulumi.ResourceOptions
) -> TrackingServer | None:
    """The tracking server of the file; none where it names none."""
    env = settings.environment
    if env.tracking is None:
        return None
    assert env.cluster, "the settings refuse tracking without a cluster"
    assert env.database, "the settings refuse tracking without a database"
    assert made.database, "the stores have the database of the settings"
    classes = dict.fromkeys((env.artifacts.data_class, env.database.data_class))
    shared = {
        "prefix": settings.prefix,
        "teams": [team.name for team in env.teams],
        "bucket_name": settings.bucket("artifacts"),
        "kms_aliases": [base.keys.aliases[one] for one in classes],
        "database_identifier": f"{settings.prefix}-tracking",
        "database_name": "tracking",
        "database_endpoint": made.database.endpoint,
        "database_secret_arn": made.database.secret_arn,
        "cidr": settings.cidr,
        "s3_cidrs": base.s3_cidrs,
        "kubernetes_version": env.cluster.version,
        "replicas": env.tracking.replicas,
        "cluster_name": settings.prefix,
        "cluster": there.cluster_name,
        "account": settings.account,
        "region": settings.region,
        "permissions_boundary": base.permissions_boundary,
        "tags": settings.tags,
    }
    if env.tracking.backend == "modeldb":
        server = ModelDb(
            "tracking",
            ModelDbArgs(
                back_end_image=settings.image("modeldb-backend"),
                proxy_image=settings.image("modeldb-proxy"),
                gate_image=settings.image("nginx"),
                program_image=settings.image("mlflow"),
                **shared,
            ),
            opts,
        )
    else:
        server = Mlflow(
            "tracking", MlflowArgs(image=settings.image("mlflow"), database_authorities=None, **shared), opts
        )
    return TrackingServer(namespace=server.namespace, uri=server.tracking_uri, deployment=env.tracking.backend)
