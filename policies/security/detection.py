"""Detection: a breach is noticed, and the right people hear of it in time."""

import re
from collections.abc import Iterator, Mapping

from policies.alerts import (
    ALARM,
    FILTER,
    RULE,
    RULE_TARGET,
    SUBSCRIPTION,
    TOPIC,
    TOPIC_POLICY,
    Watch,
    subscriptions,
    watches,
)
from policies.baseline import REFERENCE, elsewhere, in_aws
from policies.customer_keys import own_key
from policies.rule import (
    ABSENT,
    BUCKET,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    UndeterminedError,
    control,
    fail,
    is_off,
    is_on,
    look,
    parts,
    skip,
    undetermined,
    word,
)
from policies.stack import ROOT
from policies.stores import CLUSTER, DATABASE, STORES, personal
from policies.tags import tag

ANALYZER = "aws:accessanalyzer/analyzer:Analyzer"
DETECTOR, FEATURE = "aws:guardduty/detector:Detector", "aws:guardduty/detectorFeature:DetectorFeature"
RECORDER, RECORDING = "aws:cfg/recorder:Recorder", "aws:cfg/recorderStatus:RecorderStatus"
MACIE, MACIE_JOB = "aws:macie2/account:Account", "aws:macie2/classificationJob:ClassificationJob"
EKS = "aws:eks/cluster:Cluster"

CALLS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "a key is disabled or deleted": ("kms", ("DisableKey", "ScheduleKeyDeletion")),
    "the policy of a bucket changes": ("s3", ("PutBucketPolicy", "DeleteBucketPolicy")),
    "a bucket may become public": ("s3", ("PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock")),
    "a trail is changed or stopped": ("cloudtrail", ("StopLogging", "DeleteTrail", "UpdateTrail")),
}
"""What has to be noticed, and the calls that bring it about."""

IDENTITY = ("CreateUser", "CreateAccessKey", "AttachRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy")
IAM_REGIONS = ("us-east-1", "us-gov-west-1", "cn-north-1")
"""Where IAM's own calls reach EventBridge, and nowhere else (AWS re:Post, "IAM EventBridge SNS rule")."""

FINDINGS = ("aws.access-analyzer", "Access Analyzer Finding")
PROTOCOLS = ("email", "email-json", "https", "sms", "sqs", "lambda", "application", "firehose")
"""Protocols under which AWS knows that the other side wants to hear; plain HTTP is not among them."""

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")

FEATURES = {"S3_DATA_EVENTS": BUCKET, "EKS_AUDIT_LOGS": (EKS,), "RDS_LOGIN_EVENTS": (DATABASE, CLUSTER)}
"""Features of GuardDuty, each with what it watches."""


