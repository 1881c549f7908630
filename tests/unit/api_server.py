"""A Kubernetes API server of a few lines on loopback: it has a certificate, wants a token and answers by heart."""

import base64
import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from seedbed.cluster import Address

TOKEN = "a-token"
Answer = tuple[int, Any]


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    media: str
    token: str


@dataclass
class ApiServer:
    """Answers from `answers`, by path or by method and path; anything else is not found."""

    address: Address
    answers: dict[str, Any] = field(default_factory=dict)
    """What is there, by `/api/v1/pods` or `DELETE /api/v1/pods`: an object, a status with one, or a function."""
    asked: list[Asked] = field(default_factory=list)

    def lists(self, path: str, *things: Any) -> None:
        """These objects are what a listing gives."""
        self.answers[path] = {"kind": "List", "items": list(things)}

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if asked.token != TOKEN:
            return 401, {"kind": "Status", "message": "Unauthorized", "reason": "Unauthorized", "code": 401}
        found = self.answers.get(f"{asked.method} {asked.path}", self.answers.get(asked.path))
        if isinstance(found, Callable):
            found = found(asked)
        if found is None:
            return 404, {"kind": "Status", "message": "not found", "reason": "NotFound", "code": 404}
        return found if isinstance(found, tuple) else (200, found)


@contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """The server, with its certificate in `folder`."""
    certificate, key = _certificate()
    file = folder / "api-server.pem"
    file.write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    made: list[ApiServer] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            media = self.headers.get("Content-Type") or ""
            status, said = made[0].answer(Asked(self.command, parts.path, query, body, media, token))
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = respond  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """A test prints nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        endpoint = f"https://127.0.0.1:{server.server_port}"
        authority = base64.b64encode(certificate).decode()
        made.append(ApiServer(Address("seedbed-local", "eu-central-1", endpoint, authority)))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield made[0]
        finally:
            server.shutdown()
            thread.join()


def _certificate() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api-server")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
