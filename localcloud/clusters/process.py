"""A child process that is watched: started again after a crash, and gone when the account's process is gone."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

LOG_BYTES = 8 * 1024 * 1024
"""Size from which a start begins a new log; one older log is kept."""

STEADY_SECONDS = 60
"""A process that ran this long starts again at once; before, each pause is twice the last, from half a second to 30."""

TAIL_LINES = 15

_LAUNCH = """
import ctypes, os, sys
# prctl(PR_SET_PDEATHSIG, SIGKILL): the kernel ends the child with its parent, whatever ends that one.
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the account's process was gone before this one began")
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True)
class Crash:
    """The end of a process that nobody asked for."""

    process: str
    code: int
    """Exit code; the negative number of a signal."""

    at: datetime
    tail: str
    """The end of what it wrote since it was started."""

    @property
    def how(self) -> str:
        """How it ended, in words."""
        if self.code < 0:
            return f"{self.process} was ended by {signal.Signals(-self.code).name}"
        return f"{self.process} ended with code {self.code}"

    def __str__(self) -> str:
        return f"{self.how} and is started again; the end of its log:\n{self.tail}"


class Process:
    """One program that should run until `stop`.

    `command` begins with the program's full path; `environment` is added to a bare one (PATH, HOME, TMPDIR). What it
    writes goes to `log`. `crashed` is told each end that nobody asked for. It inherits the descriptors in `keep`.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        keep: Sequence[int] = (),
        crashed: Callable[[Crash], object] = lambda _: None,
    ) -> None:
        self.name, self.command, self.log = name, tuple(command), log
        self.restarts = 0
        self.since: datetime | None = None
        """When it was started last."""

        self.crash: Crash | None = None
        """The last one."""

        self._environment, self._keep, self._crashed = dict(environment or {}), tuple(keep), crashed
        self._running: subprocess.Popen[bytes] | None = None
        self._condition = threading.Condition()
        self._is_over = False
        self._begins = 0
        self._thread: threading.Thread | None = None

    def start(self) -> "Process":
        """Starts it, and watches it from a thread of its own, which the kernel counts as its parent."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name=f"watch {self.name}", daemon=True)
            self._thread.start()
        return self

    @property
    def pid(self) -> int | None:
        """Its number; None while it does not run."""
        running = self._running
        return running.pid if running else None

    @property
    def memory_mib(self) -> int:
        """What it holds of the machine's memory, its part of shared pages included; 0 while it does not run."""
        return memory_mib(self.pid) if self.pid else 0

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The end of what it wrote since it was started last."""
        try:
            with self.log.open("rb") as stream:
                stream.seek(max(self._begins, self.log.stat().st_size - 64 * 1024))
                return "\n".join(stream.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def stop(self, grace_seconds: float = 5) -> None:
        """Ends it for good: SIGTERM, and SIGKILL after the grace; without a grace SIGKILL at once."""
        with self._condition:
            self._is_over = True
            self._signal(signal.SIGTERM if grace_seconds else signal.SIGKILL)
            self._condition.notify_all()
            if not (grace_seconds and self._condition.wait_for(lambda: self._running is None, grace_seconds)):
                self._signal(signal.SIGKILL)
        if self._thread:
            self._thread.join()

    def kill(self) -> None:
        """Ends what runs now, as a crash would; it is started again."""
        with self._condition:
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._running is not None:
            with suppress(ProcessLookupError):
                self._running.send_signal(number)

    def _watch(self) -> None:
        pause = 0.5
        while True:
            began = time.monotonic()
            with self._condition:
                if self._is_over:
                    return
                running = self._running = self._spawn()
                self.since = datetime.now(UTC)
            os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
            with self._condition:
                code = running.wait()
                self._running = None
                self._condition.notify_all()
                if self._is_over:
                    return
            self.crash = Crash(self.name, code, datetime.now(UTC), self.tail())
            self.restarts += 1
            self._crashed(self.crash)
            pause = 0.5 if time.monotonic() - began > STEADY_SECONDS else min(pause * 2, 30)
            with self._condition:
                self._condition.wait_for(lambda: self._is_over, pause / 2)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_name(self.log.name + ".1"))
        out = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._begins = os.fstat(out).st_size
        bare = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        try:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                pass_fds=self._keep,
                cwd=self.log.parent,
                env={**bare, **self._environment},
            )
        finally:
            os.close(out)


def memory_mib(pid: int) -> int:
    """What a process holds of the machine's memory, its part of shared pages included; 0 where there is none."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("Pss:")), 0)
