"""Instances of the components that watch, tell and serve."""

from components.alerts import AlertTopic, AlertTopicArgs
from components.captured_requests import CapturedRequests, CapturedRequestsArgs
from components.erasure import Erasure, ErasureArgs
from components.monitoring import Monitoring, MonitoringArgs
from components.notices import Notices, NoticesArgs
from components.sagemaker import SageMakerEndpoint, SageMakerEndpointArgs
from components.served_model import ServedModel, ServedModelArgs
from components.spend import SpendGuard, SpendGuardArgs
from tests.unit.components.instance import KEY, OTHER_KEY, instance

TOPIC = "arn:aws:sns:eu-central-1:000000000000:alerts"
OTHER_TOPIC = "arn:aws:sns:eu-central-1:000000000000:other"

ROLE = "arn:aws:iam::000000000000:role/emergency"
MODEL = {
    "endpoint_name": ("seedbed-test-scoring", "seedbed-other-scoring"),
    "repository": ("seedbed-test/serving", "seedbed-other/serving"),
    "image_digest": ("sha256:" + 64 * "1", "sha256:" + 64 * "2"),
    "artifact_bucket": ("seedbed-test-artifacts", "seedbed-other-artifacts"),
    "artifact": ("models/1/model.tar.gz", "models/2/model.tar.gz"),
    "capture_bucket_name": ("seedbed-test-capture", "seedbed-other-capture"),
    "vpc_id": ("vpc-1", "vpc-2"),
    "subnet_ids": (["subnet-1", "subnet-2"], ["subnet-1", "subnet-3"]),
}

ERASURE = instance(
    Erasure,
    ErasureArgs,
    way=("dvc-rewrite", "row-delete"),
    buckets=(["seedbed-test-data"], ["seedbed-test-data", "seedbed-test-other"]),
    kms_aliases=(["alias/one"], ["alias/two"]),
    schedule=("15 2 * * *", "45 2 * * *"),
    image=("ghcr.io/mlflow/mlflow:v3.17.2-full", "ghcr.io/mlflow/mlflow:v3.17.3-full"),
    scripts=({"erase_objects.py": "one"}, {"erase_objects.py": "two"}),
    cidr=("10.0.0.0/16", "10.1.0.0/16"),
    s3_cidrs=([], ["3.5.134.0/23"]),
    kubernetes_version=("1.34", "1.33"),
    alarm_topic_arn=(TOPIC, OTHER_TOPIC),
    cluster_name=("seedbed-test", "seedbed-other"),
    cluster=("seedbed-test", "seedbed-other"),
)

OPERATIONS = [
    ERASURE,
    instance(
        AlertTopic,
        AlertTopicArgs,
        topic_name=("seedbed-test-alerts", "seedbed-other-alerts"),
        emails=(["ml@example.com"], ["ml@example.com", "risk@example.com"]),
        rotation_days=(365, 180),
        deletion_window_days=(30, 7),
    ),
    instance(
        SpendGuard,
        SpendGuardArgs,
        system=("seedbed", "credit"),
        environment=("test", "other"),
        monthly_usd=(1000, 2000),
        anomaly_usd=(100, 50),
        topic_arn=(TOPIC, OTHER_TOPIC),
        emails=(["ml@example.com"], []),
    ),
    instance(Notices, NoticesArgs, topic_arn=(TOPIC, OTHER_TOPIC), break_glass_roles=([], [ROLE])),
    instance(
        Monitoring,
        MonitoringArgs,
        buckets=({"seedbed-test-artifacts": "artifacts-id"}, {"seedbed-test-data": "data-id"}),
        cluster=("seedbed-test", None),
        database=("seedbed-test-tracking", None),
        endpoints=(["seedbed-test-scoring"], []),
        alarms=(["seedbed-test-tracking-cpu"], []),
        topic_arn=(TOPIC, OTHER_TOPIC),
        privacy_topic_arn=(OTHER_TOPIC, TOPIC),
        break_glass_roles=([ROLE], []),
    ),
    instance(
        CapturedRequests,
        CapturedRequestsArgs,
        bucket_name=("seedbed-test-capture", "seedbed-other-capture"),
        region=("eu-central-1", "cn-north-1"),
        log_bucket=("logs", "other-logs"),
        retention_days=(30, 14),
        data_origin=("real", "synthetic"),
        purpose=("quality assurance", "fraud detection"),
        legal_basis=("contract", "consent"),
        controller=("Example Bank", "Other Bank"),
        register_id=(None, "PR-7"),
        recipients=([], ["risk-models"]),
        erasure_path=("lifecycle-expiry", "dvc-rewrite"),
    ),
    instance(ServedModel, ServedModelArgs, kms_aliases=(["alias/one"], ["alias/two"]), **MODEL),
    instance(
        SageMakerEndpoint,
        SageMakerEndpointArgs,
        **MODEL,
        instance_type=("ml.m7i.large", "ml.g5.xlarge"),
        min_instances=(1, 2),
        max_instances=(2, 4),
        invocations_per_instance=(600, 60),
        latency_limit_ms=(1000, 200),
        capture_percent=(10, None),
        capture_bucket=("capture-id", "other-id"),
        capture_kms_key_arn=(KEY, OTHER_KEY),
        capture_kms_alias=("alias/personal", "alias/other"),
        kms_alias=("alias/one", "alias/two"),
        data_class=("internal", "confidential"),
        log_retention_days=(90, 30),
        alarm_topic_arn=(TOPIC, OTHER_TOPIC),
    ),
]
