"""A refusal: an error that the account gives instead of an answer, in the words of any AWS protocol."""

import json
from html import escape
from typing import NamedTuple

UNKNOWN = "NotImplementedByLocalCloud"
"""Error code of a request that the account does not know; the AWS provider passes over some of AWS's own codes."""

FAILED = "LocalCloudFailure"
"""Error code of a request that broke the account's code; a client error, since clients repeat server errors."""


class Answer(NamedTuple):
    """What goes back over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class Refusal(Exception):  # noqa: N818 - it is what AWS would say, not an error of ours
    """Raised by an extension to refuse a request as AWS would.

    `code` and `status` are those of the service's API reference; `more` are further fields of S3's error document.
    """

    def __init__(self, code: str, message: str, status: int = 400, **more: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.more = code, message, status, more


def written(refusal: Refusal, protocol: str, *, is_s3: bool = False, has_body: bool = True) -> Answer:
    """The refusal in a protocol of AWS: `json`, `rest-json`, `query`, `ec2` or `rest-xml`.

    An answer to HEAD has no body (`has_body`), in S3 as everywhere.
    """
    code, message = refusal.code, refusal.message
    if protocol in ("json", "rest-json"):
        body = json.dumps({"__type": code, "message": message})
        kind = "application/x-amz-json-1.1" if protocol == "json" else "application/json"
        headers = {"Content-Type": kind, "x-amzn-ErrorType": code}
    else:
        fields = {"Code": code, "Message": message, **refusal.more}
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
        if protocol == "ec2":
            body = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>local</RequestID></Response>"
        elif is_s3:
            body = f"<Error>{inner}<RequestId>local</RequestId></Error>"
        else:
            body = (
                f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error><RequestId>local</RequestId></ErrorResponse>"
            )
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
        headers = {"Content-Type": "application/xml"}
    return Answer(refusal.status, headers, body.encode() if has_body else b"")
