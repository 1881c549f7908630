"""Trust: who may take on a role, and that nobody has a credential that lasts."""

import re
from collections.abc import Iterator

from policies.documents import POSITIVE, Statement, statements
from policies.reading import as_list
from policies.rule import (
    ABSENT,
    UNKNOWN,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    fail,
    literal,
    look,
    parts,
    present,
    skip,
    undetermined,
)

ROLE, PROVIDER = "aws:iam/role:Role", "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
PERMANENT = (
    "aws:iam/user:User",
    "aws:iam/accessKey:AccessKey",
    "aws:iam/userLoginProfile:UserLoginProfile",
    "aws:iam/serviceSpecificCredential:ServiceSpecificCredential",
)

GITHUB = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
SUBJECT = re.compile(r"repo:([\w.@-]+/[\w.@-]+):(?:environment:|ref:refs/(?:heads|tags)/)(.+)")
"""Subject of a workflow's token: owner and repository, and a branch, tag or environment (GitHub documentation, "OpenID
Connect reference")."""

SOURCE_KEYS = frozenset({"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"})
POD_KEYS = ("aws:requesttag/kubernetes-namespace", "aws:requesttag/kubernetes-service-account")
PODS = "pods.eks.amazonaws.com"
CALLER = re.compile(
    r"arn:[\w-]+:iam::\d{12}:(?:(?:role|user)/[\w+=,.@/-]+"
    r"|role/aws-reserved/sso\.amazonaws\.com/(?:[\w-]+/|\*/?)?AWSReservedSSO_[\w+=,.@-]+_(?:\*|\?{16}))"
)
"""ARN of one role or user; the role of a permission set ends in 16 characters that are known once it is there (IAM
Identity Center user guide, "Referencing permission sets in resource policies")."""

ACCOUNT = re.compile(r"AWS:(?:arn:[^:]*:iam::)?\d{12}(?::root)?")


