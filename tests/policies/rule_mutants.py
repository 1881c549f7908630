"""Faults in the rules themselves: each has to be met by a fixture, an answer, a mutation or a sentence of the tests.

`python -m tests.policies.rule_mutants [--more] [CONTROL or MODULE]...` prints those that nothing meets, and those of
`equivalent_mutants.yaml` that something meets after all; with `--more` it tries the other operators.
"""

import ast
import importlib
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import yaml

from policies.control import _REGISTRY
from policies.rule import controls
from tests.policies.cases import HERE
from tests.policies.rule_exhibits import Exhibit, far, near, told
from tests.policies.rule_operators import OPERATORS, faults

POLICIES = Path(importlib.import_module("policies").__file__ or "").parent
LIMIT = 1.0
"""Seconds of processor time for one exhibit, some hundred times what it takes; then the mutant never ends."""


LATELY = 8
"""Exhibits that are asked before the others."""


class Mutant(NamedTuple):
    """A rule with one fault."""

    module: str
    function: str
    """The function, class or constant of the module that holds the fault."""

    line: str
    """The text of the line, which outlives its number."""

    operator: str
    change: str


class _EndlessError(BaseException):
    """No `Exception`: the judge takes those for findings."""


def modules() -> list[str]:
    """Modules that declare controls."""
    return sorted({one.judge.__module__ for one in controls()})


def tried(module: str, *, only: str = "", more: bool = False) -> Iterator[tuple[Mutant, bool]]:
    """Every mutant of a module that a control can meet, and whether it lives.

    only: id of a control; faults that it cannot meet are left out.
    more: the operators beside `OPERATORS` instead of these.
    """
    for mutant, index, code in mutants(module):
        met = [one for one in concerned(module, mutant.function) if only in ("", one)]
        if met and (mutant.operator in OPERATORS) != more:
            yield mutant, not _killed(module, index, code, met)


@cache
def mutants(module: str) -> tuple[tuple[Mutant, int, CodeType], ...]:
    """Every fault of every statement of a module, compiled; two that come to one program count once."""
    source = _source(module)
    lines, seen, made = source.splitlines(), set(), []
    for index, statement in enumerate(ast.parse(source).body):
        seen.add(ast.unparse(statement))
        for fault in faults(statement):
            if (written := ast.unparse(statement)) not in seen:
                seen.add(written)
                code = compile(ast.Module([statement], []), f"<{module}>", "exec")
                name = " ".join(sorted(_defined(statement)))
                line = lines[fault.line - 1].strip()
                made.append((Mutant(module, name, line, fault.operator, fault.change), index, code))
    return tuple(made)


def _killed(module: str, index: int, code: CodeType, met: Iterable[str]) -> bool:
    signal.signal(signal.SIGVTALRM, _stop)
    try:
        with _in_force(module, index, code):
            return any(_differs(one, id) for stage in (_lately, near, told, far) for id in met for one in stage(id))
    except (_EndlessError, Exception):  # it never ends, does not load, or breaks the judge
        return True


def _differs(one: Exhibit, id: str) -> bool:
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
    try:
        met = one.differs()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    if met:
        _met_by.setdefault(id, {}).pop(one.name, None)
        _met_by[id][one.name] = one
    return met


_met_by: dict[str, dict[str, Exhibit]] = {}


def _lately(id: str) -> list[Exhibit]:
    """What met the faults before this one, which is likely to meet its neighbours, the latest first."""
    return list(_met_by.get(id, {}).values())[: -LATELY - 1 : -1]


def _stop(*_: object) -> None:
    raise _EndlessError


# A module with a fault, in the place of the sound one.


@contextmanager
def _in_force(module: str, index: int, code: CodeType) -> Iterator[None]:
    """The module made anew with the fault; its controls, and all that imported from it, use what it makes."""
    sound, registered = sys.modules[module], dict(_REGISTRY)
    faulty, moved = ModuleType(module), []
    statements = _statements(module)
    sys.modules[module] = faulty  # where decorators look up the module of what they decorate
    try:
        for at, (plain, _) in enumerate(statements):
            exec(code if at == index else plain, vars(faulty))
        sys.modules[module] = sound
        for place, name, value in list(_moves(sound, faulty, statements[index][1])):
            moved.append((place, name, vars(place)[name]))
            setattr(place, name, value)
        yield
    finally:
        sys.modules[module] = sound
        for place, name, value in reversed(moved):
            setattr(place, name, value)
        _REGISTRY.clear()
        _REGISTRY.update(registered)


