"""The WSGI application of an account: every request passes here, is understood, answered and noted."""

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from localcloud import additions, overlay, rpc
from localcloud.call import App, Call
from localcloud.control import Control
from localcloud.faults import Faults
from localcloud.journal import Journal
from localcloud.refusal import FAILED, UNKNOWN, Answer, Refusal, written
from localcloud.turnstile import Turnstile

LOOPBACK = ("127.0.0.1", "localhost")
READS = ("Get", "List", "Describe", "Head", "Lookup", "BatchGet", "Encrypt", "Decrypt", "Select", "Simulate")


class Gate:
    """Answers as the account: `changed` is called after each request that may have changed its state."""

    def __init__(
        self,
        account: str,
        journal: Journal,
        faults: Faults,
        control: Control,
        turnstile: Turnstile,
        changed: Callable[[], None],
    ) -> None:
        self._account, self._journal, self._faults, self._control = account, journal, faults, control
        self._turnstile, self._changed = turnstile, changed
        self._moto = _Dispatcher(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = self._control.answer(environ) or self._answer(environ)
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "status"}
        if not any(name.lower() == "content-length" for name in headers):
            headers["Content-Length"] = str(len(answer.body))
        try:
            phrase = HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = "Unknown"
        start_response(f"{answer.status} {phrase}", list(headers.items()))
        return [answer.body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        began = time.monotonic()
        service, operation = "?", f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}"
        try:
            _refuse_strangers(environ)
            environ = rpc.as_json(environ)
            package, region = self._moto.meant(environ)
            service = package or region
            if package is None:
                raise Refusal(UNKNOWN, f"the local cloud does not know the service {region}: {operation}")
            call = Call(environ, package, region, self._account, self._moto.application(package))
        except Refusal as refusal:
            answer = written(refusal, _guessed(environ), has_body=environ["REQUEST_METHOD"] != "HEAD")
            self._journal.request(service, operation, answer, time.monotonic() - began)
            return answer
        operation = call.operation or operation
        try:
            self._faults.strike(call.service, operation, "before")
            with self._turnstile.shared():
                answer = _known(call, overlay.answer(call))
            self._faults.strike(call.service, operation, "after")
        except Refusal as refusal:
            answer = self._written(call, refusal)
        except NotImplementedError:
            answer = self._written(call, _unknown(call))
        except Exception as error:
            self._journal.failure(error)
            said = f"{type(error).__name__}: {error}"
            answer = self._written(
                call, Refusal(FAILED, f"the local cloud broke on {call.service} {operation}: {said}")
            )
        self._journal.request(call.service, operation, answer, time.monotonic() - began)
        if not operation.startswith(READS):
            self._changed()
        return rpc.as_asked(call, answer)

    @staticmethod
    def _written(call: Call, refusal: Refusal) -> Answer:
        has_body = call.environ["REQUEST_METHOD"] != "HEAD"
        return written(refusal, call.protocol, is_s3=call.service == "s3", has_body=has_body)


class _Dispatcher(DomainDispatcherApplication):
    """moto's choice of service, made to name the service instead of answering for an unknown one."""

    def meant(self, environ: dict[str, Any]) -> tuple[str | None, str]:
        """moto's package of the service and the region; without a package, the name the request gave."""
        signed = environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4-")
        scope = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0].split("/")
        host: str | None = None
        if (
            signed
            or environ.get("HTTP_X_AMZ_TARGET")
            or environ.get("CONTENT_TYPE", "").startswith("application/x-www")
        ):
            host = self.infer_service_region_host(environ, environ.get("PATH_INFO", ""))
        elif len(scope) == 5:
            host = f"{scope[3]}.{scope[2]}.amazonaws.com"
        package = self.get_backend_for_host(host or "s3.us-east-1.amazonaws.com")
        if package is None:
            return None, (host or "").removesuffix(".amazonaws.com")
        return package, _region(environ, scope)

    def application(self, package: str) -> App:
        """The application of a service, made on first use; one that moto has not knows no operation."""
        if additions.is_added(package):
            return _none
        with self.lock:
            if package not in self.app_instances:
                create: Any = self.create_app
                self.app_instances[package] = create(package)
            return self.app_instances[package]


def _none(*_: object) -> Iterable[bytes]:
    raise NotImplementedError


def _region(environ: dict[str, Any], scope: list[str]) -> str:
    try:
        return environ["HTTP_AUTHORIZATION"].split("Credential=")[1].split("/")[2]
    except (KeyError, IndexError):
        return scope[2] if len(scope) == 5 else "us-east-1"


def _refuse_strangers(environ: dict[str, Any]) -> None:
    """Only the account's own names are served: this is no proxy to elsewhere, and no web page's target."""
    host = environ.get("HTTP_HOST", "").rsplit(":", 1)[0].lower()
    is_ours = host in LOOPBACK or host.endswith((".localhost", ".amazonaws.com", ".amazonaws.com.cn"))
    if environ["REQUEST_METHOD"] == "CONNECT" or not is_ours:
        wanted = environ.get("RAW_URI") or host
        raise Refusal(
            "NoSuchHost", f"the local cloud serves AWS on this machine and nothing else; asked: {wanted}", 403
        )
    if environ.get("PATH_INFO", "").startswith(("/moto-api", "/latest/")):
        raise Refusal(UNKNOWN, f"the local cloud does not serve {environ['PATH_INFO']}", 403)


def _known(call: Call, answer: Answer) -> Answer:
    """The answer, unless it only says that moto has no such address."""
    kind = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), "")
    is_page = (
        answer.status in (404, 405) and kind.startswith("text/html") and answer.body[:15].lower() == b"<!doctype html>"
    )
    is_blank = answer.status == 404 and not answer.body and call.service not in ("s3", "s3control")
    if is_page or is_blank:
        raise _unknown(call)
    return answer


def _unknown(call: Call) -> Refusal:
    method, path = call.environ["REQUEST_METHOD"], call.environ.get("PATH_INFO", "")
    asked = call.operation or f"{method} {path}"
    return Refusal(UNKNOWN, f"the local cloud does not know {call.service} {asked}; see docs/local-cloud.md")


def _guessed(environ: dict[str, Any]) -> str:
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "json"
    return "query" if environ.get("CONTENT_TYPE", "").startswith("application/x-www") else "rest-json"
