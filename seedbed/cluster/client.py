"""A client of an environment's cluster."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from seedbed.account import Account
from seedbed.cluster.address import Address, address_of
from seedbed.cluster.failures import RefusalError, UnknownKindError, UnreachableError
from seedbed.cluster.kind import Kind, Object
from seedbed.cluster.sign_in import token

TOKEN_SECONDS = 600.0
"""Tokens are taken for 15 minutes, so each serves for ten."""

CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
"""A private API server is silent to the outside; nobody should wait long to learn that."""

PAGE = 500
FIELD_MANAGER = "seedbed"
OBJECT = re.compile(r"^(<[^>]* object at 0x[0-9a-f]+>|HTTPS?Connection(Pool)?\([^)]*\)): ")


@dataclass
class Kube:
    """Reads and changes objects of one cluster; every method raises ClusterError where the cluster does not let it.

    `on_this_machine` clusters are asked past any proxy.
    """

    address: Address
    sign_in: Callable[[], str]
    """Makes a token."""
    on_this_machine: bool = False
    _token: tuple[float, str] = field(default=(0.0, ""), init=False, repr=False)

    def listed(self, kind: Kind, namespace: str = "", labels: str = "") -> list[Object]:
        """All objects of a kind, in one namespace or all; `labels` is a selector such as `team=scoring`.

        Raises UnknownKindError where the cluster does not know the kind.
        """
        return list(self._pages(kind, namespace, labels))

    def find(self, kind: Kind, namespace: str = "", labels: str = "") -> list[Object]:
        """The same; empty where the cluster does not know the kind."""
        try:
            return self.listed(kind, namespace, labels)
        except UnknownKindError:
            return []

    def get(self, kind: Kind, name: str, namespace: str = "") -> Object | None:
        """One object; None where it is not there."""
        try:
            return self.ask("GET", kind.path(namespace, name))
        except RefusalError as error:
            if error.status == 404:
                return None
            raise

    def create(self, kind: Kind, thing: Object) -> Object:
        """Makes an object, its fields judged strictly; the answer has what the API server added."""
        namespace = str(thing["metadata"].get("namespace", ""))
        return self.ask("POST", kind.path(namespace), thing, {"fieldValidation": "Strict"})

    def patch(self, kind: Kind, name: str, change: Object, namespace: str = "", part: str = "") -> Object:
        """Merges a change into an object, or into a `part` of it such as `status` or `scale`."""
        path = kind.path(namespace, name) + (f"/{part}" if part else "")
        return self.ask("PATCH", path, change, media="application/merge-patch+json")

    def apply(self, kind: Kind, thing: Object) -> Object:
        """Makes an object or takes over the named fields of one that is there (server-side apply)."""
        metadata = thing["metadata"]
        path = kind.path(str(metadata.get("namespace", "")), str(metadata["name"]))
        how = {"fieldManager": FIELD_MANAGER, "force": "true", "fieldValidation": "Strict"}
        return self.ask("PATCH", path, thing, how, "application/apply-patch+yaml")

    def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str = "",
        grace_seconds: int | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> bool:
        """Starts an object's deletion; false where it is not there. What it owns goes too, unless orphaned."""
        options: Object = {"propagationPolicy": propagation}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        try:
            self.ask("DELETE", kind.path(namespace, name), options)
        except RefusalError as error:
            if error.status == 404:
                return False
            raise
        return True

    def kind_of(self, api_version: str, kind: str) -> Kind | None:
        """Where objects of a kind by its name (`Deployment`) are kept; None where the cluster does not know it."""
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            known = self.ask("GET", path).get("resources") or []
        except RefusalError as error:
            if error.status == 404:
                return None
            raise
        names = (one["name"] for one in known if one["kind"] == kind and "/" not in one["name"])
        return next((Kind(api_version, name) for name in names), None)

    def version(self) -> str:
        """Version of the API server: v1.34.2."""
        return str(self.ask("GET", "/version")["gitVersion"])

    def ask(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        query: Mapping[str, str] | None = None,
        media: str = "application/json",
    ) -> Object:
        """Any request to the API server and its answer."""
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        headers = {"Accept": "application/json", "Authorization": f"Bearer {self._fresh()}"}
        if body is not None:
            headers["Content-Type"] = media
        api = self._api
        asked = api.param_serialize(method, path, query_params=list((query or {}).items()), header_params=headers)
        try:
            answer = api.call_api(*asked[:3], body, _request_timeout=(CONNECT_SECONDS, READ_SECONDS))
            data = answer.read()
        except (ApiException, HTTPError, OSError) as error:
            raise UnreachableError(
                f"cluster {self.address.name} at {self.address.endpoint} does not answer: {_short(error)}"
            ) from error
        if not 200 <= answer.status <= 299:
            raise self._refusal(method, path, answer.status, data)
        return json.loads(data)

    def _pages(self, kind: Kind, namespace: str, labels: str) -> Iterator[Object]:
        query = {"limit": str(PAGE), **({"labelSelector": labels} if labels else {})}
        while True:
            try:
                answer = self.ask("GET", kind.path(namespace), query=query)
            except RefusalError as error:
                if error.status != 404:
                    raise
                words = f"cluster {self.address.name} does not know {kind.plural} of {kind.api_version}"
                raise UnknownKindError(words, error.status, error.reason) from error
            yield from answer.get("items") or []
            more = (answer.get("metadata") or {}).get("continue")
            if not more:
                return
            query["continue"] = more

    def _refusal(self, method: str, path: str, status: int, data: bytes) -> RefusalError:
        try:
            said = json.loads(data)
            words, reason = str(said.get("message") or ""), str(said.get("reason") or "")
        except (ValueError, AttributeError):
            words, reason = data.decode(errors="replace").strip()[:500], ""
        if status == 401:
            words = words or "Unauthorized"
            words += ": no access entry of the cluster lets these credentials in"
        return RefusalError(f"cluster {self.address.name}: {method} {path}: {status} {words}".strip(), status, reason)

    def _fresh(self) -> str:
        until, known = self._token
        if time.monotonic() >= until:
            known = self.sign_in()
            self._token = (time.monotonic() + TOKEN_SECONDS, known)
        return known

    @cached_property
    def _api(self) -> Any:
        # Half a second to load, which most commands need not spend.
        from kubernetes.client import ApiClient, Configuration

        settings: Any = Configuration(host=self.address.endpoint)
        settings.ca_cert_data = base64.b64decode(self.address.authority).decode()
        settings.retries = False
        if self.on_this_machine:
            settings.proxy = None
        return ApiClient(settings)


def open_cluster(account: Account) -> Kube:
    """A client of the environment's cluster, signed in with the account's credentials.

    Raises NoClusterError where there is none, UnreachableError where it has no address; nothing is asked of it yet.
    """
    address = address_of(account)
    return Kube(address, lambda: token(account, address.name), account.on_this_machine)


def _short(error: Exception) -> str:
    """The reason at the end of a chain of them, in one line: `[Errno 111] Connection refused`."""
    words = " ".join(str(getattr(error, "reason", None) or error).split())
    # urllib3 begins with the connection, as Python shows objects, or with its host and port.
    return OBJECT.sub("", words)
