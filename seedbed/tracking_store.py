"""Where a tracking server keeps runs and models' names: a file, or a PostgreSQL of its own."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Literal, Protocol

from seedbed.failures import RefusedError

Kind = Literal["sqlite", "postgresql"]


class Store(Protocol):
    """A backend store on this machine."""

    kind: Kind
    version: str
    """Of the database program."""

    @property
    def exists(self) -> bool:
        """Whether it was made."""
        ...

    def start(self) -> str:
        """Makes it where it is missing, and starts it; its address for SQLAlchemy."""
        ...

    def stop(self) -> None:
        """Ends its processes; what it holds stays."""
        ...

    def dump(self, file: Path) -> None:
        """Writes everything into a file, as of one moment, whether a server runs on it or not."""
        ...

    def load(self, file: Path) -> None:
        """Makes an empty store what the file says."""
        ...


class SqliteStore:
    """One file."""

    kind: Kind = "sqlite"
    version = sqlite3.sqlite_version

    def __init__(self, folder: Path) -> None:
        self._file = folder / "mlflow.db"

    @property
    def exists(self) -> bool:
        return self._file.exists()

    def start(self) -> str:
        return f"sqlite:///{self._file}"

    def stop(self) -> None:
        """A file has no process."""

    def dump(self, file: Path) -> None:
        """SQLite's own online backup: pages that change meanwhile are copied again (SQLite docs, "Backup API")."""
        with closing(self._open(self._file)) as source, closing(sqlite3.connect(file)) as target:
            source.backup(target)

    def load(self, file: Path) -> None:
        try:
            with closing(self._open(file)) as source:
                (said,) = source.execute("PRAGMA integrity_check").fetchone()
        except sqlite3.DatabaseError as error:
            said = str(error)
        if said != "ok":
            raise RefusedError(f"{file}: the backup is damaged: {said}", do="Restore another one.")
        shutil.copyfile(file, self._file)
        self._file.chmod(0o600)

    @staticmethod
    def _open(file: Path) -> sqlite3.Connection:
        return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
