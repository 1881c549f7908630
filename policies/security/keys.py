"""Keys: they rotate, are hard to lose, and nobody may decrypt with all of them."""

from collections.abc import Iterator

from policies.documents import ACCOUNT_KEYS, POSITIVE, Statement, places, reaches, statements
from policies.rule import (
    ABSENT,
    Parameters,
    Problem,
    Resource,
    Stack,
    control,
    expect,
    fail,
    is_off,
    is_on,
    items,
    literal,
    look,
    number,
    parts,
    skip,
    text,
)

KEY, KEY_POLICY = "aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy"
ROLE = "aws:iam/role:Role"
IDENTITY_POLICIES = (
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)

DEFAULT_ROTATION_DAYS = 365
"""What AWS KMS does when rotation is on and no period is given (API_EnableKeyRotation)."""

DEFAULT_DELETION_WINDOW_DAYS = 30
"""What AWS KMS does when no window is given (API_ScheduleKeyDeletion)."""

KEY_CONDITIONS = frozenset({"kms:resourcealiases", "kms:requestalias"})
"""Condition keys that tie a statement on all keys to those with named aliases."""

SAMPLE_KEYS = ("01f72a9c-5be4-4d38-8c60-e93b1da7f542", "fb3086d5-94a1-4e7c-b2d7-06c8f25e91ba")
"""Two key ids of the form that AWS gives, different at every place that is free: what covers both covers any."""


@control(
    "KMS-01",
    title="Keys rotate",
    kind="resource",
    severity="medium",
    types=(KEY,),
    basis=("32(1)(a)",),
    refs=("securityhub:KMS.4", "CKV_AWS_7", "trivy:AWS-0065", "prowler:kms_cmk_rotation_enabled"),
)
def keys_rotate(key: Resource, _: Stack, given: Parameters) -> Iterator[Problem]:
    """A symmetric customer key has rotation on, which it has not by default, at most {days} days apart."""
    spec = text(key.props, "customerMasterKeySpec", "SYMMETRIC_DEFAULT")
    if spec != "SYMMETRIC_DEFAULT" or text(key.props, "keyUsage", "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        yield skip("AWS rotates symmetric encryption keys only")
        return
    fix = "set enableKeyRotation to true"
    yield from parts(
        expect(key.props, "enableKeyRotation", is_on, "rotation is off", fix, default=False),
        _period(key, given.get("days", DEFAULT_ROTATION_DAYS)),
    )


def _period(key: Resource, most: int) -> Iterator[Problem]:
    path = "rotationPeriodInDays"
    days = DEFAULT_ROTATION_DAYS if look(key.props, path) is ABSENT else number(key.props, path)
    if days is None or days > most:
        yield fail(path, "longer than allowed, or no number", f"set {most} days or fewer")


@control(
    "KMS-02",
    title="Key policies are explicit and hard to lose",
    kind="stack",
    severity="critical",
    types=(KEY, KEY_POLICY, *IDENTITY_POLICIES, ROLE),
    basis=("32(1)(a)", "32(1)(b)", "32(1)(c)"),
    refs=("securityhub:KMS.1", "securityhub:KMS.2", "securityhub:KMS.3", "securityhub:KMS.5", "CKV_AWS_33",
          "CKV2_AWS_64", "CKV_AWS_290", "prowler:kms_key_not_publicly_accessible",
          "prowler:kms_cmk_not_deleted_unintentionally", "prowler:iam_policy_no_full_access_to_kms"),
)  # fmt: skip
def keys_are_hard_to_lose(one: Resource, stack: Stack, given: Parameters) -> Iterator[Problem]:
    """Each key states its policy, names no wildcard principal without an account condition, keeps the lockout safety
    check and has a deletion window of at least {days} days; no identity may decrypt with every key of an account or
    region, by a policy of its own or inline in its role, unless a condition names the key's aliases without wildcards.
    """
    if one.type in IDENTITY_POLICIES:
        yield from _no_decrypting_with_every_key(one, "policy")
    elif one.type == ROLE:
        inline = items(one.props, "inlinePolicies")
        yield from parts(*(_no_decrypting_with_every_key(one, f"{where}.policy") for where, _ in inline))
    elif one.type == KEY_POLICY:
        yield from parts(_lockout(one), _key_policy(one))
    else:
        yield from parts(_lockout(one), _window(one, given.get("days", 30)), _stated(one, stack))


def _lockout(one: Resource) -> Iterator[Problem]:
    path = "bypassPolicyLockoutSafetyCheck"
    fix = f"remove {path}, so that AWS refuses a policy that locks everybody out"
    yield from expect(one.props, path, is_off, "the check is off", fix, default=False)


def _window(key: Resource, least: int) -> Iterator[Problem]:
    path = "deletionWindowInDays"
    days = number(key.props, path) if literal(key.props, path) is not None else DEFAULT_DELETION_WINDOW_DAYS
    if days is None or days < least:
        yield fail(path, "shorter than allowed, or no number", f"set {least} to 30 days")


def _stated(key: Resource, stack: Stack) -> Iterator[Problem]:
    if look(key.props, "policy") is not ABSENT:
        yield from _key_policy(key)
    elif not stack.joined(key, [KEY_POLICY], "keyId"):
        fix = "write who administers and who uses the key"
        yield fail("policy", "not set, so AWS writes one that opens the key to the whole account", fix)


def _key_policy(holder: Resource) -> Iterator[Problem]:
    found = statements(holder.props, "policy")
    if not found:
        yield fail("policy", "no policy document", "write a JSON object with a list Statement")
    for one in found or ():
        if one.allow and one.anonymous and not one.narrowed(ACCOUNT_KEYS):
            yield fail(
                f"{one.path}.Principal",
                "every principal is allowed",
                "name the account or roles, or add a condition kms:CallerAccount",
            )


def _no_decrypting_with_every_key(holder: Resource, path: str) -> Iterator[Problem]:
    found = statements(holder.props, path)
    if found is None:
        yield fail(path, "no policy document", "write a JSON object with a list Statement")
    for one in found or ():
        if one.allow and one.does("kms:Decrypt") and not _names_aliases(one) and _every_key(one):
            yield fail(
                f"{one.path}.Resource",
                "kms:Decrypt is allowed on every key",
                "name key ARNs, or add a condition ForAnyValue:StringEquals kms:ResourceAliases with the alias",
            )


def _names_aliases(one: Statement) -> bool:
    """Whether a positive condition lists aliases in full; one wildcard among them, and it may be any key again."""
    return any(
        POSITIVE.match(operator) and key in KEY_CONDITIONS and values and all(map(_in_full, values))
        for operator, key, values in one.conditions
    )


def _in_full(alias: object) -> bool:
    return isinstance(alias, str) and alias != "" and not {"*", "?"} & set(alias)


def _every_key(one: Statement) -> bool:
    return bool(one.not_resources) or any(map(_covers_any_key, one.resources))


def _covers_any_key(pattern: str) -> bool:
    """Whether a pattern covers any key of some account and region, which the pattern itself may name."""
    return any(
        all(reaches(pattern, f"arn:{partition}:kms:{region}:{account}:key/{key}") for key in SAMPLE_KEYS)
        for partition, region, account in places(pattern)
    )
