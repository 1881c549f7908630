"""Pods that serve a model of the registry."""

from __future__ import annotations  # the arguments come from the module that uses this one

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from components.account import dns_suffix, image
from components.restricted_pod import USER_NAME, container_security, folder, placement, pod_security, resources
from components.tracking_login import AUDIENCE

if TYPE_CHECKING:
    from components.serving import ModelEndpointArgs

PORT = 8080
"""Where an endpoint answers."""

BEHIND_SPLIT = 8085
"""Where requests are read along while the split stands before that."""

BEHIND_ALL = 8090
"""Where the server itself listens while anything stands before it."""

END_SECONDS = 60
"""For a pod that keeps requests: the server's own end, and then the last ones have to be stored."""

MODELS = "/mnt/models"
SCRIPTS = "/seedbed"
TOKEN = "/token"
FOREVER = 2**31 - 1
"""So often may a startup probe fail: the first model may be months away (Probe.failureThreshold is an int32)."""

IMPLEMENTATIONS = {
    "mlserver": ("mlserver_mlflow.MLflowRuntime", ()),
    "sklearn": ("mlserver_sklearn.SKLearnModel", ("model.pkl", "model.joblib")),
    "xgboost": ("mlserver_xgboost.XGBoostModel", ("model.ubj", "model.json", "model.xgb", "model.bst")),
    "lightgbm": ("mlserver_lightgbm.LightGBMModel", ("model.lgb", "model.txt", "model.bst")),
}
"""MLServer's class for each runtime, and the files that it reads, first the one that MLflow writes (MLServer guide,
"Inference Runtimes"); the first runtime reads the whole folder of any MLflow model."""


class Served(NamedTuple):
    """What one predictor of an endpoint serves."""

    aliases: tuple[str, ...]
    """Of the registry; the first that a version bears counts."""

    split: tuple[str, int] | None
    """Host of the canary, and its percent of the connections; None where all are this predictor's."""


def pod(args: ModelEndpointArgs, served: Served) -> dict[str, Any]:
    """What KServe puts into the Deployment of a predictor (KServe API, PodSpec of a custom predictor)."""
    before = [loader(args, served)]
    if args.captured is not None:
        before.append(keeper(args, served, args.captured))
    if served.split is not None:
        before.append(splitter(args, *served.split))
    token = {"audience": AUDIENCE, "path": "token", "expirationSeconds": 3600}
    return {
        "serviceAccountName": service_account(args),
        "automountServiceAccountToken": False,
        "securityContext": pod_security(),
        **placement(args.pool, args.gpus),
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"seedbed.dev/endpoint": args.endpoint}},
            }
        ],
        **({} if args.captured is None else {"terminationGracePeriodSeconds": END_SECONDS}),
        # They end in the opposite order, when the server has (Kubernetes documentation, "Sidecar Containers").
        "initContainers": before,
        "containers": [server(args, served)],
        "volumes": [
            # The next version comes while the last one is still served.
            folder("models", 2 * args.model_gib),
            folder("tmp", 1),
            {"name": "scripts", "configMap": {"name": f"{args.endpoint}-serving"}},
            {"name": "token", "projected": {"sources": [{"serviceAccountToken": token}]}},
        ],
    }


def server_port(args: ModelEndpointArgs, served: Served) -> int:
    """Callers come in at one port; whatever stands before the server takes it."""
    return PORT if served.split is None and args.captured is None else BEHIND_ALL


