"""Samples of who may do what, and of what would notice it: identities, trails, alarms, detectors."""

from collections.abc import Iterator
from typing import Any

from localcloud import ACCOUNT
from referees.prowler_account import ANYTHING, NAME, REGION, TRAIL, Account, Sample, Witness, document, trust


def identities(account: Account, good: bool) -> Iterator[Witness]:
    iam, role = account("iam"), account.role("ec2").rpartition("/")[2]
    little = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::elsewhere/*"}
    keys, everything = ({"Effect": "Allow", "Action": action, "Resource": "*"} for action in ("kms:*", "*"))
    first, second = document(little if good else everything), document(little if good else keys)
    policy = iam.create_policy(PolicyName=NAME, PolicyDocument=first)["Policy"]["Arn"]
    of_keys = iam.create_policy(PolicyName=f"{NAME}-keys", PolicyDocument=second)["Policy"]["Arn"]
    for one in (policy, of_keys):
        iam.attach_role_policy(RoleName=role, PolicyArn=one)
    iam.put_role_policy(RoleName=role, PolicyName=NAME, PolicyDocument=first)
    iam.create_user(UserName=NAME)
    for _ in range(1 if good else 2):
        iam.create_access_key(UserName=NAME)
    own = {"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}} if good else {}
    name = f"{NAME}-of-a-service"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("sns.amazonaws.com", **own))
    person = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=f"{NAME}-of-people", AssumeRolePolicyDocument=document(person))
    if not good:
        administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
        iam.attach_role_policy(RoleName=f"{NAME}-of-people", PolicyArn=administrator)
    roles = f"arn:aws:iam::{ACCOUNT}:role"
    yield Witness(f"arn:aws:iam::{ACCOUNT}:user/{NAME}", ("iam_user_two_active_access_key",))
    yield Witness(policy, ("iam_customer_attached_policy_no_administrative_privileges",))
    yield Witness(of_keys, ("iam_policy_no_full_access_to_kms",))
    yield Witness(f"{roles}/{role}", ("iam_inline_policy_no_administrative_privileges",))
    yield Witness(f"{roles}/{name}", ("iam_role_cross_service_confused_deputy_prevention",))
    yield Witness(f"{roles}/{NAME}-of-people", ("iam_role_administratoraccess_policy",))


def trail(account: Account, good: bool) -> Iterator[Witness]:
    s3, name = account("s3"), f"seedbed-{NAME}-trail"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    allow = {"Effect": "Allow", "Principal": {"Service": TRAIL}}
    policy = document(
        {**allow, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{name}"},
        {**allow, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/*"},
    )
    s3.put_bucket_policy(Bucket=name, Policy=policy)
    given: dict[str, Any] = {"IsMultiRegionTrail": good, "EnableLogFileValidation": good}
    if good:
        given |= {"CloudWatchLogsLogGroupArn": account.log_group("trail"), "KmsKeyId": account.key}
        given["CloudWatchLogsRoleArn"] = account.role("cloudtrail")
    made = account("cloudtrail").create_trail(Name=NAME, S3BucketName=name, **given)["TrailARN"]
    account("cloudtrail").start_logging(Name=NAME)
    yield Witness(made, ("cloudtrail_kms_encryption_enabled", "cloudtrail_log_file_validation_enabled"))
    yield Witness(ANYTHING, (
        "cloudtrail_multi_region_enabled", "cloudtrail_s3_dataevents_read_enabled",
        "cloudtrail_s3_dataevents_write_enabled",
        "cloudwatch_log_metric_filter_disable_or_scheduled_deletion_of_kms_cmk",
        "cloudwatch_log_metric_filter_for_s3_bucket_policy_changes",
    ))  # fmt: skip
    if good:
        data = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}
        selector = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": [data]}
        account("cloudtrail").put_event_selectors(TrailName=NAME, EventSelectors=[selector])
        _alarms_of_the_trail(account)


BUCKET_EVENTS = (
    "PutBucketAcl", "PutBucketPolicy", "PutBucketCors", "PutBucketLifecycle", "PutBucketReplication",
    "DeleteBucketPolicy", "DeleteBucketCors", "DeleteBucketLifecycle", "DeleteBucketReplication",
)  # fmt: skip
THRESHOLD = {
    "Namespace": NAME, "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1, "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}  # fmt: skip


def _alarms_of_the_trail(account: Account) -> None:
    patterns = {"kms": ("DisableKey", "ScheduleKeyDeletion"), "s3": BUCKET_EVENTS}
    for service, events in patterns.items():
        some = " || ".join(f"($.eventName = {event})" for event in events)
        account("logs").put_metric_filter(
            logGroupName="trail",
            filterName=service,
            filterPattern=f"{{($.eventSource = {service}.amazonaws.com) && ({some})}}",
            metricTransformations=[{"metricName": service, "metricNamespace": NAME, "metricValue": "1"}],
        )
        account("cloudwatch").put_metric_alarm(AlarmName=service, MetricName=service, **THRESHOLD)


def alarm(account: Account, good: bool) -> Iterator[Witness]:
    topic = account("sns").create_topic(Name=NAME)["TopicArn"]
    account("cloudwatch").put_metric_alarm(
        AlarmName=NAME, MetricName=NAME, AlarmActions=[topic], ActionsEnabled=good, **THRESHOLD
    )
    yield Witness(f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{NAME}", ("cloudwatch_alarm_actions_enabled",))


def sharing(account: Account, good: bool) -> Iterator[Witness]:
    if not good:
        elsewhere = {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "sts:AssumeRole"}
        name = "CloudWatch-CrossAccountSharingRole"
        account("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(elsewhere))
    yield Witness(ANYTHING, ("cloudwatch_cross_account_sharing_disabled",))


def detector(account: Account, good: bool) -> Iterator[Witness]:
    account("guardduty").create_detector(Enable=good, DataSources={"S3Logs": {"Enable": good}})
    yield Witness(ANYTHING, ("guardduty_is_enabled", "guardduty_s3_protection_enabled"))


SAMPLES: tuple[Sample, ...] = (identities, trail, alarm, sharing, detector)
