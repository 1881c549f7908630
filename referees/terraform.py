"""Terraform's spelling of what pulumi-aws declares."""

import importlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from engine.programs import AWS
from engine.schema import declared, resource_class

NAMES = Path(__file__).parent / "names.yaml"

CAPITAL = re.compile(r"([A-Z])")


@cache
def types() -> Mapping[str, str]:
    """Terraform's type by Pulumi's token: those that the engine's provider offers and those of names.yaml."""
    lines = (line.split("#")[0].split() for line in (AWS.folder / "resources.txt").read_text().splitlines())
    return {**{token: name for name, token in (words for words in lines if words)}, **_table()["types"]}


@cache
def without_type() -> frozenset[str]:
    """Tokens that have no place in a plan."""
    return frozenset(_table()["unknown"])


@cache
def shape(token: str) -> Mapping[str, Any]:
    """Inputs of a type as the SDK declares them: blocks are dicts, lists hold one shape, maps are tuples.

    LookupError for a type that the pinned SDK has not.
    """
    found = resource_class(token.replace(":lambda/", ":lambda_/"))  # Python keeps the word for itself
    if found is None:
        raise LookupError(f"{token}: the pinned pulumi-aws has no such type; list it under `unknown` in {NAMES.name}")
    module = vars(importlib.import_module(found.__module__))
    return declared(module.get(f"{found.__name__}InitArgs") or module[f"{found.__name__}Args"])


def spelled(type_: str, path: str, shape: Any) -> str:
    """Terraform's name of an input: in snake case, a list of blocks in the singular, as each block stands alone.

    path: Pulumi's, without indices (`networkInterfaces.subnetId`); of the irregular names the one with most of it wins.
    """
    irregular, words = _table()["names"].get(type_, {}), path.split(".")
    for start in range(len(words)):
        if known := irregular.get(".".join(words[start:])):
            return known
    snake = CAPITAL.sub(lambda match: f"_{match[1].lower()}", words[-1])
    return _singular(snake) if isinstance(shape, list) and isinstance(shape[0], dict) else snake


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


@cache
def _table() -> Mapping[str, Any]:
    return yaml.safe_load(NAMES.read_text())
