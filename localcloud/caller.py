"""Who makes a request, as condition keys and principals see it."""

from dataclasses import dataclass

from localcloud.backends import backend_of
from localcloud.call import Call


@dataclass(frozen=True)
class Caller:
    """A principal; for a role's session `arn` is the role's, as aws:PrincipalArn has it."""

    arn: str
    kind: str
    session: str


def caller(call: Call) -> Caller | None:
    """Who signed the request; None where no one did.

    A key that the account does not know is the account's root user: any key works here, and all may do all.
    """
    key = _access_key(call)
    if key is None:
        return None
    return principal(call.account, key)


def principal(account: str, key: str) -> Caller:
    """Who signs with an access key; the root user where the account does not know it."""
    for role_session in backend_of("sts", account).assumed_roles:
        if role_session.access_key_id == key:
            return Caller(role_session.role_arn, "AssumedRole", role_session.arn)
    iam = backend_of("iam", account)
    for user in iam.users.values():
        if any(owned.access_key_id == key for owned in user.access_keys):
            return Caller(user.arn, "User", user.arn)
    root = f"arn:aws:iam::{account}:root"
    return Caller(root, "Account", root)


def _access_key(call: Call) -> str | None:
    header = call.header("authorization") or ""
    if "Credential=" in header:
        return header.split("Credential=", 1)[1].split("/", 1)[0]
    if header.startswith("AWS "):
        return header[4:].split(":", 1)[0]
    scope = call.query.get("X-Amz-Credential")
    return scope.split("/", 1)[0] if scope else call.query.get("AWSAccessKeyId")
