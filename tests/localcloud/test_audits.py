"""Trails, detectors and analyzers as the API References of CloudTrail, GuardDuty and Access Analyzer tell of them."""

import json

import pytest

from tests.localcloud.conftest import REGION
from tests.localcloud.refusals import refused

ACCOUNT = "000000000000"
CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}


def trail_arn(name):
    return f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{name}"


@pytest.fixture
def let_in(aws, bucket):
    """The bucket of a test, with a policy that lets the trail of the same name write."""
    only = {"StringEquals": {"aws:SourceArn": trail_arn(bucket)}}
    statements = [
        {"Effect": "Allow", "Principal": CLOUDTRAIL, "Action": action, "Resource": resource, "Condition": only}
        for action, resource in (
            ("s3:GetBucketAcl", f"arn:aws:s3:::{bucket}"),
            ("s3:PutObject", f"arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*"),
        )
    ]
    aws("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    return bucket


def key(aws, *services):
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    others = [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "kms:GenerateDataKey*", "Resource": "*"}
        for service in services
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root, *others]})
    return aws("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]


def data_of(*prefixes):
    return {
        "Name": "data",
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "resources.ARN", "StartsWith": list(prefixes)},
        ],
    }


def test_a_trail_keeps_what_it_is_told_by_name_and_by_arn(aws, let_in):
    trails, name = aws("cloudtrail"), let_in
    used = key(aws, "cloudtrail.amazonaws.com")
    trails.create_trail(
        Name=name, S3BucketName=name, KmsKeyId=used.split("/")[1], EnableLogFileValidation=True, IsMultiRegionTrail=True
    )
    trails.start_logging(Name=trail_arn(name))
    trails.put_event_selectors(TrailName=trail_arn(name), AdvancedEventSelectors=[data_of("arn:aws:s3:::data/")])

    (found,) = trails.describe_trails(trailNameList=[trail_arn(name)])["trailList"]
    assert found["KmsKeyId"] == used
    assert (found["LogFileValidationEnabled"], found["IsMultiRegionTrail"]) == (True, True)
    assert (found["IncludeGlobalServiceEvents"], found["HasCustomEventSelectors"]) == (True, True)
    assert trails.get_trail_status(Name=trail_arn(name))["IsLogging"] is True
    kept = trails.get_event_selectors(TrailName=name)
    assert kept["AdvancedEventSelectors"] == [data_of("arn:aws:s3:::data/")]
    assert "EventSelectors" not in kept
    with refused("TrailAlreadyExistsException", trail_arn(name)):
        trails.create_trail(Name=name, S3BucketName=name)
    trails.delete_trail(Name=trail_arn(name))
    assert trails.describe_trails(trailNameList=[name])["trailList"] == []
    with refused("TrailNotFoundException"):
        trails.delete_trail(Name=name)


def test_a_trail_needs_a_bucket_and_a_key_that_let_it_in(aws, bucket, let_in):
    """User Guide, "Amazon S3 bucket policy for CloudTrail" and "Configure AWS KMS key policies for CloudTrail"."""
    trails = aws("cloudtrail")
    with refused("S3BucketDoesNotExistException"):
        trails.create_trail(Name=bucket, S3BucketName="there-is-none-of-it")
    with refused("InsufficientS3BucketPolicyException", "s3:GetBucketAcl"):
        trails.create_trail(Name=f"{bucket}-other", S3BucketName=bucket)
    with refused("InsufficientS3BucketPolicyException", "s3:PutObject"):
        trails.create_trail(Name=bucket, S3BucketName=bucket, S3KeyPrefix="elsewhere")
    with refused("InsufficientEncryptionPolicyException", "kms:GenerateDataKey"):
        trails.create_trail(Name=bucket, S3BucketName=bucket, KmsKeyId=key(aws))
    with refused("KmsKeyNotFoundException"):
        trails.create_trail(Name=bucket, S3BucketName=bucket, KmsKeyId="alias/there-is-none")
    trails.create_trail(Name=bucket, S3BucketName=bucket)


