"""Pipelines, endpoints and what watches them: smallest good instances, and another good value for each setting."""

from dataclasses import replace

from components.cluster_monitoring import ClusterMonitoring, ClusterMonitoringArgs, Watched
from components.drift import DriftWatch, DriftWatchArgs
from components.pipeline import TrainingPipeline, TrainingPipelineArgs, pod
from components.serving import ModelEndpoint, ModelEndpointArgs
from tests.unit.components.instance import instance

DIGESTS = ("sha256:" + 64 * "0", "sha256:" + 64 * "1")
TOPICS = ("arn:aws:sns:eu-central-1:000000000000:one", "arn:aws:sns:eu-central-1:000000000000:two")
SCRIPTS = {"aws_requests.py": "one", "load_model.py": "two", "split_traffic.py": "three"}
RUN = {
    "pool": (None, "train"),
    "cpus": (2, 3),
    "memory_gib": (8, 12),
    "image_digest": DIGESTS,
    "namespace": ("scoring", "fraud"),
    "team": ("scoring", "fraud"),
}
IN_CLUSTER = {
    "cluster_name": ("seedbed-test", "seedbed-other"),
    "cluster": ("seedbed-test", "seedbed-other"),
    "cidr": ("10.0.0.0/16", "10.1.0.0/16"),
    "kms_aliases": (["alias/one"], ["alias/two"]),
}

PIPELINE = instance(
    TrainingPipeline,
    TrainingPipelineArgs,
    **RUN,
    pipeline=("credit", "other"),
    git_url=("https://git.example.com/credit", "https://git.example.com/other"),
    revision=(40 * "a", 40 * "b"),
    image_repository=("seedbed-test/training", "seedbed-test/other"),
    stages=([], ["train"]),
    schedule=(None, "0 3 * * 1"),
    dvc_remote=("s3://seedbed-test-data/dvc/scoring", "s3://seedbed-other-data/dvc/scoring"),
    tracking_url=(None, "http://tracking.tracking.svc:5000"),
    script=("print(1)", "print(2)"),
    gpus=(1, 2),
    gpu_resource=("nvidia.com/gpu", "nvidia.com/mig-3g.20gb"),
    work_gib=(20, 50),
    deadline_hours=(12, 24),
    retries=(1, 0),
)

ENDPOINT = instance(
    ModelEndpoint,
    ModelEndpointArgs,
    **{**RUN, **IN_CLUSTER},
    endpoint=("credit", "other"),
    model=("credit-scoring", "other"),
    alias=("champion", "best"),
    canary_alias=("challenger", "next"),
    canary_percent=(10, None),
    runtime=("mlserver", "sklearn"),
    image_repository=("seedbed-test/serving", "seedbed-test/other"),
    replicas_min=(1, 2),
    replicas_max=(6, 8),
    gpus=(1, 2),
    gpu_resource=("nvidia.com/gpu", "nvidia.com/mig-3g.20gb"),
    model_gib=(1, 2),
    callers=(["scoring"], []),
    tracking=("tracking", "elsewhere"),
    tracking_url=("http://tracking.tracking.svc:5000", "http://elsewhere.tracking.svc:5000"),
    artifact_bucket=("seedbed-test-artifacts", "seedbed-other-artifacts"),
    artifact_prefix=("models/scoring", "models/other"),
    captured=("seedbed-test-capture/credit", None),
    capture_percent=(20, 50),
    capture_kms_aliases=(["alias/personal"], ["alias/other-personal"]),
    s3_cidrs=(["192.0.2.0/24"], ["198.51.100.0/24"]),
    scripts=(SCRIPTS, {**SCRIPTS, "load_model.py": "four"}),
)

DRIFT = instance(
    DriftWatch,
    DriftWatchArgs,
    **{**RUN, **IN_CLUSTER},
    endpoint=("credit", "other"),
    schedule=("0 * * * *", "30 * * * *"),
    threshold=(0.2, 0.3),
    image_repository=("seedbed-test/training", "seedbed-test/other"),
    captured=("seedbed-test-capture/credit", "seedbed-other-capture/credit"),
    reference=("seedbed-test-artifacts/reference/credit", "seedbed-other-artifacts/reference/credit"),
    scripts=(SCRIPTS, {**SCRIPTS, "load_model.py": "four"}),
    retrain=("credit-on-demand", None),
    retrain_pod=(pod(PIPELINE.args), pod(replace(PIPELINE.args, revision=40 * "c"))),
    alarm_topic_arn=TOPICS,
)

MONITORING = instance(
    ClusterMonitoring,
    ClusterMonitoringArgs,
    cluster_name=("seedbed-test", "seedbed-other"),
    gpu_idle_hours=(2, None),
    gpu_idle_percent=(5, 10),
    pending_minutes=(30, 60),
    restarts=({"tracking": Watched("tracking", "mlflow")}, {}),
    waiting=([], [Watched("scoring", "credit-predictor")]),
    topic_arn=TOPICS,
)

SERVING = [PIPELINE, ENDPOINT, DRIFT, MONITORING]
