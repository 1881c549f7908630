"""Stacks of the local account against what AWS documents of CloudFormation."""

import json

import pytest

from localcloud import LocalCloud
from tests.localcloud.conftest import REGION, connect
from tests.localcloud.refusals import refused
from tests.localcloud.stack_templates import identities, template

NAMED = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}


@pytest.fixture
def cloudformation(aws):
    return aws("cloudformation")


def status(cloudformation, name: str) -> str:
    return cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]


def reasons(cloudformation, name: str) -> list[str]:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return [event.get("ResourceStatusReason", "") for event in events if event["ResourceStatus"].endswith("_FAILED")]


def _key(aws, name: str) -> str:
    return aws("kms").describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["KeyId"]


def test_a_bucket_of_a_stack_is_as_the_template_says(aws, cloudformation, name):
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template(name)))
    assert status(cloudformation, name) == "CREATE_COMPLETE"
    s3, bucket = aws("s3"), f"{name}-bucket"
    key = aws("kms").describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["Arn"]

    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule == {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,
    }
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert (blocked["BlockPublicAcls"], blocked["RestrictPublicBuckets"]) == (True, False)
    owned = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owned == [{"ObjectOwnership": "BucketOwnerPreferred"}]
    old, new = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert old["NoncurrentVersionExpiration"] == {"NoncurrentDays": 9, "NewerNoncurrentVersions": 2}
    assert (new["Filter"], new["Expiration"]) == ({"Prefix": "x/"}, {"Days": 5})
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert policy["Statement"][0]["Resource"] == f"arn:aws:s3:::{bucket}/*"
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}
    assert tags["of"] == tags["aws:cloudformation:stack-name"] == name
    assert tags["aws:cloudformation:logical-id"] == "Bucket"


def test_a_key_of_a_stack_rotates_and_has_its_alias_and_tags(aws, cloudformation, name):
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template(name)))
    kms = aws("kms")
    key = kms.describe_key(KeyId=f"alias/{name}")["KeyMetadata"]
    rotation = kms.get_key_rotation_status(KeyId=key["KeyId"])
    assert (rotation["KeyRotationEnabled"], rotation["RotationPeriodInDays"]) == (True, 120)
    assert {"TagKey": "of", "TagValue": name} in kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]
    (output,) = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    assert output == {"OutputKey": "KeyArn", "OutputValue": key["Arn"], "Description": "the key"}


def test_a_policy_and_a_provider_of_a_stack_are_iams(aws, cloudformation, name):
    body = json.dumps(identities(name))
    with refused("InsufficientCapabilitiesException", "CAPABILITY_NAMED_IAM"):
        cloudformation.create_stack(StackName=name, TemplateBody=body)
    cloudformation.create_stack(StackName=name, TemplateBody=body, **NAMED)
    found = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    }
    iam = aws("iam")
    assert iam.get_policy(PolicyArn=found["Policy"])["Policy"]["PolicyName"] == name
    provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=found["Provider"])
    assert provider["Url"] == f"{name}.example.com"
    assert provider["ClientIDList"] == ["sts.amazonaws.com"]
    assert provider["Tags"] == [{"Key": "of", "Value": name}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t["Resources"].update(Queue={"Type": "AWS::SQS::Queue"}), "AWS::SQS::Queue"),
        (
            lambda t: t["Resources"]["Bucket"]["Properties"].update(AccelerateConfiguration={}),
            "AccelerateConfiguration",
        ),
        (
            lambda t: t["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"][0].update(
                Transitions=[]
            ),
            "LifecycleConfiguration.Rules.0.Transitions",
        ),
        (lambda t: t.update(Conditions={}), "Conditions"),
        (lambda t: t["Resources"]["Bucket"].update(Condition="x"), "Condition"),
        (lambda t: t["Resources"]["Key"]["Properties"].update(Description={"Fn::Sub": "x"}), "Fn::Sub"),
    ],
)
def test_what_the_account_would_have_to_leave_out_is_refused_by_name(cloudformation, name, change, words):
    body = template(name)
    change(body)
    with refused("NotImplementedByLocalCloud", words):
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
    with refused("ValidationError", "does not exist"):
        cloudformation.describe_stacks(StackName=name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r["Alias"]["Properties"].pop("TargetKeyId"), "required key [TargetKeyId] not found"),
        (lambda r: r["Alias"]["Properties"].update(TargetKeyId={"Ref": "Nobody"}), "[Nobody]"),
        (lambda r: r["Key"].update(DependsOn="Alias"), "Circular dependency between resources: [Alias, Bucket, Key"),
        (lambda r: r["Key"].update(DeletionPolicy="Keep"), "found Keep"),
        (lambda r: r.clear(), "At least one Resources member"),
    ],
)
def test_a_template_that_cannot_be_is_refused(cloudformation, name, change, words):
    body = template(name)
    change(body["Resources"])
    with refused("ValidationError", words):
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))


