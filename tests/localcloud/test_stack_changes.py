"""Change sets and updates of stacks in the local account against what AWS documents of CloudFormation."""

import json
from copy import deepcopy
from typing import Any

import pytest

from tests.localcloud.refusals import refused
from tests.localcloud.stack_templates import identities, template

NAMED = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}


@pytest.fixture
def cloudformation(aws):
    return aws("cloudformation")


def status(cloudformation, name: str) -> str:
    return cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]


def test_a_change_set_tells_what_it_would_do_and_does_it(aws, cloudformation, name):
    old = template(name) | {"Resources": template(name)["Resources"] | identities(name)["Resources"]}
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(old), **NAMED)
    new = deepcopy(old)
    new["Resources"]["Key"]["Properties"]["RotationPeriodInDays"] = 200
    del new["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]
    new["Resources"]["Bucket"]["Properties"]["Tags"] = [{"Key": "of", "Value": "another"}]
    new["Resources"]["Policy"]["Properties"]["ManagedPolicyName"] = f"{name}-renamed"
    del new["Resources"]["Provider"]
    cloudformation.create_change_set(StackName=name, ChangeSetName="c", TemplateBody=json.dumps(new), **NAMED)
    told = cloudformation.describe_change_set(StackName=name, ChangeSetName="c")
    changes = {
        one["ResourceChange"]["LogicalResourceId"]: (
            one["ResourceChange"]["Action"],
            one["ResourceChange"].get("Replacement"),
            sorted(detail["Target"]["Name"] for detail in one["ResourceChange"].get("Details", [])),
        )
        for one in told["Changes"]
    }
    assert changes == {
        "Key": ("Modify", "False", ["RotationPeriodInDays"]),
        "Bucket": ("Modify", "False", ["LifecycleConfiguration", "Tags"]),
        "Policy": ("Modify", "True", ["ManagedPolicyName"]),
        "Provider": ("Remove", None, []),
    }
    s3, kms = aws("s3"), aws("kms")
    assert kms.get_key_rotation_status(KeyId=_key(aws, name))["RotationPeriodInDays"] == 120

    cloudformation.execute_change_set(StackName=name, ChangeSetName="c")
    assert status(cloudformation, name) == "UPDATE_COMPLETE"
    assert kms.get_key_rotation_status(KeyId=_key(aws, name))["RotationPeriodInDays"] == 200
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=f"{name}-bucket")["TagSet"]}
    assert (tags["of"], tags["aws:cloudformation:stack-name"]) == ("another", name)
    with refused("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=f"{name}-bucket")
    own = {policy["PolicyName"] for policy in aws("iam").list_policies(Scope="Local")["Policies"]}
    assert name not in own
    assert f"{name}-renamed" in own
    with refused("ChangeSetNotFound"):
        cloudformation.describe_change_set(StackName=name, ChangeSetName="c")


def _key(aws, name: str) -> str:
    return aws("kms").describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["KeyId"]


def test_a_change_set_without_changes_fails_and_cannot_be_executed(cloudformation, name):
    body = json.dumps(template(name))
    cloudformation.create_stack(StackName=name, TemplateBody=body)
    cloudformation.create_change_set(StackName=name, ChangeSetName="same", TemplateBody=body)
    told = cloudformation.describe_change_set(StackName=name, ChangeSetName="same")
    assert told["Status"] == "FAILED"
    assert "didn't contain changes" in told["StatusReason"]
    with refused("InvalidChangeSetStatus"):
        cloudformation.execute_change_set(StackName=name, ChangeSetName="same")
    with refused("ValidationError", "No updates are to be performed"):
        cloudformation.update_stack(StackName=name, TemplateBody=body)


def test_an_update_that_fails_puts_everything_back(aws, cloudformation, name):
    aws("iam").create_policy(PolicyName=f"{name}-taken", PolicyDocument=json.dumps(_allow_nothing()))
    old = template(name)
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(old))
    new = deepcopy(old)
    new["Resources"]["Key"]["Properties"]["RotationPeriodInDays"] = 300
    new["Resources"]["Taken"] = {
        "Type": "AWS::IAM::ManagedPolicy",
        "DependsOn": ["Key"],
        "Properties": {"ManagedPolicyName": f"{name}-taken", "PolicyDocument": _allow_nothing()},
    }
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(new), **NAMED)
    assert status(cloudformation, name) == "UPDATE_ROLLBACK_COMPLETE"
    assert aws("kms").get_key_rotation_status(KeyId=_key(aws, name))["RotationPeriodInDays"] == 120
    ids = {
        one["LogicalResourceId"] for one in cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    }
    assert "Taken" not in ids


def _allow_nothing() -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
