"""Tags as a judge reads them: what a resource carries with its provider's defaults, and which types can carry any."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from policies.reading import ABSENT, UndeterminedError, is_list, look
from policies.stack import UNKNOWN, Resource, Stack

TAGGABLE_FILE = Path(__file__).parent / "taggable.txt"
"""AWS types with an input `tags`, one a line; `python -m policies taggable` writes it from the pinned SDK."""

PERSONAL = ("personal", "special")
"""Values of `data-class` that mean personal data; `special`: Art. 9(1) of the GDPR."""

CLASSES = ("public", "internal", "confidential", *PERSONAL)


@cache
def taggable() -> frozenset[str]:
    """Type tokens of the pinned SDK that accept tags."""
    return frozenset(TAGGABLE_FILE.read_text(encoding="utf-8").split())


def tags(resource: Resource, stack: Stack) -> dict[str, Any]:
    """The effective tags: the provider's defaults under the resource's own; values may be UNKNOWN.

    Raises UndeterminedError when it is unknown which tags there are.
    """
    own = _plain(look(resource.props, "tags"), "tags")
    provider = stack.provider_of(resource)
    return {**(defaults(provider) if provider else {}), **own}


def tag(resource: Resource, stack: Stack, key: str) -> str:
    """One effective tag, empty when absent; raises UndeterminedError when it is unknown."""
    value = tags(resource, stack).get(key, "")
    if value is UNKNOWN:
        raise UndeterminedError(f"tags.{key}")
    return value if isinstance(value, str) else ""


def defaults(provider: Resource) -> dict[str, Any]:
    """`defaultTags` of an AWS provider."""
    content = configured(provider, "defaultTags")
    return _plain(content.get("tags", ABSENT), "defaultTags.tags") if isinstance(content, Mapping) else {}


def configured(provider: Resource, key: str) -> Any:
    """An input of a provider: the engine stores all but text as JSON text, so both forms are read.

    Raises UndeterminedError when it is unknown.
    """
    value = look(provider.props, key)
    if value is UNKNOWN:
        raise UndeterminedError(key)
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _plain(value: Any, path: str) -> dict[str, Any]:
    """Tags as a mapping; Auto Scaling writes a list of blocks with `key` and `value`."""
    if value is UNKNOWN:
        raise UndeterminedError(path)
    if is_list(value):
        return {one["key"]: one.get("value", "") for one in value if isinstance(one, Mapping) and _named(one)}
    return dict(value) if isinstance(value, Mapping) else {}


def _named(block: Mapping[str, Any]) -> bool:
    return isinstance(block.get("key"), str)
