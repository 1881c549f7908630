"""The engine as a process: its exact environment, its interruption, and what a killed one leaves running."""

import json
import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

RUN_VARIABLE = "SEEDBED_RUN"
"""Marks every process of one run: the engine, its language host, its providers, the program."""

CHANGING = frozenset({"up", "destroy", "refresh", "import"})
"""Commands whose sudden end leaves something to mend."""


class EngineCommand(PulumiCommand):
    """Runs the engine with exactly the given environment, in a session of its own.

    The Automation API's own command adds the caller's whole environment, in which a user's AWS_PROFILE would reach a
    run on the local cloud. A session of its own keeps a Ctrl-C of the terminal from hitting engine and providers at
    once: the engine is told once and ends what it has begun.
    """

    def __init__(self, program: Path, version: str, record: Path | None = None) -> None:
        self.command = str(program)
        self.version = VersionInfo.parse(version.removeprefix("v"))
        self._record = record
        self.interrupted = False
        """Whether a person stopped a run of this command."""
        self.killed_by = 0
        """Number of the signal that ended the last run, 0 where none did."""
        self.words = ""
        """What the engine wrote to its standard error when it ran last."""

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        """Runs `pulumi ARGS`; raises the Automation API's CommandError when it ends with another code than 0."""
        run = uuid.uuid4().hex
        environment = {**additional_env, "PULUMI_AUTOMATION_API": "true", RUN_VARIABLE: run}
        with (
            subprocess.Popen(
                [self.command, "--non-interactive", *args],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=environment,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            ) as process,
            self._interruptible(process),
        ):
            self._write_record(process.pid, run, args[0])
            chunks: dict[str, list[str]] = {"stdout": [], "stderr": []}
            readers = [
                threading.Thread(target=_drain, args=(process.stdout, on_output, chunks["stdout"]), daemon=True),
                threading.Thread(target=_drain, args=(process.stderr, on_error, chunks["stderr"]), daemon=True),
            ]
            for reader in readers:
                reader.start()
            process.wait()
            # A provider that outlives the engine keeps the pipe open: the engine's own words are there by now.
            for reader in readers:
                reader.join(timeout=5)
        code = process.returncode
        self.killed_by = -code if code < 0 else 0
        self._drop_record(args[0], code)
        self.words = "\n".join(chunks["stderr"])
        result = CommandResult(stdout="\n".join(chunks["stdout"]), stderr=self.words, code=code)
        if code != 0:
            raise create_command_error(result)
        return result

    def _write_record(self, pid: int, run: str, command: str) -> None:
        if self._record is None or command not in CHANGING:
            return
        self._record.parent.mkdir(parents=True, exist_ok=True)
        words = {"pid": pid, "run": run, "command": command, "started": datetime.now(UTC).isoformat()}
        self._record.write_text(json.dumps(words))

    def _drop_record(self, command: str, code: int) -> None:
        # Of an engine that was killed, the record leads the next run to the processes that it left.
        if self._record is not None and command in CHANGING and code >= 0:
            self._record.unlink(missing_ok=True)

    @contextmanager
    def _interruptible(self, process: subprocess.Popen[str]):
        """The first interruption asks the engine to end, the second one ends it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupt(number: int, _frame: object) -> None:
            if process.poll() is not None:
                return
            process.send_signal(signal.SIGKILL if self.interrupted else signal.SIGINT)
            self.interrupted = True

        before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _drain(stream: Any, callback: Callable[[str], Any] | None, chunks: list[str]) -> None:
    for line in stream:
        chunks.append(line.rstrip())
        if callback:
            callback(chunks[-1])


def survivors(record: Path) -> dict[int, str]:
    """Processes of the recorded run that still live, with their names: what a killed engine left behind.

    Empty where no run was cut short. A process counts only if it bears the run's mark (or, where a machine does not
    show another process's environment, belongs to the run's session), so that a reused pid is never taken for it.
    """
    try:
        words = json.loads(record.read_text())
        session, run = int(words["pid"]), str(words["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    found: dict[int, str] = {}
    for pid in _pids():
        if pid == os.getpid():
            continue
        mark = _environment(pid)
        try:
            ours = f"{RUN_VARIABLE}={run}" in mark if mark is not None else os.getsid(pid) == session
        except ProcessLookupError:
            continue
        if ours:
            found[pid] = _name(pid)
    return found


def end(pids: Mapping[int, str], seconds: float = 10.0) -> None:
    """Ends the given processes: politely, then by force after `seconds`."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        until = time.monotonic() + seconds
        while time.monotonic() < until and any(map(alive, pids)):
            time.sleep(0.1)
        if not any(map(alive, pids)):
            return


def alive(pid: int) -> bool:
    """Whether a process of this number runs (a zombie does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def _pids() -> list[int]:
    if Path("/proc/self").exists():
        return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    listed = subprocess.run(["ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True).stdout
    return [int(word) for word in listed.split()]


def _environment(pid: int) -> list[str] | None:
    if not Path("/proc/self").exists():
        return None
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "process"
