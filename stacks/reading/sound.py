"""The settings as far as they are sound, for rules that must speak even when something else is wrong."""

from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any, get_origin

from pydantic.alias_generators import to_snake

from stacks.file.network import form
from stacks.reading.problems import Location
from stacks.reading.shape import fields, forms, inside, is_part, peel

ENVIRONMENT = "seedbed:environment"

_attribute = cache(to_snake)


class Unsound:
    """Stands for a value that a problem speaks about: it has every attribute and no entry, and equals nothing."""

    def __getattr__(self, name: str) -> "Unsound":
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __bool__(self) -> bool:
        return False


class Defaulted(Unsound):
    """Stands for a value that nobody gave and whose default follows from others."""


def sound(annotation: Any, value: Any, location: Location, broken: set[Location]) -> Any:
    """The settings with defaults filled in, as far as they could be read."""
    core, _ = peel(annotation)
    if location in broken:
        return Unsound()
    if options := forms(core):
        core = options[form(value)]
    if is_part(core):
        result = SimpleNamespace()
        for key, field in fields(core).items():
            at = (*location, key)
            if key in value:
                found = sound(field.annotation, value[key], at, broken)
            elif field.info.is_required() or at in broken:
                found = Unsound()
            elif field.info.default_factory:
                found = Defaulted()
            else:
                found = field.info.default
            setattr(result, field.attribute, found)
        return result
    if get_origin(core) is tuple:
        return [sound(inside(core), entry, (*location, number), broken) for number, entry in enumerate(value)]
    return value


def are(kind: type, *values: Any) -> bool:
    """Whether all values are sound and given."""
    return all(isinstance(value, kind) for value in values)


def entries(config: Any, *keys: str) -> Iterator[tuple[Location, Any]]:
    """The entries of a list below the environment, each with its location; none below a mapping that is not there."""
    value: Any = config.environment
    for key in keys:
        value = getattr(value, _attribute(key), None)
    for number, entry in enumerate(value or ()):
        yield (ENVIRONMENT, *keys, number), entry
