"""The process of a tracking server: started, found, watched and ended."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from seedbed.failures import MissingError, RefusedError

READY_SECONDS = 180
"""How long a start may take; it takes about ten."""

STOP_SECONDS = 15
MARK = "SEEDBED_TRACKING_OF"
"""Variable by which the processes of a server are known: it has several, and a number alone may be somebody else's."""

QUIET = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""No workers for jobs that nobody here gives it (some outlive it), and no word to anybody."""

BARRED = ("AWS_", "MLFLOW_", "_MLFLOW_", "PYTHON")
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    url: str
    pid: int
    started: str
    store: str
    """`sqlite` or `postgresql`, with its version."""
    artifacts: str
    """Where it puts what is logged, such as s3://bucket/tracking."""
    endpoint: str
    """Address of the account that it was started with; empty for AWS itself."""


@dataclass(frozen=True)
class Gone:
    """A server that ended without being asked to."""

    pid: int
    tail: str
    """The end of its log."""

    def __str__(self) -> str:
        said = f"the tracking server (process {self.pid}) is gone without having been stopped"
        return f"{said}; the end of its log:\n{self.tail}"


class ServerProcess:
    """The one server of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.log = folder / "server.log"

    def status(self) -> Server | Gone | None:
        """What is there now; None where none should be."""
        try:
            said = Server(**json.loads((self._folder / "server.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return said if said.pid in self._processes() else Gone(said.pid, self.tail())

    def start(
        self, program: Path, variables: Mapping[str, str], about: Mapping[str, str], say: Callable[[str], None]
    ) -> Server:
        """Starts the server and waits until it answers; what an earlier one left behind is ended first."""
        self._end()
        port = self._port()
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(BARRED)}
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
            process = subprocess.Popen(
                [
                    str(program),
                    "server",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(port),
                    "--workers",
                    "1",
                    "--serve-artifacts",
                ],
                cwd=self._folder,
                env={**inherited, **QUIET, **variables, MARK: str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        url = f"http://127.0.0.1:{port}"
        began = time.monotonic()
        while not _answers(url):
            seconds = time.monotonic() - began
            if process.poll() is not None or seconds > READY_SECONDS:
                what = "ended" if process.poll() is not None else f"did not answer within {READY_SECONDS} s"
                self._end()
                raise RefusedError(
                    f"the tracking server {what} while it was starting; the end of {self.log}:\n{self.tail()}",
                    do="Mend the cause and run the command again.",
                )
            say(f"starting, {seconds:.0f} s")
            time.sleep(0.2)
        server = Server(url, process.pid, datetime.now(UTC).isoformat(timespec="seconds"), **about)
        draft = self._folder / "server.json.draft"
        draft.write_text(json.dumps(asdict(server)))
        draft.replace(self._folder / "server.json")
        (self._folder / "port").write_text(str(port))
        return server

    def stop(self) -> None:
        """Ends it, with all processes that it began; nothing happens where none runs."""
        self._end()
        (self._folder / "server.json").unlink(missing_ok=True)

    def tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(nothing)"

    @contextmanager
    def alone(self, say: Callable[[str], None]) -> Iterator[None]:
        """Two commands at once take turns."""
        lock = os.open(self._folder / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another command of this tracking is under way; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _end(self) -> None:
        for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5)):
            left = self._processes()
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while left and time.monotonic() < deadline:
                time.sleep(0.05)
                left = self._processes()
            if not left:
                return
        raise MissingError(
            f"processes {', '.join(map(str, self._processes()))} of the tracking server cannot be ended.",
            do="End them by hand, then run the command again.",
        )

    def _processes(self) -> list[int]:
        """Numbers of all living processes that bear the folder's mark."""
        mark = f"{MARK}={self._folder}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
        return found

    def _port(self) -> int:
        """The last port where it is free, so that a client's address stays."""
        try:
            last = int((self._folder / "port").read_text())
        except (OSError, ValueError):
            last = 0
        for port in (last, 0):
            with suppress(OSError), socket.create_server(("127.0.0.1", port)) as probe:
                return probe.getsockname()[1]
        raise MissingError("127.0.0.1: no free port for the tracking server.", do="End a program that listens there.")


def _answers(url: str) -> bool:
    try:
        with _OPENER.open(f"{url}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
