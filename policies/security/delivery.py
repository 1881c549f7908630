"""Delivery: what CI looks with cannot change or read anything, and what it changes with is released by people."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from policies.documents import Statement, matches, statements
from policies.grants import Grants, Kind
from policies.identities import (
    INLINE,
    LINKS,
    POLICY,
    attached_elsewhere,
    boundaries,
    holders_of,
)
from policies.identities import ROLE as ROLES
from policies.reading import as_number
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
    look,
    parts,
    present,
    skip,
    undetermined,
)
from policies.security.permissions import DATA
from policies.security.trust import GITHUB
from policies.security.trust import SUBJECT as FIXED
from policies.tags import PERSONAL, tag

KEY, ALIAS = "aws:kms/key:Key", "aws:kms/alias:Alias"
TABLE, FEATURE_GROUP = "aws:dynamodb/table:Table", "aws:sagemaker/featureGroup:FeatureGroup"

SUBJECT = re.compile(r"repo:[^:]+:(pull_request|environment:(?P<environment>.+)|.+)")
READING = re.compile(
    r"[\w-]+:(Get|List|Describe|View|BatchGet|BatchCheck|BatchDescribe|Check|Estimate|Filter|Head|Lookup|Query|Read|Scan|"
    r"Search|Select|Simulate|Test|Validate|Verify)[\w*?]*",
    re.IGNORECASE,
)
"""Actions that change nothing, by the verb that they begin with; a pattern counts by its beginning."""

DECRYPTING = ("kms:Decrypt", "kms:ReEncryptFrom")
ALIASES = "kms:resourcealiases"
SECRETS = ("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue", "ec2:GetPasswordData")
HOUR = 3600
STORES = {**dict.fromkeys(BUCKET, ("s3", "bucket")), TABLE: ("dynamodb", "name"),
          FEATURE_GROUP: ("sagemaker", "featureGroupName")}  # fmt: skip
"""Service and input with the name, for stores whose contents the API of AWS hands out."""


@control(
    "IAM-03",
    title="Preview cannot change anything",
    kind="stack",
    severity="high",
    types=(ROLES, POLICY, INLINE, *LINKS, KEY, ALIAS, *STORES),
    subjects=(ROLES,),
    basis=("25(2)", "32(4)"),
    refs=("design:own",),
)
def previews_change_nothing(role: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Of the roles that trust GitHub, one for pull requests or for a GitHub environment of {preview} allows nothing but
    reading, and neither secrets, nor the contents of a store with personal data, nor decryption but under an alias of
    another key; of managed policies it has those of {managed}. Every other one is bound to a GitHub environment by
    equality, where people can be asked to release it. Both have a permissions boundary and sessions of an hour at most,
    which is the default.
    """
    subjects = [value for entry in _trusts(role) for value in _subjects(entry)]
    if not subjects:
        yield skip("does not trust GitHub")
        return
    checks = [_boundary(role), _session(role)]
    if any(_previews(value, given) for value in subjects):
        checks += [_elsewhere(role, stack, given), _inline(role)]
        checks += [_document(holder, path, role, stack) for holder, path in holders_of(role, stack)]
    else:
        checks += [_released(role)]
    yield from parts(*checks)


def _trusts(role: Resource) -> list[Statement]:
    return [one for one in statements(role.props, "assumeRolePolicy") or () if one.allow]


def _subjects(entry: Statement) -> list[str]:
    """Subjects of GitHub's tokens that a statement lets in; one that fixes none lets in any."""
    if not any(one.startswith("Federated:") and GITHUB in one for one in entry.principals):
        return []
    found = [str(value) for _, key, values in entry.conditions if key == f"{GITHUB}:sub" for value in values]
    return found or ["*"]


def _previews(subject: str, given: Parameters) -> bool:
    match = SUBJECT.fullmatch(subject)
    if match is None:
        return False
    name = match["environment"] or ""
    return match[1] == "pull_request" or any(name and fnmatchcase(name, one) for one in given.get("preview", ()))


def _released(role: Resource) -> Iterator[Problem]:
    """Problems of who may deploy; a subject that fixes no repository, branch or environment at all is IAM-02's."""
    fix = "name one GitHub environment by StringEquals, and protect it with reviewers there"
    for entry in _trusts(role):
        for operator, key, values in entry.conditions:
            for value in values if key == f"{GITHUB}:sub" else ():
                match = FIXED.fullmatch(value) if isinstance(value, str) else None
                if match is None or match[2][:1] in ("*", "?"):
                    continue
                if operator.lower() != "stringequals" or f":environment:{match[2]}" not in match[0]:
                    yield fail(f"{entry.path}.Condition", "deploys without an environment that people release", fix)


def _boundary(role: Resource) -> Iterator[Problem]:
    if not present(role.props, "permissionsBoundary"):
        fix = "set the ARN of a policy that bounds it"
        yield fail("permissionsBoundary", "not set, so that nothing but its own policies limits CI", fix)


def _session(role: Resource) -> Iterator[Problem]:
    path = "maxSessionDuration"
    value = look(role.props, path)
    seconds = HOUR if value is ABSENT else as_number(value)
    if value is UNKNOWN:
        yield undetermined(path)
    elif seconds is None or seconds > HOUR:
        yield fail(path, "a stolen session lasts longer than an hour", f"set {HOUR} seconds or fewer")


