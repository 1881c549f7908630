"""The account's own services, asked from inside it: one service's request becomes another's, with all its rules."""

import io
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import EnvironBuilder

from localcloud import overlay
from localcloud.call import Call
from localcloud.refusal import UNKNOWN, Answer, Refusal, written

PACKAGES = {"s3": "s3", "kms": "kms", "iam": "iam"}
"""moto's packages by boto3's names: those that one of the account's own services asks."""


@cache
def client(service: str, account: str, region: str) -> Any:
    """A boto3 client whose requests never leave the process, and are answered as any client's would be.

    They are signed by the account's root user. A refusal comes as botocore's ClientError.
    """
    package = PACKAGES[service]
    make: Any = boto3.session.Session().client
    made = make(
        service,
        region_name=region,
        endpoint_url="http://127.0.0.1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, proxies={}),
    )

    def answered(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        answer = _answer(Call(_environ(request), package, region, account, _application(package)))
        headers: Any = HTTPHeaders.from_dict(answer.headers)
        body: Any = _Body(answer.body)
        return AWSResponse(request.url, answer.status, headers, body)

    made.meta.events.register("before-send", answered)
    return made


class _Body(io.BytesIO):
    """A body as botocore takes it from the wire."""

    def stream(self, **_: object) -> Any:
        yield self.read()


@cache
def _application(package: str) -> Any:
    create: Any = create_backend_app
    return create(package)


def _environ(request: AWSPreparedRequest) -> dict[str, Any]:
    url = urlsplit(request.url)
    body: Any = request.body or b""
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else body.read()
    headers = [
        (name, value.decode() if isinstance(value, bytes) else str(value)) for name, value in request.headers.items()
    ]
    built = EnvironBuilder(
        path=url.path or "/",
        base_url=f"{url.scheme}://{url.netloc}",
        query_string=url.query,
        method=request.method,
        headers=headers,
        data=content,
    )
    return built.get_environ()


def _answer(call: Call) -> Answer:
    try:
        return overlay.answer(call)
    except Refusal as refusal:
        return written(refusal, call.protocol, is_s3=call.service == "s3", has_body=call.request.method != "HEAD")
    except NotImplementedError:
        refusal = Refusal(UNKNOWN, f"the local cloud does not know {call.service} {call.operation}")
        return written(refusal, call.protocol, is_s3=call.service == "s3")
