"""What the program waits for beyond what its resources need: nothing."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import pulumi


def unheld(made: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    """A component with only those of its arguments that are known before anything is created; as a transformation.

    The SDK registers a component once all its arguments are there, and its children after it: one argument that comes
    from a resource would hold back every child, also those that have nothing to do with it
    (docs/decisions/0012-components-register-what-is-known.md).
    """
    if not isinstance(made.resource, pulumi.ComponentResource):
        return None
    known = {name: value for name, value in made.props.items() if not _comes_later(value)}
    return pulumi.ResourceTransformationResult(known, made.opts)


def _comes_later(value: Any) -> bool:
    if isinstance(value, pulumi.Output | pulumi.Resource | Awaitable):
        return True
    if isinstance(value, Mapping):
        return any(map(_comes_later, value.values()))
    return isinstance(value, Sequence) and not isinstance(value, str) and any(map(_comes_later, value))
