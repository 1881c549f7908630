"""Configuration as the engine or a file hands it over, made into plain values before they are judged."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stacks.file.stack import Config
from stacks.reading.problems import Location, Problem, nearest, shown
from stacks.reading.shape import fields, peel, words

DEEPEST = 20
"""Levels of nesting; the settings have six."""

MOST_VALUES = 10_000
"""Values in one configuration; an environment of fifty data sets has a thousand."""

ENGINE_KEYS = ("pulumi:autonaming", "pulumi:disable-default-providers", "pulumi:tags", "pulumi:template")
"""Keys that the engine itself reads; they are left alone."""

_CREDENTIALS = "credentials stay out of files: remove the key, and use aws:profile, aws:assumeRole or the shell"
_NOT_HERE = {
    "aws:accessKey": _CREDENTIALS,
    "aws:secretKey": _CREDENTIALS,
    "aws:token": _CREDENTIALS,
    "aws:defaultTags": "remove the key: owner, system and costCenter of seedbed:environment become the tags",
    "aws:forbiddenAccountIds": "remove the key: aws:allowedAccountIds lets in one account only",
    "aws:skipRequestingAccountId": "remove the key: without asking, aws:allowedAccountIds could not be checked",
}


@dataclass
class RawConfig:
    """The keys of ours with plain values, and what was wrong with the rest."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: set[Location] = field(default_factory=set)
    """Locations that a problem speaks about already."""

    _left: int = MOST_VALUES

    def refuse(self, location: Location, wrong: str, found: str, allowed: str, fix: str) -> None:
        if location not in self.broken:
            self.problems.append(Problem(location, wrong, found, allowed, fix))
            self.broken.add(location)

    def plain(self, value: Any, location: Location) -> Any:
        """Copy of a value with its faults taken out and noted: nothing given, odd keys, secrets, too deep, too many."""
        self._left -= 1
        if self._left < 0:
            if self._left == -1:
                allowed = f"{MOST_VALUES} values in all"
                self.refuse(location, "there are too many values", "more than that", allowed, "remove what repeats")
            return None
        if value is None:
            found, fix = "nothing", "write a value, or remove the key"
            self.refuse(location, "has no value", found, "a value where the key is written", fix)
        if not isinstance(value, Mapping | list | tuple):
            return value
        if len(location) > DEEPEST:
            found, allowed = shown(value, location), f"{DEEPEST} levels"
            self.refuse(location, "is nested too deep", found, allowed, "write it flat")
            return None
        if not isinstance(value, Mapping):
            return [self.plain(entry, (*location, number)) for number, entry in enumerate(value)]
        if set(value) == {"secure"}:
            allowed, fix = "plain values: nothing in these settings is secret", "write the value without --secret"
            self.refuse(location, "is encrypted", "a value that is not shown", allowed, fix)
            return None
        return self._mapping(value, location)

    def _mapping(self, value: Mapping[Any, Any], location: Location) -> dict[str, Any]:
        copy = {}
        for key, below in value.items():
            if self._left < 0:
                break
            if isinstance(key, str):
                copy[key] = self.plain(below, (*location, key))
            else:
                fix = "write the key as a word, in quotes if it has to look like that"
                self.refuse((*location, _as_text(key)), "is not a key", shown(key), "text", fix)
        return copy


def gather(config: Mapping[Any, Any], broken: set[Location]) -> RawConfig:
    """Plain values of the keys that the settings have; each other key is a problem, unless `broken` has it."""
    raw, known = RawConfig(broken=set(broken)), fields(Config)
    for key, value in config.items():
        if raw._left < 0:
            break
        if not isinstance(key, str):
            raw.refuse((_as_text(key),), "is not a key", shown(key), "text", "remove it")
        elif key in known:
            decoded = _decoded(raw, key, value, known[key].annotation)
            raw.values[key] = raw.plain(decoded, (key,)) if (key,) not in raw.broken else None
        elif key not in ENGINE_KEYS:
            _refuse_key(raw, key, config, known)
    return raw


def _refuse_key(raw: RawConfig, key: str, config: Mapping[Any, Any], known: Iterable[str]) -> None:
    choices = [*known, *ENGINE_KEYS] if key.startswith("pulumi:") else list(known)
    near = nearest(key, choices) or (nearest(f"seedbed:{key}", choices) if key and ":" not in key else None)
    rename = renamed(near, config)
    wrong = "is a key that nothing reads" if ":" in key else "is not a configuration key"
    if key in _NOT_HERE:
        wrong, rename = "is not for this file", _NOT_HERE[key]
    if near and near not in config:
        raw.broken.add((near,))
    raw.refuse((key,), wrong, shown(config[key], (key,)), ", ".join(choices), rename)


def renamed(near: str | None, mapping: Mapping[Any, Any]) -> str:
    """What to do with a key that does not exist, `near` being the one that was probably meant."""
    if near is None:
        return "remove it"
    return f"remove it: {near} stands there too" if near in mapping else f"rename it to {near}"


def _decoded(raw: RawConfig, key: str, value: Any, annotation: Any) -> Any:
    """What the engine made text of, as a value again: it keeps mappings as JSON, numbers and true or false as words."""
    core, _ = peel(annotation)
    if not isinstance(value, str) or core is str:
        return value
    if core is bool:
        return {"true": True, "false": False}.get(value, value)
    if core is int:
        return int(value) if re.fullmatch(r"[0-9]{1,9}", value) else value
    return _json(raw, key, value, annotation)


def _json(raw: RawConfig, key: str, text: str, annotation: Any) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_no_constant)
    except _RepeatedKeyError as error:
        wrong, fix = "has a key twice", f"keep one of the two {error.args[0]}"
    except (ValueError, RecursionError):
        wrong, fix = "is a text", f"write {words(annotation)}"
    raw.refuse((key,), wrong, shown(text, (key,)), words(annotation), fix)
    return None


class _RepeatedKeyError(Exception):
    pass


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKeyError(shown(key))
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _as_text(key: Any) -> str:
    return shown(key) if key is None or isinstance(key, bool | int | float) else "?"
