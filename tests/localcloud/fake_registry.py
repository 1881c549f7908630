"""A model registry that answers MLflow's question for an alias."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ALIAS = "/api/2.0/mlflow/registered-models/alias"


class Registry(ThreadingHTTPServer):
    """`models` has, by name of the model, the version of each alias."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.models: dict[str, dict[str, str]] = {}
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        registry = self.server
        assert isinstance(registry, Registry)
        registry.asked += 1
        parts = urlsplit(self.path)
        query = {key: value[0] for key, value in parse_qs(parts.query).items()}
        if parts.path != ALIAS:
            self._answer(404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "no such endpoint"})
        elif query["name"] not in registry.models:
            words = f"Registered Model with name={query['name']} not found"
            self._answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": words})
        elif query["alias"] not in registry.models[query["name"]]:
            words = f"Registered model alias {query['alias']} not found."
            self._answer(400, {"error_code": "INVALID_PARAMETER_VALUE", "message": words})
        else:
            version = registry.models[query["name"]][query["alias"]]
            self._answer(200, {"model_version": {"name": query["name"], "version": version}})

    def _answer(self, status: int, said: object) -> None:
        content = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def fake_registry() -> Iterator[Registry]:
    """One that runs as long as the test."""
    with Registry() as registry:
        thread = threading.Thread(target=registry.serve_forever, daemon=True)
        thread.start()
        yield registry
        registry.shutdown()
        thread.join()
