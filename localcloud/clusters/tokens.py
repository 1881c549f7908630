"""Tokens of `aws eks get-token`: a signed question to STS, valid for one cluster and a quarter of an hour."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"

VALID = timedelta(minutes=15)
"""From the signature's moment; kubernetes-sigs/aws-iam-authenticator, "API Authorization from Outside a Cluster"."""

SKEW = timedelta(minutes=5)
"""How far a client's clock may go ahead; AWS Identity and Access Management User Guide, "Signature Version 4"."""

KNOWN = {
    "action", "version", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-security-token",
    "x-amz-signature", "x-amz-signedheaders",
}  # fmt: skip


class TokenError(Exception):
    """A token that is not accepted; str() says why."""


class Token:
    """A token taken apart: `key` is the access key that signed it, `session_token` that of a role's session, or None.

    Raises TokenError where it is not one, asks something else, does not name the cluster in its signature, or is too
    old.
    """

    def __init__(self, text: str, now: datetime) -> None:
        self._url = urlsplit(_address(text))
        pairs = parse_qsl(self._url.query, keep_blank_values=True)
        self._query = {name.lower(): value for name, value in pairs}
        self._pairs = pairs
        if len(self._query) != len(pairs) or set(self._query) - KNOWN:
            raise TokenError(f"the token's address asks more than GetCallerIdentity: {', '.join(sorted(self._query))}")
        if self._query.get("action") != "GetCallerIdentity" or self._url.path not in ("", "/"):
            raise TokenError("the token's address does not ask GetCallerIdentity of STS")
        if self._query.get("x-amz-algorithm") != "AWS4-HMAC-SHA256":
            raise TokenError("the token is not signed with Signature Version 4")
        self._scope = self._query.get("x-amz-credential", "").split("/")
        if len(self._scope) != 5 or self._scope[3:] != ["sts", "aws4_request"]:
            raise TokenError("the token is not signed for STS")
        self._signed = self._query.get("x-amz-signedheaders", "").split(";")
        if set(self._signed) != {"host", CLUSTER_HEADER}:
            raise TokenError(f"the token's signature must cover host and {CLUSTER_HEADER}; it covers {self._signed}")
        self._require_time(now)
        self.key = self._scope[0]
        self.session_token = self._query.get("x-amz-security-token")

    def is_signed(self, cluster: str, secrets: Iterable[str]) -> bool:
        """Whether one of these secret keys signed it for this cluster."""
        given = self._query.get("x-amz-signature", "")
        return any(hmac.compare_digest(self._signature(cluster, secret), given) for secret in secrets)

    def _require_time(self, now: datetime) -> None:
        try:
            signed = datetime.strptime(self._query.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            seconds = int(self._query.get("x-amz-expires", ""))
        except ValueError as error:
            raise TokenError(f"the token does not say when it was signed and how long it is valid: {error}") from error
        if not 0 < seconds <= VALID.total_seconds():
            raise TokenError(f"X-Amz-Expires: found {seconds}, allowed are 1 to {VALID.total_seconds():.0f} seconds")
        if now > signed + VALID:
            raise TokenError(f"the token of {signed.isoformat()} has expired; get a new one")
        if now < signed - SKEW:
            raise TokenError(f"the token was signed at {signed.isoformat()}, which is not yet")

    def _signature(self, cluster: str, secret: str) -> str:
        """AWS Identity and Access Management User Guide, "Create a signed AWS API request"."""
        headers = {"host": self._url.netloc, CLUSTER_HEADER: cluster}
        query = "&".join(
            f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
            for name, value in sorted(self._pairs)
            if name.lower() != "x-amz-signature"
        )
        asked = "\n".join(
            (
                *("GET", self._url.path or "/", query),
                *(f"{name}:{headers[name]}" for name in self._signed),
                *("", ";".join(self._signed), hashlib.sha256(b"").hexdigest()),
            )
        )
        _, day, region, service, end = self._scope
        digest = hashlib.sha256(asked.encode()).hexdigest()
        moment = self._query["x-amz-date"]
        text = "\n".join(("AWS4-HMAC-SHA256", moment, f"{day}/{region}/{service}/{end}", digest))
        key = f"AWS4{secret}".encode()
        for part in (day, region, service, end, text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key.hex()


def _address(text: str) -> str:
    if not text.startswith(PREFIX):
        raise TokenError(f"the token does not begin with {PREFIX}")
    encoded = text.removeprefix(PREFIX)
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise TokenError(f"the token does not read as an address: {error}") from error