@control(
    "IAM-02",
    title="CI federation trusts exactly our repository and branch",
    kind="resource",
    severity="critical",
    types=(ROLE, PROVIDER),
    basis=("32(1)(b)", "32(4)"),
    refs=("CKV_AWS_393",),
)
def ci_is_trusted_by_name(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """A role that trusts GitHub's issuer fixes the audience to the token service and the subject to one repository, one
    of {repositories} where they are named, with a branch, tag or environment; a pattern (StringLike) varies nothing
    but the end of that. The provider itself takes tokens for the token service only.
    """
    if one.type == PROVIDER:
        yield from _audiences(one)
        return
    mine = [entry for entry in _trusts(one) if _github(entry)]
    if not mine:
        yield skip("does not trust GitHub")
    for entry in mine:
        yield from _audience(entry)
        yield from _subjects(entry, given.get("repositories", ()))


def _trusts(role: Resource) -> list[Statement]:
    return [one for one in statements(role.props, "assumeRolePolicy") or () if one.allow]


def _github(entry: Statement) -> bool:
    federated = any(one.startswith("Federated:") and GITHUB in one for one in entry.principals)
    return federated or any(key.startswith(GITHUB) for _, key, _ in entry.conditions)


def _audiences(provider: Resource) -> Iterator[Problem]:
    url = literal(provider.props, "url", "")
    if GITHUB not in str(url):
        yield skip("is not GitHub's")
        return
    path = "clientIdLists"
    found = as_list(literal(provider.props, path, []))
    if UNKNOWN in found:
        yield undetermined(path)
    elif found != [AUDIENCE]:
        yield fail(path, "other audiences than the token service", f"set {AUDIENCE} alone")


def _audience(entry: Statement) -> Iterator[Problem]:
    values = [values for operator, key, values in entry.conditions if key == f"{GITHUB}:aud" and _equals(operator)]
    if [AUDIENCE] not in [list(one) for one in values]:
        fix = f"add StringEquals {GITHUB}:aud = {AUDIENCE}"
        yield fail(f"{entry.path}.Condition", "the audience is not fixed", fix)


def _subjects(entry: Statement, repositories: tuple[str, ...]) -> Iterator[Problem]:
    fix = "name one repository with environment:NAME or ref:refs/heads/NAME by StringEquals"
    where = f"{entry.path}.Condition"
    found = [
        (operator, [SUBJECT.fullmatch(value) if isinstance(value, str) else None for value in values])
        for operator, key, values in entry.conditions
        if key == f"{GITHUB}:sub" and (_equals(operator) or operator.lower() == "stringlike")
    ]
    found = [(operator, some) for operator, some in found if some]
    if not found:
        yield fail(where, "the subject is not fixed", fix)
    for operator, some in found:
        names = {one[1] for one in some if one}
        loose = [one for one in some if one is None or (not _equals(operator) and one[2][:1] in ("*", "?"))]
        if loose:
            yield fail(where, "a subject that fixes no repository with a branch, tag or environment", fix)
        elif len(names) != 1:
            yield fail(where, f"{len(names)} repositories", "give each repository a role of its own")
        elif repositories and not names <= set(repositories):
            yield fail(where, "a repository that is not registered", "register it under IAM-02.repositories")


def _equals(operator: str) -> bool:
    return operator.lower() == "stringequals"


@control(
    "IAM-04",
    title="No long-lived identities",
    kind="resource",
    severity="high",
    types=PERMANENT,
    basis=("32(1)(b)",),
    refs=("securityhub:IAM.2", "CKV_AWS_273", "prowler:iam_user_two_active_access_key"),
)
def identities_are_short_lived(_: Resource, __: Stack, ___: Parameters) -> Iterator[Problem]:
    """There are no IAM users, access keys, console profiles or service-specific credentials."""
    yield fail("", "an identity whose credential lasts", "use a role: federation for people, workflows and workloads")


@control(
    "IAM-05",
    title="Workload roles are bound to one workload",
    kind="resource",
    severity="high",
    types=(ROLE, ASSOCIATION, SERVICE_ACCOUNT),
    basis=("25(2)", "32(1)(b)"),
    refs=("CKV_AWS_60", "CKV_AWS_61", "CIS-EKS:5.2.1", "prowler:iam_role_cross_service_confused_deputy_prevention"),
)
def roles_are_for_one_workload(one: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """Trust policies name roles, not everybody and not whole accounts, unless a condition aws:PrincipalArn names each
    role or user (that of a permission set up to its random end); a service carries the source account, or for pods
    their namespace and service account, unless it is one of {withoutSource} that send none; roles for tokens of a
    cluster fix one namespace and service account by equality. GitHub's tokens: IAM-02.
    """
    if one.type == SERVICE_ACCOUNT:
        yield from _annotated(one)
    elif one.type == ASSOCIATION:
        yield from parts(*(_plain(one, path) for path in ("namespace", "serviceAccount")))
    else:
        found = statements(one.props, "assumeRolePolicy")
        if not found:
            yield fail("assumeRolePolicy", "no policy document", "write a JSON object with a list Statement")
        silent = {entry["service"] for entry in given.get("withoutSource", ())}
        for entry in found or ():
            if entry.allow:
                yield from _principals(entry, silent)


def _principals(entry: Statement, silent: set[str]) -> Iterator[Problem]:
    where = f"{entry.path}.Principal"
    if entry.anonymous:
        yield fail(where, "everybody may take it on", "name roles or a service")
        return
    for principal in entry.principals:
        kind, _, name = principal.partition(":")
        if kind == "Service":
            yield from _service(entry, where, name, silent)
        elif kind == "Federated":
            yield from _token(entry, where, name)
        elif ("*" in name or ACCOUNT.fullmatch(principal)) and not _by_name(entry):
            fix = "name roles, or add a condition aws:PrincipalArn with their names"
            yield fail(where, "a whole account may take it on", fix)


def _by_name(entry: Statement) -> bool:
    """Whether a positive condition names each role or user that may take a role on."""
    return any(
        key == "aws:principalarn" and POSITIVE.match(operator) and values and all(map(_caller, values))
        for operator, key, values in entry.conditions
    )


def _caller(value: object) -> bool:
    return isinstance(value, str) and CALLER.fullmatch(value) is not None


def _service(entry: Statement, where: str, name: str, silent: set[str]) -> Iterator[Problem]:
    if "*" in name:
        yield fail(where, "any service may take it on", "name one service")
    elif not (name in silent or entry.narrowed(SOURCE_KEYS) or _one_pod(entry, name)):
        fix = "add a condition StringEquals aws:SourceAccount"
        yield fail(f"{entry.path}.Condition", "the service may act for other accounts", fix)


def _one_pod(entry: Statement, name: str) -> bool:
    return name == PODS and all(_fixed(entry, key) for key in POD_KEYS)


def _token(entry: Statement, where: str, name: str) -> Iterator[Problem]:
    """Tokens of an issuer: a cluster's name a service account, and every other one's subject is fixed too."""
    if GITHUB in name or ":saml-provider/" in name:
        return
    subjects = [
        value
        for operator, key, values in entry.conditions
        if key.endswith(":sub") and _equals(operator)
        for value in values
    ]
    if not subjects or any(not isinstance(one, str) or "*" in one or "?" in one for one in subjects):
        fix = "add StringEquals ISSUER:sub = system:serviceaccount:NAMESPACE:NAME"
        yield fail(f"{entry.path}.Condition", "any token of the issuer is enough", fix)
    elif len(subjects) > 1:
        yield fail(f"{entry.path}.Condition", f"{len(subjects)} subjects", "give each workload a role of its own")


def _fixed(entry: Statement, wanted: str) -> bool:
    return any(
        key == wanted and _equals(operator) and len(values) == 1 and not {"*", "?"} & set(str(values[0]))
        for operator, key, values in entry.conditions
    )


def _plain(one: Resource, path: str) -> Iterator[Problem]:
    value = look(one.props, path)
    if value is UNKNOWN:
        yield undetermined(path)
    elif not isinstance(value, str) or not re.fullmatch(r"[a-z0-9.-]+", value):
        yield fail(path, "not set" if value is ABSENT else "not one name", "name one namespace and service account")


def _annotated(account: Resource) -> Iterator[Problem]:
    """The annotation by which a service account takes on a role: one role by its ARN."""
    annotations = literal(account.props, "metadata.annotations", {})
    key = "eks.amazonaws.com/role-arn"
    value = annotations.get(key, ABSENT) if hasattr(annotations, "get") else ABSENT
    path = f"metadata.annotations.{key}"
    if value is ABSENT:
        yield skip("takes on no role")
    elif value is UNKNOWN:
        yield undetermined(path)
    elif not isinstance(value, str) or not re.fullmatch(r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+", value):
        yield fail(path, "not one role", "set the ARN of one role")
    elif not present(account.props, "metadata.name"):
        yield fail("metadata.name", "not set, so it is nobody's in particular", "name the service account")
