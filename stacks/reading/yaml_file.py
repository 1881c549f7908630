"""Environment files as text: YAML as the engine reads it, with the line of every value."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from stacks.reading.problems import Location, Problem, SettingsError, shown
from stacks.reading.raw_config import DEEPEST, MOST_VALUES

LARGEST = 256 * 1024
"""Bytes; an environment of fifty data sets has twenty thousand."""

_CORE = "tag:yaml.org,2002:"


class _TooMuchError(Exception):
    pass


class _Reader(yaml.SafeLoader):
    """YAML without the words of its version 1.1 that the engine takes for text (yes, on, 1:30)."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012 (the library's own way)
    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self.depth += 1
        if self.depth > DEEPEST + 2:
            raise _TooMuchError(self.peek_event().start_mark.line + 1)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


for _kind, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9][0-9_]*|0[xob][0-9a-fA-F_]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("timestamp", r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?", "0123456789"),
    ("merge", r"<<", "<"),
):
    _Reader.add_implicit_resolver(_CORE + _kind, re.compile(f"^(?:{_pattern})$"), list(_first))


@dataclass
class Document:
    """What stands in a file."""

    source: Path | None = None

    values: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    """Line of each value, by its location below `config`."""

    problems: list[Problem] = field(default_factory=list)
    """What could be read in one way only by guessing."""

    broken: set[Location] = field(default_factory=set)
    """Where a value is left out for that reason."""

    _left: int = MOST_VALUES

    def line(self, location: Location) -> int | None:
        """Line of a value, or of what surrounds it where there is none."""
        at = next((n for n in range(len(location), 0, -1) if location[:n] in self.lines), 0)
        return self.lines.get(location[:at])

    def take(self, node: Node, location: Location) -> Any:
        self._left -= 1
        self.lines.setdefault(_below_config(location), node.start_mark.line + 1)
        if self._left < 0:
            raise _TooMuchError(node.start_mark.line + 1)
        if len(location) > DEEPEST + 1:
            return self._refuse(node, location, "is nested too deep", f"{DEEPEST} levels", "write it flat")
        if isinstance(node, MappingNode) and node.tag == f"{_CORE}map":
            return self._mapping(node, location)
        if isinstance(node, SequenceNode) and node.tag == f"{_CORE}seq":
            return [self.take(entry, (*location, number)) for number, entry in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self._scalar(node, location)
        fix = f"remove {shown(node.tag.replace(_CORE, '!!'))}"
        return self._refuse(node, location, "has a tag", "plain mappings, lists and values", fix)

    def _mapping(self, node: MappingNode, location: Location) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else "?"
            at = (*location, name)
            if key.tag == f"{_CORE}merge":
                fix = "write the keys where they belong, or refer to the whole value with an alias"
                self._refuse(key, at, "is a merge key", "plain keys", fix)
            elif key.tag != f"{_CORE}str":
                self._refuse(key, at, "is not a key", "text", "write the key as a word, in quotes if it must be so")
            elif name in found:
                first, second = self.lines[_below_config(at)], key.start_mark.line + 1
                found_on, fix = f"lines {first} and {second}", "keep one of the two"
                wrong = "stands there twice"
                self.problems.append(Problem(_below_config(at), wrong, found_on, "each key once", fix, second))
            else:
                self.lines[_below_config(at)] = key.start_mark.line + 1
                found[name] = self.take(value, at)
        return found

    def _scalar(self, node: ScalarNode, location: Location) -> Any:
        text, kind = node.value, node.tag.removeprefix(_CORE)
        if kind == "str":
            return text
        if kind == "bool":
            return text.lower() == "true"
        if kind == "null":
            return None
        if kind == "int" and re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,18})", text):
            return int(text)
        if kind == "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        wrong, allowed = "is not plain", "true, false, a decimal number or text"
        if kind == "int":
            wrong, allowed = "is a number that programs read differently", "decimal digits without a zero first"
        if kind == "timestamp":
            wrong, allowed = "is read as a date", "text in quotes"
        return self._refuse(node, location, wrong, allowed, f'write "{text[:40]}" in quotes, or a plain number')

    def _refuse(self, node: Node, location: Location, wrong: str, allowed: str, fix: str, twice: bool = False) -> None:
        at: Location = _below_config(location) or (self.source or Path(),)
        found = shown(node.value if isinstance(node, ScalarNode) else None, location)
        found = found if isinstance(node, ScalarNode) else "a mapping or a list"
        self.broken.add(at)
        self.problems.append(Problem(at, wrong, found, allowed, fix, node.start_mark.line + 1))


def read_document(path: Path) -> Document:
    """Values of a file; raises SettingsError where it cannot be read as YAML at all."""

    def refuse(wrong: str, found: str, allowed: str, fix: str, line: int | None = None) -> SettingsError:
        return SettingsError([Problem((path,), wrong, found, allowed, fix, line)], str(path))

    content = b""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise refuse("is too large", f"more than {LARGEST} bytes", f"{LARGEST} bytes", "remove what repeats")
        reader = _Reader(content.decode("utf-8-sig"))
        node = reader.get_single_node()
        document = Document(path)
        if node is not None:
            document.values = document.take(node, ())
    except OSError as error:
        fix = "name a file that exists and that you may read"
        raise refuse("cannot be read", error.strerror or "an error", "a readable file", fix) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found, fix = f"byte {error.object[error.start]:#04x}", "save the file as UTF-8"
        raise refuse("is not text", found, "UTF-8", fix, line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        found = ", ".join(part for part in (error.context, error.problem) if part)
        where = f"correct column {mark.column + 1}" if mark else "correct the line"
        raise refuse("is not YAML", found, "YAML, one document", where, mark.line + 1 if mark else None) from None
    except _TooMuchError as error:
        allowed = f"{DEEPEST} levels and {MOST_VALUES} values, aliases counted as often as they stand"
        raise refuse("is nested too deep or says too much", "more", allowed, "write it flat", error.args[0]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise refuse(
            "is not YAML", shown(str(error)), "YAML in UTF-8", "remove the characters that are not text"
        ) from None
    return document


def _below_config(location: Location) -> Location:
    return location[1:] if location[:1] == ("config",) and len(location) > 1 else location
