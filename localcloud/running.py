"""What is known of a local cloud: running where, stopped, or dead of what."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Running:
    """An account that answers."""

    endpoint: str
    """Address of every AWS service of the account, such as http://127.0.0.1:40123."""

    account: str
    pid: int
    started: datetime
    log: Path
    """One line a request; errors with their message."""

    notes: tuple[str, ...] = ()
    """What a person must know of this start, such as a snapshot of another version that was set aside."""

    programs: bool = False
    """Whether its Kubernetes clusters run; else they are only told of."""

    @classmethod
    def of(cls, said: dict[str, Any], log: Path) -> "Running":
        """What a process says of itself, in the form of its health."""
        started = datetime.fromisoformat(said["started"])
        notes, runs = tuple(said["notes"]), said.get("programs", False)
        return cls(said["endpoint"], said["account"], said["pid"], started, log, notes, runs)


@dataclass(frozen=True)
class Stopped:
    """No account runs on this state, and none should."""


@dataclass(frozen=True)
class Dead:
    """The account's process ended without being asked to; its state up to about a second before is kept."""

    pid: int
    tail: str
    """The end of its log."""

    def __str__(self) -> str:
        said = f"the local cloud (process {self.pid}) is gone without having been stopped"
        return f"{said}; the end of its log:\n{self.tail}"


class CloudError(Exception):
    """The local cloud could not be started or stopped; str() says why and what to do."""
