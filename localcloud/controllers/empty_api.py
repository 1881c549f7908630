"""An aggregated API with nothing in it, in place of one that its program cannot serve here.

An API service without an answer makes discovery fail, and with it the deletion of every namespace.
"""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from localcloud.clusters.authority import Pair


class EmptyApi:
    """Answers discovery of any group version with no resources, on a port of loopback."""

    def __init__(self, port: int, pair: Pair) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _Discovery)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.2,), name="empty API", daemon=True).start()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()


class _Discovery(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[0] == "apis" and len(parts) == 3:
            version = f"{parts[1]}/{parts[2]}"
            self._say(200, {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": []})
        else:
            message = f"{self.path}: this API is not served by the local cloud"
            self._say(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "message": message})

    def _say(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""
