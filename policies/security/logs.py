"""Logs: kept long enough to look into an incident, and no longer."""

from collections.abc import Iterator

from policies.log_groups import LOG_GROUP, declared
from policies.rule import ABSENT, Parameters, Problem, Resource, Stack, control, fail, look, number, parts, present
from policies.tags import CLASSES, tag

FUNCTION, ENDPOINT = "aws:lambda/function:Function", "aws:sagemaker/endpoint:Endpoint"


@control(
    "LOG-02",
    title="Logs are kept long enough, and no longer",
    kind="stack",
    severity="medium",
    types=(LOG_GROUP, FUNCTION, ENDPOINT),
    basis=("5(1)(e)", "32(1)(a)", "33(5)"),
    refs=("inverse:awsconfig:cw-loggroup-retention-period-check", "CKV_AWS_66", "CKV_AWS_158", "inverse:CKV_AWS_338",
          "trivy:AWS-0017", "inverse:prowler:cloudwatch_log_group_retention_policy_specific_days_enabled",
          "prowler:cloudwatch_log_group_kms_encryption_enabled"),
)  # fmt: skip
def logs_end(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Every log group states a retention within {days} of its class, which is for ever by default, and has a customer
    key; the groups that functions and SageMaker endpoints would make themselves are declared (those of databases and
    clusters: RDS-06, EKS-03). A class that is not known counts as the strictest.
    """
    if one.type == LOG_GROUP:
        yield from parts(_retention(one, stack, given.get("days", {})), _key(one))
    elif one.type == ENDPOINT:
        yield from declared(one, "name", "/aws/sagemaker/Endpoints/{}", stack)
    elif not present(one.props, "loggingConfig.logGroup"):
        yield from declared(one, "name", "/aws/lambda/{}", stack)


def _retention(group: Resource, stack: Stack, bounds: dict[str, list[int]]) -> Iterator[Problem]:
    path, kind = "retentionInDays", tag(group, stack, "data-class")
    least, most = bounds.get(kind if kind in CLASSES else CLASSES[-1], (1, 365))
    days = number(group.props, path)
    if look(group.props, path) is ABSENT or days == 0:
        yield fail(path, "events are kept for ever", f"set {least} to {most} days")
    elif days is None or not least <= days <= most:
        yield fail(path, "outside the range of its class", f"set {least} to {most} days")


def _key(group: Resource) -> Iterator[Problem]:
    if not present(group.props, "kmsKeyId"):
        yield fail("kmsKeyId", "no customer key", "set the ARN of a KMS key")