@control(
    "LOG-04",
    title="A breach would be noticed and reach the right people in time",
    kind="stack",
    severity="high",
    types=(ROOT, TOPIC, TOPIC_POLICY, SUBSCRIPTION, RULE, RULE_TARGET, FILTER, ALARM, ANALYZER),
    subjects=(ROOT, TOPIC),
    basis=("33(1)", "33(2)", "34(1)", "32(1)(d)"),
    refs=("securityhub:CloudWatch.15", "securityhub:CloudWatch.17", "securityhub:SNS.1", "CKV_AWS_319", "CKV_AWS_26",
          "trivy:AWS-0095", "trivy:AWS-0153", "trivy:AWS-0154", "prowler:cloudwatch_alarm_actions_enabled",
          "prowler:cloudwatch_log_metric_filter_disable_or_scheduled_deletion_of_kms_cmk",
          "prowler:cloudwatch_log_metric_filter_for_s3_bucket_policy_changes"),
)  # fmt: skip
def a_breach_is_noticed(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Enabled event rules, or metric filters with alarms, hear of keys disabled or deleted, of bucket policies and
    public access blocks that change, of trails changed or stopped, of the root user, of identities that change
    (findings of an access analyzer, or IAM's calls where EventBridge hears them) and of each of {emergencyRoles}; a
    rule or filter that further fields narrow is not counted. Each tells a topic that has a customer key and two
    subscribers, one of them of {privacyContacts} or, where none is listed, the contact in the tag controller of the
    stores.
    """
    if one.type == TOPIC:
        yield from _topic(one, stack, given)
    elif not in_aws(stack):
        yield skip("nothing of the stack is in AWS")
    else:
        heard = watches(stack)
        for what in _unheard(heard, stack, given):
            if any(watch.unknown for watch in heard):
                yield undetermined("EventRule.eventPattern")
            else:
                fix = "add an EventRule with a target, or a LogMetricFilter with an alarm, that tells a topic"
                yield fail("", f"nobody is told when {what}", fix)


def _unheard(heard: list[Watch], stack: Stack, given: Parameters) -> Iterator[str]:
    for what, (service, names) in CALLS.items():
        if not all(any(watch.call(service, name) for watch in heard) for name in names):
            yield what
    if not any(watch.root() for watch in heard):
        yield "the root user is used"
    if not any(_identity(watch, stack) for watch in heard):
        yield "an identity changes"
    for number, role in enumerate(given.get("emergencyRoles", ())):
        if not any(watch.role(role) for watch in heard):
            yield f"the emergency role {number + 1} is taken on"


def _identity(watch: Watch, stack: Stack) -> bool:
    if watch.source(*FINDINGS):
        return any(True for _ in stack.of([ANALYZER]))
    if not all(watch.call("iam", name) for name in IDENTITY):
        return False
    provider = stack.provider_of(watch.holder)
    region = look(watch.holder.props, "region") or (look(provider.props, "region") if provider else ABSENT)
    return watch.holder.type == FILTER or region in IAM_REGIONS


def _topic(topic: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    mine = [watch for watch in watches(stack) if any(one.urn == topic.urn for one in watch.topics)]
    if not any(_of_breaches(watch, stack) for watch in mine):
        yield skip("hears of no breach")
        return
    if not own_key(topic.props, "kmsMasterKeyId"):
        yield fail("kmsMasterKeyId", "no customer key", "set the ARN of a KMS key")
    some = [one for one in subscriptions(topic, stack) if word(one.props, "protocol") in (UNKNOWN, *PROTOCOLS)]
    path = "TopicSubscription.endpoint"
    ends = {word(one.props, "endpoint") for one in some}
    if len(some) < 2 or (len(ends) < 2 and UNKNOWN not in ends):
        yield fail(path, f"{len(ends)} of at least 2 subscribers", "subscribe the privacy contact and one more")
    contacts = {*given.get("privacyContacts", ()), *_contacts(stack, given)}
    if contacts and not contacts & ends:
        if UNKNOWN in ends:
            yield undetermined(path)
        else:
            yield fail(path, "the privacy contact is not subscribed", "subscribe the address that the stores name")


def _of_breaches(watch: Watch, stack: Stack) -> bool:
    calls = any(watch.call(service, name) for service, names in CALLS.values() for name in names)
    return watch.unknown or calls or watch.root() or _identity(watch, stack)


def _contacts(stack: Stack, given: Parameters) -> Iterator[str]:
    """Addresses in the tag controller of the stores, unless the configuration lists others."""
    for store in stack.of(STORES) if not given.get("privacyContacts") else ():
        try:
            yield from ADDRESS.findall(tag(store, stack, "controller"))
        except UndeterminedError:
            continue


@control(
    "LOG-05",
    title="Detective services cover the data plane",
    kind="stack",
    severity="medium",
    types=(ROOT, DETECTOR, FEATURE, RECORDER, RECORDING, MACIE, MACIE_JOB, REFERENCE),
    subjects=(ROOT,),
    basis=("32(1)(d)", "33(1)", "5(2)"),
    refs=("securityhub:GuardDuty.1", "securityhub:GuardDuty.9", "securityhub:GuardDuty.10", "securityhub:Config.1",
          "securityhub:Macie.1", "securityhub:Macie.2", "CKV2_AWS_45", "prowler:guardduty_is_enabled",
          "prowler:guardduty_s3_protection_enabled", "prowler:macie_automated_sensitive_data_discovery_enabled"),
)  # fmt: skip
def detectives_cover_the_data(_: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Threat detection is on with the features for what the stack has (buckets, clusters, databases), the configuration
    of all resources is recorded and, where there are personal buckets, Macie looks for sensitive data; what the
    register `baseline` says somebody else runs for the account (services threat-detection, configuration-recording,
    sensitive-data-discovery) need not be here.
    """
    if not in_aws(stack):
        yield skip("nothing of the stack is in AWS")
        return
    checks = {"threat-detection": _threats, "configuration-recording": _recorded, "sensitive-data-discovery": _found}
    yield from parts(*(check(stack) for name, check in checks.items() if not elsewhere(name, stack, given)))


def _threats(stack: Stack) -> Iterator[Problem]:
    detectors = list(stack.of([DETECTOR]))
    if not detectors:
        yield fail("Detector", "no threat detection", "add a GuardDuty Detector, or register it under LOG.baseline")
    for one in detectors:
        if look(one.props, "enable") is UNKNOWN:
            yield undetermined("Detector.enable")
        elif is_off(look(one.props, "enable")):
            yield fail("Detector.enable", "threat detection is off", "set enable to true")
    for name, types in FEATURES.items() if detectors else ():
        if any(True for _ in stack.of(types)):
            yield from _feature(name, stack)


def _feature(name: str, stack: Stack) -> Iterator[Problem]:
    some = [one for one in stack.of([FEATURE]) if word(one.props, "name") in (name, UNKNOWN)]
    states = {word(one.props, "status") for one in some if word(one.props, "name") == name}
    if "ENABLED" in states:
        return
    if UNKNOWN in states or (some and not states):
        yield undetermined("DetectorFeature.status")
    else:
        fix = f"add a DetectorFeature {name} with status ENABLED"
        yield fail("DetectorFeature.status", f"the feature {name} is not on", fix)


def _recorded(stack: Stack) -> Iterator[Problem]:
    some = list(stack.of([RECORDER]))
    if not some:
        fix = "add a Recorder and its RecorderStatus, or register it under LOG.baseline"
        yield fail("Recorder", "nothing records how resources are configured", fix)
    for one in some:
        if is_off(look(one.props, "recordingGroup.allSupported")):
            yield fail("Recorder.recordingGroup.allSupported", "not all types are recorded", "set allSupported to true")
    statuses = [look(one.props, "isEnabled") for one in stack.of([RECORDING])]
    if some and UNKNOWN in statuses:
        yield undetermined("RecorderStatus.isEnabled")
    elif some and not any(map(is_on, statuses)):
        yield fail(
            "RecorderStatus.isEnabled", "the recorder is not started", "add a RecorderStatus with isEnabled true"
        )


def _found(stack: Stack) -> Iterator[Problem]:
    if not any(personal(bucket, stack) for bucket in stack.of(BUCKET)):
        return
    states = [look(one.props, "status") for one in stack.of([MACIE])]
    if UNKNOWN in states:
        yield undetermined("Account.status")
    elif not any(state in (ABSENT, "ENABLED") for state in states):
        fix = "add a Macie Account, or register it under LOG.baseline"
        yield fail("Account.status", "nothing looks for sensitive data in the personal buckets", fix)
