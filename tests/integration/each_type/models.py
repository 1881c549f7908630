"""A model behind an endpoint that scales, and the registry of its image."""

import pulumi_aws as aws

from tests.integration.each_type.alerts import alarm
from tests.integration.each_type.ground import ACCOUNT, POLICY, REGION, TAGS, group, key, own, role, subnets

registry = aws.ecr.Repository("registry", name="demo/model", tags=TAGS, opts=own)
aws.ecr.RepositoryPolicy("registry-access", repository=registry.name, policy=POLICY, opts=own)
aws.ecr.RegistryScanningConfiguration(
    "scans",
    scan_type="ENHANCED",
    rules=[{"scan_frequency": "CONTINUOUS_SCAN", "repository_filters": [{"filter": "*", "filter_type": "WILDCARD"}]}],
    opts=own,
)
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/demo/model@sha256:" + "0" * 64
model = aws.sagemaker.Model(
    "model",
    name="demo-one-scoring",
    execution_role_arn=role.arn,
    enable_network_isolation=True,
    primary_container={"image": IMAGE, "model_data_url": "s3://demo-one-artifacts/model.tar.gz"},
    vpc_config={"subnets": [s.id for s in subnets], "security_group_ids": [group.id]},
    tags=TAGS,
    opts=own,
)
configuration = aws.sagemaker.EndpointConfiguration(
    "configuration",
    name="demo-one-scoring-0123",
    kms_key_arn=key.arn,
    production_variants=[
        {
            "variant_name": "main",
            "model_name": model.name,
            "instance_type": "ml.m7i.large",
            "initial_instance_count": 1,
        }
    ],
    data_capture_config={
        "enable_capture": True,
        "initial_sampling_percentage": 10,
        "destination_s3_uri": "s3://demo-one-capture/scoring",
        "kms_key_id": key.arn,
        "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
        "capture_content_type_header": {"json_content_types": ["application/json"]},
    },
    tags=TAGS,
    opts=own,
)
endpoint = aws.sagemaker.Endpoint(
    "endpoint",
    name="demo-one-scoring",
    endpoint_config_name=configuration.name,
    deployment_config={
        "auto_rollback_configuration": {"alarms": [{"alarm_name": alarm.name}]},
        "rolling_update_policy": {
            "maximum_batch_size": {"type": "CAPACITY_PERCENT", "value": 50},
            "wait_interval_in_seconds": 300,
        },
    },
    tags=TAGS,
    opts=own,
)
target = aws.appautoscaling.Target(
    "scaled",
    min_capacity=1,
    max_capacity=2,
    resource_id=endpoint.name.apply(lambda name: f"endpoint/{name}/variant/main"),
    scalable_dimension="sagemaker:variant:DesiredInstanceCount",
    service_namespace="sagemaker",
    tags=TAGS,
    opts=own,
)
aws.appautoscaling.Policy(
    "scaling",
    name="demo-one-scoring",
    policy_type="TargetTrackingScaling",
    resource_id=target.resource_id,
    scalable_dimension=target.scalable_dimension,
    service_namespace=target.service_namespace,
    target_tracking_scaling_policy_configuration={
        "predefined_metric_specification": {"predefined_metric_type": "SageMakerVariantInvocationsPerInstance"},
        "target_value": 100,
        "scale_in_cooldown": 300,
        "scale_out_cooldown": 60,
    },
    opts=own,
)
