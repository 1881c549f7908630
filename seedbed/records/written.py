"""Records as files: all are rendered before the first one changes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from seedbed.records.gathered import Records
from seedbed.records.junit import junit
from seedbed.records.machines import machines
from seedbed.records.page import page
from seedbed.records.sarif import sarif
from seedbed.whole_files import replace_all

FORMATS: Mapping[str, tuple[str, Callable[[Records], str]]] = {
    "html": ("records.html", page),
    "json": ("records.json", machines),
    "sarif": ("evidence.sarif", sarif),
    "junit": ("evidence.junit.xml", junit),
}
"""File and renderer of each format."""


def write(records: Records, folder: Path, formats: Sequence[str] = tuple(FORMATS)) -> list[Path]:
    """Writes the records into `folder`, which is made where it is missing; gives the files.

    They are all the new ones or all the old ones. Raises OSError where the folder cannot be written.
    """
    rendered = {folder / FORMATS[one][0]: FORMATS[one][1](records) for one in formats}
    replace_all(rendered)
    return list(rendered)
