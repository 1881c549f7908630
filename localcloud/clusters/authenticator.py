"""Who bears a token, by the account's own IAM and STS, and what the cluster's access entries make of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localcloud.backends import backend_of
from localcloud.caller import Caller, principal
from localcloud.clusters.access import group_of
from localcloud.clusters.tokens import Token, TokenError
from localcloud.extensions.cluster_records import Cluster

STRANGERS_SECRET = "local"
"""Secret of keys that the account does not know and takes for its root user's: the one that `environment` gives out.

The key itself is taken for its secret, too.
"""


@dataclass(frozen=True)
class User:
    """A user as Kubernetes sees it."""

    name: str
    groups: tuple[str, ...]
    extra: dict[str, list[str]]


def review(record: Cluster, account: str, body: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The answer to a TokenReview of the API server, and why it says no, or None where it says yes."""
    try:
        user = authenticate(record, account, str(body.get("spec", {}).get("token", "")), datetime.now(UTC))
    except TokenError as error:
        return _reviewed({"authenticated": False, "error": str(error)}), str(error)
    said = {"username": user.name, "uid": user.name, "groups": list(user.groups), "extra": user.extra}
    return _reviewed({"authenticated": True, "user": said}), None


def authenticate(record: Cluster, account: str, text: str, now: datetime) -> User:
    """The user who bears a token. Raises TokenError.

    The account's root user, which here is anybody without a key of their own, may do everything, as with the account's
    other services; in an account nobody works as root.
    """
    token = Token(text, now)
    if not token.is_signed(record.name, _secrets(account, token)):
        raise TokenError(
            f"the signature of the access key {token.key} is not right for cluster {record.name}: another cluster's "
            "token, another secret key, or a session that is over"
        )
    who = principal(account, token.key)
    entry = record.entries.get(who.arn)
    session = who.session.rpartition("/")[2].replace("@", "-")
    extra = {"arn": [who.session], "canonicalArn": [who.arn], "accessKeyId": [token.key], "sessionName": [session]}
    if entry is None or record.said["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        if who.kind == "Account":
            return User(who.arn, ("system:masters",), extra)
        raise TokenError(
            f"{who.arn} has no access entry in cluster {record.name}; aws eks create-access-entry makes one"
        )
    name = entry["username"].replace("{{SessionName}}", session).replace("{{SessionNameRaw}}", session)
    name = name.replace("{{AccountID}}", account).replace("{{EC2PrivateDNSName}}", session)
    return User(name, (*entry["kubernetesGroups"], group_of(who.arn), *_root_groups(who)), extra)


def _root_groups(who: Caller) -> tuple[str, ...]:
    return ("system:masters",) if who.kind == "Account" else ()


def _secrets(account: str, token: Token) -> Iterable[str]:
    """The secrets that may have signed: of the role's session that lives, of the user's key, or of a stranger."""
    for session in backend_of("sts", account).assumed_roles:
        if session.access_key_id == token.key:
            is_over = session.expiration.replace(tzinfo=UTC) < datetime.now(UTC)
            is_other = token.session_token != session.session_token
            return [] if is_over or is_other else [session.secret_access_key]
    for user in backend_of("iam", account).users.values():
        for key in user.access_keys:
            if key.access_key_id == token.key:
                return [key.secret_access_key] if key.status == "Active" else []
    return [STRANGERS_SECRET, token.key]


def _reviewed(status: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}
