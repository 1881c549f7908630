"""The way from the API server to services inside the cluster: a proxy on this machine that knows where each one runs.

It listens on an abstract Unix socket: no port, no file that stays behind, and the kernel says who connects. (The API
server ends in a panic where its proxy is on TCP without TLS.)
"""

import hashlib
import json
import os
import select
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

CONNECT_SECONDS = 5
HEAD_BYTES = 8192

Route = Callable[[str, int], int | None]
"""From an address and port in the cluster to a port on loopback; None where nothing answers there."""


def socket_name(folder: Path) -> str:
    """The name of a cluster's socket, without the mark of an abstract one."""
    return f"localcloud-egress-{hashlib.sha256(str(folder).encode()).hexdigest()[:24]}"


def configuration(name: str) -> str:
    """What `--egress-selector-config-file` holds: traffic to the cluster goes through the proxy, all else directly.

    Kubernetes documentation, "Konnectivity service"; API reference, EgressSelectorConfiguration.
    """
    proxy = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": f"@{name}"}}}
    return json.dumps(
        {
            "apiVersion": "apiserver.k8s.io/v1beta1",
            "kind": "EgressSelectorConfiguration",
            "egressSelections": [{"name": "cluster", "connection": proxy}],
        }
    )


class Proxy:
    """Answers CONNECT of this user's processes; what has no route is refused, so that it leads nowhere else."""

    def __init__(self, name: str, route: Route) -> None:
        self._server = _Server(f"\0{name}", _Tunnel)
        self._server.route = route
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="egress", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it; tunnels end with their ends."""
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
    route: Route

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Processes of other users have no business here; unix(7), SO_PEERCRED: number, user, group."""
        said = request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", said)[1] == os.geteuid()


class _Tunnel(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server: Any = self.server
        asked: socket.socket = self.request
        asked.settimeout(CONNECT_SECONDS)
        try:
            target, early = _target(asked)
        except (OSError, ValueError) as error:
            _answer(asked, "400 Bad Request", str(error))
            return
        port = server.route(*target)
        if port is None:
            _answer(asked, "502 Bad Gateway", f"nothing of the cluster answers at {target[0]}:{target[1]}")
            return
        try:
            inside = socket.create_connection(("127.0.0.1", port), CONNECT_SECONDS)
        except OSError as error:
            _answer(asked, "502 Bad Gateway", f"{target[0]}:{target[1]} is not up yet ({error.strerror or error})")
            return
        with inside, suppress(OSError):
            asked.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            inside.sendall(early)
            _join(asked, inside)


def _target(asked: socket.socket) -> tuple[tuple[str, int], bytes]:
    head = b""
    while b"\r\n\r\n" not in head:
        more = asked.recv(4096)
        if not more or len(head) > HEAD_BYTES:
            raise ValueError("no request came")
        head += more
    lines, _, early = head.partition(b"\r\n\r\n")
    method, address = lines.split(b"\r\n")[0].decode("latin-1").split(" ")[:2]
    host, _, port = address.rpartition(":")
    if method != "CONNECT" or not host or not port.isdigit():
        raise ValueError(f"only CONNECT HOST:PORT is answered; found {method} {address}")
    return (host.strip("[]"), int(port)), early


def _answer(asked: socket.socket, status: str, message: str) -> None:
    body = f"{message}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with suppress(OSError):
        asked.sendall(head.encode() + body)


def _join(one: socket.socket, other: socket.socket) -> None:
    """Carries bytes both ways until one side has said all; a long silence is no end, as a watch may be silent."""
    one.settimeout(None)
    other.settimeout(None)
    ends = {one: other, other: one}
    while True:
        for source in select.select(list(ends), [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            ends[source].sendall(data)
