"""An empty account for a preview without a cloud or for a test; nothing of it stays."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localcloud.running import CloudError, Running
from localcloud.supervisor import _SERVER, ACCOUNT, READY_SECONDS, _line, _plain_environment, _running, _tail


@contextmanager
def temporary(account: str = ACCOUNT) -> Iterator[Running]:
    """A running account that starts empty and is gone at the end, also if this process is killed. Raises CloudError."""
    state = Path(tempfile.mkdtemp(prefix="localcloud-"))
    reader, writer = os.pipe()
    command = [*_SERVER, "--state", str(state), "--account", account, "--ephemeral", "--ready-fd", str(writer)]
    try:
        with (state / "server.out").open("wb") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                pass_fds=(writer,),
                start_new_session=True,
                cwd=state,
                env=_plain_environment(),
            )
        os.close(writer)
        try:
            with os.fdopen(reader) as ready:
                line = _line(ready, time.monotonic() + READY_SECONDS, lambda: None)
            if not line:
                raise CloudError(
                    f"a temporary account did not start; the end of its log:\n{_tail(state / 'server.out', 20)}"
                )
            yield _running(json.loads(line), state / "server.log")
        finally:
            process.terminate()
            process.wait()
            if process.stdin:
                process.stdin.close()
    finally:
        shutil.rmtree(state, ignore_errors=True)
