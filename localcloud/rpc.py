"""The protocol that newer clients speak to CloudWatch, and moto does not: taken in as JSON, and told back in CBOR."""

import base64
import io
import json
import re
from datetime import datetime
from typing import Any

from moto.core.utils import get_service_model

from localcloud import cbor
from localcloud.call import Call, take_body
from localcloud.refusal import Answer, Refusal

PATH = re.compile(r"/service/([^/]+)/operation/([^/]+)")
"""Service and operation in the address; Smithy 2.0, "Smithy RPC v2 CBOR protocol"."""

CAME_SO = "localcloud.rpc"


def as_json(environ: dict[str, Any]) -> dict[str, Any]:
    """The request, or, where it came in CBOR, the same request in the JSON protocol."""
    address = PATH.fullmatch(environ.get("PATH_INFO", ""))
    if environ.get("HTTP_SMITHY_PROTOCOL") != "rpc-v2-cbor" or address is None:
        return environ
    given = take_body(environ)
    try:
        body = json.dumps(cbor.decoded(given) if given else {}, default=_in_json).encode()
    except ValueError as error:
        raise Refusal("SerializationException", f"the request's body does not read as CBOR: {error}") from None
    return environ | {
        CAME_SO: True,
        "PATH_INFO": "/",
        "HTTP_X_AMZ_TARGET": ".".join(address.groups()),
        "CONTENT_TYPE": "application/x-amz-json-1.0",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }


def as_asked(call: Call, answer: Answer) -> Answer:
    """The answer, in CBOR where the request came so."""
    if CAME_SO not in call.environ:
        return answer
    headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    if answer.status < 300:
        output = call.read(answer)
        output.pop("ResponseMetadata", None)
        return Answer(answer.status, headers, cbor.encoded(output))
    said = json.loads(answer.body)
    name, code = _error(call, said["__type"].rsplit("#", 1)[-1])
    body = {"__type": name, "message": said.get("message") or said.get("Message") or ""}
    return Answer(answer.status, headers | {"x-amzn-query-error": f"{code};Sender"}, cbor.encoded(body))


def _error(call: Call, said: str) -> tuple[str, str]:
    """Name of the error's shape, and the code that the service gave it in its older protocol."""
    model: Any = get_service_model(call.service)
    for shape in model.error_shapes:
        if said in (shape.name, shape.error_code):
            return shape.name, shape.error_code
    return said, said


def _in_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise ValueError(f"{type(value).__name__} has no form in JSON")
