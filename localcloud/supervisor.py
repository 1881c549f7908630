"""Starts, finds, watches and stops the process of an account on this machine."""

import fcntl
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from localcloud.running import CloudError, Dead, Running, Stopped

ACCOUNT = "000000000000"
"""The account that only ever exists on a machine."""

READY_SECONDS = 60
"""How long a start may take; it takes about two."""

STOP_SECONDS = 20
"""How long the process may take to write its last snapshot, before it is killed."""


class LocalCloud:
    """One account whose state lies in a folder of its own; of any number of starts, one process comes."""

    def __init__(self, state: Path, account: str = ACCOUNT) -> None:
        if not re.fullmatch(r"\d{12}", account):
            raise CloudError(
                f"account: found {account!r}; an AWS account has twelve digits, the local one is {ACCOUNT}"
            )
        self._state, self._account = state.absolute(), account
        self._log = self._state / "server.log"

    def start(self, report: Callable[[str], object] = print) -> Running:
        """The running account, started if need be; `report` is told what takes time. Raises CloudError."""
        self._make_folder()
        with self._alone(report):
            found = self.status()
            if isinstance(found, Running):
                return self._of_this_account(found)
            if isinstance(found, Dead):
                report(f"{found}\nIt is started again with the state it kept.")
            return self._spawn(report)

    def status(self) -> Running | Stopped | Dead:
        """What is there now; asks no one, starts nothing."""
        said = self._said()
        if self._is_held("alive.lock"):
            return _running(said, self._log) if said else Stopped()
        return Dead(said["pid"], self.logs(20)) if said else Stopped()

    def stop(self, report: Callable[[str], object] = print) -> None:
        """Ends the account and keeps its state; nothing happens where none runs. Raises CloudError."""
        if not self._state.is_dir():
            return
        with self._alone(report):
            said = self._said()
            if said and self._is_held("alive.lock"):
                self._end(said["pid"], report)
            (self._state / "server.json").unlink(missing_ok=True)

    def logs(self, lines: int = 50) -> str:
        """The last lines of the log, with what the process wrote elsewhere if it could not log."""
        parts = [_tail(path, lines) for path in (self._log, self._state / "server.out")]
        return "\n".join(part for part in parts if part)

    def _spawn(self, report: Callable[[str], object]) -> Running:
        began = time.monotonic()
        reader, writer = os.pipe()
        command = [*_SERVER, "--state", str(self._state), "--account", self._account]
        command += ["--port", str(self._last_port()), "--ready-fd", str(writer)]
        with (self._state / "server.out").open("wb") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                pass_fds=(writer,),
                start_new_session=True,
                cwd=self._state,
                env=_plain_environment(),
            )
        os.close(writer)
        report(f"local cloud: starting account {self._account}")
        with os.fdopen(reader) as ready:
            line = _line(ready, began + READY_SECONDS, lambda: report(_still("starting", began)))
        if not line:
            process.poll()
            what = "ended" if process.returncode is not None else f"did not answer within {READY_SECONDS} s"
            process.kill()
            process.wait()
            raise CloudError(
                f"the local cloud {what} while it was starting; the end of its log:\n{self.logs(20)}\n"
                f"Its state is in {self._state}; moving that folder away starts an empty account."
            )
        running = _running(json.loads(line), self._log)
        for note in running.notes:
            report(f"local cloud: {note}")
        report(
            f"local cloud: account {running.account} answers at {running.endpoint} ({time.monotonic() - began:.1f} s)"
        )
        return running

    def _end(self, pid: int, report: Callable[[str], object]) -> None:
        began = time.monotonic()
        with _gone_is_fine():
            os.kill(pid, signal.SIGTERM)
        while self._is_held("alive.lock"):
            if time.monotonic() - began > STOP_SECONDS:
                report(f"local cloud: process {pid} did not end within {STOP_SECONDS} s and is killed")
                with _gone_is_fine():
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.2)
                if self._is_held("alive.lock"):
                    raise CloudError(f"process {pid} cannot be ended; end it by hand, then stop again")
                return
            time.sleep(0.05)

    def _of_this_account(self, found: Running) -> Running:
        if found.account != self._account:
            raise CloudError(
                f"{self._state} belongs to account {found.account}, which is running; wanted {self._account}. "
                "Give each account a folder of its own."
            )
        return found

    def _make_folder(self) -> None:
        try:
            self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self._state.stat()
        except OSError as error:
            raise CloudError(
                f"{self._state} cannot be made ({error.strerror}); it must be a folder of your own"
            ) from error
        if found.st_uid != os.geteuid():
            raise CloudError(f"{self._state} belongs to another user; the state is only read from a folder of your own")
        self._state.chmod(0o700)

    def _said(self) -> dict[str, Any] | None:
        try:
            return json.loads((self._state / "server.json").read_text())
        except (OSError, ValueError):
            return None

    def _last_port(self) -> int:
        try:
            return int((self._state / "port").read_text())
        except (OSError, ValueError):
            return 0

    def _is_held(self, name: str) -> bool:
        """Whether a process holds the lock: it lives, whatever became of its number."""
        try:
            probe = os.open(self._state / name, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(probe)
        return False

    @contextmanager
    def _alone(self, report: Callable[[str], object]) -> Iterator[None]:
        lock = os.open(self._state / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                report("local cloud: another start or stop is under way; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


_SERVER = [sys.executable, "-m", "localcloud.server"]


def _running(said: dict[str, Any], log: Path) -> Running:
    started = datetime.fromisoformat(said["started"])
    return Running(said["endpoint"], said["account"], said["pid"], started, log, tuple(said["notes"]))


def _plain_environment() -> dict[str, str]:
    """The caller's environment without what would point the account at another cloud, or moto at other settings."""
    barred = ("AWS_", "MOTO_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(barred)}


def _line(ready: Any, until: float, tick: Callable[[], object]) -> str:
    """The line that a starting process writes; empty if it ends, or takes until then; `tick` every two seconds."""
    while (left := until - time.monotonic()) > 0:
        if select.select([ready], [], [], min(2.0, left))[0]:
            return ready.readline()
        tick()
    return ""


def _still(doing: str, began: float) -> str:
    return f"local cloud: still {doing}, {time.monotonic() - began:.0f} s"


def _tail(path: Path, lines: int) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except ProcessLookupError:
        return