def server(args: ModelEndpointArgs, served: Served) -> dict[str, Any]:
    """MLServer; every folder that it writes to is in a volume (MLServer guide, "MLServer Settings")."""
    port = server_port(args, served)
    settings = {
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_GRPC_PORT": "9000",
        "MLSERVER_METRICS_DIR": "/tmp/metrics",
        "MLSERVER_ENVIRONMENTS_DIR": "/tmp/environments",
        "HOME": "/tmp",
        **USER_NAME,
        "MPLCONFIGDIR": "/tmp",
    }
    return {
        "name": "kserve-container",
        "image": _image(args),
        "command": ["mlserver", "start", f"{MODELS}/settings"],
        "env": _env(settings),
        "ports": [{"name": "http1", "containerPort": port, "protocol": "TCP"}],
        "resources": resources(args.cpus, args.memory_gib, args.gpus, args.gpu_resource),
        "securityContext": container_security(),
        "startupProbe": _get("/v2/health/live", port, period=5, failures=120),
        "readinessProbe": _get(f"/v2/models/{args.model}/ready", port, period=10, failures=3),
        "livenessProbe": _get("/v2/health/live", port, period=20, failures=3),
        # Those who call are told of the end before it comes.
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "volumeMounts": [
            {"name": "models", "mountPath": MODELS, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }


def loader(args: ModelEndpointArgs, served: Served) -> dict[str, Any]:
    """A native sidecar: the server starts when the first model is there, and hears of every later one.

    (Kubernetes documentation, "Sidecar Containers".)
    """
    implementation, files = IMPLEMENTATIONS[args.runtime]
    port = server_port(args, served)
    settings = {
        "PYTHONPATH": SCRIPTS,
        "TRACKING_URL": args.tracking_url,
        "MODEL": args.model,
        "ALIASES": ",".join(served.aliases),
        "MODEL_FOLDER": MODELS,
        "ARTIFACT_BUCKET": args.artifact_bucket,
        "ARTIFACT_PREFIX": args.artifact_prefix,
        "AWS_REGION": args.region,
        "AWS_DNS_SUFFIX": dns_suffix(args.region),
        "IMPLEMENTATION": implementation,
        "TRACKING_TOKEN_FILE": f"{TOKEN}/token",
        "RELOAD_URL": f"http://127.0.0.1:{port}/v2/repository/models/{args.model}/load",
        **({"FILES": ",".join(files)} if files else {}),
    }
    return {
        "name": "model",
        "image": _image(args),
        "restartPolicy": "Always",
        "command": ["python", "-m", "lifecycle.load_model", "follow"],
        "env": _env(settings),
        "resources": resources(0.1, 0.25),
        "securityContext": container_security(),
        "startupProbe": {
            "exec": {"command": ["python", "-m", "lifecycle.load_model", "loaded"]},
            "periodSeconds": 5,
            "timeoutSeconds": 10,
            "failureThreshold": FOREVER,
        },
        "volumeMounts": [
            {"name": "models", "mountPath": MODELS},
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "scripts", "mountPath": f"{SCRIPTS}/lifecycle", "readOnly": True},
            {"name": "token", "mountPath": TOKEN, "readOnly": True},
        ],
    }


def keeper(args: ModelEndpointArgs, served: Served, place: str) -> dict[str, Any]:
    """A native sidecar before the server, behind the split: what goes to the canary is kept in the canary's pods."""
    port = PORT if served.split is None else BEHIND_SPLIT
    settings = {"PYTHONPATH": SCRIPTS, "AWS_REGION": args.region, "AWS_DNS_SUFFIX": dns_suffix(args.region)}
    to = [str(port), str(BEHIND_ALL), str(args.capture_percent), f"s3://{place}"]
    return {
        "name": "capture",
        "image": _image(args),
        "restartPolicy": "Always",
        "command": ["python", "-m", "lifecycle.capture_requests", *to],
        "env": _env(settings),
        "resources": resources(0.25, 0.25),
        "securityContext": container_security(),
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 10},
        "volumeMounts": [{"name": "scripts", "mountPath": f"{SCRIPTS}/lifecycle", "readOnly": True}],
    }


def splitter(args: ModelEndpointArgs, canary: str, percent: int) -> dict[str, Any]:
    """A native sidecar before the server: KServe splits no traffic in raw deployment mode.

    (KServe documentation, "Canary Rollout Strategy": serverless deployment mode only; kserve issue 5335.)
    """
    return {
        "name": "split",
        "image": _image(args),
        "restartPolicy": "Always",
        "command": [
            "python",
            "-m",
            "lifecycle.split_traffic",
            str(PORT),
            str(BEHIND_ALL if args.captured is None else BEHIND_SPLIT),
            f"{canary}:{PORT}",
            str(percent),
        ],
        "env": _env({"PYTHONPATH": SCRIPTS}),
        "resources": resources(0.25, 0.125),
        "securityContext": container_security(),
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 10},
        "volumeMounts": [{"name": "scripts", "mountPath": f"{SCRIPTS}/lifecycle", "readOnly": True}],
    }


def canary_bounds(least: int, most: int, percent: int) -> tuple[int, int]:
    """Replicas of a canary that gets `percent` of what `least` to `most` replicas get."""
    return max(1, round(least * percent / 100)), max(1, math.ceil(most * percent / 100))


def purposes(args: ModelEndpointArgs) -> dict[str, str]:
    """Annotations that say what an endpoint answers for, and what its data may train."""
    said = {"purpose": args.purpose or "", "training-purpose": ",".join(args.training_purposes)}
    return {f"seedbed.dev/{name}": value for name, value in said.items() if value}


def service_account(args: ModelEndpointArgs) -> str:
    """Of the endpoint's pods alone."""
    return f"serve-{args.endpoint}"


def _image(args: ModelEndpointArgs) -> str:
    return image(args.account, args.region, args.image_repository, args.image_digest)


def _get(path: str, port: int, *, period: int, failures: int) -> dict[str, Any]:
    get = {"path": path, "port": port}
    return {"httpGet": get, "periodSeconds": period, "timeoutSeconds": 5, "failureThreshold": failures}


def _env(settings: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in settings.items()]
