"""One request to the account: which service and operation it means, what it carries, and how moto answers it."""

import io
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

from botocore.parsers import create_parser
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.responses import get_serializer_class
from moto.core.routing import NotFound, get_service_router
from moto.core.utils import get_service_model, service_name_from_moto_package_name
from moto.moto_server.werkzeug_app import BackendRequest

from localcloud.backends import backend_of
from localcloud.refusal import Answer

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# moto's package names that no rule turns into botocore's service names.
SERVICE_NAMES = {"awslambda": "lambda", "s3bucket_path": "s3"}

# Old names of operations that share an address with their successors.
RENAMED = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
}


class Call:
    """A request with the operation that it means; extensions read it, answer it, or pass it on to moto."""

    def __init__(self, environ: dict[str, Any], package: str, region: str, account: str, app: App) -> None:
        self.package = package
        self.service = SERVICE_NAMES.get(package) or service_name_from_moto_package_name(package)
        self.region, self.account = region, account
        self.environ = environ
        self.body = take_body(environ)
        self._app = app
        self.labels: dict[str, Any] = {}
        """Parts of the address that name something, such as Bucket and Key."""
        self.operation: str | None = self._operation()

    @cached_property
    def request(self) -> BackendRequest:
        """The request as moto reads it, with its body not yet consumed."""
        return BackendRequest({**self.environ, "wsgi.input": io.BytesIO(self.body)})

    @cached_property
    def protocol(self) -> str:
        """The AWS protocol of the request, as its service's model has it."""
        try:
            return determine_request_protocol(get_service_model(self.service), self.request.content_type)
        except Exception:  # a service that botocore does not know, or a protocol that moto does not speak
            if "HTTP_X_AMZ_TARGET" in self.environ:
                return "json"
            is_form = self.environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
            return "query" if is_form else "rest-json"

    @cached_property
    def input(self) -> dict[str, Any]:
        """The operation's input by the names of the service's API reference."""
        parser = PROTOCOL_PARSERS[self.protocol](self._model, map_type=dict)
        request = self.request
        return parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": self.body,
                "url_path": request.path,
                "url_params": self.labels,
            }
        )

    @property
    def backend(self) -> Any:
        """moto's state of this service in this account and region."""
        return backend_of(self.package, self.account, self.region)

    def header(self, name: str) -> str | None:
        """A request header, or None."""
        return self.environ.get("HTTP_" + name.upper().replace("-", "_"))

    @cached_property
    def query(self) -> dict[str, str]:
        """The query string; a name without value has an empty one."""
        parsed = parse_qs(self.environ.get("QUERY_STRING", ""), keep_blank_values=True)
        return {name: values[0] for name, values in parsed.items()}

    def forward(self, body: bytes | None = None) -> Answer:
        """moto's own answer, to the request as it came or with another body."""
        sent = self.body if body is None else body
        environ = {**self.environ, "wsgi.input": io.BytesIO(sent), "CONTENT_LENGTH": str(len(sent))}
        environ["localcloud.call"] = self
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            started[:] = [int(status.split()[0]), headers]

        chunks = self._app(environ, start_response)
        try:
            content = b"".join(chunks)
        finally:
            getattr(chunks, "close", lambda: None)()
        return Answer(started[0], dict(started[1]), content)

    def read(self, answer: Answer) -> dict[str, Any]:
        """An answer as the output of the operation, by the names of the service's API reference."""
        response = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
        return create_parser(self.protocol).parse(response, self._model.output_shape)

    def write(self, output: dict[str, Any]) -> Answer:
        """An output in the protocol of the request."""
        made = get_serializer_class(self.service, self.protocol)(operation_model=self._model).serialize(output)
        body = made["body"]
        headers = {name: str(value) for name, value in made["headers"].items()}
        return Answer(made["status_code"], headers, body.encode() if isinstance(body, str) else body)

    @property
    def _model(self) -> Any:
        return get_service_model(self.service).operation_model(self.operation)

    def _operation(self) -> str | None:
        target = self.environ.get("HTTP_X_AMZ_TARGET")
        if target:
            return target.split(".")[-1]
        if self.environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
            action = parse_qs(self.body.decode(errors="replace")).get("Action")
            if action:
                return action[0]
        if "Action" in self.query:
            return self.query["Action"]
        try:
            operation, self.labels = get_service_router(self.service).match(self.request)
        except (NotFound, NotImplementedError):
            return None
        except Exception:  # no model of this service
            return None
        return RENAMED.get(operation.name, operation.name)


def take_body(environ: dict[str, Any]) -> bytes:
    """The body of a request, taken off its stream; its length is then known."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        body = stream.read()
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.pop("wsgi.input_terminated")
    else:
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["CONTENT_LENGTH"] = str(len(body))
    return body
