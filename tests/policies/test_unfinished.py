"""What `seedbed new control` left for a person to write has been written."""

import re
from pathlib import Path

from seedbed.control_templates import MARK

ROOT = Path(__file__).parents[2]


def test_nothing_is_left_to_fill_in():
    files = [
        path
        for folder, suffixes in (("policies", {".py", ".json", ".yaml"}), ("tests/policies", {".yaml"}))
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in suffixes
    ]
    left = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(rf"\b{MARK}\b", line)
    ]
    assert left == [], "\n".join(["fill in:", *left])
