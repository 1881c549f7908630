"""Roles, policies, log groups and tags as the API References of IAM, CloudWatch Logs and tagging tell of them."""

import json

import pytest

from tests.localcloud.conftest import REGION
from tests.localcloud.refusals import refused

DOCUMENT = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)


def trust(principal):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


SERVICE = trust({"Service": "ec2.amazonaws.com"})


@pytest.fixture
def iam(aws):
    return aws("iam")


def test_a_policy_stays_while_it_is_attached_or_has_other_versions(iam, name):
    """IAM API Reference, DeletePolicy: DeleteConflict."""
    policy = iam.create_policy(PolicyName=name, PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=SERVICE)
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    with refused("DeleteConflict", "attached"):
        iam.delete_policy(PolicyArn=policy)
    with refused("DeleteConflict"):
        iam.delete_role(RoleName=name)
    iam.detach_role_policy(RoleName=name, PolicyArn=policy)
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=DOCUMENT, SetAsDefault=True)
    with refused("DeleteConflict", "more than one version"):
        iam.delete_policy(PolicyArn=policy)
    iam.delete_policy_version(PolicyArn=policy, VersionId="v1")
    iam.delete_policy(PolicyArn=policy)


def test_a_role_stays_while_it_has_policies_or_profiles(iam, name):
    """IAM API Reference, DeleteRole: DeleteConflict."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=SERVICE)
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=DOCUMENT)
    with refused("DeleteConflict"):
        iam.delete_role(RoleName=name)
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    with refused("DeleteConflict"):
        iam.delete_role(RoleName=name)
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.delete_role(RoleName=name)


def test_a_role_trusts_only_whom_there_is(iam, name):
    """IAM API Reference, CreateRole and UpdateAssumeRolePolicy: MalformedPolicyDocument."""
    for missing in (
        {"AWS": "arn:aws:iam::000000000000:role/there-is-none"},
        {"Federated": "arn:aws:iam::000000000000:oidc-provider/token.example.com"},
    ):
        with refused("MalformedPolicyDocument", "Invalid principal"):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(missing))
    with refused("MalformedPolicyDocument"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust({"AWS": "000000000000"}))
    trusted = trust({"AWS": f"arn:aws:iam::000000000000:role/{name}"})
    iam.create_role(RoleName=f"{name}-2", AssumeRolePolicyDocument=trusted)
    with refused("MalformedPolicyDocument"):
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust({"AWS": "arn:aws:iam::000000000000:user/no"}))


def test_policies_of_aws_are_there(iam, name):
    """IAM User Guide, "AWS managed policies"."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=SERVICE)
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")

    (attached,) = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert attached["PolicyArn"] == "arn:aws:iam::aws:policy/ReadOnlyAccess"


def test_a_log_group_keeps_class_protection_and_days(aws, name):
    """CloudWatch Logs API Reference, CreateLogGroup, PutLogGroupDeletionProtection, PutRetentionPolicy."""
    logs = aws("logs")
    logs.create_log_group(logGroupName=name, logGroupClass="INFREQUENT_ACCESS", deletionProtectionEnabled=True)
    with refused("InvalidParameterException", "allowed are 1, 3, 5, 7"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=31)
    logs.put_retention_policy(logGroupName=name, retentionInDays=30)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert (found["logGroupClass"], found["deletionProtectionEnabled"], found["retentionInDays"]) == (
        "INFREQUENT_ACCESS",
        True,
        30,
    )
    with refused("ValidationException", "deletion protection"):
        logs.delete_log_group(logGroupName=name)
    logs.put_log_group_deletion_protection(logGroupIdentifier=name, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=name)
    with refused("ResourceNotFoundException"):
        logs.delete_log_group(logGroupName=name)
    with refused("InvalidParameterException", "STANDARD"):
        logs.create_log_group(logGroupName=name, logGroupClass="CHEAP")


def test_the_tagging_api_finds_what_bears_a_tag(aws, iam, name):
    """Resource Groups Tagging API Reference, GetResources; "Supported services": no roles; IAM in one region only."""
    tags = [{"Key": "swept", "Value": name}]
    ec2, ecr = aws("ec2"), aws("ecr")
    key = aws("kms").create_key(Tags=[{"TagKey": "swept", "TagValue": name}])["KeyMetadata"]["Arn"]
    config = {"LocationConstraint": REGION, "Tags": tags}
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration=config)
    repository = ecr.create_repository(repositoryName=name, tags=tags)["repository"]["repositoryArn"]
    aws("logs").create_log_group(logGroupName=name, tags={"swept": name})
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3")["VpcEndpoint"]
    ec2.create_tags(Resources=[vpc, address, endpoint["VpcEndpointId"]], Tags=tags)
    policy = iam.create_policy(PolicyName=name, PolicyDocument=DOCUMENT, Tags=tags)["Policy"]["Arn"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=SERVICE, Tags=tags)

    def found(region=REGION):
        pages = aws("resourcegroupstaggingapi", region).get_paginator("get_resources")
        answers = pages.paginate(TagFilters=[{"Key": "swept", "Values": [name]}])
        return {one["ResourceARN"] for answer in answers for one in answer["ResourceTagMappingList"]}

    network = f"arn:aws:ec2:{REGION}:000000000000"
    everything = {
        key,
        f"arn:aws:s3:::{name}",
        repository,
        f"arn:aws:logs:{REGION}:000000000000:log-group:{name}",
        f"{network}:vpc/{vpc}",
        f"{network}:elastic-ip/{address}",
        f"{network}:vpc-endpoint/{endpoint['VpcEndpointId']}",
    }
    assert found() == everything
    assert found("us-east-1") == {policy}
    ecr.delete_repository(repositoryName=name)
    assert found() == everything - {repository}
