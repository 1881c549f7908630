"""Logs: kept long enough to look into an incident and no longer, with the personal data in them masked."""

from collections.abc import Iterable, Iterator

from policies.customer_keys import own_key
from policies.log_groups import LOG_GROUP, declared
from policies.reading import as_list
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    document,
    expect,
    fail,
    is_off,
    items,
    leaves,
    look,
    number,
    parts,
    present,
    skip,
    undetermined,
)
from policies.tags import CLASSES, PERSONAL, tag

FUNCTION, ENDPOINT = "aws:lambda/function:Function", "aws:sagemaker/endpoint:Endpoint"
MASK = "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy"
METHODS = "aws:apigateway/methodSettings:MethodSettings"


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
    key (none under alias/aws/ is one); the groups that functions and SageMaker endpoints would make themselves are
    declared (those of databases and clusters: RDS-06, EKS-03). A class that is not known counts as the strictest.
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
    if not own_key(group.props, "kmsKeyId"):
        yield fail("kmsKeyId", "no customer key", "set the ARN of a KMS key")


@control(
    "LOG-03",
    title="Inference and application logs are masked",
    kind="stack",
    severity="medium",
    types=(LOG_GROUP, MASK, METHODS),
    subjects=(LOG_GROUP, METHODS),
    basis=("5(1)(c)", "25(1)", "32(1)(a)"),
    refs=("CKV_AWS_276",),
)
def personal_logs_are_masked(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """A log group of class personal or special has a data protection policy that masks each of {identifiers}; a gateway
    does not log whole requests and answers, which it does not by default.
    """
    if one.type == METHODS:
        path, fix = "settings.dataTraceEnabled", "set dataTraceEnabled to false"
        yield from expect(one.props, path, is_off, "requests are logged with all they carry", fix, default=False)
    elif tag(one, stack, "data-class") not in PERSONAL:
        yield skip("holds no personal data")
    else:
        yield from _masked(one, stack, given.get("identifiers", ()))


def _masked(group: Resource, stack: Stack, wanted: Iterable[str]) -> Iterator[Problem]:
    path, name = "LogDataProtectionPolicy.policyDocument", look(group.props, "name")
    masks = [
        one
        for one in stack.of([MASK])
        if any(found.urn == group.urn for found in stack.referents(one, "logGroupName", [LOG_GROUP]))
        or (isinstance(name, str) and look(one.props, "logGroupName") == name)
    ]
    if not masks:
        fix = "add a LogDataProtectionPolicy with logGroupName=group.name"
        yield fail("", "what personal data gets into it is there to read", fix)
    elif any(value is UNKNOWN for one in masks for _, value in leaves(look(one.props, "policyDocument"))):
        yield undetermined(path)
    else:
        masked = {end for one in masks for end in _identifiers(one)}
        missing = [identifier for identifier in wanted if identifier not in masked]
        if missing:
            fix = "add them under Statement[].DataIdentifier of one with Operation.Deidentify"
            yield fail(path, f"not masked: {', '.join(missing)}", fix)


def _identifiers(mask: Resource) -> Iterator[str]:
    """Names of the data identifiers that a policy masks; a statement that only audits masks nothing."""
    content = document(mask.props, "policyDocument")
    for _, statement in items({"document": content if content is not ABSENT else None}, "document.Statement"):
        if look(statement, "Operation.Deidentify") is not ABSENT:
            for one in as_list(look(statement, "DataIdentifier")):
                yield one.rpartition("/")[2] if isinstance(one, str) else ""
