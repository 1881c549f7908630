"""What a test says of a request that must be refused."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError


@contextmanager
def refused(code: str, *words: str) -> Iterator[None]:
    """The request inside is refused with this code, as the client's fault, and the message has these words."""
    with pytest.raises(ClientError) as caught:
        yield
    response = caught.value.response
    assert response["Error"]["Code"] == code
    assert 400 <= response["ResponseMetadata"]["HTTPStatusCode"] < 500
    for word in words:
        assert word in response["Error"]["Message"]
