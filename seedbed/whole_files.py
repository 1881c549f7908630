"""Files that change whole or not at all, one alone or several together."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def replace_all(texts: Mapping[Path, str]) -> None:
    """Puts each text in the place of its file; folders are made where they are missing.

    Every text is on the disk before the first file changes. Should a file refuse to change, those before it get their
    old contents back. Raises OSError.
    """
    old = {path: path.read_bytes() if path.exists() else None for path in texts}
    ready: dict[Path, Path] = {}
    done: list[Path] = []
    try:
        for path, text in texts.items():
            ready[path] = _beside(path, text.encode())
        for path, made in ready.items():
            made.replace(path)
            done.append(path)
    except BaseException:
        for path in ready.values():
            path.unlink(missing_ok=True)
        for path in done:
            before = old[path]
            if before is None:
                path.unlink(missing_ok=True)
            else:
                _beside(path, before).replace(path)
        raise


def _beside(path: Path, contents: bytes) -> Path:
    """A finished file with these contents in the folder of another, with that one's mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)