def test_selectors_of_a_trail_are_ones_that_it_can_follow(aws, let_in):
    """API Reference, PutEventSelectors: InvalidEventSelectorsException."""
    trails = aws("cloudtrail")
    trails.create_trail(Name=let_in, S3BucketName=let_in)
    without_type = {"Name": "x", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}
    unknown = {"Name": "x", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Everything"]}]}
    for selectors, word in (
        ([without_type], "resources.type"),
        ([unknown], "Management"),
        ([data_of(*(f"arn:aws:s3:::b{number}/" for number in range(500)))], "500"),
    ):
        with refused("InvalidEventSelectorsException", word):
            trails.put_event_selectors(TrailName=let_in, AdvancedEventSelectors=selectors)
    trails.put_event_selectors(TrailName=let_in, AdvancedEventSelectors=[data_of("arn:aws:s3:::b/")])
    trails.put_event_selectors(TrailName=let_in, EventSelectors=[{"ReadWriteType": "WriteOnly"}])
    kept = trails.get_event_selectors(TrailName=let_in)
    assert kept["EventSelectors"][0]["IncludeManagementEvents"] is True
    assert "AdvancedEventSelectors" not in kept


def test_tags_of_a_trail_go_by_their_keys(aws, let_in):
    trails, arn = aws("cloudtrail"), trail_arn(let_in)
    trails.create_trail(Name=let_in, S3BucketName=let_in, TagsList=[{"Key": "a", "Value": "1"}])
    trails.add_tags(ResourceId=arn, TagsList=[{"Key": "b", "Value": "2"}])
    trails.remove_tags(ResourceId=arn, TagsList=[{"Key": "a", "Value": "another"}])
    (listed,) = trails.list_tags(ResourceIdList=[arn])["ResourceTagList"]
    assert listed["TagsList"] == [{"Key": "b", "Value": "2"}]
    with refused("ResourceNotFoundException"):
        trails.add_tags(ResourceId=trail_arn("there-is-none"), TagsList=[{"Key": "b", "Value": "2"}])


def test_a_region_has_one_detector_with_each_feature_for_itself(aws):
    """API Reference, CreateDetector and UpdateDetector."""
    guard = aws("guardduty", "eu-west-2")
    made = guard.create_detector(
        Enable=True,
        FindingPublishingFrequency="ONE_HOUR",
        Tags={"a": "1"},
        Features=[{"Name": "EKS_AUDIT_LOGS", "Status": "DISABLED"}],
    )["DetectorId"]
    with refused("BadRequestException", "a detector already exists"):
        guard.create_detector(Enable=True)
    agents = [{"Name": "EKS_ADDON_MANAGEMENT", "Status": "ENABLED"}]
    wanted = {"Name": "RUNTIME_MONITORING", "Status": "ENABLED", "AdditionalConfiguration": agents}
    guard.update_detector(DetectorId=made, Features=[wanted])

    found = guard.get_detector(DetectorId=made)
    features = {feature["Name"]: feature for feature in found["Features"]}
    assert (found["Status"], found["FindingPublishingFrequency"], found["Tags"]) == ("ENABLED", "ONE_HOUR", {"a": "1"})
    assert {name: features[name]["Status"] for name in ("EKS_AUDIT_LOGS", "S3_DATA_EVENTS", "RUNTIME_MONITORING")} == {
        "EKS_AUDIT_LOGS": "DISABLED",
        "S3_DATA_EVENTS": "ENABLED",
        "RUNTIME_MONITORING": "ENABLED",
    }
    parts = features["RUNTIME_MONITORING"]["AdditionalConfiguration"]
    assert {"EKS_ADDON_MANAGEMENT"} == {part["Name"] for part in parts if part["Status"] == "ENABLED"}
    with refused("BadRequestException", "Only one of"):
        guard.update_detector(DetectorId=made, Features=[{"Name": "EKS_RUNTIME_MONITORING", "Status": "ENABLED"}])
    arn = f"arn:aws:guardduty:eu-west-2:{ACCOUNT}:detector/{made}"
    guard.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    guard.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert guard.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}
    guard.delete_detector(DetectorId=made)
    assert guard.list_detectors()["DetectorIds"] == []
    with refused("BadRequestException", "not owned by the current account"):
        guard.get_detector(DetectorId=made)