def test_a_creation_that_fails_leaves_nothing_and_says_why(aws, cloudformation, name):
    aws("kms").create_alias(AliasName=f"alias/{name}", TargetKeyId=aws("kms").create_key()["KeyMetadata"]["KeyId"])
    body = template(name)
    body["Resources"]["Bucket"]["DeletionPolicy"] = "RetainExceptOnCreate"
    body["Resources"]["Alias"]["DependsOn"] = "Policy"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
    assert status(cloudformation, name) == "ROLLBACK_COMPLETE"
    assert reasons(cloudformation, name) == [f"alias/{name} already exists"]
    assert f"{name}-bucket" not in {bucket["Name"] for bucket in aws("s3").list_buckets()["Buckets"]}
    with refused("AlreadyExistsException"):
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
    cloudformation.delete_stack(StackName=name)
    with refused("ValidationError", "does not exist"):
        cloudformation.describe_stacks(StackName=name)


def test_what_a_stack_keeps_stays_when_the_stack_goes(aws, cloudformation, name):
    body = template(name)
    body["Resources"]["Bucket"]["DeletionPolicy"] = "RetainExceptOnCreate"
    made = cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body), EnableTerminationProtection=True)[
        "StackId"
    ]
    with refused("ValidationError", "TerminationProtection"):
        cloudformation.delete_stack(StackName=name)
    cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    key = _key(aws, name)
    cloudformation.delete_stack(StackName=name)
    assert aws("s3").get_bucket_versioning(Bucket=f"{name}-bucket")["Status"] == "Enabled"
    assert aws("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert status(cloudformation, made) == "DELETE_COMPLETE"
    with refused("ValidationError", "does not exist"):
        cloudformation.describe_stacks(StackName=name)


def test_a_stack_whose_bucket_holds_objects_is_not_deleted(aws, cloudformation, name):
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template(name)))
    aws("s3").put_object(Bucket=f"{name}-bucket", Key="x", Body=b"x")
    cloudformation.delete_stack(StackName=name)
    assert status(cloudformation, name) == "DELETE_FAILED"
    assert any("not empty" in reason for reason in reasons(cloudformation, name))


def test_operations_that_are_not_kept_are_refused(cloudformation, name):
    with refused("NotImplementedByLocalCloud", "CreateStackSet"):
        cloudformation.create_stack_set(StackSetName=name, TemplateBody="{}")
    with refused("NotImplementedByLocalCloud", "Parameters"):
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template(name)),
            Parameters=[{"ParameterKey": "a", "ParameterValue": "b"}],
        )


def test_a_stack_is_kept_over_a_restart(tmp_path, name):
    cloud = LocalCloud(tmp_path / "state")
    made = connect(cloud.start(report=lambda _: None), "cloudformation")
    made.create_stack(StackName=name, TemplateBody=json.dumps(template(name)))
    cloud.stop(report=lambda _: None)
    try:
        again = connect(cloud.start(report=lambda _: None), "cloudformation")
        assert status(again, name) == "CREATE_COMPLETE"
        assert len(again.describe_stack_resources(StackName=name)["StackResources"]) == 4
        again.delete_stack(StackName=name)
    finally:
        cloud.stop(report=lambda _: None)
