"""What a program declares, kept in a file between the programs of a benchmark, and more of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from policies.rule import UNKNOWN, Resource
from policies.stack import ROOT

UNKNOWN_MARK = {"unknown": True, "mark": "4f0a"}
"""Stands in the file for a value that preview does not know."""


def keep(resources: Sequence[Resource], file: Path) -> Path:
    """Write resources to a file; gives the file."""
    file.write_text(json.dumps([asdict(one) for one in resources], default=_mark))
    return file


def kept(file: Path) -> list[Resource]:
    """The resources of a file."""
    return [_resource(entry) for entry in json.loads(file.read_text(), object_hook=_meant)]


def doubled(resources: Sequence[Resource]) -> list[Resource]:
    """The same environment twice in one stack: each copy refers to copies, all to the same providers.

    What is said in texts stays as it is, so controls on sums and on names object to some of it.
    """
    shared = {one.urn for one in resources if one.type == ROOT or one.type.startswith("pulumi:providers:")}
    return [*resources, *(_copied(one, shared) for one in resources if one.urn not in shared)]


def made(resources: Sequence[Resource]) -> int:
    """How many of them a provider makes; the others are components and the stack itself."""
    return sum(not one.type.startswith("seedbed:") and one.type != ROOT for one in resources)


def _copied(one: Resource, shared: set[str]) -> Resource:
    return replace(
        one,
        urn=f"{one.urn}-2",
        name=f"{one.name}-2",
        parent=_other(one.parent, shared),
        dependencies={key: tuple(_other(urn, shared) for urn in urns) for key, urns in one.dependencies.items()},
    )


def _other(urn: str, shared: set[str]) -> str:
    return f"{urn}-2" if urn and urn not in shared else urn


def _resource(entry: Mapping[str, Any]) -> Resource:
    lists: dict[str, Any] = {
        "dependencies": {key: tuple(urns) for key, urns in entry["dependencies"].items()},
        "ignores": tuple(entry["ignores"]),
    }
    return Resource(**{**entry, **lists})


def _mark(value: object) -> Any:
    if value is not UNKNOWN:
        raise TypeError(f"no plain input: {type(value).__name__}")
    return UNKNOWN_MARK


def _meant(value: dict[str, Any]) -> Any:
    return UNKNOWN if value == UNKNOWN_MARK else value
