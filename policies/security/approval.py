"""Approval: what production serves, somebody other than its maker has released."""

import re
from collections.abc import Iterator, Mapping

from policies.annotations import said
from policies.documents import Statement, statements
from policies.grants import Grants
from policies.identities import ROLE as ROLES
from policies.identities import boundaries, holders_of, named
from policies.pods import INFERENCE, pod_labels, pods
from policies.reading import UndeterminedError
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    items,
    look,
    parts,
    present,
    skip,
    undetermined,
)
from policies.security.trust import GITHUB

MODEL = "aws:sagemaker/model:Model"
GROUP = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"
GROUP_POLICY = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"

PACKAGE = re.compile(r"arn:[\w-]+:sagemaker:[\w-]*:\d{12}:model-package/([^/]+)/\d+")
APPROVING = ("sagemaker:UpdateModelPackage", "sagemaker:CreateModelPackage")
STATUS = "sagemaker:modelapprovalstatus"
"""Condition key of both with the status that is asked for (Service Authorization Reference, Amazon SageMaker AI)."""

FOLLOWED, PROTECTED = "aliases", "protected-aliases"
"""Annotations: of an inference service, the aliases of the registry that it follows; of a tracking server, those that
nobody but its administrators may move."""


@control(
    "ML-11",
    title="Production serves approved packages only",
    kind="stack",
    severity="medium",
    types=(MODEL, GROUP, GROUP_POLICY, INFERENCE, DEPLOYMENT, ROLES),
    subjects=(MODEL, GROUP_POLICY, INFERENCE, ROLES),
    basis=("24(1)", "25(1)", "32(4)"),
    refs=("prowler:sagemaker_models_registry_in_use", "prowler:AISF-ML-04"),
)
def production_serves_approved_packages(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Every container of a model names a version of a package group of this stack. An inference service follows aliases
    of the registry (annotation aliases) that a tracking server of this stack (pods with one of {trackingLabels}) lets
    its administrators alone move (annotation protected-aliases). Neither a role that trusts GitHub nor everybody may
    register or change packages, unless a condition keeps them from the status Approved.
    """
    if one.type == MODEL:
        yield from _packaged(one, stack)
    elif one.type == INFERENCE:
        yield from _protected(one, stack, given)
    elif one.type == GROUP_POLICY:
        yield from _shared(one, stack)
    elif not _ci(one):
        yield skip("does not trust GitHub")
    else:
        yield from parts(*(_rights(one, holder, path, stack) for holder, path in holders_of(one, stack)))


def _packaged(model: Resource, stack: Stack) -> Iterator[Problem]:
    both = [where for path in ("primaryContainer", "containers") for where, _ in items(model.props, path)]
    if not both:
        yield fail("primaryContainer", "no container", "name the package with modelPackageName")
    for where in both:
        yield from _package(model, f"{where}.modelPackageName", stack)


def _package(model: Resource, path: str, stack: Stack) -> Iterator[Problem]:
    if stack.referents(model, path.partition(".")[0].partition("[")[0], [GROUP]):
        return
    value = look(model.props, path)
    match = PACKAGE.fullmatch(value) if isinstance(value, str) else None
    if value is UNKNOWN:
        yield undetermined(path)
    elif not match:
        found = "not set, so nobody has approved what runs" if value is ABSENT else "not a version of a package"
        yield fail(path, found, "set the ARN of an approved version: model-package/GROUP/VERSION")
    elif not any(look(group.props, "modelPackageGroupName") == match[1] for group in stack.of([GROUP])):
        yield fail(path, "a group that is not of this stack", "declare the ModelPackageGroup here")


def _protected(service: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    path, followed = f"metadata.annotations.{FOLLOWED}", said(service, FOLLOWED)
    if followed is UNKNOWN:
        yield undetermined(path)
        return
    names = re.split(r"[\s,]+", followed.strip()) if isinstance(followed, str) and followed.strip() else []
    if not names:
        yield fail(path, "follows no alias of the registry, so nobody approves what it serves", "follow one")
        return
    guarded = [said(one, PROTECTED) for one in stack.of([DEPLOYMENT]) if _tracks(one, given)]
    kept = {name for value in guarded if isinstance(value, str) for name in re.split(r"[\s,]+", value)}
    if not set(names) <= kept:
        if UNKNOWN in guarded:
            yield undetermined(f"Deployment.metadata.annotations.{PROTECTED}")
        else:
            fix = "protect it at the tracking server, so that its administrators alone move it"
            yield fail(path, "follows an alias that whoever trains may move", fix)


def _tracks(one: Resource, given: Parameters) -> bool:
    wanted: Mapping[str, list[str]] = given.get("trackingLabels", {})
    return any(pod_labels(one, pod).get(key) in wanted[key] for pod in pods(one) for key in wanted)


def _ci(role: Resource) -> bool:
    found = statements(role.props, "assumeRolePolicy") or ()
    return any(one.allow and any(GITHUB in principal for principal in one.principals) for one in found)


def _rights(role: Resource, holder: Resource, path: str, stack: Stack) -> Iterator[Problem]:
    head = "" if holder.urn == role.urn else f"{holder.type.rpartition(':')[2]}."
    try:
        found = statements(holder.props, path) or []
    except UndeterminedError as unknown:
        yield undetermined(f"{head}{unknown.path}")
        return
    view = Grants(tuple(found), boundaries(role, stack))
    for one in found:
        alone = Grants((one, *view.denies), view.limit)
        if any(one.allow and one.does(action) and alone.at_all(action) for action in APPROVING) and not _kept(one):
            fix = "leave UpdateModelPackage and CreateModelPackage out, or fix sagemaker:ModelApprovalStatus"
            yield fail(f"{head}{one.path}.Action", "CI may approve what it made", fix)


def _kept(one: Statement) -> bool:
    """Whether a condition fixes the status to something else than Approved."""
    values = [value for _, key, some in one.conditions if key == STATUS for value in some]
    return one.fixes(lambda key: key == STATUS) and "Approved" not in values and all("*" not in v for v in values)


def _shared(policy: Resource, stack: Stack) -> Iterator[Problem]:
    ci = {look(role.props, "name") for role in stack.of([ROLES]) if _known_ci(role)}
    for one in statements(policy.props, "resourcePolicy") or ():
        everybody = one.anonymous and not one.narrowed(frozenset({"aws:principalarn"}))
        wide = everybody or any(named(principal) in ci for principal in one.principals)
        if one.allow and wide and any(one.does(action) for action in APPROVING) and not _kept(one):
            fix = "name the roles of those who approve"
            yield fail(f"{one.path}.Principal", "CI, or everybody, may approve packages of the group", fix)
    if not present(policy.props, "resourcePolicy"):
        yield fail("resourcePolicy", "not set", "write a JSON object with a list Statement")


def _known_ci(role: Resource) -> bool:
    try:
        return _ci(role)
    except UndeterminedError:
        return False
