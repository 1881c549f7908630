"""The files of a new control, made together or not at all."""

import ast
import json
import keyword
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from policies.articles import heading, place
from policies.rule import PACKS
from seedbed import control_templates as templates
from seedbed.checkout import Checkout
from seedbed.failures import RefusedError, WrongInputError
from seedbed.whole_files import replace_all

ID = re.compile(r"[A-Z][A-Z0-9]{1,5}-\d{2}")
TYPE = re.compile(r"[\w.-]+:[\w./-]+:\w+")
DECLARED = re.compile(r"^@control\(\s*[\"']([A-Z][A-Z0-9]{1,5}-\d{2})[\"']", re.MULTILINE)
LINE = 120


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody wants of a new control; what is left out is marked in the files as to be filled in."""

    id: str
    pack: str = ""
    """Default: the pack of the other controls of its family."""

    concern: str = ""
    """Name of the file in the pack, new or existing. Default: the id in lower case."""

    title: str = ""
    types: Sequence[str] = ()
    articles: Sequence[str] = ()


def make(checkout: Checkout, wish: Wish) -> list[Path]:
    """Makes rule, fixtures, levels and a mutation; gives the files, those that were changed too.

    Raises WrongInputError for a wish that cannot be, RefusedError for a control that exists, whole or in parts.
    """
    root = checkout.root
    _sound(wish)
    declared = _declared(root)
    _free(root, wish.id, declared)
    pack = wish.pack or _pack(wish.id, declared)
    concern = wish.concern or wish.id.lower().replace("-", "_")
    texts = {
        **_rule(root / "policies" / pack, concern, wish),
        _fixture(root, wish.id): templates.fixture(wish.types),
        _mutations(root): _mutations(root).read_text(encoding="utf-8") + templates.mutation(wish.id),
        **{path: _with_level(path, wish.id) for path in _configs(root)},
    }
    for path, text in texts.items():
        _parsed(path, text)
    replace_all(texts)
    return list(texts)


def places(root: Path, id: str) -> list[str]:
    """Where the marks of a control stand that still have to be filled in: `path:line: words`."""
    files = [*(root / "policies").rglob("*.py"), *(root / "tests" / "policies").rglob("*.yaml")]
    told = []
    for path in sorted(files):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if templates.MARK in line:
                told.append(f"{path.relative_to(root)}:{number}: {line.strip()}")
    return [one for one in told if id in one or _belongs(root, one, id)]


def _belongs(root: Path, place: str, id: str) -> bool:
    path = root / place.partition(":")[0]
    return path.stem == id or id in path.read_text(encoding="utf-8")


def _sound(wish: Wish) -> None:
    if not ID.fullmatch(wish.id):
        raise WrongInputError(f"{wish.id}: no id of a control; allowed are FAMILY-NN, for example STO-07.")
    if wish.pack and wish.pack not in PACKS:
        raise WrongInputError(f"--pack {wish.pack}: allowed are {', '.join(PACKS)}.")
    name = wish.concern
    if name and (not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name)):
        raise WrongInputError(f"--concern {name}: must be a name of a Python file, for example bucket_names.")
    if name in sys.stdlib_module_names:
        raise WrongInputError(f"--concern {name}: the standard library has a module of that name; choose another.")
    for token in wish.types:
        if not TYPE.fullmatch(token) and not re.fullmatch(r"\w+:\*", token):
            raise WrongInputError(f"--type {token}: must be a type token, for example aws:s3/bucket:Bucket.")
    for article in wish.articles:
        try:
            place(article)
        except ValueError as error:
            raise WrongInputError(f"--article {error}.") from error
        if not heading(article):
            raise WrongInputError(f"--article {article}: policies/articles.py has no heading for it; add it there.")


def _declared(root: Path) -> dict[str, Path]:
    """Every control with the file that declares it, read and not imported: a half-written file stops nobody."""
    return {
        id: path
        for path in sorted((root / "policies").glob("*/*.py"))
        for id in DECLARED.findall(path.read_text(encoding="utf-8"))
    }


def _free(root: Path, id: str, declared: dict[str, Path]) -> None:
    """Refuses an id that any of the places knows already."""
    known = {
        "a rule": declared.get(id),
        "fixtures": _fixture(root, id) if _fixture(root, id).exists() else None,
        "a level": next((path for path in _configs(root) if id in _levels(path)), None),
        "a mutation": _mutations(root) if f"control: {id}," in _mutations(root).read_text(encoding="utf-8") else None,
    }
    there = {what: path.relative_to(root) for what, path in known.items() if path is not None}
    if len(there) == len(known):
        raise RefusedError(f"{id} exists: {there['a rule']}.", do="Change it there, or choose another number.")
    if there:
        listed = ", ".join(f"{what} in {path}" for what, path in there.items())
        lacking = ", ".join(what for what in known if what not in there)
        raise RefusedError(
            f"{id} exists in parts: it has {listed}; it lacks {lacking}.",
            do="Take the parts out, or write what is lacking (docs/writing-controls.md).",
        )


def _pack(id: str, declared: dict[str, Path]) -> str:
    family = id.partition("-")[0]
    packs = sorted({path.parent.name for other, path in declared.items() if other.partition("-")[0] == family})
    if len(packs) != 1:
        found = f"in {' and '.join(packs)}" if packs else "in no pack yet"
        raise WrongInputError(f"{id}: the family {family} is {found}.", do=f"Say --pack {'|'.join(PACKS)}.")
    return packs[0]


def _rule(pack: Path, concern: str, wish: Wish) -> dict[Path, str]:
    path, door = pack / f"{concern}.py", pack / "__init__.py"
    old = path.read_text(encoding="utf-8") if path.exists() else templates.module(wish.id)
    for name, names in templates.NAMES.items():
        old = with_import(old, name, names)
    text = old.rstrip("\n") + "\n" + templates.function(wish.id, wish.title, wish.types, wish.articles)
    return {path: text, **({} if path.exists() else {door: _opened(door, pack.name, concern)})}


def with_import(text: str, module: str, names: Sequence[str]) -> str:
    """A file's text with `from module import names`, in the order and the form that ruff has."""
    tree = ast.parse(text)
    lines = text.splitlines()
    found = [one for one in tree.body if isinstance(one, ast.ImportFrom) and one.module == module]
    have = [name.name + (f" as {name.asname}" if name.asname else "") for one in found for name in one.names]
    wanted = _import(module, sorted({*have, *names}, key=_rank))
    if found:
        (start, end), *_ = [(one.lineno - 1, one.end_lineno or one.lineno) for one in found]
        return "\n".join([*lines[:start], *wanted, *lines[end:]]) + "\n"
    doc = tree.body[0].end_lineno or 1 if ast.get_docstring(tree) is not None else 0
    imports = [one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
    if not imports:
        return "\n".join([*lines[:doc], "", *wanted, *lines[doc:]]) + "\n"
    first, last = imports[0].lineno - 1, imports[-1].end_lineno or imports[-1].lineno
    own = module.startswith("policies")
    at = last if own else first
    space = [""] if own != (str(getattr(imports[-1 if own else 0], "module", "")).startswith("policies")) else []
    block = [*space, *wanted] if own else [*wanted, *space]
    return "\n".join([*lines[:at], *block, *lines[at:]]) + "\n"


def _import(module: str, names: Sequence[str]) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    return [line] if len(line) <= LINE else [f"from {module} import (", *(f"    {name}," for name in names), ")"]


def _rank(name: str) -> tuple[int, str]:
    """Constants, classes, the rest, each by name: ruff's order within an import."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name


def _opened(door: Path, pack: str, concern: str) -> str:
    """The pack's `__init__.py` with one more concern."""
    text = with_import(door.read_text(encoding="utf-8"), f"policies.{pack}", [concern])
    (listed,) = (
        one
        for one in ast.parse(text).body
        if isinstance(one, ast.Assign) and [ast.unparse(target) for target in one.targets] == ["__all__"]
    )
    names = sorted({*ast.literal_eval(listed.value), concern})
    line = f"__all__ = [{', '.join(map(json.dumps, names))}]"
    said = [line] if len(line) <= LINE else ["__all__ = [", *(f"    {json.dumps(name)}," for name in names), "]"]
    lines = text.splitlines()
    return "\n".join([*lines[: listed.lineno - 1], *said, *lines[listed.end_lineno :]]) + "\n"


def _fixture(root: Path, id: str) -> Path:
    return root / "tests" / "policies" / "fixtures" / f"{id}.yaml"


def _mutations(root: Path) -> Path:
    return root / "tests" / "policies" / "mutations.yaml"


def _configs(root: Path) -> list[Path]:
    """Files with levels, one an environment."""
    return sorted(path for path in (root / "policies" / "config").glob("*.json") if path.stem != "defaults")


def _levels(path: Path) -> dict[str, str]:
    return json.loads(path.read_text(encoding="utf-8"))["levels"]


def _with_level(path: Path, id: str) -> str:
    content = json.loads(path.read_text(encoding="utf-8"))
    content["levels"] = dict(sorted({**content["levels"], id: templates.level(path.stem)}.items()))
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


class _Loader(yaml.SafeLoader):
    """YAML whose own tags, such as `!unknown`, are read as nothing."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def _parsed(path: Path, text: str) -> None:
    """Refuses to write what nobody could read."""
    try:
        if path.suffix == ".py":
            ast.parse(text)
        elif path.suffix == ".yaml":
            yaml.load(text, _Loader)
        else:
            json.loads(text)
    except (SyntaxError, ValueError, yaml.YAMLError) as error:
        raise RefusedError(f"{path}: would not be readable any more ({error}); nothing was written.") from error
