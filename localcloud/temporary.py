"""An empty account for a preview without a cloud or for a test; nothing of it stays."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localcloud.launch import cluster_options, launch
from localcloud.running import CloudError, Running
from localcloud.supervisor import ACCOUNT

STOP_SECONDS = 20
"""How long the process may take to end; it has nothing to keep."""


@contextmanager
def temporary(
    account: str = ACCOUNT,
    *,
    programs: Path | None = None,
    charts: Path | None = None,
    instances: Path | None = None,
) -> Iterator[Running]:
    """A running account that starts empty and is gone at the end, also if this process is killed.

    `programs`, `charts` and `instances` as for LocalCloud. Raises CloudError.
    """
    state = Path(tempfile.mkdtemp(prefix="localcloud-"))
    process = None
    try:
        options = cluster_options(programs, charts, instances)
        process, said = launch(state, account, "--ephemeral", *options, stdin=subprocess.PIPE)
        if said is None:
            raise CloudError(f"a temporary account did not start; the end of its log:\n{_written(state)}")
        yield Running.of(said, state / "server.log")
    finally:
        if process is not None:
            _end(process)
        shutil.rmtree(state, ignore_errors=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


def _written(state: Path) -> str:
    try:
        return (state / "server.out").read_text(errors="replace")[-4000:]
    except OSError:
        return "(nothing)"
