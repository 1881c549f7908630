"""The table of controls, and the lists that are made from the pinned SDK.

`python -m policies` prints the table, `guide` writes it into docs/policies.md, `taggable` writes taggable.txt, `matrix`
prints which articles, controls and tests belong together.
"""

import importlib.util
import re
import sys
from pathlib import Path

from policies.matrix import matrix, written
from policies.rule import Control, config, controls, environments
from policies.tags import TAGGABLE_FILE

GUIDE = Path(__file__).parents[1] / "docs" / "policies.md"
BEGIN, END = "<!-- controls: written by `python -m policies guide` -->", "<!-- end of controls -->"


def table() -> str:
    """All controls as a Markdown table: pack, level by environment, articles of the GDPR, types."""
    names = sorted(environments(), key=("local", "dev", "staging", "prod").index)
    levels = {name: config(name) for name in names}
    head = ["control", "asks that", "pack", *names, "GDPR", "types"]
    rows = [
        [one.id, one.title, one.pack, *(levels[name].level(one.id) for name in names), ", ".join(one.gdpr), _types(one)]
        for one in controls()
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows]) + "\n"


def norms() -> str:
    """What each control asks, in full, with the checks of others that ask for the same."""
    return "\n".join(
        f"- **{one.id}** ({one.severity}; {one.kind}): {_parameters(one.norm)}\n  {', '.join(one.refs)}"
        for one in controls()
    )


def guide(text: str) -> str:
    """The guide with the present table and norms between its two marks."""
    start, _, rest = text.partition(BEGIN)
    if END not in rest:
        raise ValueError(f"{GUIDE}: the marks {BEGIN} and {END} are not there; restore the file from git")
    return f"{start}{BEGIN}\n\n{table()}\n{norms()}\n\n{END}{rest.partition(END)[2]}"


def taggable_types() -> list[str]:
    """Types of the pinned AWS SDK that take an input `tags`, read from its source without importing it."""
    found = importlib.util.find_spec("pulumi_aws")
    if found is None or found.origin is None:
        raise ValueError("pulumi_aws is not installed; run `make up`, which makes the virtual environment")
    texts = (path.read_text(encoding="utf-8") for path in Path(found.origin).parent.rglob("*.py"))
    return sorted(
        token
        for text in texts
        if '__props__.__dict__["tags"] = tags' in text
        for token in re.findall(r'@pulumi\.type_token\("(aws:[^"]+)"\)', text)
    )


def _types(one: Control) -> str:
    short = sorted({token.rpartition(":")[2] if "*" not in token else token for token in one.types})
    return ", ".join(short)


def _parameters(norm: str) -> str:
    """The norm with its parameters marked as names that the configuration gives a value."""
    return re.sub(r"\{(\w+)\}", r"`\1`", norm)


def main(words: list[str]) -> int:
    if words == ["guide"]:
        GUIDE.write_text(guide(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
    elif words == ["taggable"]:
        TAGGABLE_FILE.write_text("\n".join(taggable_types()) + "\n", encoding="utf-8")
    elif words == ["matrix"]:
        print(matrix(written()), end="")
    elif not words:
        print(table(), end="")
    else:
        print(f"unknown: {' '.join(words)}; allowed are nothing, `guide`, `matrix` and `taggable`", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
