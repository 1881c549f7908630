"""Emergency access: one role, hard to take on, and never in silence."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from policies.alerts import ALARM, FILTER, RULE, RULE_TARGET, TOPIC, Watch, watches
from policies.documents import Statement, statements
from policies.identities import ROLE as ROLES
from policies.identities import named
from policies.reading import as_number
from policies.rule import (
    ABSENT,
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
    skip,
    undetermined,
)
from policies.stack import ROOT
from policies.tags import tag

HOUR = 3600
PROCEDURE = "review-procedure"
REGISTERED = ("role", "review", "approver")
"""What an entry of the register says: name of the role, where its use is reviewed, and who accepted that."""

MFA, AGE = "aws:multifactorauthpresent", "aws:multifactorauthage"


@control(
    "IAM-06",
    title="Break-glass is single, strong and loud",
    kind="stack",
    severity="high",
    types=(ROOT, ROLES, RULE, RULE_TARGET, FILTER, ALARM, TOPIC),
    subjects=(ROOT, ROLES),
    basis=("32(1)(b)", "32(1)(c)", "33(1)", "5(2)"),
    refs=("prowler:iam_administrator_access_with_mfa",),
)
def emergencies_are_loud(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """An environment with AWS resources has exactly one role for emergencies: one of this stack whose name matches
    {names}, or one that its owners made and {existing} registers with where its use is reviewed and who accepted it.
    Whenever it is taken on, an event rule or a metric filter with an alarm, narrowed by nothing else, tells a topic
    of this stack. One of this stack asks everybody for MFA, lets in neither services, tokens of workflows and pods,
    nor roles of this stack, ends its sessions after an hour at most (the default), and says in the tag review-
    procedure how its use is reviewed.
    """
    own = [role for role in stack.of([ROLES]) if _emergency(role, given)]
    if one.type != ROOT:
        if not any(role.urn == one.urn for role in own):
            yield skip("is no role for emergencies")
            return
        yield from parts(_trust(one, stack), _session(one), _reviewed(one, stack), _told(one, stack))
    elif not any(found.type.startswith("aws:") for found in stack.resources):
        yield skip("holds nothing of AWS")
    else:
        yield from parts(_single(own, given), _registered(own, stack, given))


def _emergency(role: Resource, given: Parameters) -> bool:
    name = look(role.props, "name")
    return isinstance(name, str) and any(fnmatchcase(name, pattern) for pattern in given.get("names", ()))


def _others(own: list[Resource], given: Parameters) -> list[Mapping[str, Any]]:
    """Entries of the register that this stack does not declare itself."""
    names = {look(role.props, "name") for role in own}
    return [entry for entry in given.get("existing", ()) if entry.get("role") not in names]


def _single(own: list[Resource], given: Parameters) -> Iterator[Problem]:
    count = len(own) + len(_others(own, given))
    if count != 1:
        fix = "declare one role for emergencies, or register one under IAM-06.existing"
        yield fail("", f"{count} roles for emergencies", fix)


def _registered(own: list[Resource], stack: Stack, given: Parameters) -> Iterator[Problem]:
    for number, entry in enumerate(_others(own, given)):
        missing = [key for key in REGISTERED if not entry.get(key)]
        if missing:
            yield fail("", f"entry {number + 1} of IAM-06.existing lacks {', '.join(missing)}", "complete it")
        yield from _heard(str(entry.get("role", "")), stack)


def _told(role: Resource, stack: Stack) -> Iterator[Problem]:
    yield from _heard(str(look(role.props, "name")), stack)


def _heard(name: str, stack: Stack) -> Iterator[Problem]:
    listening: list[Watch] = watches(stack)
    if any(watch.role(name) and _hears_reading(watch) for watch in listening):
        return
    if any(watch.unknown for watch in listening):
        yield undetermined("EventRule.eventPattern")
    else:
        fix = "add an EventRule for AssumeRole of its ARN, with all management events, and a target that is a topic"
        yield fail("", "nobody is told when it is taken on", fix)


def _hears_reading(watch: Watch) -> bool:
    """Whether a rule hears of calls that only read, of which AssumeRole is one (EventBridge user guide, "read-only
    management events"); a metric filter reads what the trail has.
    """
    state = look(watch.holder.props, "state")
    return watch.holder.type != RULE or state is UNKNOWN or state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


def _trust(role: Resource, stack: Stack) -> Iterator[Problem]:
    found = statements(role.props, "assumeRolePolicy")
    if not found:
        yield fail("assumeRolePolicy", "no policy document", "write a JSON object with a list Statement")
    for one in found or ():
        if one.allow:
            yield from parts(_asks(one), _people(one, role, stack))


def _asks(one: Statement) -> Iterator[Problem]:
    asked = any(
        (operator.lower() == "bool" and key == MFA and [str(value).lower() for value in values] == ["true"])
        or (operator.lower().startswith("numericlessthan") and not operator.lower().endswith("ifexists") and key == AGE)
        for operator, key, values in one.conditions
    )
    if not asked:
        fix = "add Bool aws:MultiFactorAuthPresent true"
        yield fail(f"{one.path}.Condition", "a stolen password is enough", fix)


def _people(one: Statement, role: Resource, stack: Stack) -> Iterator[Problem]:
    roles = {look(other.props, "name") for other in stack.of([ROLES]) if other.urn != role.urn}
    for principal in one.principals:
        kind, _, name = principal.partition(":")
        token = kind == "Federated" and ":saml-provider/" not in name
        if kind == "Service" or token or named(name) in roles:
            fix = "name the identities of those who are on call"
            yield fail(f"{one.path}.Principal", "CI or a workload may take it on", fix)
    if one.anonymous:
        yield fail(f"{one.path}.Principal", "everybody may take it on", "name the identities of those who are on call")


def _session(role: Resource) -> Iterator[Problem]:
    path = "maxSessionDuration"
    value = look(role.props, path)
    seconds = HOUR if value is ABSENT else as_number(value)
    if value is UNKNOWN:
        yield undetermined(path)
    elif seconds is None or seconds > HOUR:
        yield fail(path, "an emergency lasts longer than an hour unasked", f"set {HOUR} seconds or fewer")


def _reviewed(role: Resource, stack: Stack) -> Iterator[Problem]:
    try:
        value = tag(role, stack, PROCEDURE)
    except UndeterminedError as unknown:
        yield undetermined(unknown.path)
        return
    if not value:
        yield fail(f"tags.{PROCEDURE}", "not set, so nobody knows how its use is reviewed", "name the procedure")
