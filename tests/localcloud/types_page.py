"""The page of the guide about each type: what the local account keeps of it, and what it cannot."""

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).with_name("types")
PAGE = Path(__file__).parents[2] / "docs" / "local-cloud-types.md"
HEAD = """# What the local account keeps, type by type

Written by `make docs` from `tests/localcloud/types/`.

A property is *kept* when the real AWS provider, asked to read the resource by nothing but its id, gets from the account
what was sent. `tests/integration/test_types_kept.py` shows it for each property below, on the shipped environment
`local` and on samples of the types that it does not have. *Not told back* are settings that the provider keeps to
itself, here as in an account. What holds for all of it stands in [the local cloud](local-cloud.md).
"""


@dataclass(frozen=True)
class Facts:
    """What is said of one type."""

    kept: tuple[str, ...]
    """Paths of properties, as Pulumi names them."""

    untold: tuple[str, ...]
    """Properties that the provider sends or uses, and that no account tells back."""

    cannot: tuple[str, ...]
    """Sentences on what is otherwise in an account."""


def types() -> dict[str, Facts]:
    """All types by token; raises ValueError for a file that says something else than it may, or says it twice."""
    found: dict[str, Facts] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for token, said in yaml.safe_load(path.read_text()).items():
            if unknown := set(said) - {"kept", "untold", "cannot"}:
                raise ValueError(
                    f"{path}: {token}: found {', '.join(sorted(unknown))}; allowed are kept, untold, cannot"
                )
            parts = [tuple(said.get(part, ())) for part in ("kept", "untold", "cannot")]
            twice = [name for name, count in Counter(parts[0] + parts[1]).items() if count > 1]
            if token in found or twice:
                raise ValueError(f"{path}: {token}: said twice: {', '.join(twice) or 'the type itself'}")
            found[token] = Facts(*parts)
    return found


def page() -> str:
    """The page as it should be."""
    lines = [HEAD]
    service = ""
    for token, facts in sorted(types().items()):
        _, module, noun = token.split(":")
        if module.split("/")[0] != service:
            service = module.split("/")[0]
            lines += [f"## {service}", ""]
        lines += [f"### {noun}", "", f"`{token}`", "", f"Kept: {_listed(facts.kept)}."]
        if facts.untold:
            lines += ["", f"Not told back: {_listed(facts.untold)}."]
        lines += ["", *(f"- {sentence}" for sentence in facts.cannot), ""] if facts.cannot else [""]
    return "\n".join(lines).rstrip() + "\n"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(PAGE.parents[1])}: {len(types())} types\n")
