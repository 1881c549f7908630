"""A real browser without a window, told what to do over a pipe by the Chrome DevTools Protocol."""

import base64
import fcntl
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".venv-browser" / "chromium"
PATIENCE = 60.0
"""Seconds that an answer may take on a busy machine."""

OPTIONS = (
    "--headless=shell",
    "--no-sandbox",  # root, as in a container, is given none
    "--no-zygote",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)


class Browser:
    """A browser with one tab; what it asks for and what it complains of is kept."""

    def __init__(self, process: subprocess.Popen[bytes], write: int, read: int) -> None:
        self._process, self._write, self._read = process, write, read
        self._buffer, self._count, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to one command; fails where the browser refuses it or is silent."""
        self._count += 1
        said = {"id": self._count, "method": method, "params": params}
        if self._session:
            said["sessionId"] = self._session
        os.write(self._write, json.dumps(said).encode() + b"\0")
        while (told := self._next()).get("id") != self._count:
            self.events.append(told)
        assert "error" not in told, f"{method}: {told['error']}"
        return told["result"]

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            more = os.read(self._read, 1 << 16) if ready else b""
            assert more, f"the browser is silent; it ended with {self._process.poll()}"
            self._buffer += more
        told, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(told)

    def open(self, page: Path, *, scheme: str = "light", media: str = "screen", width: int = 1280) -> None:
        """Shows a file to its end: every request that it makes and everything that it complains of is an event."""
        self.events.clear()
        wanted = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", media=media, features=wanted)
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.ask("Page.navigate", url=page.as_uri())
        while not self.heard("Page.loadEventFired"):
            self.events.append(self._next())

    def heard(self, method: str) -> list[dict[str, Any]]:
        """What came under that name since the page was opened."""
        return [one.get("params", {}) for one in self.events if one.get("method") == method]

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        done = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def paper(self) -> bytes:
        """The page as PDF, on the paper that its style sheet asks for."""
        return base64.b64decode(self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that ends with the block; that of `SEEDBED_BROWSER`, or the one that `make browser` sets up."""
    program = Path(os.environ.get("SEEDBED_BROWSER") or FOLDER / "chromium")
    if not program.exists():
        pytest.fail(f"{program}: no browser; set it up: make browser, or name one in SEEDBED_BROWSER")
    (to_browser, write), (read, from_browser) = (map(_high, os.pipe()) for _ in range(2))
    with tempfile.TemporaryDirectory(prefix="seedbed-browser-") as home:
        # The protocol wants its pipes as descriptors 3 and 4.
        line = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser} {to_browser}<&- {from_browser}>&-'
        process = subprocess.Popen(
            ["bash", "-c", line, str(program), *OPTIONS, f"--user-data-dir={home}", "about:blank"],
            env={
                "PATH": os.defpath,
                "HOME": home,
                "LD_LIBRARY_PATH": str(FOLDER / "lib"),
                "FONTCONFIG_PATH": str(FOLDER),
            },
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield Browser(process, write, read)
        finally:
            process.kill()
            process.wait()
            os.close(write)
            os.close(read)


def _high(descriptor: int) -> int:
    """The same pipe's end under a number that 3 and 4 cannot be."""
    made = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return made
