"""Services that moto has not at all: their state, and the names under which clients ask for them."""

import re
from typing import Any

from moto import backend_index
from moto.core.base_backend import BackendDict, BaseBackend

_added: dict[str, BackendDict[BaseBackend]] = {}


def add(service: str, signed_as: str | None = None) -> None:
    """Makes a service known by botocore's name, or by the one in its signatures where that is another.

    Extensions answer its operations, and keep state on its backend; what none answers, the account does not know.
    """
    package = service.replace("-", "")
    # The snapshot finds a backend's service in the module that it says it is from, as moto's own have it.
    backend = type(f"{package.capitalize()}Backend", (BaseBackend,), {"__module__": f"{__package__}.{package}.models"})
    _added[package] = BackendDict(backend, service)
    address = re.compile(rf"https?://{re.escape(signed_as or service)}\.(.+)\.amazonaws\.com")
    patterns: Any = backend_index.backend_url_patterns
    patterns.append((package, address))


def regions_of(package: str, account: str) -> Any:
    """All regions of an added service, or None where moto has the service."""
    return _added[package][account] if package in _added else None


def is_added(package: str) -> bool:
    """Whether the service is one of those that moto has not."""
    return package in _added
