"""Starts the process of an account and waits until it answers."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from localcloud.running import CloudError

READY_SECONDS = 60
"""How long a start may take; it takes about two."""

CLUSTER_SECONDS = 360
"""The same where Kubernetes clusters come up with it; they take about ten."""

_PACKAGES = str(Path(__file__).parents[1])


def launch(
    state: Path,
    account: str,
    *options: str,
    stdin: int = subprocess.DEVNULL,
    tick: Callable[[float], object] | None = None,
    seconds: float = READY_SECONDS,
) -> tuple[subprocess.Popen[bytes], dict[str, Any] | None]:
    """The process and what it says of itself, or None where it ended or did not answer in time.

    It has a session of its own and none of the caller's files open, so it outlives the terminal. `tick` is told the
    seconds passed, every two of them; `seconds` is how long it may take.
    """
    reader, writer = os.pipe()
    command = [sys.executable, "-P", "-m", "localcloud.server", "--state", str(state), "--account", account]
    out = os.open(state / "server.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = subprocess.Popen(
            [*command, *options, "--ready-fd", str(writer)],
            stdin=stdin,
            stdout=out,
            stderr=out,
            pass_fds=(writer,),
            start_new_session=True,
            cwd=state,
            env=_environment(),
        )
    finally:
        os.close(out)
        os.close(writer)
    with os.fdopen(reader) as ready:
        line = _line(ready, tick or (lambda _: None), seconds)
    if not line:
        with suppress(subprocess.TimeoutExpired):  # the pipe closes a moment before the process is gone
            process.wait(2)
    return process, json.loads(line) if line else None


def _line(ready: IO[str], tick: Callable[[float], object], seconds: float) -> str:
    began = time.monotonic()
    while (left := began + seconds - time.monotonic()) > 0:
        if select.select([ready], [], [], min(2.0, left))[0]:
            return ready.readline()
        tick(time.monotonic() - began)
    return ""


def cluster_options(programs: Path | None, charts: Path | None, instances: Path | None) -> list[str]:
    """The options that tell the process what its clusters are made of. Raises CloudError for what is not there."""
    for program in (programs / "kube", programs / "kwok") if programs else ():
        if not os.access(program, os.X_OK):
            raise CloudError(f"programs: {program} is no executable; clusters run with kube and kwok")
    for name, path in {"charts": charts, "instances": instances}.items():
        if path is not None and not path.exists():
            raise CloudError(f"{name}: {path} does not exist")
    given = {"--programs": programs, "--charts": charts, "--instances": instances}
    return [text for name, path in given.items() if path is not None for text in (name, str(path.absolute()))]


def _environment() -> dict[str, str]:
    """The caller's environment without what would point the account at another cloud, or moto at other settings."""
    barred = ("AWS_", "MOTO_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(barred)}
    return {**kept, "PYTHONPATH": _PACKAGES}
