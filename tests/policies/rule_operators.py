"""Small faults that can be put into the source of a rule, one at a time."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

OPERATORS = frozenset(
    {
        "negates a condition",
        "drops a not",
        "swaps and with or",
        "swaps any with all",
        "swaps all with any",
        "takes the next comparison",
        "drops an element",
        "seeks any type",
        "judges any type",
        "drops a finding",
        "drops a check",
    }
)
"""What every rule is tried with; the others (`drops an operand`, `shifts a number`, ...) on demand."""

SPOKEN = frozenset({"fail", "skip"})
"""Calls whose arguments are words for people: a fault in them changes no verdict."""

WORDS = frozenset({"found", "fix", "message", "why", "reason"})
"""Variables that hold such words."""

FLAGS = {"is_on": "is_off", "is_off": "is_on", "any": "all", "all": "any", "min": "max", "max": "min"}

SEARCHES = {"of": 0, "joined": 1, "ambiguous": 1, "referents": 2}
"""Methods of a stack, and which of their arguments says what types are sought."""

NEIGHBOURS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}


@dataclass(frozen=True)
class Fault:
    """One fault, while it is in the tree."""

    line: int
    operator: str
    change: str
    """What was written and what is written instead."""


def faults(statement: ast.stmt) -> Iterator[Fault]:
    """Put each fault into `statement` in turn; whoever iterates compiles it before asking for the next."""
    for parent, field, index, node in _places(statement):
        for operator, instead in _variants(node, parent, field):
            before = ast.unparse(node)
            _put(parent, field, index, instead)
            ast.fix_missing_locations(statement)
            after = ast.unparse(instead)
            yield Fault(_line(node, parent), operator, f"{before} -> {after}")
            _put(parent, field, index, node)


def _line(node: ast.AST, parent: ast.AST) -> int:
    return getattr(node, "lineno", getattr(parent, "lineno", 1))


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _places(root: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.AST]]:
    """Every node beneath `root` that decides something, with where it hangs; outer ones first."""
    queue: list[ast.AST] = [root]
    while queue:
        parent = queue.pop(0)
        for field, value in ast.iter_fields(parent):
            for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(node, ast.AST) and not _idle(node, parent, field):
                    yield parent, field, index, node
                    queue.append(node)


def _idle(node: ast.AST, parent: ast.AST, field: str) -> bool:
    """Whether nothing in a node decides a verdict: annotations, documentation, metadata, words for people."""
    if field in ("annotation", "returns", "ctx", "ops", "op", "targets", "args") and not isinstance(parent, ast.Call):
        return True
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return True
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name):
        if parent.func.id == "control":
            given = {one.arg for one in parent.keywords}
            return getattr(node, "arg", "") != ("subjects" if "subjects" in given else "types")
        if parent.func.id == "expect" and field == "args" and node in parent.args[3:]:
            return True
        return parent.func.id in SPOKEN and field != "func"
    if isinstance(parent, ast.Assign) and any(isinstance(one, ast.Name) and one.id in WORDS for one in parent.targets):
        return True
    return isinstance(node, ast.Import | ast.ImportFrom)


def _variants(node: ast.AST, parent: ast.AST, field: str) -> Iterator[tuple[str, ast.AST]]:
    asked = field == "test" or (field == "ifs" and isinstance(parent, ast.comprehension))
    if asked and not _simple(node):
        yield "negates a condition", ast.UnaryOp(ast.Not(), node)  # type: ignore[arg-type]
    if isinstance(parent, ast.keyword) and parent.arg in ("types", "subjects"):
        yield "judges any type", ast.Tuple([ast.Constant("*")], ast.Load())
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            yield "drops a not", inner
        case ast.BoolOp(op=op, values=values):
            yield "swaps and with or", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for kept in _shorter(values):
                yield "drops an operand", kept[0] if len(kept) == 1 else ast.BoolOp(op, kept)
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub(), right=right):
            yield "drops an operand", left
            if not isinstance(node.op, ast.Sub):
                yield "drops an operand", right
        case ast.Compare(left=left, ops=[op], comparators=others):
            for kind in NEIGHBOURS[type(op)]:
                yield "takes the next comparison", ast.Compare(left, [kind()], others)
        case ast.Compare(left=left, ops=ops, comparators=others):
            for index, op in enumerate(ops):
                for kind in NEIGHBOURS[type(op)]:
                    yield (
                        "takes the next comparison",
                        ast.Compare(left, [*ops[:index], kind(), *ops[index + 1 :]], others),
                    )
        case ast.Constant(value=bool(value)) if field != "test":
            yield "flips a switch", ast.Constant(not value)
        case ast.Constant(value=int(value)) if not isinstance(value, bool) and not _spared(node, parent):
            yield "shifts a number", ast.Constant(value + 1)
            yield "shifts a number", ast.Constant(value - 1)
        case ast.Tuple() | ast.List() | ast.Set() | ast.Dict():
            yield from _fewer(node, parent)
        case ast.Call() | ast.Name():
            yield from _called(node, parent, field)
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            yield "drops a finding", ast.Expr(ast.YieldFrom(ast.Tuple([], ast.Load())))


def _simple(node: ast.AST) -> bool:
    """Whether another operator already turns this condition round."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return not isinstance(node.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE)
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _spared(node: ast.AST, parent: ast.AST) -> bool:
    """Whether a number is a position, or stands in for a parameter that the configuration always gives."""
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute):
        return parent.func.attr == "get" and node in parent.args[1:]
    return isinstance(parent, ast.Subscript | ast.Slice | ast.UnaryOp)


def _shorter(values: list[Any]) -> Iterator[list[Any]]:
    for index in range(len(values)):
        yield [*values[:index], *values[index + 1 :]]


def _fewer(node: ast.AST, parent: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Dict):
        for keys, values in zip(_shorter(node.keys), _shorter(node.values), strict=True):
            yield "drops an element", ast.Dict(keys, values)
        return
    plain = (
        isinstance(parent, ast.Assign | ast.AnnAssign | ast.Call | ast.keyword | ast.Starred | ast.Dict)
        or (
            isinstance(parent, ast.Compare)
            and node in parent.comparators
            and isinstance(parent.ops[0], ast.In | ast.NotIn)
        )
        or (isinstance(parent, ast.For | ast.comprehension | ast.BinOp | ast.IfExp))
    )
    paired = isinstance(parent, ast.Assign) and any(isinstance(one, ast.Tuple) for one in parent.targets)
    if plain and not paired and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        for kept in _shorter(node.elts):  # type: ignore[attr-defined]
            yield "drops an element", (
                ast.Set(kept) if isinstance(node, ast.Set) and kept
                else ast.Tuple(kept, ast.Load()) if not isinstance(node, ast.List)
                else ast.List(kept, ast.Load())
            )  # fmt: skip


def _called(node: ast.AST, parent: ast.AST, field: str) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Name(id=name) if name in FLAGS:
            yield f"swaps {name} with {FLAGS[name]}", ast.Name(FLAGS[name], ast.Load())
        case ast.Call(func=ast.Name(id="parts"), args=args) if len(args) > 1:
            for kept in _shorter(args):
                yield "drops a check", ast.Call(node.func, kept, [])
        case ast.Call(func=ast.Attribute(value=ast.Name(id="stack"), attr=name), args=args) if name in SEARCHES:
            at = SEARCHES[name]
            if at < len(args):
                everything = ast.Attribute(ast.Name("stack", ast.Load()), "by_type", ast.Load())
                yield "seeks any type", ast.Call(node.func, [*args[:at], everything, *args[at + 1 :]], node.keywords)
