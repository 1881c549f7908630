"""Who speaks to the tracking server: a program that runs beside or inside it, where its other modules are.

Nobody has a password: pods, and people through `kubectl create token`, show a token of a service account of their team,
made for this audience, and the cluster says whose it is. It uses the standard library, and what the server itself has.
"""

import json
import secrets
import ssl
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

AUDIENCE = "tracking"
ADMINISTRATOR = "admin"
"""Service account in the server's own namespace whose bearer may do everything."""

OWN = Path("/login")
"""Folder with `token` (the server's own, for the API server), `ca.crt` of the cluster, and `login.json`."""

REMEMBERED_SECONDS = 60
"""How long an answer holds; a deleted account's token is refused after that."""

Review = Callable[[str], Mapping[str, Any]]
"""From a token to the status of its TokenReview (authentication.k8s.io/v1)."""


class Login:
    """Turns tokens into names of teams."""

    def __init__(self, about: Callable[[], Mapping[str, Any]], review: Review) -> None:
        """`about` says the server's own `namespace` and the `teams`, as they are now."""
        self._about, self._review = about, review
        self._known: dict[str, tuple[float, str | None]] = {}

    def of(self, token: str) -> str | None:
        """Name of the team whose token it is, `admin`, or None for a stranger."""
        mark, now = sha256(token.encode()).hexdigest(), time.monotonic()
        until, name = self._known.get(mark, (0.0, None))
        if now >= until:
            name = self._asked(token)
            self._known = {key: one for key, one in self._known.items() if one[0] > now}
            self._known[mark] = (now + REMEMBERED_SECONDS, name)
        return name

    def _asked(self, token: str) -> str | None:
        status = self._review(token)
        if not status.get("authenticated") or AUDIENCE not in status.get("audiences", ()):
            return None
        kind, _, account = status.get("user", {}).get("username", "").partition("system:serviceaccount:")
        namespace, _, name = account.partition(":")
        if kind or not name:
            return None
        about = self._about()
        if namespace == about["namespace"]:
            return ADMINISTRATOR if name == ADMINISTRATOR else None
        return namespace if namespace in about["teams"] else None


def review(token: str, *, api: str = "https://kubernetes.default.svc", own: Path = OWN) -> Mapping[str, Any]:
    """Ask the cluster whose token it is; OSError where it does not answer."""
    asked = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token, "audiences": [AUDIENCE]},
    }
    request = urllib.request.Request(
        f"{api}/apis/authentication.k8s.io/v1/tokenreviews",
        data=json.dumps(asked).encode(),
        # The file is read each time: the kubelet writes a new token before the old one ends.
        headers={
            "Authorization": f"Bearer {(own / 'token').read_bytes().decode().strip()}",
            "Content-Type": "application/json",
        },
    )
    context = ssl.create_default_context(cafile=str(own / "ca.crt")) if api.startswith("https:") else None
    with urllib.request.urlopen(request, timeout=10, context=context) as answer:
        return json.load(answer)["status"]


def shown(header: str | None, password: str | None = None) -> str | None:
    """The token of an Authorization header; a browser sends it as the password of any name."""
    kind, _, token = (header or "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else password


def login(own: Path = OWN) -> Login:
    """As the environment's program set it up."""
    return Login(lambda: json.loads((own / "login.json").read_bytes()), lambda token: review(token, own=own))


_login: list[Login] = []


def authenticate() -> Any:
    """MLflow's `authorization_function`: who asks, and an account for a team that comes for the first time."""
    flask, auth = import_module("flask"), import_module("mlflow.server.auth")
    if not _login:
        _login.append(login())
    given = flask.request.authorization
    token = shown(flask.request.headers.get("Authorization"), given.password if given else None)
    name = _login[0].of(token) if token else None
    if name is None:
        return auth.make_basic_auth_response()
    if not auth.store.has_user(name):
        try:
            auth.store.create_user(name, secrets.token_urlsafe(32), is_admin=False)
        except Exception:
            if not auth.store.has_user(name):  # another worker was quicker
                raise
    return import_module("werkzeug.datastructures").Authorization("basic", {"username": name, "password": ""})


class _Gate(BaseHTTPRequestHandler):
    """Answers a proxy that asks of each request whether it may pass: 204 or 401."""

    who: ClassVar[Login]

    def do_GET(self) -> None:
        token = shown(self.headers.get("Authorization"))
        name = self.who.of(token) if token else None
        self.send_response(401 if name is None else 204)
        if name is not None:
            self.send_header("X-Team", name)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the proxy writes the log."""


def gate(port: int, who: Login) -> ThreadingHTTPServer:
    """A server for the proxy in the same pod."""
    return ThreadingHTTPServer(("127.0.0.1", port), type("Gate", (_Gate,), {"who": who}))


if __name__ == "__main__":
    gate(int(sys.argv[1]), login()).serve_forever()
