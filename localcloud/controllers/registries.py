"""Which model registry on this machine stands for that of each cluster."""

import http.client
import ipaddress
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from localcloud.clusters import hooks
from localcloud.refusal import Answer

FIELDS = ("region", "cluster", "url")
ANSWER_SECONDS = 5
ALIAS = "/api/2.0/mlflow/registered-models/alias"
_JSON = {"Content-Type": "application/json"}


class RegistryError(Exception):
    """A registry that does not answer as MLflow does; str() says how."""


class Registries:
    """Their addresses, kept in a file of the account's state until one is found to be silent."""

    _lock = threading.Lock()

    def __init__(self, state: Path) -> None:
        self._file = state / "registries.json"

    def standing(self) -> list[dict[str, str]]:
        """All that were told: region, cluster, url."""
        try:
            return json.loads(self._file.read_text())
        except (OSError, ValueError):
            return []

    def of(self, region: str, cluster: str) -> str | None:
        """Address of a cluster's registry, such as http://127.0.0.1:5000; None where none was told."""
        return next(
            (one["url"] for one in self.standing() if (one["region"], one["cluster"]) == (region, cluster)), None
        )

    def tell(self, told: Any) -> list[dict[str, str]]:
        """Takes a cluster's registry in the place of an earlier one; ValueError says what is wrong with the order."""
        if not isinstance(told, dict) or sorted(told) != sorted(FIELDS):
            raise ValueError(f"a registry is an object with {', '.join(FIELDS)}; found {told!r}")
        for name, value in told.items():
            if not isinstance(value, str) or not value:
                raise ValueError(f"{name}: found {value!r}, wanted text")
        told = {**told, "url": _address(told["url"])}
        return self._change(lambda said: [*(one for one in said if not _is_same(one, told)), told])

    def forget(self, region: str, cluster: str, url: str) -> None:
        """The cluster has no registry any more, unless it was told another than `url` meanwhile."""
        gone = {"region": region, "cluster": cluster, "url": url}
        self._change(lambda said: [one for one in said if one != gone])

    def _change(self, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> list[dict[str, str]]:
        with self._lock:
            said = change(self.standing())
            draft = self._file.with_name(f"{self._file.name}.draft")
            draft.write_text(json.dumps(said))
            draft.replace(self._file)
        return said


def version_at(url: str, model: str, aliases: Sequence[str]) -> str | None:
    """Version that bears the first alias that any version of a model bears; None where none does.

    MLflow REST API, registered-models/alias. Raises RegistryError.
    """
    for alias in aliases:
        status, said = _ask(url, f"{ALIAS}?{urlencode({'name': model, 'alias': alias})}")
        if status == 200:
            try:
                return str(said["model_version"]["version"])
            except (KeyError, TypeError) as error:
                raise RegistryError(f"{url}: an answer without a version: {said!r}") from error
        code, words = said.get("error_code"), str(said.get("message", ""))
        # No such model, or no such alias of it.
        if (status, code) != (404, "RESOURCE_DOES_NOT_EXIST") and not (status == 400 and "alias" in words.lower()):
            raise RegistryError(f"{url}: {status} {code or ''} {words}".rstrip())
    return None


def _ask(url: str, path: str) -> tuple[int, dict[str, Any]]:
    """No proxy and no redirection: what was told is on this machine, and stays there."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise RegistryError(f"{url}: {type(error).__name__}: {error}") from error
    finally:
        connection.close()
    if not isinstance(said, dict):
        raise RegistryError(f"{url}: no answer of a registry: {said!r}")
    return answer.status, said


def _address(url: str) -> str:
    """The address alone, of this machine; raises ValueError."""
    wanted = "wanted http://127.0.0.1:PORT, an address of this machine"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = "127.0.0.1" if host == "localhost" else host
        is_here = ipaddress.ip_address(host).is_loopback
    except ValueError as error:
        raise ValueError(f"url: found {url!r}, {wanted}") from error
    if not is_here or port is None or parts.scheme != "http" or parts.path not in ("", "/") or "@" in parts.netloc:
        raise ValueError(f"url: found {url!r}, {wanted}")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_same(one: dict[str, str], other: dict[str, str]) -> bool:
    return (one["region"], one["cluster"]) == (other["region"], other["cluster"])


@hooks.on_control
def _control(state: Path, asked: str, body: bytes) -> Answer | None:
    """`GET|POST registries` of an account."""
    registries = Registries(state)
    if asked == "GET registries":
        said = registries.standing()
    elif asked == "POST registries":
        try:
            said = registries.tell(json.loads(body))
        except ValueError as error:
            return Answer(400, _JSON, json.dumps({"error": str(error)}).encode() + b"\n")
    else:
        return None
    return Answer(200, _JSON, json.dumps(said).encode() + b"\n")
