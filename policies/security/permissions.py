"""Permissions: nobody is administrator, reads the data of everybody, or can make themselves either."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from policies.documents import Statement, statements
from policies.grants import GROUP, POLICY, ROLE, USER, Grants, Kind, Limit, pairs, tagged, whole_service
from policies.identities import (
    DOCUMENTS,
    PATHS,
    boundaries,
    boundary_names,
    bounds,
    documents_of,
    inline,
    named,
    policies_of,
    roles_of,
)
from policies.identities import ROLE as ROLES
from policies.reading import as_list, is_on
from policies.rule import (
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    look,
    parts,
    skip,
    undetermined,
)

DATA: Mapping[str, tuple[Kind, tuple[str, ...]]] = {
    "s3": (Kind("s3", "{}/{}"), ("GetObject", "GetObjectVersion")),
    "dynamodb": (
        Kind("dynamodb", "table/{}"),
        ("GetItem", "BatchGetItem", "Query", "Scan", "PartiQLSelect", "GetRecords"),
    ),
    "ebs": (Kind("ec2", "snapshot/{}"), ("GetSnapshotBlock",)),
    "rds": (Kind("rds", "db:{}"), ()),
    "rds-data": (Kind("rds", "cluster:{}"), ("ExecuteStatement",)),
    "rds-db": (Kind("rds-db", "dbuser:{}/{}"), ("connect",)),
    "secretsmanager": (Kind("secretsmanager", "secret:{}"), ("GetSecretValue",)),
    "ssm": (
        Kind("ssm", "parameter/{}"),
        ("GetParameter", "GetParameters", "GetParametersByPath", "GetParameterHistory"),
    ),
    "logs": (Kind("logs", "log-group:{}"), ("GetLogEvents", "FilterLogEvents", "StartQuery", "GetQueryResults")),
    "sagemaker": (Kind("sagemaker", "feature-group/{}"), ("GetRecord", "BatchGetRecord")),
    "elasticfilesystem": (Kind("elasticfilesystem", "file-system/{}"), ("ClientMount",)),
    "fsx": (Kind("fsx", "file-system/{}"), ()),
    "backup": (Kind("backup", "backup-vault:{}"), ()),
    "glue": (Kind("glue", "table/{}/{}"), ()),
    "athena": (Kind("athena", "workgroup/{}"), ("GetQueryResults",)),
    "redshift": (Kind("redshift", "cluster:{}"), ("GetClusterCredentials",)),
    "redshift-data": (Kind("redshift", "cluster:{}"), ("ExecuteStatement", "GetStatementResult")),
    "kinesis": (Kind("kinesis", "stream/{}"), ("GetRecords",)),
}
"""Services that hold what PRIV-01 wants classified, or its way in, with the actions that read it; keys: KMS-02."""

ALONE: Mapping[str, Kind] = {
    "iam:AttachRolePolicy": ROLE,
    "iam:PutRolePolicy": ROLE,
    "iam:UpdateAssumeRolePolicy": ROLE,
    "iam:PutRolePermissionsBoundary": ROLE,
    "iam:DeleteRolePermissionsBoundary": ROLE,
    "sts:AssumeRole": ROLE,
    "iam:CreatePolicyVersion": POLICY,
    "iam:SetDefaultPolicyVersion": POLICY,
    "iam:AttachUserPolicy": USER,
    "iam:PutUserPolicy": USER,
    "iam:CreateAccessKey": USER,
    "iam:CreateLoginProfile": USER,
    "iam:UpdateLoginProfile": USER,
    "iam:AttachGroupPolicy": GROUP,
    "iam:PutGroupPolicy": GROUP,
    "iam:AddUserToGroup": GROUP,
    "lambda:UpdateFunctionCode": Kind("lambda", "function:{}"),
    "lambda:UpdateFunctionConfiguration": Kind("lambda", "function:{}"),
    "sagemaker:CreatePresignedNotebookInstanceUrl": Kind("sagemaker", "notebook-instance/{}"),
    "sagemaker:CreatePresignedDomainUrl": Kind("sagemaker", "user-profile/{}/{}"),
    "ssm:SendCommand": Kind("ec2", "instance/{}"),
    "ssm:StartSession": Kind("ec2", "instance/{}"),
    "glue:UpdateDevEndpoint": Kind("glue", "devEndpoint/{}"),
    "eks:AssociateAccessPolicy": Kind("eks", "access-entry/{}/{}"),
    "kms:PutKeyPolicy": Kind("kms", "key/{}"),
    "kms:CreateGrant": Kind("kms", "key/{}"),
}
"""Actions that, on any resource of the kind, lead to the rights of somebody else (Rhino Security Labs, "AWS IAM
privilege escalation methods"); with iam:PassRole on any role, those below do."""

LAUNCHERS = (
    "ec2:RunInstances", "lambda:CreateFunction", "cloudformation:CreateStack", "glue:CreateDevEndpoint",
    "datapipeline:CreatePipeline", "sagemaker:CreateNotebookInstance", "sagemaker:CreateTrainingJob",
    "sagemaker:CreateProcessingJob", "sagemaker:CreateHyperParameterTuningJob", "sagemaker:CreateModel", "ecs:RunTask",
    "ecs:StartTask", "batch:RegisterJobDefinition", "codebuild:CreateProject", "states:CreateStateMachine",
    "eks:CreatePodIdentityAssociation", "glue:CreateJob",
)  # fmt: skip

UNGUARDED = frozenset({"iam:DeleteRolePermissionsBoundary"})
"""Actions for which a condition on the boundary guards nothing: they take it away."""

ALIASES = "kms:resourcealiases"
FOR_AWS = ("bool", "kms:grantisforawsresource")
"""Condition that a service of AWS gives a grant, for what it makes (KMS developer guide, "Condition keys")."""

OWN = ("iam:AttachRolePolicy", "iam:PutRolePolicy")
LEAVING = ("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary")
REWRITING = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")


@control(
    "IAM-01",
    title="No administrator or data-wide grants",
    kind="stack",
    severity="critical",
    types=(*DOCUMENTS, *PATHS),
    basis=("25(2)", "32(1)(b)", "32(4)"),
    refs=("securityhub:IAM.1", "securityhub:IAM.21", "CKV_AWS_62", "CKV_AWS_63", "CKV_AWS_286", "CKV_AWS_288",
          "CKV_AWS_289", "CKV_AWS_355", "CKV_AWS_274", "CKV2_AWS_40", "CKV2_AWS_68", "trivy:AWS-0057", "trivy:AWS-0345",
          "prowler:iam_customer_attached_policy_no_administrative_privileges",
          "prowler:iam_inline_policy_no_administrative_privileges", "prowler:iam_role_administratoraccess_policy"),
)  # fmt: skip
def nobody_may_do_everything(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """No statement allows every action on every resource; none allows a data service as a whole, or reading its data,
    on all resources unless a tag narrows it; no action or combination leads to somebody else's rights, within one
    policy or all policies of a role; outside IAM a tag or a key's alias narrows that too; a role does not change itself
    unless it is bounded, and never its boundary; no managed policy of {managed} is attached to anybody outside
    {breakGlass}. What a denial or the permissions boundary takes away is not allowed.
    """
    if one.type == ROLES:
        documents = [_document(one, path, (one,), stack) for path in inline(one)]
        yield from parts(_attached(one, (one,), stack, given), *documents, _together(one, stack))
    elif one.type in PATHS:
        yield from _attached(one, roles_of(one, stack), stack, given)
    elif bounds(one, stack):
        yield skip("a permissions boundary grants nothing; what it leaves open is judged at the roles under it")
    else:
        yield from _document(one, "policy", roles_of(one, stack), stack)


def _attached(one: Resource, roles: tuple[Resource, ...], stack: Stack, given: Parameters) -> Iterator[Problem]:
    path = PATHS[one.type]
    excepted = given.get("breakGlass", ())
    if roles and all(look(role.props, "name") in list(excepted) for role in roles):
        return
    arns = as_list(look(one.props, path))
    if UNKNOWN in arns and not policies_of(one, stack):
        yield undetermined(path)
    for arn in arns:
        if isinstance(arn, str) and "::aws:policy/" in arn and _forbidden(named(arn), given):
            yield fail(
                path, "a managed policy of AWS that opens all data or everything", "write what is needed instead"
            )


def _forbidden(name: str, given: Parameters) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in given.get("managed", ()))


def _document(holder: Resource, path: str, roles: tuple[Resource, ...], stack: Stack) -> Iterator[Problem]:
    found = statements(holder.props, path)
    if found is None:
        yield fail(path, "no policy document", "write a JSON object with a list Statement")
        return
    limits = [boundaries(role, stack) for role in roles] or [None]
    views = [Grants(tuple(found), limit) for limit in limits]
    everything = [one for one in found if _administrator(one)]
    for one in everything:
        yield fail(f"{one.path}.Action", "every action is allowed on every resource", "name actions and resources")
    if everything:
        return
    for one in found:
        services = [name for name in DATA if any(_data(one, name, view) for view in views)]
        if services:
            reading = f"all data of {', '.join(services)} is open"
            yield fail(f"{one.path}.Resource", reading, "name the resources, or a condition aws:ResourceTag")
    yield from _escalations(path, views)


def _administrator(one: Statement) -> bool:
    anything = all(one.does(f"{service}:{action}") for service, action in (("q7x0", "GetA"), ("zk9", "PutB")))
    return one.allow and anything and any(True for _ in pairs(one, Kind("q7x0", "{}")))


def _data(one: Statement, service: str, view: Grants) -> bool:
    """Whether a statement opens all data of a service, and neither denials nor the boundary close it again."""
    kind, reads = DATA[service]
    actions = [f"{service}:{action}" for action in reads]
    if whole_service(one, service):
        actions.append(f"{service}:GetQ7x0")
    if not one.allow or tagged(one):
        return False
    alone = Grants((one, *view.denies), view.limit)
    return any(one.does(action) and alone.everywhere(action, kind) for action in actions)


def _escalations(path: str, views: list[Grants]) -> Iterator[Problem]:
    for view in views:
        for action, where in escalations(view):
            fix = "name the resources, or demand the boundary by a condition iam:PermissionsBoundary"
            yield fail(where or path, f"{action} leads to the rights of others", fix)


def escalations(view: Grants) -> Iterator[tuple[str, str]]:
    """Ways to the rights of others: the actions, and where the statement stands that opens the way."""
    wide = _without_narrow(view)
    for action, kind in ALONE.items():
        own = action.startswith("iam:")
        guarded = own and action not in UNGUARDED
        if found := (view if own else wide).everywhere(action, kind, guarded=guarded):
            yield action, found.path
    if passing := view.everywhere("iam:PassRole", ROLE):
        for action in LAUNCHERS:
            if view.at_all(action):
                yield f"iam:PassRole with {action}", passing.path
    makes = view.at_all("iam:CreateRole", guarded=True)
    for action in OWN if makes else ():
        if view.at_all(action, guarded=True):
            yield f"iam:CreateRole with {action}", ""


def _without_narrow(view: Grants) -> Grants:
    """What is allowed whatever a resource's tags and aliases are."""

    def kept(some: tuple[Statement, ...]) -> tuple[Statement, ...]:
        return tuple(one for one in some if not (one.allow and _narrow(one)))

    limit = view.limit if view.limit is None or view.limit.statements is None else Limit(kept(view.limit.statements))
    return Grants(kept(view.statements), limit)


def _narrow(one: Statement) -> bool:
    """Whether a tag or a key's alias narrows an allowance, or AWS alone gives the grants of a key."""
    grants = [values for operator, key, values in one.conditions if (operator.lower(), key) == FOR_AWS]
    return tagged(one) or one.fixes(lambda key: key == ALIASES) or any(all(map(is_on, values)) for values in grants)


def _together(role: Resource, stack: Stack) -> Iterator[Problem]:
    """Ways that only all policies of a role open, and those over the role itself and its boundary."""
    limit = boundaries(role, stack)
    documents = [found for _, _, found in documents_of(role, stack)]
    view = Grants(tuple(one for found in documents for one in found), limit)
    apart = {action for found in documents for action, _ in escalations(Grants(found, limit))}
    fix = "take one of them away, or demand the boundary by a condition iam:PermissionsBoundary"
    for action in dict.fromkeys(action for action, _ in escalations(view)):
        if action not in apart:
            yield fail("", f"its policies together allow {action}, which leads to the rights of others", fix)
    yield from _itself(role, view, limit, stack)


def _itself(role: Resource, view: Grants, limit: Limit | None, stack: Stack) -> Iterator[Problem]:
    name: Any = look(role.props, "name")
    changing = OWN if limit is None else LEAVING
    for action in changing:
        guarded = action not in UNGUARDED
        if not isinstance(name, str):
            if view.at_all(action, guarded=guarded):
                yield undetermined("name")
        elif view.on(action, ROLE, name, guarded=guarded) and not view.everywhere(action, ROLE, guarded=guarded):
            yield _widening(action) if limit is None else _leaving(action)
    bound = sorted(boundary_names(role, stack))
    for action in REWRITING if limit is not None else ():
        if not bound and view.at_all(action):
            yield undetermined("permissionsBoundary")
        if any(view.on(action, POLICY, one) for one in bound) and not view.everywhere(action, POLICY):
            fix = "deny changes of the boundary policy"
            yield fail("permissionsBoundary", f"{action} lets it rewrite its boundary", fix)


def _widening(action: str) -> Problem:
    fix = "leave this role out, or give it a permissionsBoundary"
    return fail("permissionsBoundary", f"not set, and {action} lets it widen itself", fix)


def _leaving(action: str) -> Problem:
    return fail("permissionsBoundary", f"{action} lets it leave its boundary", "deny it on the role itself")
