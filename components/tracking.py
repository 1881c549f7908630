"""Experiment tracking and the model registry."""

from __future__ import annotations  # a service in an annotation would be loaded at import

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components import tracking_credentials, tracking_login
from components.restricted_pod import container_security, resources
from components.tracking_place import (
    FOLDER,
    HOSTS,
    LABELS,
    NAMESPACE,
    PORT,
    TrackingPlace,
    TrackingPlaceArgs,
    place_of,
)
from components.tracking_pod import (
    CREDENTIALS,
    LOGIN,
    PROGRAMS,
    credentials,
    deployment,
    host_of,
    mount,
    probe,
    volumes,
)

QUIET = {
    "HOME": "/scratch",
    "MLFLOW_AUTH_CONFIG_PATH": f"{CREDENTIALS}/basic_auth.ini",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": PROGRAMS,
    "TMPDIR": "/scratch",
}
"""No workers for jobs that nobody here gives it, no word to anybody, nothing written but where it may."""


@dataclass(frozen=True, kw_only=True)
class MlflowArgs(TrackingPlaceArgs):
    image: str
    """MLflow with boto3, psycopg and its login (the extras `extras`, `db` and `auth`), by digest."""

    database_endpoint: pulumi.Input[str]
    """Host and port of PostgreSQL."""

    database_name: str
    """Name of the database, and of its owner."""

    database_secret_arn: pulumi.Input[str]
    """Secret in which RDS keeps the owner's password."""

    database_authorities: str | None
    """Certificates of RDS' authorities of the region, PEM: the server checks whom it speaks to. None: TLS without."""

    replicas: int
    """Two or more survive the loss of a zone."""


class Mlflow(pulumi.ComponentResource):
    """MLflow for the teams of an environment: each sees what is its own, and shows a token of the cluster's for it."""

    tracking_uri: str
    """For clients in a workspace; they show a token of their service account, made for the audience `tracking`."""

    namespace: str
    service_account: str

    def __init__(self, name: str, args: MlflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:tracking:Mlflow", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        place = TrackingPlace(name, place_of(args), child)
        uri = database_uri(args)
        programs = {
            "tracking_credentials.py": inspect.getsource(tracking_credentials),
            "tracking_login.py": inspect.getsource(tracking_login),
            "authorities.pem": args.database_authorities or "",
        }
        about = {
            "server": "mlflow",
            "secret": args.database_secret_arn,
            "host": host_of(args.database_endpoint),
            "port": 5432,
            "region": args.region,
            "database_uri": uri,
        }
        mounted = kubernetes.core.v1.ConfigMap(
            f"{name}-programs",
            metadata={"name": "mlflow", "namespace": NAMESPACE},
            data=programs,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[place]),
        )
        kubernetes.apps.v1.Deployment(
            f"{name}-server",
            metadata={"name": "mlflow", "namespace": NAMESPACE, "labels": LABELS},
            spec=deployment(args.replicas, programs, pod(args, uri, about)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[place, mounted]),
        )

        self.tracking_uri, self.namespace, self.service_account = (
            place.tracking_uri,
            place.namespace,
            place.service_account,
        )
        self.register_outputs(
            {
                "tracking_uri": self.tracking_uri,
                "namespace": self.namespace,
                "service_account": self.service_account,
            }
        )


def database_uri(args: MlflowArgs) -> pulumi.Output[str]:
    """Without a password: libpq reads that from a file for each connection (PostgreSQL docs, "passfile")."""
    check = f"verify-full&sslrootcert={PROGRAMS}/authorities.pem" if args.database_authorities else "require"
    return pulumi.Output.format(
        "postgresql+psycopg://{0}@{1}/{0}?passfile={2}/pgpass&sslmode={3}",
        args.database_name,
        args.database_endpoint,
        CREDENTIALS,
        check,
    )


def pod(args: MlflowArgs, uri: pulumi.Output[str], about: Mapping[str, Any]) -> dict[str, Any]:
    """Containers and volumes of the server's pods."""
    mounts = [
        mount("credentials", CREDENTIALS),
        mount("programs", PROGRAMS),
        mount("login", LOGIN),
        mount("scratch", "/scratch", writable=True),
    ]
    every = {
        "image": args.image,
        "env": [{"name": key, "value": value} for key, value in {**QUIET, "AWS_REGION": args.region}.items()],
        "securityContext": container_security(),
        "volumeMounts": mounts,
    }
    # The key guards a form of the browser, with which nobody logs in here; the server takes it from a variable alone.
    start = 'MLFLOW_FLASK_SERVER_SECRET_KEY="$(cat "$0/server-key")" exec mlflow server "$@"'
    options = [
        "--backend-store-uri", uri,
        "--artifacts-destination", f"s3://{args.bucket_name}/{FOLDER}",
        "--serve-artifacts",
        "--app-name", "basic-auth",
        "--host", "0.0.0.0",
        "--port", str(PORT),
        "--workers", "2",
        "--allowed-hosts", ",".join(HOSTS),
    ]  # fmt: skip
    return {
        "initContainers": [
            credentials(args.image, about),
            # Makes the tables where there are none, and brings them to this version.
            {
                **every,
                "name": "schema",
                "command": ["mlflow", "db", "upgrade", uri],
                "resources": resources(0.5, 1),
            },
        ],
        "containers": [
            {
                **every,
                "name": "mlflow",
                "command": ["sh", "-c", start, CREDENTIALS, *options],
                "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
                "resources": resources(1, 2),
                "startupProbe": probe("http", "/health", seconds=5, failures=60),
                "readinessProbe": probe("http", "/health", seconds=10, failures=3),
                "livenessProbe": probe("http", "/health", seconds=20, failures=6),
            },
        ],
        "volumes": volumes("mlflow"),
    }
