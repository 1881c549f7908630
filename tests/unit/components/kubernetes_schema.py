"""What an API server with strict validation would refuse, by the OpenAPI from which its Python client is made."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubernetes import client
from pydantic import ValidationError


def known(document: Mapping[str, Any]) -> bool:
    """Whether it is of Kubernetes itself."""
    return hasattr(client, _model(document))


def faults(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with an object, with the path of each: a field unknown or missing, a value of another type."""
    wire = sent(document)
    try:
        read = getattr(client, _model(document)).model_validate(wire)
    except ValidationError as error:
        return [f"{'.'.join(map(str, e['loc']))}: {e['msg']}, found {e['input']!r}" for e in error.errors()]
    # The client also takes Python's names of fields; the server does not.
    taken = read.model_dump(mode="json", by_alias=True, exclude_none=True)
    return [] if taken == wire else [f"{taken} is not what was sent: {wire}"]


def sent(value: Any) -> Any:
    """As it goes over the wire: whole numbers are whole numbers there, and what is None is not there."""
    if isinstance(value, Mapping):
        return {key: sent(one) for key, one in value.items() if one is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [sent(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _model(document: Mapping[str, Any]) -> str:
    group, _, version = document.get("apiVersion", "").rpartition("/")
    if group and "." in group and not group.endswith(".k8s.io"):
        return ""
    return f"{version.capitalize()}{document.get('kind', '')}"