def _moves(sound: ModuleType, faulty: ModuleType, names: frozenset[str]) -> Iterator[tuple[Any, str, Any]]:
    """Each name of a module or method of a class that means something else now."""
    for name, value in vars(faulty).items():
        before = vars(sound).get(name)
        if name in names and isinstance(before, type):
            for method, made in vars(value).items():
                if isinstance(made, FunctionType | property | cached_property):
                    yield before, method, made
        elif name in names or (isinstance(value, PLAIN) and value != before and not name.startswith("__")):
            for other in _places():
                if vars(other).get(name) is before:
                    yield other, name, value


PLAIN = (bool, int, float, str, tuple, list, frozenset, set, dict)


def _places() -> list[ModuleType]:
    return [one for name, one in list(sys.modules.items()) if name.startswith(("policies.", "tests.policies."))]


@cache
def _source(module: str) -> str:
    return Path(sys.modules[module].__file__ or "").read_text()


@cache
def _statements(module: str) -> tuple[tuple[CodeType, frozenset[str]], ...]:
    """Each statement of a module, compiled, with the names that it makes."""
    return tuple(
        (compile(ast.Module([one], []), f"<{module}>", "exec"), frozenset(_defined(one)))
        for one in ast.parse(_source(module)).body
    )


def _defined(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


# Which controls a fault may reach.


def concerned(module: str, name: str) -> list[str]:
    """Ids of the controls whose functions use a name of a module, at first or second hand."""
    return [one.id for one in controls() if any((module, part) in _reach(one.id) for part in name.split())]


@cache
def _reach(id: str) -> frozenset[tuple[str, str]]:
    judge = _REGISTRY[id].judge
    seen, queue = set(), [(judge.__module__, judge.__name__)]
    while queue:
        module, name = queue.pop()
        if (module, name) not in seen:
            seen.add((module, name))
            queue += _uses(module).get(name, ())
    return frozenset(seen)


@cache
def _uses(module: str) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """What each name of a module is made of, and where it comes from."""
    tree = ast.parse(_source(module))
    origin: dict[str, tuple[str, str]] = {}
    for one in tree.body:
        origin |= {name: (module, name) for name in _defined(one)}
        if isinstance(one, ast.ImportFrom) and (one.module or "").startswith("policies"):
            origin |= {name.asname or name.name: (str(one.module), name.name) for name in one.names}
    made = {name: (source,) for name, source in origin.items() if source[0] != module}
    for one in tree.body:
        used = {node.id for node in ast.walk(one) if isinstance(node, ast.Name)}
        made |= {name: tuple(origin[other] for other in used if other in origin) for name in _defined(one)}
    return made


def main(wanted: list[str]) -> int:
    """Print the survivors of the named controls, modules or of all controls; 1 when the list says otherwise."""
    more, names = "--more" in wanted, [one for one in wanted if not one.startswith("--")]
    homes = {one.id: one.judge.__module__ for one in controls()}
    chosen = [(homes.get(one, one), one if one in homes else "") for one in names] or [(one, "") for one in modules()]
    total, wrong = 0, 0
    for module, id in chosen:
        began = time.process_time()
        found = dict(tried(module, only=id, more=more))
        live = [one for one, lives in found.items() if lives and one not in equivalents()]
        met = [one for one, lives in found.items() if not lives and one in equivalents()]
        for one in live:
            print(f"{one.function}: {one.line}\n    {one.operator}: {one.change}")
        for one in met:
            print(f"met after all, take it off the list: {one.function}: {one.operator}: {one.change}")
        total, wrong = total + len(found), wrong + len(live) + len(met)
        print(f"{module}: {len(found)} mutants, {len(live)} unmet, {time.process_time() - began:.1f} s", flush=True)
    print(f"{total} mutants, {wrong} not as the list says")
    return 1 if wrong else 0


@cache
def equivalents() -> Mapping[Mutant, str]:
    """Mutants that do what the sound rule does, each with the reason."""
    listed = yaml.safe_load((HERE / "equivalent_mutants.yaml").read_text())
    return {Mutant(**{name: one[name] for name in Mutant._fields}): one["reason"] for one in listed}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
