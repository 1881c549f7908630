"""Workloads that act on data: which role each of them has."""

from policies.identities import ROLE, named
from policies.reading import look, word
from policies.stack import UNKNOWN, Resource, Stack

CRON_JOB, STATE_MACHINE = "kubernetes:batch/v1:CronJob", "aws:sfn/stateMachine:StateMachine"
FUNCTION = "aws:lambda/function:Function"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"

POD = "spec.jobTemplate.spec.template.spec"
ANNOTATION = "eks.amazonaws.com/role-arn"


def roles_of(workload: Resource, stack: Stack) -> tuple[Resource, ...]:
    """Roles of this stack that a CronJob (by pod identity or annotation), state machine or function acts as."""
    if workload.type == STATE_MACHINE:
        return _behind(workload, "roleArn", stack)
    if workload.type == FUNCTION:
        return _behind(workload, "role", stack)
    account, namespace = word(workload.props, f"{POD}.serviceAccountName"), word(workload.props, "metadata.namespace")
    links = [
        one
        for one in stack.of([ASSOCIATION])
        if account and word(one.props, "serviceAccount") == account and _same(word(one.props, "namespace"), namespace)
    ]
    found = {role.urn: role for one in links for role in _behind(one, "roleArn", stack)}
    for one in stack.of([SERVICE_ACCOUNT]):
        mine = account and word(one.props, "metadata.name") == account
        if mine and _same(word(one.props, "metadata.namespace"), namespace):
            annotations = look(one.props, "metadata.annotations")
            arn = annotations.get(ANNOTATION) if hasattr(annotations, "get") else None
            found.update({role.urn: role for role in stack.of([ROLE]) if arn and _called(role, arn)})
    return tuple(found[urn] for urn in sorted(found))


def _behind(one: Resource, path: str, stack: Stack) -> tuple[Resource, ...]:
    behind = stack.referents(one, path, [ROLE])
    return behind or tuple(role for role in stack.of([ROLE]) if _called(role, look(one.props, path)))


def _called(role: Resource, arn: object) -> bool:
    return named(arn) != "" and word(role.props, "name") == named(arn)


def _same(one: object, other: object) -> bool:
    return one == other or one is UNKNOWN or other is UNKNOWN
