"""Roles and what belongs to them: their policies, attachments and boundaries, by dependency or by literal name."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policies.documents import Statement, statements
from policies.grants import Limit
from policies.reading import ABSENT, UndeterminedError, items, look
from policies.stack import UNKNOWN, Resource, Stack

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/policy:Policy"
INLINE = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT, ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)
EXCLUSIVE = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
LINKS = (ATTACHMENT, ATTACHMENTS, EXCLUSIVE)
"""Resources that give policies to roles."""

PATHS: Mapping[str, str] = {
    ROLE: "managedPolicyArns",
    EXCLUSIVE: "policyArns",
    "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive": "policyArns",
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive": "policyArns",
    ATTACHMENT: "policyArn",
    ATTACHMENTS: "policyArn",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
}
"""Input with the ARNs of policies, for every resource that gives them to somebody."""

DOCUMENTS = (POLICY, INLINE, "aws:iam/userPolicy:UserPolicy", "aws:iam/groupPolicy:GroupPolicy")
"""Resources that hold the document of an identity policy."""


def named(arn: object) -> str:
    """The last part of a policy's or role's ARN, or its name; empty where it is no text."""
    return arn.rpartition("/")[2] if isinstance(arn, str) else ""


def roles_of(one: Resource, stack: Stack) -> tuple[Resource, ...]:
    """Roles of this stack that a policy, inline policy or attachment belongs to."""
    return stack.once(("roles of", one.urn), lambda: _roles_of(one, stack))


def _roles_of(one: Resource, stack: Stack) -> tuple[Resource, ...]:
    if one.type == POLICY:
        links = [link for link in stack.of(LINKS) if _among(one, policies_of(link, stack))]
        direct = [role for role in stack.of([ROLE]) if _among(one, _policies(role, "managedPolicyArns", stack))]
        return _once([*direct, *(role for link in links for role in roles_of(link, stack))])
    path = {ATTACHMENTS: "roles", EXCLUSIVE: "roleName"}.get(one.type, "role")
    names = {named(value) for value in _each(look(one.props, path))}
    return _once([*stack.referents(one, path, [ROLE]), *_by_name(ROLE, names, stack)])


def policies_of(one: Resource, stack: Stack) -> tuple[Resource, ...]:
    """Policies of this stack that an attachment attaches, or a role has itself."""
    return _policies(one, PATHS[one.type], stack)


def boundaries(role: Resource, stack: Stack) -> Limit | None:
    """What bounds a role: the document of its boundary where that is of this stack and known."""
    path = "permissionsBoundary"
    if look(role.props, path) in (ABSENT, ""):
        return None
    for policy in _policies(role, path, stack):
        try:
            found = statements(policy.props, "policy")
        except UndeterminedError:
            return Limit()
        return Limit(tuple(found or ()))
    return Limit()


def boundary_names(role: Resource, stack: Stack) -> set[str]:
    """Names of the policy that bounds a role, as far as they are known."""
    path = "permissionsBoundary"
    return {*map(_called, _policies(role, path, stack)), named(look(role.props, path))} - {""}


def bounds(policy: Resource, stack: Stack) -> bool:
    """Whether a policy is nobody's own but the boundary of a role, so that it grants nothing."""
    if policy.type != POLICY or roles_of(policy, stack):
        return False
    return any(_among(policy, _policies(role, "permissionsBoundary", stack)) for role in stack.of([ROLE]))


def inline(role: Resource) -> list[str]:
    """Paths of the documents that are written in a role itself."""
    return [f"{where}.policy" for where, _ in items(role.props, "inlinePolicies")]


def holders_of(role: Resource, stack: Stack) -> list[tuple[Resource, str]]:
    """Where the documents of a role stand: in it, in inline policies, and in policies of this stack attached to it."""
    holders = [(role, path) for path in (inline(role) if look(role.props, "inlinePolicies") is not UNKNOWN else [])]
    attached = [*_policies(role, "managedPolicyArns", stack)]
    for one in stack.of((INLINE, *LINKS)):
        if _among(role, roles_of(one, stack)):
            attached += [one] if one.type == INLINE else policies_of(one, stack)
    return [*holders, *((one, "policy") for one in _once(attached))]


def documents_of(role: Resource, stack: Stack) -> Iterator[tuple[Resource, str, tuple[Statement, ...]]]:
    """Each known document of a role with where it stands.

    Unknown ones are left out: whoever judges the resource that holds it says so.
    """
    for holder, path in holders_of(role, stack):
        try:
            found = statements(holder.props, path)
        except UndeterminedError:
            continue
        yield holder, path, tuple(found or ())


def attached_elsewhere(role: Resource, stack: Stack) -> Iterator[tuple[Resource, str, Any]]:
    """ARNs of policies that a role has and this stack does not declare, each with what attaches it and at which input;
    UNKNOWN where the ARN is.
    """
    links = [role, *(one for one in stack.of(LINKS) if _among(role, roles_of(one, stack)))]
    for one, path in ((one, PATHS[one.type]) for one in links):
        own = {_called(found) for found in _policies(one, path, stack)}
        for arn in _each(look(one.props, path)):
            if arn is UNKNOWN and own:
                continue
            if arn not in (ABSENT, "") and named(arn) not in own:
                yield one, path, arn


def _policies(one: Resource, path: str, stack: Stack) -> tuple[Resource, ...]:
    return stack.once(("policies", one.urn, path), lambda: _policies_at(one, path, stack))


def _policies_at(one: Resource, path: str, stack: Stack) -> tuple[Resource, ...]:
    names = {named(value) for value in _each(look(one.props, path)) if "::aws:policy/" not in str(value)}
    return _once([*stack.referents(one, path, [POLICY]), *_by_name(POLICY, names, stack)])


def _by_name(token: str, names: set[str], stack: Stack) -> list[Resource]:
    """Resources of a type that bear one of these names, in order of URN."""

    def index() -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for one in stack.of([token]):
            found.setdefault(_called(one), []).append(one)
        return found

    called = stack.once(("called", token), index)
    return sorted((one for name in names - {""} for one in called.get(name, ())), key=lambda one: one.urn)


def _called(one: Resource) -> str:
    """Its literal name, or empty."""
    name = look(one.props, "name")
    return name if isinstance(name, str) else ""


def _once(some: Iterable[Resource]) -> tuple[Resource, ...]:
    return tuple({one.urn: one for one in some}.values())


def _among(one: Resource, some: Iterable[Resource]) -> bool:
    return any(one.urn == other.urn for other in some)


def _each(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
