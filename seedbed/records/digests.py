"""Digests that tie a record to the program and the settings that it was written from."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies import rule
from seedbed.check import resource
from seedbed.checkout import Checkout
from seedbed.rehearsal import Declared

PARTS = ("components", "lifecycle", "policies", "stacks")
"""Folders that decide what is declared and how it is judged."""

ALONE = ("Pulumi.yaml", "requirements/runtime.txt", "versions.yaml")
SUFFIXES = frozenset({".json", ".py", ".txt", ".yaml"})


@dataclass(frozen=True, kw_only=True)
class Digests:
    """SHA-256 in hexadecimal digits."""

    program: str
    """Of every source file that decides what is declared and how it is judged: path and contents."""

    settings: str
    """Of the environment's file, byte by byte."""

    declared: str
    """Of all resources as the policies saw them, whatever they were declared by."""


def digests(checkout: Checkout, environment: str, resources: Iterable[Declared]) -> Digests:
    """The digests of an environment; the same sources give the same ones on every machine."""
    return Digests(
        program=of_files(checkout.root),
        settings=hashlib.sha256(checkout.file(environment).read_bytes()).hexdigest(),
        declared=of_resources(resources),
    )


def of_files(root: Path) -> str:
    """The digest of the program in a checkout."""
    found = (path for part in PARTS for path in (root / part).rglob("*") if path.suffix in SUFFIXES)
    files = [*(path for path in found if path.is_file()), *(root / name for name in ALONE)]
    summed = hashlib.sha256()
    for path in sorted(files, key=lambda one: one.relative_to(root).as_posix()):
        contents = hashlib.sha256(path.read_bytes()).hexdigest()
        summed.update(f"{contents}  {path.relative_to(root).as_posix()}\n".encode())
    return summed.hexdigest()


def of_resources(resources: Iterable[Declared]) -> str:
    """The digest of what a program declares, whatever order it declares it in."""
    told = [
        {
            "urn": one.urn,
            "type": one.type,
            "props": one.props,
            "dependencies": {key: sorted(urns) for key, urns in one.dependencies.items()},
            "parent": one.parent,
            "provider": one.provider,
            "protect": one.protect,
        }
        for one in map(resource, sorted(resources, key=lambda one: one.urn))
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=_said).encode()).hexdigest()


def _said(value: Any) -> Any:
    """What JSON has no word for: a value that is unknown, a mapping of another kind, an asset."""
    if value is rule.UNKNOWN:
        return {"unknown": True}
    if isinstance(value, Mapping):
        return dict(value)
    return {"type": type(value).__name__, **{key: str(one) for key, one in vars(value).items()}}
