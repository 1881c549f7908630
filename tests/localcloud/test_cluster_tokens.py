"""Tokens as `aws eks get-token` makes them, taken apart without an account."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from localcloud.clusters.tokens import PREFIX, Token, TokenError
from tests.localcloud.signed_in import presigned, token


def now() -> datetime:
    return datetime.now(UTC)


def test_a_token_names_its_key_and_is_signed_for_one_cluster():
    found = Token(token("blue", key="AKIAEXAMPLE", secret="hidden"), now())
    assert (found.key, found.session_token) == ("AKIAEXAMPLE", None)
    assert found.is_signed("blue", ["wrong", "hidden"])
    assert not found.is_signed("green", ["hidden"])
    assert not found.is_signed("blue", ["wrong"])
    assert not found.is_signed("blue", [])


def test_a_role_sessions_token_carries_its_session():
    found = Token(token("blue", key="ASIAEXAMPLE", secret="hidden", session="a/b+c=="), now())
    assert found.session_token == "a/b+c=="
    assert found.is_signed("blue", ["hidden"])


def test_a_token_lives_a_quarter_of_an_hour():
    text = token("blue")
    Token(text, now() + timedelta(minutes=14))
    with pytest.raises(TokenError, match="expired"):
        Token(text, now() + timedelta(minutes=16))
    with pytest.raises(TokenError, match="not yet"):
        Token(text, now() - timedelta(minutes=6))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("Action=GetCallerIdentity", "Action=AssumeRole"), "GetCallerIdentity"),
        (("Action=GetCallerIdentity", "Action=GetCallerIdentity&Extra=1"), "asks more"),
        (("Action=GetCallerIdentity", "Action=GetCallerIdentity&action=AssumeRole"), "asks more"),
        (("%3Bx-k8s-aws-id", ""), "x-k8s-aws-id"),
        (("%2Fsts%2F", "%2Fs3%2F"), "signed for STS"),
        (("X-Amz-Expires=60", "X-Amz-Expires=86400"), "X-Amz-Expires"),
        (("X-Amz-Expires=60", "X-Amz-Expires=soon"), "how long"),
        (("HMAC-SHA256", "HMAC-SHA1"), "Signature Version 4"),
        (("/?Action", "/other?Action"), "GetCallerIdentity"),
    ],
)
def test_an_address_that_asks_anything_else_is_no_token(change, word):
    url = presigned("blue")
    assert change[0] in url
    changed = url.replace(*change)
    with pytest.raises(TokenError, match=word):
        Token(PREFIX + base64.urlsafe_b64encode(changed.encode()).decode().rstrip("="), now())


def test_what_is_changed_after_signing_is_not_signed():
    url = presigned("blue", secret="hidden").replace("X-Amz-Expires=60", "X-Amz-Expires=61")
    found = Token(PREFIX + base64.urlsafe_b64encode(url.encode()).decode(), now())
    assert not found.is_signed("blue", ["hidden"])


@pytest.mark.parametrize("text", ["", "Bearer x", "k8s-aws-v2.abc", PREFIX + "####", PREFIX + "/w8"])
def test_anything_else_is_no_token(text):
    with pytest.raises(TokenError):
        Token(text, now())
