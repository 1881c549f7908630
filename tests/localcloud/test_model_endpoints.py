"""Models, endpoints and their scaling as the API References of SageMaker and Application Auto Scaling tell of them."""

import json

import pytest

from tests.localcloud.refusals import refused

IMAGE = f"000000000000.dkr.ecr.eu-central-1.amazonaws.com/models@sha256:{'a' * 64}"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"


@pytest.fixture
def sagemaker(aws):
    return aws("sagemaker")


@pytest.fixture
def role(aws, name):
    statement = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]


@pytest.fixture
def model(sagemaker, name, role):
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": IMAGE})
    return name


def configuration(sagemaker, name, model, **more):
    variant = {
        "VariantName": "main",
        "ModelName": model,
        "InstanceType": "ml.m7i.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], **more)
    return name


def test_a_model_keeps_its_isolation_and_its_network(aws, sagemaker, name, role):
    """API Reference, CreateModel and DescribeModel."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName=name, Description="models", VpcId=vpc)["GroupId"]
    network = {"Subnets": [subnet], "SecurityGroupIds": [group]}
    container = {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": {"A": "1"}}
    asked = {"ExecutionRoleArn": role, "EnableNetworkIsolation": True, "VpcConfig": network}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, **asked)
    found = sagemaker.describe_model(ModelName=name)
    assert {key: found[key] for key in asked} == asked
    assert found["PrimaryContainer"] == {**container, "Mode": "SingleModel"}
    with refused("ValidationException", "already existing model"):
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, **asked)
    with refused("ValidationException", "subnet-none"):
        network = {**network, "Subnets": ["subnet-none"]}
        sagemaker.create_model(ModelName=f"{name}-2", PrimaryContainer=container, **{**asked, "VpcConfig": network})


def test_a_model_needs_a_role_that_sagemaker_may_take_on(aws, sagemaker, name):
    """API Reference, CreateModel, ExecutionRoleArn."""
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    other = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for role in (other, "arn:aws:iam::000000000000:role/there-is-none"):
        with refused("ValidationException", "Could not assume role", role):
            sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": IMAGE})


def test_a_configuration_keeps_what_is_captured_and_with_which_key(aws, sagemaker, name, model):
    """API Reference, CreateEndpointConfig and DataCaptureConfig."""
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 20,
        "DestinationS3Uri": "s3://bucket/capture",
        "KmsKeyId": key,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    configuration(sagemaker, name, model, KmsKeyId=key, DataCaptureConfig=capture)
    found = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert (found["KmsKeyId"], found["DataCaptureConfig"]) == (key, capture)
    assert found["ProductionVariants"][0]["InstanceType"] == "ml.m7i.large"
    with refused("ValidationException", "already existing"):
        configuration(sagemaker, name, model)
    with refused("ValidationException", "alias/none"):
        configuration(sagemaker, f"{name}-2", model, KmsKeyId="alias/none")
    with refused("ValidationException", "ml.none.large"):
        variant = {"VariantName": "a", "ModelName": model, "InstanceType": "ml.none.large", "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(EndpointConfigName=f"{name}-2", ProductionVariants=[variant])


def test_an_endpoint_moves_to_a_new_configuration(sagemaker, name, model):
    """API Reference, CreateEndpoint, UpdateEndpoint and DescribeEndpoint."""
    first, second = (configuration(sagemaker, f"{name}-{number}", model) for number in (1, 2))
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60}
    rollout = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    }
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=first, DeploymentConfig=rollout)
    found = sagemaker.describe_endpoint(EndpointName=name)
    assert (found["EndpointStatus"], found["LastDeploymentConfig"]) == ("InService", rollout)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=second)
    found = sagemaker.describe_endpoint(EndpointName=name)
    assert found["EndpointConfigName"] == second
    assert "LastDeploymentConfig" not in found
    with refused("ValidationException", "Could not find endpoint configuration"):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName="none")
    with refused("ValidationException", "already existing endpoint"):
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=first)
    sagemaker.delete_endpoint(EndpointName=name)
    with refused("ValidationException", "Could not find endpoint"):
        sagemaker.describe_endpoint(EndpointName=name)


def test_a_tag_has_one_value(sagemaker, model):
    """API Reference, AddTags."""
    arn = sagemaker.describe_model(ModelName=model)["ModelArn"]
    for value in ("1", "2"):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": value}])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]


def test_an_endpoint_scales_between_its_bounds_by_a_policy(aws, sagemaker, name, model):
    """Application Auto Scaling API Reference, RegisterScalableTarget and PutScalingPolicy."""
    scaling = aws("application-autoscaling")
    configuration(sagemaker, name, model)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    variant = {"ServiceNamespace": "sagemaker", "ScalableDimension": DIMENSION}
    whole = {**variant, "ResourceId": f"endpoint/{name}/variant/main"}
    with refused("ValidationException", "no variant of an endpoint"):
        other = f"endpoint/{name}/variant/other"
        scaling.register_scalable_target(**{**whole, "ResourceId": other}, MinCapacity=1, MaxCapacity=2)
    with refused("ValidationException", "Maximum capacity cannot be less"):
        scaling.register_scalable_target(**whole, MinCapacity=3, MaxCapacity=2)
    with refused("ObjectNotFoundException", "No scalable target"):
        scaling.put_scaling_policy(
            **whole,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": 70.0},
        )
    arn = scaling.register_scalable_target(**whole, MinCapacity=1, MaxCapacity=2, Tags={"a": "1"})["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"b": "2"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"b": "2"}

    def put(value):
        tracked = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        return scaling.put_scaling_policy(
            **whole,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": value,
                "PredefinedMetricSpecification": tracked,
                "ScaleInCooldown": 300,
            },
        )

    first, again = put(70.0), put(50.0)
    assert first["PolicyARN"] == again["PolicyARN"]
    (found,) = scaling.describe_scaling_policies(
        ServiceNamespace="sagemaker", ResourceId=whole["ResourceId"], PolicyNames=[name]
    )["ScalingPolicies"]
    assert found["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 50.0
    assert [alarm["AlarmName"] for alarm in found["Alarms"]] == [alarm["AlarmName"] for alarm in again["Alarms"]]
    prefix = f"TargetTracking-{whole['ResourceId']}"

    def alarms():
        return aws("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]

    assert {alarm["Threshold"] for alarm in alarms()} == {50.0, 45.0}
    scaling.deregister_scalable_target(**whole)
    assert alarms() == []
    with refused("ObjectNotFoundException", "No scaling policy"):
        scaling.delete_scaling_policy(**whole, PolicyName=name)
    sagemaker.delete_endpoint(EndpointName=name)
