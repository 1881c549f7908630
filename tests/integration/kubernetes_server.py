"""An API server as a test speaks to it: plain documents, as anybody."""

import base64
import json
import ssl
import time
import urllib.error
import urllib.request
from typing import Any, NamedTuple

from tests.localcloud.signed_in import token

PLURALS = {"NetworkPolicy": "networkpolicies", "ValidatingAdmissionPolicy": "validatingadmissionpolicies"}


class Answer(NamedTuple):
    status: int
    body: dict[str, Any]
    warnings: list[str]

    @property
    def message(self) -> str:
        return self.body.get("message", "")


class Server:
    """The API server of a cluster, with the rights of the account's root user, or in somebody else's place."""

    def __init__(self, said: dict[str, Any]) -> None:
        """`said` is what EKS says of the cluster."""
        self._url, self._cluster = said["endpoint"], said["name"]
        authority = base64.b64decode(said["certificateAuthority"]["data"]).decode()
        self._tokens: dict[int, str] = {}
        self._kinds: dict[str, dict[str, tuple[str, bool]]] = {}
        self._context = ssl.create_default_context(cadata=authority)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        user: str = "",
        groups: tuple[str, ...] = (),
        form: str = "application/json",
    ) -> Answer:
        """One request; with `user` as that user with those groups."""
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": form}
        request = urllib.request.Request(
            self._url + path, method=method, data=None if body is None else json.dumps(body).encode(), headers=headers
        )
        if user:
            request.add_header("Impersonate-User", user)
            # One header with one group: the library keeps one header of a name.
            assert len(groups) <= 1
            for group in groups:
                request.add_header("Impersonate-Group", group)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self._context) as answer:
                return Answer(answer.status, json.load(answer), answer.headers.get_all("Warning") or [])
        except urllib.error.HTTPError as error:
            return Answer(error.code, json.load(error), [])

    def _token(self) -> str:
        """One for half a minute, for the signature in it holds for one: the server remembers whose it is."""
        now = int(time.time() // 30)
        return self._tokens.get(now) or self._tokens.setdefault(now, token(self._cluster))

    def create(self, document: dict[str, Any], *, dry: bool = False, **who: Any) -> Answer:
        """Creates an object, strictly; `dry` goes all the way but the last step."""
        return self.ask("POST", f"{path_of(document)}?fieldValidation=Strict{'&dryRun=All' * dry}", document, **who)

    def apply(self, document: dict[str, Any], *, dry: bool = False) -> Answer:
        """Applies an object on the server, strictly, whatever its kind; `dry` goes all the way but the last step."""
        version, meta = document["apiVersion"], document["metadata"]
        base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        kinds = self._kinds.get(version) or self._kinds.setdefault(version, self._discovered(base))
        plural, namespaced = kinds[document["kind"]]
        inside = f"/namespaces/{meta['namespace']}" if namespaced else ""
        how = f"fieldManager=proof&force=true&fieldValidation=Strict{'&dryRun=All' * dry}"
        return self.ask(
            "PATCH", f"{base}{inside}/{plural}/{meta['name']}?{how}", document, form="application/apply-patch+yaml"
        )

    def _discovered(self, base: str) -> dict[str, tuple[str, bool]]:
        """Plural by kind, and whether its objects are in namespaces."""
        there = self.ask("GET", base).body["resources"]
        return {one["kind"]: (one["name"], one["namespaced"]) for one in there if "/" not in one["name"]}


def path_of(document: dict[str, Any]) -> str:
    """Where objects of its kind are made."""
    version, kind = document["apiVersion"], document["kind"]
    namespace = document["metadata"].get("namespace")
    base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    inside = f"/namespaces/{namespace}" if namespace else ""
    return f"{base}{inside}/{PLURALS.get(kind, f'{kind.lower()}s')}"
