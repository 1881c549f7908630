"""The shape of the settings: what stands at a location, and what it may be, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import Tag
from pydantic.fields import FieldInfo

from stacks.file.vocabulary import Allowed, Part
from stacks.reading.problems import Location


@dataclass(frozen=True)
class Field:
    """A key of a mapping."""

    attribute: str
    annotation: Any
    info: FieldInfo


@cache
def fields(part: type[Part]) -> dict[str, Field]:
    """The keys of a mapping, in their order in the model."""
    hints = get_type_hints(part, include_extras=True)
    return {info.alias or name: Field(name, hints[name], info) for name, info in part.model_fields.items()}


def peel(annotation: Any) -> tuple[Any, list[Any]]:
    """A type without what surrounds it (None, annotations), and the annotations."""
    notes: list[Any] = []
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            notes += [note for m in more for note in (m.metadata if isinstance(m, FieldInfo) else [m])]
        elif get_origin(annotation) in (Union, UnionType) and len(_without_none(annotation)) == 1:
            (annotation,) = _without_none(annotation)
        else:
            return annotation, notes


def forms(annotation: Any) -> dict[str, type[Part]]:
    """The forms that a mapping may take, by tag; empty where it has only one."""
    found = {}
    if get_origin(annotation) in (Union, UnionType):
        for option in get_args(annotation):
            core, notes = peel(option)
            found |= {note.tag: core for note in notes if isinstance(note, Tag)}
    return found


def is_part(core: Any) -> bool:
    return isinstance(core, type) and issubclass(core, Part)


def inside(annotation: Any) -> Any:
    """Type of the entries of a list or of the values of a free mapping; None where there are none."""
    core, _ = peel(annotation)
    return {tuple: lambda a: a[0], dict: lambda a: a[1]}.get(get_origin(core), lambda _: None)(get_args(core))


@dataclass(frozen=True)
class Place:
    """What the settings have at a location."""

    location: Location
    annotation: Any
    """Type of the value there; None where there is no such key."""

    part: type[Part] | None
    """Mapping that the last key stands in."""


def place(root: type[Part], location: Location) -> Place:
    """Follow a location of pydantic, which has the tag of a form in it, from `root` on."""
    current: Any = root
    part, clean = None, []
    for step in location:
        core, _ = peel(current)
        if tags := forms(core):
            if step in tags:
                current = tags[step]
                continue
            core = None
        clean.append(step)
        part = core if is_part(core) else part
        key = fields(core).get(str(step)) if is_part(core) else None
        current = key.annotation if key else inside(core)
    return Place(tuple(clean), current, part)


def words(annotation: Any) -> str:
    """What a value may be."""
    core, notes = peel(annotation)
    for note in notes:
        if isinstance(note, Allowed):
            return note.words
    if options := forms(core):
        return " or ".join(map(words, options.values()))
    if is_part(core):
        return f"a mapping of {', '.join(fields(core))}"
    if core is bool:
        return "true or false"
    if core is int:
        return _between("a whole number", _limit(notes, "ge"), _limit(notes, "le"))
    if core is float:
        return f"a number between {_limit(notes, 'gt')} and {_limit(notes, 'lt')}"
    if get_origin(core) is Literal:
        return ", ".join(map(str, get_args(core)))
    if get_origin(core) is tuple:
        size = _between("a list", _limit(notes, "min_length"), _limit(notes, "max_length"))
        return f"{size}, each {words(inside(core))}"
    if get_origin(core) is dict:
        return f"a mapping of names to values, each {words(inside(core))}"
    return "a text"


def walk(part: type[Part], prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Every key below a mapping with its path, in the order of the models."""
    for key, field in fields(part).items():
        path = f"{prefix}.{key}" if prefix else key
        yield path, field
        core, _ = peel(field.annotation)
        if get_origin(core) is tuple:
            core, path = peel(inside(core))[0], f"{path}[]"
        for below in forms(core).values() or ([core] if is_part(core) else []):
            yield from walk(below, path)


def _without_none(annotation: Any) -> list[Any]:
    return [option for option in get_args(annotation) if option is not NoneType]


def _limit(notes: list[Any], kind: str) -> int | None:
    return next((limit for note in notes if (limit := getattr(note, kind, None)) is not None), None)


def _between(what: str, low: int | None, high: int | None) -> str:
    if low is not None and high is not None:
        return f"{what} from {low} to {high}" if what != "a list" else f"{what} of {low} to {high}"
    if low is not None:
        return f"{what} of {low} or more"
    return what if high is None else f"{what} of up to {high}"
