"""Of services that watch, tell, count money and serve models: one of each type."""

import json

import pulumi
import pulumi_aws as aws

ACCOUNT, REGION = "000000000000", "eu-central-1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/serving@sha256:{'0' * 64}"


def make(model_role, subnet_ids, group_ids, tags):
    """Makes them all."""
    topic = aws.sns.Topic("topic", name="sample", signature_version=2, tracing_config="Active", tags=tags)
    key = aws.kms.Key("key", description="sample")
    alarm = aws.cloudwatch.MetricAlarm(
        "alarm",
        name="sample-errors",
        comparison_operator="GreaterThanThreshold",
        evaluation_periods=3,
        datapoints_to_alarm=2,
        threshold=1,
        treat_missing_data="notBreaching",
        insufficient_data_actions=[topic.arn],
        metric_queries=[
            {"id": "rate", "expression": "100 * errors", "label": "errors", "return_data": True},
            {
                "id": "errors",
                "metric": {
                    "namespace": "AWS/S3",
                    "metric_name": "4xxErrors",
                    "period": 300,
                    "stat": "Sum",
                    "dimensions": {"BucketName": "sample"},
                },
            },
        ],
        tags=tags,
    )
    _watch(alarm, topic, tags)
    _count_money(topic, tags)
    _serve(model_role, subnet_ids, group_ids, key, alarm, tags)


def _watch(alarm, topic, tags):
    aws.cloudwatch.CompositeAlarm(
        "composite",
        alarm_name="sample",
        alarm_description="everything",
        alarm_rule=pulumi.Output.format('ALARM("{0}")', alarm.name),
        actions_enabled=True,
        alarm_actions=[topic.arn],
        ok_actions=[topic.arn],
        insufficient_data_actions=[topic.arn],
        tags=tags,
    )
    widget = {"type": "text", "width": 6, "height": 3, "properties": {"markdown": "sample"}}
    aws.cloudwatch.Dashboard("dashboard", dashboard_name="sample", dashboard_body=json.dumps({"widgets": [widget]}))
    rule = aws.cloudwatch.EventRule(
        "rule",
        name="sample",
        description="findings",
        event_pattern=json.dumps({"source": ["aws.guardduty"], "detail": {"severity": [{"numeric": [">=", 4]}]}}),
        state="ENABLED",
        tags=tags,
    )
    aws.cloudwatch.EventTarget(
        "target",
        rule=rule.name,
        target_id="topic",
        arn=topic.arn,
        input_transformer={"input_paths": {"kind": "$.detail.type"}, "input_template": '"<kind>"'},
    )
    bucket = aws.s3.Bucket("bucket", bucket="sample-of-metrics")
    aws.s3.BucketMetric("metric", bucket=bucket.id, name="everything", filter={"prefix": "data/"})


def _count_money(topic, tags):
    aws.budgets.Budget(
        "budget",
        name="sample",
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount="100",
        limit_unit="USD",
        cost_filters=[{"name": "TagKeyValue", "values": ["user:system$seedbed"]}],
        notifications=[
            {
                "comparison_operator": "GREATER_THAN",
                "notification_type": kind,
                "threshold": 80,
                "threshold_type": "PERCENTAGE",
                "subscriber_email_addresses": ["someone@example.com"],
                "subscriber_sns_topic_arns": [topic.arn],
            }
            for kind in ("ACTUAL", "FORECASTED")
        ],
        tags=tags,
    )
    followed = {"Key": "system", "MatchOptions": None, "Values": ["seedbed"]}
    nothing = dict.fromkeys(("And", "CostCategories", "Dimensions", "Not", "Or"))
    monitor = aws.costexplorer.AnomalyMonitor(
        "monitor",
        name="sample",
        monitor_type="CUSTOM",
        monitor_specification=json.dumps({**nothing, "Tags": followed}),
        tags=tags,
    )
    above = {"key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "match_options": ["GREATER_THAN_OR_EQUAL"], "values": ["50"]}
    aws.costexplorer.AnomalySubscription(
        "subscription",
        name="sample",
        frequency="IMMEDIATE",
        monitor_arn_lists=[monitor.arn],
        subscribers=[{"type": "SNS", "address": topic.arn}],
        threshold_expression={"dimension": above},
        tags=tags,
    )


def _serve(role, subnet_ids, group_ids, key, alarm, tags):
    model = aws.sagemaker.Model(
        "model",
        name="sample",
        execution_role_arn=role.arn,
        enable_network_isolation=True,
        vpc_config={"subnets": subnet_ids, "security_group_ids": group_ids},
        primary_container={"image": IMAGE, "model_data_url": "s3://sample/model.tar.gz", "environment": {"A": "1"}},
        tags=tags,
    )
    configuration = aws.sagemaker.EndpointConfiguration(
        "configuration",
        name="sample",
        kms_key_arn=key.arn,
        production_variants=[
            {
                "variant_name": "main",
                "model_name": model.name,
                "instance_type": "ml.m7i.large",
                "initial_instance_count": 1,
                "initial_variant_weight": 1,
            }
        ],
        data_capture_config={
            "enable_capture": True,
            "initial_sampling_percentage": 20,
            "destination_s3_uri": "s3://sample/captured",
            "kms_key_id": key.arn,
            "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
            "capture_content_type_header": {"json_content_types": ["application/json"]},
        },
        tags=tags,
    )
    endpoint = aws.sagemaker.Endpoint(
        "endpoint",
        name="sample",
        endpoint_config_name=configuration.name,
        deployment_config={
            "blue_green_update_policy": {
                "traffic_routing_configuration": {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": 60}
            },
            "auto_rollback_configuration": {"alarms": [{"alarm_name": alarm.name}]},
        },
        tags=tags,
    )
    target = aws.appautoscaling.Target(
        "scaled",
        service_namespace="sagemaker",
        scalable_dimension="sagemaker:variant:DesiredInstanceCount",
        resource_id=pulumi.Output.format("endpoint/{0}/variant/main", endpoint.name),
        min_capacity=1,
        max_capacity=2,
        tags=tags,
    )
    aws.appautoscaling.Policy(
        "policy",
        name="sample",
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration={
            "target_value": 70,
            "predefined_metric_specification": {"predefined_metric_type": "SageMakerVariantInvocationsPerInstance"},
            "scale_in_cooldown": 300,
            "scale_out_cooldown": 60,
        },
    )
