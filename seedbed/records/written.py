"""Records as files: each is rendered whole, written under another name and put in its place at once."""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from seedbed.records.gathered import Records
from seedbed.records.junit import junit
from seedbed.records.machines import machines
from seedbed.records.page import page
from seedbed.records.sarif import sarif

FORMATS: Mapping[str, tuple[str, Callable[[Records], str]]] = {
    "html": ("records.html", page),
    "json": ("records.json", machines),
    "sarif": ("evidence.sarif", sarif),
    "junit": ("evidence.junit.xml", junit),
}
"""File and renderer of each format."""


def write(records: Records, folder: Path, formats: Sequence[str] = tuple(FORMATS)) -> list[Path]:
    """Writes the records into `folder`, which is made where it is missing; gives the files, complete ones only.

    Everything is rendered before the first file changes. Raises OSError where the folder cannot be written.
    """
    rendered = {folder / FORMATS[one][0]: FORMATS[one][1](records) for one in formats}
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in rendered.items():
        replace(path, text)
    return list(rendered)


def replace(path: Path, text: str) -> None:
    """Puts `text` in the place of a file, which is the old one or the new one whatever happens."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
