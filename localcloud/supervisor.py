"""Starts, finds, watches and stops the process of an account on this machine."""

import fcntl
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from localcloud.launch import CLUSTER_SECONDS, READY_SECONDS, cluster_options, launch
from localcloud.running import CloudError, Dead, Running, Stopped

ACCOUNT = "000000000000"
"""The account that only ever exists on a machine."""

STOP_SECONDS = 20
"""How long the process may take to write its last snapshot, before it is killed."""

STOP_CLUSTER_SECONDS = 40
"""The same where it has to end the processes of its clusters as well, which end with it anyway."""

Report = Callable[[str], object]


class LocalCloud:
    """One account whose state lies in a folder of its own; of any number of starts, one process comes.

    With `programs`, a folder with the executables kube and kwok, its Kubernetes clusters run; else they are only told
    of. `charts` is a folder of charts and CRDs, `instances` a table of instance types: what nodes have.
    """

    def __init__(
        self,
        state: Path,
        account: str = ACCOUNT,
        *,
        programs: Path | None = None,
        charts: Path | None = None,
        instances: Path | None = None,
    ) -> None:
        if not re.fullmatch(r"\d{12}", account):
            raise CloudError(
                f"account: found {account!r}; an AWS account has twelve digits, the local one is {ACCOUNT}"
            )
        self._state, self._account = state.absolute(), account
        self._log = self._state / "server.log"
        self._clusters = cluster_options(programs, charts, instances)
        self._ready_seconds = CLUSTER_SECONDS if programs else READY_SECONDS

    def start(self, report: Report = print) -> Running:
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
        if said is None:
            return Stopped()
        return Running.of(said, self._log) if self._is_alive() else Dead(said["pid"], self.logs(20))

    def stop(self, report: Report = print) -> None:
        """Ends the account and keeps its state; nothing happens where none runs. Raises CloudError."""
        if not self._state.is_dir():
            return
        with self._alone(report):
            said = self._said()
            if said and self._is_alive():
                self._end(said["pid"], report)
            (self._state / "server.json").unlink(missing_ok=True)
            lost = _tail(self._state / "not-kept", 20)
            (self._state / "not-kept").unlink(missing_ok=True)
        if lost:
            raise CloudError(
                f"the local cloud has stopped, but its next start does not know all of its state: {lost}. "
                f"{self._log} has the cause; start and stop again, or move {self._state} away for an empty account."
            )

    def logs(self, lines: int = 50) -> str:
        """The last lines of the log, with what the process wrote elsewhere if it could not log."""
        parts = [_tail(path, lines) for path in (self._log, self._state / "server.out")]
        return "\n".join(part for part in parts if part)

    def _spawn(self, report: Report) -> Running:
        began = time.monotonic()
        report(f"local cloud: starting account {self._account}")
        process, said = launch(
            self._state,
            self._account,
            *("--port", str(self._last_port())),
            *self._clusters,
            tick=lambda seconds: report(f"local cloud: still starting, {seconds:.0f} s"),
            seconds=self._ready_seconds,
        )
        if said is None:
            what = "ended" if process.poll() is not None else f"did not answer within {self._ready_seconds} s"
            process.kill()
            process.wait()
            raise CloudError(
                f"the local cloud {what} while it was starting; the end of its log:\n{self.logs(20)}\n"
                f"Its state is in {self._state}; moving that folder away starts an empty account."
            )
        running = Running.of(said, self._log)
        for note in running.notes:
            report(f"local cloud: {note}")
        seconds = time.monotonic() - began
        report(f"local cloud: account {running.account} answers at {running.endpoint} ({seconds:.1f} s)")
        return running

    def _end(self, pid: int, report: Report) -> None:
        """Ends the process that holds the lock, which is the one that wrote its number down."""
        began = time.monotonic()
        limit = STOP_CLUSTER_SECONDS if (self._state / "clusters").is_dir() else STOP_SECONDS
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        while self._is_alive() and time.monotonic() - began < limit:
            time.sleep(0.05)
        if not self._is_alive():
            return
        report(f"local cloud: process {pid} did not end within {limit} s and is killed")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
        if self._is_alive():
            raise CloudError(f"process {pid} of the local cloud cannot be ended; end it by hand, then stop again")

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
                f"{self._state} cannot be made ({error.strerror}); the state needs a folder of your own"
            ) from error
        if found.st_uid != os.geteuid():
            raise CloudError(f"{self._state} belongs to another user; the state needs a folder of your own")
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

    def _is_alive(self) -> bool:
        """Whether a process holds the account's lock: the system lets go of it however a process ends."""
        try:
            probe = os.open(self._state / "alive.lock", os.O_RDWR)
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
    def _alone(self, report: Report) -> Iterator[None]:
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


def _tail(path: Path, lines: int) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
