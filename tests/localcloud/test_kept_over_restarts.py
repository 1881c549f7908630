"""What extensions keep outlives the process of the account: nothing is lost or doubled by a stop and a start."""

import json
from functools import partial

import pytest

from localcloud import LocalCloud
from tests.localcloud.conftest import connect

ACCOUNT = "000000000000"
TAGS = [{"Key": "a", "Value": "1"}]
SERVICE = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
IMAGE = f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com/m@sha256:{'0' * 64}"


@pytest.fixture
def cloud(tmp_path):
    made = LocalCloud(tmp_path / "cloud")
    yield made
    made.stop()


def fill(aws):
    """One of each kind that extensions keep."""
    aws("guardduty").create_detector(Enable=True, Tags={"a": "1"})
    aws("accessanalyzer").create_analyzer(analyzerName="one", type="ACCOUNT", tags={"a": "1"})
    limit = {"Amount": "5", "Unit": "USD"}
    budget = {"BudgetName": "one", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}
    aws("budgets").create_budget(AccountId=ACCOUNT, Budget=budget, ResourceTags=TAGS)
    monitor = {"MonitorName": "one", "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}
    aws("ce").create_anomaly_monitor(AnomalyMonitor=monitor, ResourceTags=TAGS)
    aws("cloudwatch").put_composite_alarm(AlarmName="one", AlarmRule="TRUE", Tags=TAGS)
    topic = aws("sns").create_topic(Name="one")["TopicArn"]
    aws("sns").set_topic_attributes(TopicArn=topic, AttributeName="TracingConfig", AttributeValue="Active")
    aws("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="someone@example.com")
    document = json.dumps({"Version": "2012-10-17", "Statement": [SERVICE]})
    role = aws("iam").create_role(RoleName="one", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    container = {"Image": IMAGE}
    model = {"ExecutionRoleArn": role, "PrimaryContainer": container, "EnableNetworkIsolation": True}
    aws("sagemaker").create_model(ModelName="one", **model)
    variant = {"VariantName": "a", "ModelName": "one", "InstanceType": "ml.m7i.large", "InitialInstanceCount": 1}
    aws("sagemaker").create_endpoint_config(EndpointConfigName="one", ProductionVariants=[variant])
    aws("sagemaker").create_endpoint(
        EndpointName="one",
        EndpointConfigName="one",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 1}
            }
        },
    )
    aws("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        ResourceId="endpoint/one/variant/a",
        MinCapacity=1,
        MaxCapacity=2,
        Tags={"a": "1"},
    )


def told(aws):
    """All that the account says of them, without what belongs to an answer alone."""
    guard, topics, models = aws("guardduty"), aws("sns"), aws("sagemaker")
    (detector,) = guard.list_detectors()["DetectorIds"]
    (topic,) = topics.list_topics()["Topics"]
    answers = [
        guard.get_detector(DetectorId=detector),
        aws("accessanalyzer").get_analyzer(analyzerName="one"),
        aws("budgets").describe_budget(AccountId=ACCOUNT, BudgetName="one"),
        aws("ce").get_anomaly_monitors(),
        aws("cloudwatch").describe_alarms(AlarmTypes=["CompositeAlarm"]),
        topics.get_topic_attributes(**topic),
        topics.list_subscriptions(),
        models.describe_model(ModelName="one"),
        models.describe_endpoint_config(EndpointConfigName="one"),
        models.describe_endpoint(EndpointName="one"),
        aws("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker"),
    ]
    for answer in answers:
        answer.pop("ResponseMetadata")
    return answers


def test_everything_is_as_it_was_after_a_restart(cloud):
    before = partial(connect, cloud.start())
    fill(before)
    said = told(before)
    cloud.stop()
    assert told(partial(connect, cloud.start())) == said
