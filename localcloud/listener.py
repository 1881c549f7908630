"""How the account listens: moto's request handler without werkzeug's own request log."""

from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler


class Handler(MotoRequestHandler):
    """Leaves the log to the journal, and keeps connections open as AWS does."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """werkzeug's line a request is not wanted: the journal has a better one."""