def _inline(role: Resource) -> Iterator[Problem]:
    if look(role.props, "inlinePolicies") is UNKNOWN:
        yield undetermined("inlinePolicies")


def _elsewhere(role: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Policies that are attached and not of this stack."""
    for one, path, arn in attached_elsewhere(role, stack):
        where = path if one.urn == role.urn else f"{one.type.rpartition(':')[2]}.{path}"
        if arn is UNKNOWN:
            yield undetermined(where)
        elif not any(str(arn).endswith(f"policy/{name}") for name in given.get("managed", ())):
            fix = "write its statements in this stack, or register its name under IAM-03.managed"
            yield fail(where, "a policy that is neither of this stack nor registered", fix)


def _document(holder: Resource, path: str, role: Resource, stack: Stack) -> Iterator[Problem]:
    head = "" if holder.urn == role.urn else f"{holder.type.rpartition(':')[2]}."
    try:
        found = statements(holder.props, path)
    except UndeterminedError as unknown:
        yield undetermined(f"{head}{unknown.path}")
        return
    if found is None:
        yield fail(f"{head}{path}", "no policy document", "write a JSON object with a list Statement")
    view = Grants(tuple(found or ()), boundaries(role, stack))
    for one in found or ():
        if one.allow:
            yield from parts(
                _only_reads(one, head), _no_secrets(one, head, view), _no_contents(one, head, view, stack),
                _no_decryption(one, head, stack),
            )  # fmt: skip


def _only_reads(one: Statement, head: str) -> Iterator[Problem]:
    changing = [action for action in one.actions if not READING.fullmatch(action) and action not in DECRYPTING]
    if one.not_actions or changing:
        yield fail(f"{head}{one.path}.Action", "more than reading", "name actions that read, such as Describe and List")


def _no_secrets(one: Statement, head: str, view: Grants) -> Iterator[Problem]:
    alone = Grants((one, *view.denies), view.limit)
    if any(one.does(action) and alone.at_all(action) for action in SECRETS):
        yield fail(f"{head}{one.path}.Action", "secrets are handed out", "leave it out, or allow DescribeSecret alone")


def _no_contents(one: Statement, head: str, view: Grants, stack: Stack) -> Iterator[Problem]:
    """Contents of all stores, or of one of this stack with personal data."""
    alone = Grants((one, *view.denies), view.limit)
    for service, (kind, actions) in DATA.items():
        mine = [f"{service}:{action}" for action in actions if one.does(f"{service}:{action}")]
        if any(alone.everywhere(action, kind) for action in mine):
            fix = "leave it out, or name what is no data: the engine's state"
            yield fail(f"{head}{one.path}.Resource", f"all contents of {service} are readable", fix)
            continue
        for store in _personal(service, stack) if mine else ():
            name = look(store.props, STORES[store.type][1])
            if not isinstance(name, str):
                yield undetermined(f"{store.type.rpartition(':')[2]}.{STORES[store.type][1]}")
            elif any(_reaches(alone, action, kind, name) for action in mine):
                fix = "leave the store out: a preview needs settings, never contents"
                yield fail(f"{head}{one.path}.Resource", f"the contents of {store.name} are readable", fix)


def _personal(service: str, stack: Stack) -> Iterator[Resource]:
    for store in stack.of(STORES):
        if STORES[store.type][0] == service and tag(store, stack, "data-class") in PERSONAL:
            yield store


def _reaches(view: Grants, action: str, kind: Kind, name: str) -> bool:
    """Whether a view allows an action on something in a store: for objects, with any key that its patterns name."""
    if kind.service != "s3":
        return view.on(action, kind, name) is not None
    keys = {"q7x0", *(one.partition(":::")[2].partition("/")[2] for each in view.statements for one in each.resources)}
    plain = {key.replace("*", "q7x0").replace("?", "q") for key in keys if key}
    return any(view.on(action, Kind("s3", f"{name}/{key}"), "") is not None for key in plain)


def _no_decryption(one: Statement, head: str, stack: Stack) -> Iterator[Problem]:
    """Decryption is allowed under aliases alone, and none of them is that of a key of personal data."""
    if not any(one.does(action) for action in DECRYPTING):
        return
    named = [str(value) for _, key, values in one.conditions if key == ALIASES for value in values]
    if not one.fixes(lambda key: key == ALIASES):
        fix = "add ForAnyValue:StringEquals kms:ResourceAliases with the alias of the engine's state"
        yield fail(f"{head}{one.path}.Condition", "it decrypts whatever it can read", fix)
    for alias in stack.of([ALIAS]):
        name, keys = look(alias.props, "name"), stack.referents(alias, "targetKeyId", [KEY])
        opened = isinstance(name, str) and any(matches(pattern, name) for pattern in named)
        if opened and any(tag(key, stack, "data-class") in PERSONAL for key in keys):
            found = f"it decrypts under {alias.name}, which names a key of personal data"
            yield fail(f"{head}{one.path}.Condition", found, "leave this alias out")