def test_an_analyzer_is_one_of_its_type_in_a_region(aws, name):
    """API Reference, CreateAnalyzer; IAM User Guide, "IAM and AWS STS quotas"."""
    analyzers = aws("accessanalyzer", "eu-west-2")
    arn = analyzers.create_analyzer(analyzerName=name, type="ACCOUNT", tags={"a": "1"})["arn"]
    with refused("ConflictException"):
        analyzers.create_analyzer(analyzerName=name, type="ACCOUNT")
    with refused("ServiceQuotaExceededException"):
        analyzers.create_analyzer(analyzerName=f"{name}-2", type="ACCOUNT")
    with refused("ValidationException", "organization"):
        analyzers.create_analyzer(analyzerName=f"{name}-2", type="ORGANIZATION")
    analyzers.tag_resource(resourceArn=arn, tags={"b": "2"})
    analyzers.untag_resource(resourceArn=arn, tagKeys=["a"])

    found = analyzers.get_analyzer(analyzerName=name)["analyzer"]
    assert (found["arn"], found["type"], found["status"], found["tags"]) == (arn, "ACCOUNT", "ACTIVE", {"b": "2"})
    assert analyzers.list_findings_v2(analyzerArn=arn)["findings"] == []
    analyzers.delete_analyzer(analyzerName=name)
    with refused("ResourceNotFoundException"):
        analyzers.get_analyzer(analyzerName=name)


def test_what_an_added_service_lacks_is_refused_by_name(aws):
    with refused("NotImplementedByLocalCloud", "accessanalyzer ListAccessPreviews"):
        aws("accessanalyzer").list_access_previews(analyzerArn=f"arn:aws:access-analyzer:{REGION}:{ACCOUNT}:analyzer/a")


def test_the_tagging_api_finds_what_watches_an_account(aws, let_in):
    """Resource Groups Tagging API Reference, "Supported services"."""
    tag, region = {"watch": let_in}, "eu-north-1"
    pairs = [{"Key": "watch", "Value": let_in}]
    aws("cloudtrail").create_trail(Name=let_in, S3BucketName=let_in, TagsList=pairs)
    detector = aws("guardduty", region).create_detector(Enable=True, Tags=tag)["DetectorId"]
    analyzer = aws("accessanalyzer", region).create_analyzer(analyzerName=let_in, type="ACCOUNT", tags=tag)["arn"]
    rule = aws("events", region).put_rule(Name=let_in, EventPattern='{"source": ["aws.s3"]}', Tags=pairs)["RuleArn"]
    alarms = aws("cloudwatch", region)
    alarms.put_composite_alarm(AlarmName=let_in, AlarmRule="FALSE", Tags=pairs)
    aws("budgets").create_budget(
        AccountId=ACCOUNT,
        Budget={
            "BudgetName": let_in,
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "1", "Unit": "USD"},
        },
        ResourceTags=pairs,
    )

    def found(place):
        pages = aws("resourcegroupstaggingapi", place).get_paginator("get_resources")
        answers = pages.paginate(TagFilters=[{"Key": "watch", "Values": [let_in]}])
        return {one["ResourceARN"] for answer in answers for one in answer["ResourceTagMappingList"]}

    assert found(REGION) == {trail_arn(let_in)}
    assert found(region) == {
        f"arn:aws:guardduty:{region}:{ACCOUNT}:detector/{detector}",
        analyzer,
        rule,
        f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{let_in}",
    }
    assert found("us-east-1") == {f"arn:aws:budgets::{ACCOUNT}:budget/{let_in}"}
    aws("guardduty", region).delete_detector(DetectorId=detector)
    aws("accessanalyzer", region).delete_analyzer(analyzerName=let_in)
