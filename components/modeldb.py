"""ModelDB, the other back end of experiment tracking."""

from __future__ import annotations  # a service in an annotation would be loaded at import

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components import tracking_credentials, tracking_login
from components.modeldb_settings import BACK_END_PORT, GATE, LOGIN_PORT, PROXY_PORT, settings
from components.restricted_pod import container_security, resources
from components.tracking_place import (
    DATABASE_PORT,
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

READY = f"/bin/grpc_health_probe -addr=:{BACK_END_PORT} -service=ready"
STARTED = "/scratch/started"
ALIVE = f"/bin/grpc_health_probe -addr=:{BACK_END_PORT} -service=live && [ ! {CREDENTIALS}/config.yaml -nt {STARTED} ]"
"""ModelDB reads its settings at the start alone: once a rotation has changed them, the kubelet starts it anew."""


@dataclass(frozen=True, kw_only=True)
class ModelDbArgs(TrackingPlaceArgs):
    back_end_image: str
    """vertaaiofficial/modeldb-backend, by digest."""

    proxy_image: str
    """vertaaiofficial/modeldb-proxy, by digest: it makes REST of gRPC."""

    gate_image: str
    """nginx without root, by digest: ModelDB itself lets everybody in."""

    program_image: str
    """Python with boto3, by digest."""

    database_endpoint: pulumi.Input[str]
    """Host and port of PostgreSQL."""

    database_name: str
    """Name of the database, and of its owner."""

    database_secret_arn: pulumi.Input[str]
    """Secret in which RDS keeps the owner's password."""

    replicas: int
    """Two or more survive the loss of a zone."""


class ModelDb(pulumi.ComponentResource):
    """ModelDB for an environment, with the address, login and place of `Mlflow`; in it, each team sees every run."""

    tracking_uri: str
    """For clients in a workspace; they show a token of their service account, made for the audience `tracking`."""

    namespace: str
    service_account: str

    def __init__(self, name: str, args: ModelDbArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("seedbed:modeldb:ModelDb", name, vars(args), opts)
        child = pulumi.ResourceOptions(parent=self)

        place = TrackingPlace(name, place_of(args), child)
        programs = {
            "tracking_credentials.py": inspect.getsource(tracking_credentials),
            "tracking_login.py": inspect.getsource(tracking_login),
            "gate.conf": GATE,
        }
        host = host_of(args.database_endpoint)
        about = {
            "server": "modeldb",
            "secret": args.database_secret_arn,
            "host": host,
            "port": DATABASE_PORT,
            "region": args.region,
            "settings": settings(host, args.database_name, args.bucket_name, args.region),
        }
        mounted = kubernetes.core.v1.ConfigMap(
            f"{name}-programs",
            metadata={"name": "modeldb", "namespace": NAMESPACE},
            data=programs,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[place]),
        )
        kubernetes.apps.v1.Deployment(
            f"{name}-server",
            metadata={"name": "modeldb", "namespace": NAMESPACE, "labels": LABELS},
            spec=deployment(args.replicas, programs, pod(args, about)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[place, mounted]),
        )

        self.tracking_uri, self.namespace = place.tracking_uri, place.namespace
        self.service_account = place.service_account
        self.register_outputs(
            {
                "tracking_uri": self.tracking_uri,
                "namespace": self.namespace,
                "service_account": self.service_account,
            }
        )


def pod(args: ModelDbArgs, about: Mapping[str, Any]) -> dict[str, Any]:
    """Containers and volumes of the server's pods; the service leads to the gate, and to nothing behind it."""
    scratch = mount("scratch", "/scratch", writable=True)
    secured = {"securityContext": container_security()}
    health = {
        "startupProbe": _run(READY, seconds=5, failures=60),
        "readinessProbe": _run(READY, seconds=10, failures=3),
        "livenessProbe": _run(ALIVE, seconds=20, failures=3),
    }
    return {
        "initContainers": [credentials(args.program_image, about)],
        "containers": [
            {
                **secured,
                "name": "gate",
                "image": args.gate_image,
                "command": ["nginx", "-c", f"{PROGRAMS}/gate.conf", "-g", "daemon off;"],
                "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
                "resources": resources(0.1, 0.125),
                "readinessProbe": probe("http", "/health", seconds=10, failures=3),
                "livenessProbe": probe("http", "/health", seconds=20, failures=6),
                "volumeMounts": [mount("programs", PROGRAMS), scratch],
            },
            {
                **secured,
                "name": "login",
                "image": args.program_image,
                "command": ["python", f"{PROGRAMS}/tracking_login.py", str(LOGIN_PORT)],
                "env": [{"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}],
                "resources": resources(0.1, 0.125),
                "volumeMounts": [mount("programs", PROGRAMS), mount("login", LOGIN)],
            },
            {
                **secured,
                **health,
                "name": "back-end",
                "image": args.back_end_image,
                "lifecycle": {"postStart": {"exec": {"command": ["touch", STARTED]}}},
                "env": [
                    {"name": "LIQUIBASE_MIGRATION", "value": "true"},
                    {"name": "VERTA_MODELDB_CONFIG", "value": f"{CREDENTIALS}/config.yaml"},
                    {"name": "AWS_SHARED_CREDENTIALS_FILE", "value": f"{CREDENTIALS}/aws"},
                    {"name": "JAVA_TOOL_OPTIONS", "value": "-Djava.io.tmpdir=/scratch -XX:MaxRAMPercentage=70"},
                ],
                "resources": resources(0.75, 2),
                "volumeMounts": [mount("credentials", CREDENTIALS), scratch],
            },
            {
                **secured,
                "name": "proxy",
                "image": args.proxy_image,
                "env": [
                    {"name": "MDB_ADDRESS", "value": f"localhost:{BACK_END_PORT}"},
                    {"name": "SERVER_HTTP_PORT", "value": str(PROXY_PORT)},
                ],
                "resources": resources(0.25, 0.25),
            },
        ],
        "volumes": volumes("modeldb"),
    }


def _run(command: str, *, seconds: int, failures: int) -> dict[str, Any]:
    return {
        "exec": {"command": ["sh", "-c", command]},
        "periodSeconds": seconds,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }
