"""What keeps a command from asking an account: no way to it, or credentials that it does not take."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from seedbed.failures import MissingError, RefusedError
from stacks.settings import Settings

LOGIN = (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError, ProfileNotFound, SSOError)
"""What boto3 says of credentials before it asks anybody."""

NO_WAY = (NoConnectionError, HTTPClientError)
"""No network, no such host, a proxy that refuses, no answer in time."""

REFUSED_KEYS = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Error codes of keys that are wrong or have run out (AWS General Reference, "Common errors")."""

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


@contextmanager
def reaching(settings: Settings) -> Iterator[None]:
    """Says in words what kept the body from asking the environment's account.

    Raises MissingError where the way or the login is missing, RefusedError where a right is.
    """
    where = f"{settings.name}: account {settings.account}, {settings.region}"
    try:
        yield
    except LOGIN as error:
        raise MissingError(
            f"{where}: no credentials that can be used: {error}",
            do="Log in to the environment's account (aws sso login, or AWS_PROFILE), then run the command again.",
        ) from error
    except NO_WAY as error:
        raise MissingError(
            f"{where}: cannot be reached from this machine: {error}",
            do="Look at network, proxy and aws:region, then run the command again: what was begun in the account goes "
            "on there by itself, and is found.",
        ) from error
    except ClientError as error:
        code, operation = error.response["Error"]["Code"], error.operation_name
        if code in REFUSED_KEYS:
            raise MissingError(
                f"{where}: the credentials are not taken ({operation}: {code}): {error.response['Error']['Message']}",
                do="Log in anew, then run the command again.",
            ) from error
        if code in DENIED:
            raise RefusedError(
                f"{where}: the credentials may not do {operation}: {error.response['Error']['Message']}",
                do="Log in as somebody who may administer the account, then run the command again.",
            ) from error
        raise RefusedError(
            f"{where}: {operation} was refused: {error}", do="Mend the cause and run it again."
        ) from error
    except BotoCoreError as error:
        raise RefusedError(f"{where}: {error}", do="Mend the cause and run the command again.") from error
