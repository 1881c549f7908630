"""A control: one norm, one function, and what is known about it."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from policies.reading import ABSENT, UndeterminedError, look
from policies.stack import UNKNOWN

State = Literal["pass", "fail", "undetermined", "not-applicable"]
Kind = Literal["resource", "stack", "verdict"]
"""`resource`: decided on one resource and its provider, so before it is created; `stack`: the proof is another
resource; `verdict`: judges the judging itself (exceptions, undecided findings)."""

Severity = Literal["low", "medium", "high", "critical"]
Parameters = Mapping[str, Any]

PACKS = ("security", "gdpr", "cost", "reproducibility")


@dataclass(frozen=True)
class Problem:
    """What a rule says about one input; a rule that says nothing about a resource is content with it."""

    state: State
    path: str = ""
    message: str = ""


Judge = Callable[..., Iterable[Any]]
"""`(resource, stack, parameters) -> problems`; for kind `verdict`, `(docket) -> remarks`."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """A rule with its metadata; the docstring of the function is the norm."""

    id: str
    title: str
    norm: str
    kind: Kind
    severity: Severity
    types: tuple[str, ...]
    """Type tokens that the rule reads; `aws:*` stands for a whole package."""

    subjects: tuple[str, ...]
    """Those of `types` that are judged; the others are evidence."""

    gdpr: tuple[str, ...]
    """Articles of the GDPR that the norm serves."""

    refs: tuple[str, ...]
    """Checks of others that ask for the same; `inverse:` marks those that ask for the opposite."""

    pack: str
    judge: Judge

    def judges(self, token: str) -> bool:
        """Whether resources of this type are subjects."""
        return any(token == one or (one[-1] == "*" and token.startswith(one[:-1])) for one in self.subjects)


_REGISTRY: dict[str, Control] = {}


def control(
    id: str,
    *,
    title: str,
    kind: Kind,
    severity: Severity,
    types: Iterable[str],
    basis: Iterable[str],
    subjects: Iterable[str] = (),
    refs: Iterable[str] = (),
) -> Callable[[Judge], Judge]:
    """Register the function beneath as the control `id`; raises ValueError on a second one or a missing norm."""

    def register(judge: Judge) -> Judge:
        norm, module = " ".join((judge.__doc__ or "").split()), judge.__module__
        if not norm:
            raise ValueError(f"{id}: {module}.{judge.__name__} has no docstring; it is the control's norm")
        if id in _REGISTRY and _REGISTRY[id].judge.__module__ != module:
            raise ValueError(f"{id} is declared twice: {_REGISTRY[id].judge.__module__} and {module}")
        _REGISTRY[id] = Control(
            id=id,
            title=title,
            norm=norm,
            kind=kind,
            severity=severity,
            types=tuple(types),
            subjects=tuple(subjects) or tuple(types),
            gdpr=tuple(basis),
            refs=tuple(refs),
            pack=module.split(".")[1],
            judge=judge,
        )
        return judge

    return register


def controls(pack: str = "") -> tuple[Control, ...]:
    """Every control, or those of one pack (`security`, `gdpr`, `cost`, `reproducibility`), by id."""
    for name in PACKS:
        importlib.import_module(f"policies.{name}")
    return tuple(one for _, one in sorted(_REGISTRY.items()) if pack in ("", one.pack))


def fail(path: str, found: str, fix: str) -> Problem:
    """A violation at `path`: what was found (never a value that may be sensitive) and what to set."""
    return Problem("fail", path, f"{found}; {fix}")


def undetermined(path: str) -> Problem:
    """The rule cannot be decided because the input at `path` is unknown."""
    return Problem("undetermined", path, "the value is unknown until the deployment")


def skip(reason: str) -> Problem:
    """The rule does not concern this resource."""
    return Problem("not-applicable", "", reason)


def parts(*checks: Iterable[Problem]) -> Iterator[Problem]:
    """All problems of independent checks: an unknown value met by one does not silence the next."""
    for check in checks:
        try:
            yield from check
        except UndeterminedError as unknown:
            yield undetermined(unknown.path)


def expect(
    props: Any, path: str, accept: Callable[[Any], bool], found: str, fix: str, *, default: Any = ABSENT
) -> Iterator[Problem]:
    """One input against one condition.

    accept: asked with the value, or with `default` (what the service does when the input is absent).
    """
    value = look(props, path)
    if value is UNKNOWN:
        yield undetermined(path)
    elif not accept(default if value is ABSENT else value):
        yield fail(path, f"not set, and the service's default is {default}" if value is ABSENT else found, fix)
