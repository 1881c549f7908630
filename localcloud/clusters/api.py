"""A small client of a Kubernetes API server."""

import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

MANAGER = "localcloud"
"""Field manager of what the account writes."""


class ApiError(Exception):
    """What the API server refused, or that it did not answer (status 0)."""

    def __init__(self, status: int, asked: str, message: str) -> None:
        super().__init__(f"{asked}: {status or 'no answer'}: {message}")
        self.status = status


class Api:
    """Requests with a client's certificate; paths are those of the Kubernetes API, such as /api/v1/nodes."""

    def __init__(self, endpoint: str, authority: Path, certificate: Path, key: Path, seconds: float = 10) -> None:
        self._address = urlsplit(endpoint)
        self._seconds = seconds
        self._context = ssl.create_default_context(cafile=str(authority))
        self._context.load_cert_chain(certificate, key)

    def is_ready(self) -> bool:
        """Whether the API server says that it is ready."""
        try:
            connection, answer = self._ask("GET", "/readyz", None, "", seconds=2)
        except ApiError:
            return False
        connection.close()
        return answer.status == 200

    def get(self, path: str, **query: str) -> Any:
        """One object, or a list by its selectors. Raises ApiError, as all of these do."""
        return self._json("GET", path, None, query=query)

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """The objects of a list."""
        return self.get(path, **query)["items"]

    def create(self, path: str, body: dict[str, Any]) -> Any:
        """A new object in a list."""
        return self._json("POST", path, body, query={"fieldManager": MANAGER})

    def apply(self, path: str, body: dict[str, Any], manager: str = MANAGER) -> Any:
        """Server-side apply of an object: made or changed, whatever others think of these fields.

        What `manager` applied before and is not in `body` goes.
        """
        query = {"fieldManager": manager, "force": "true", "fieldValidation": "Strict"}
        return self._json("PATCH", path, body, "application/apply-patch+yaml", query)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """A merge patch."""
        return self._json("PATCH", path, body, "application/merge-patch+json", {"fieldManager": MANAGER})

    def delete(self, path: str, body: dict[str, Any] | None = None) -> bool:
        """Takes an object away; False where there was none."""
        try:
            self._json("DELETE", path, body)
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        return True

    def watch(self, path: str, since: str, seconds: int = 240, **query: str) -> Iterator[dict[str, Any]]:
        """The events of a list since a resource version, for so many seconds or until the server ends it."""
        asked = {"watch": "true", "resourceVersion": since, "timeoutSeconds": str(seconds), **query}
        connection, answer = self._ask("GET", f"{path}?{urlencode(asked)}", None, "", seconds=seconds + 10)
        try:
            if answer.status != 200:
                raise ApiError(answer.status, f"watch {path}", answer.read().decode(errors="replace"))
            while line := answer.readline():
                yield json.loads(line)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ApiError(0, f"watch {path}", str(error)) from error
        finally:
            connection.close()

    def _json(
        self, method: str, path: str, body: Any, kind: str = "application/json", query: dict[str, str] | None = None
    ) -> Any:
        asked = f"{path}?{urlencode(query)}" if query else path
        connection, answer = self._ask(method, asked, body, kind)
        try:
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(0, f"{method} {path}", str(error)) from error
        finally:
            connection.close()
        try:
            said = json.loads(content) if content else {}
        except ValueError:
            said = {"message": content.decode(errors="replace")}
        if answer.status >= 300:
            raise ApiError(answer.status, f"{method} {path}", said.get("message", ""))
        return said

    def _ask(
        self, method: str, path: str, body: Any, kind: str, seconds: float | None = None
    ) -> tuple[http.client.HTTPSConnection, http.client.HTTPResponse]:
        connection = http.client.HTTPSConnection(
            self._address.hostname or "", self._address.port, timeout=seconds or self._seconds, context=self._context
        )
        content = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", **({"Content-Type": kind} if content is not None else {})}
        try:
            connection.request(method, path, content, headers)
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise ApiError(0, f"{method} {path.partition('?')[0]}", str(error)) from error
