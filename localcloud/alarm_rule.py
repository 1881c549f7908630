"""The rules of composite alarms: what they say, which alarms they name, and whether they hold."""

import re
from collections.abc import Callable
from dataclasses import dataclass

STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
LONGEST, MOST_CHILDREN = 10240, 100
"""Characters of a rule, and alarms that it may name; CloudWatch API Reference, PutCompositeAlarm."""

State = Callable[[str], str]
"""The state of an alarm by its name or ARN."""

_WORD = re.compile(r'\s*(?:(?P<sign>[(),])|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<bare>[^\s(),"]+)|(?P<end>$))')


class RuleError(ValueError):
    """A rule that does not read; str() says what was found where."""


@dataclass(frozen=True)
class AlarmRule:
    """A rule as it was read."""

    alarms: tuple[str, ...]
    """Names or ARNs, each once, in the order of the rule."""

    holds: Callable[[State], bool]
    """Whether the rule holds for the states of its alarms."""


def read(text: str) -> AlarmRule:
    """A rule of `ALARM(…)`, `OK(…)`, `INSUFFICIENT_DATA(…)`, `TRUE`, `FALSE` with AND, OR, NOT and parentheses.

    AND binds tighter than OR, NOT tighter than both; CloudWatch User Guide, "Rule expressions for composite alarms".
    Raises RuleError.
    """
    if len(text) > LONGEST:
        raise RuleError(f"the rule has {len(text)} characters, allowed are {LONGEST}")
    reader = _Reader(text)
    holds = reader.either()
    if reader.word:
        raise RuleError(f"found '{reader.word}' at {reader.at}, wanted AND, OR or the end")
    alarms = tuple(dict.fromkeys(reader.alarms))
    if len(alarms) > MOST_CHILDREN:
        raise RuleError(f"the rule names {len(alarms)} alarms, allowed are {MOST_CHILDREN}")
    return AlarmRule(alarms, holds)


class _Reader:
    """Reads by recursive descent; `word` is the next word and `at` where it stands."""

    def __init__(self, text: str) -> None:
        self._text, self._position = text, 0
        self.alarms: list[str] = []
        self.word, self.at = "", 0
        self._next()

    def _next(self) -> str:
        taken = self.word
        found = _WORD.match(self._text, self._position)
        if found is None:
            raise RuleError(f"the text at {self._position} does not read: {self._text[self._position :][:20]}")
        self.word = found["sign"] or found["quoted"] or found["bare"] or ""
        self.at, self._position = found.end() - len(self.word), found.end()
        return taken

    def _want(self, wanted: str) -> None:
        if self.word != wanted:
            raise RuleError(f"found '{self.word or 'the end'}' at {self.at}, wanted '{wanted}'")
        self._next()

    def either(self) -> Callable[[State], bool]:
        parts = [self._both()]
        while self.word == "OR":
            self._next()
            parts.append(self._both())
        return lambda state: any(part(state) for part in parts)

    def _both(self) -> Callable[[State], bool]:
        parts = [self._single()]
        while self.word == "AND":
            self._next()
            parts.append(self._single())
        return lambda state: all(part(state) for part in parts)

    def _single(self) -> Callable[[State], bool]:
        at, word = self.at, self._next()
        if word == "NOT":
            inner = self._single()
            return lambda state: not inner(state)
        if word == "(":
            inner = self.either()
            self._want(")")
            return inner
        if word in ("TRUE", "FALSE"):
            return lambda _: word == "TRUE"
        if word not in STATES:
            raise RuleError(f"found '{word or 'the end'}' at {at}, wanted {', '.join(STATES)}, TRUE, FALSE, NOT or '('")
        self._want("(")
        alarm = self._alarm()
        self._want(")")
        return lambda state: state(alarm) == word

    def _alarm(self) -> str:
        words, at = [], self.at
        while self.word and self.word not in ("(", ")", ","):
            words.append(self._next())
        name = " ".join(words)
        if name.startswith('"') and name.endswith('"') and len(words) == 1:
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
        if not name:
            raise RuleError(f"found '{self.word or 'the end'}' at {at}, wanted the name or ARN of an alarm")
        self.alarms.append(name)
        return name
