"""What the program waits for beyond what its resources need: nothing."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import pulumi
from pulumi.runtime.sync_await import _sync_await


def unheld(made: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    """A component with only those of its arguments that are known before anything is created; as a transformation.

    The SDK registers a component once all its arguments are there, and its children after it: one argument that comes
    from a resource would hold back every child, also those that have nothing to do with it
    (docs/decisions/0012-components-register-what-is-known.md).
    """
    if not isinstance(made.resource, pulumi.ComponentResource):
        return None
    if pulumi.runtime.is_dry_run():
        _begin()
    known = {name: value for name, value in made.props.items() if not _comes_later(value)}
    return pulumi.ResourceTransformationResult(known, made.opts)


def _begin() -> None:
    """Hand the engine what is declared so far, while the rest of the program loads: a tenth less time for a preview.

    At a preview only. Otherwise a program that fails half-way would leave what it had declared until then.
    """
    for _ in range(2):  # the first turn computes inputs, the second sends them
        _sync_await(asyncio.sleep(0))


def _comes_later(value: Any) -> bool:
    if isinstance(value, pulumi.Output | pulumi.Resource | Awaitable):
        return True
    if isinstance(value, Mapping):
        return any(map(_comes_later, value.values()))
    return isinstance(value, Sequence) and not isinstance(value, str) and any(map(_comes_later, value))
