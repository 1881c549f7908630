"""What an object of Kubernetes says of itself: labels and annotations, with or without a prefix."""

from typing import Any

from policies.reading import ABSENT, look
from policies.stack import UNKNOWN, Resource


def said(one: Resource, name: str) -> Any:
    """The annotation or label called `name` or `example.com/NAME`; ABSENT where there is none, UNKNOWN where it is."""
    for path in ("metadata.annotations", "metadata.labels"):
        value = look(one.props, path)
        if value is UNKNOWN:
            return UNKNOWN
        for key in value if hasattr(value, "items") else ():
            if key == name or (isinstance(key, str) and key.endswith(f"/{name}")):
                return ABSENT if value[key] is None else value[key]
    return ABSENT
