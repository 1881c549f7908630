"""Alarms, events and spend, and the topic that they reach."""

import json

import pulumi
import pulumi_aws as aws

from tests.integration.each_type.ground import POLICY, TAGS, key, own

topic = aws.sns.Topic("topic", name="demo-one-alerts", kms_master_key_id=key.arn, tags=TAGS, opts=own)
aws.sns.TopicPolicy("topic-policy", arn=topic.arn, policy=POLICY, opts=own)
aws.sns.TopicSubscription("mail", topic=topic.arn, protocol="email", endpoint="a@example.com", opts=own)
alarm = aws.cloudwatch.MetricAlarm(
    "alarm",
    name="demo-one-database-storage",
    alarm_description="d",
    namespace="AWS/RDS",
    metric_name="FreeStorageSpace",
    dimensions={"DBInstanceIdentifier": "demo-one-tracking"},
    statistic="Average",
    comparison_operator="LessThanThreshold",
    threshold=1e9,
    period=300,
    evaluation_periods=3,
    datapoints_to_alarm=3,
    treat_missing_data="breaching",
    alarm_actions=[topic.arn],
    ok_actions=[topic.arn],
    tags=TAGS,
    opts=own,
)
aws.cloudwatch.MetricAlarm(
    "alarm-query",
    name="demo-one-errors",
    comparison_operator="GreaterThanThreshold",
    threshold=0.01,
    evaluation_periods=1,
    metric_queries=[
        {"id": "rate", "expression": "errors / all", "label": "rate", "return_data": True},
        *(
            {
                "id": short,
                "metric": {
                    "namespace": "AWS/S3",
                    "metric_name": name,
                    "period": 300,
                    "stat": "Sum",
                    "dimensions": {"BucketName": "b"},
                },
            }
            for short, name in (("errors", "4xxErrors"), ("all", "AllRequests"))
        ),
    ],
    tags=TAGS,
    opts=own,
)
aws.cloudwatch.CompositeAlarm(
    "composite",
    alarm_name="demo-one",
    alarm_rule=alarm.name.apply(lambda name: f'ALARM("{name}")'),
    alarm_actions=[topic.arn],
    tags=TAGS,
    opts=own,
)
aws.cloudwatch.Dashboard(
    "dashboard",
    dashboard_name="demo-one",
    dashboard_body=pulumi.Output.json_dumps({"widgets": [{"type": "alarm", "properties": {"alarms": [alarm.arn]}}]}),
    opts=own,
)
rule = aws.cloudwatch.EventRule(
    "rule",
    name="demo-one-break-glass",
    event_pattern=json.dumps({"source": ["aws.signin"]}),
    state="ENABLED",
    tags=TAGS,
    opts=own,
)
aws.cloudwatch.EventTarget(
    "target",
    rule=rule.name,
    target_id="alerts",
    arn=topic.arn,
    input_transformer={"input_paths": {"who": "$.detail.userIdentity.arn"}, "input_template": '"<who>"'},
    opts=own,
)

aws.budgets.Budget(
    "budget",
    name="demo-one",
    budget_type="COST",
    limit_amount="500",
    limit_unit="USD",
    time_unit="MONTHLY",
    cost_filters=[{"name": "TagKeyValue", "values": ["user:environment$one"]}],
    notifications=[
        {
            "comparison_operator": "GREATER_THAN",
            "threshold": 80,
            "threshold_type": "PERCENTAGE",
            "notification_type": kind,
            "subscriber_email_addresses": ["a@example.com"],
        }
        for kind in ("ACTUAL", "FORECASTED")
    ],
    tags=TAGS,
    opts=own,
)
monitor = aws.costexplorer.AnomalyMonitor(
    "monitor",
    name="demo-one",
    monitor_type="CUSTOM",
    monitor_specification=json.dumps({"Tags": {"Key": "environment", "Values": ["one"]}}),
    tags=TAGS,
    opts=own,
)
aws.costexplorer.AnomalySubscription(
    "anomalies",
    name="demo-one",
    frequency="DAILY",
    monitor_arn_lists=[monitor.arn],
    subscribers=[{"type": "EMAIL", "address": "a@example.com"}],
    threshold_expression={
        "dimension": {
            "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
            "match_options": ["GREATER_THAN_OR_EQUAL"],
            "values": ["50"],
        }
    },
    tags=TAGS,
    opts=own,
)
