"""What a long build tells the person who waits for it."""

import shutil
import sys
import time
from collections.abc import Callable

Report = Callable[[str], object]

TICK_SECONDS = 2.0
"""Time between two live lines on a terminal."""


def elapsed(seconds: float) -> str:
    """A span of time as a person says it: 8 s, 1 min 05 s."""
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


def live_line(text: str) -> None:
    """Rewrite the last line of the terminal; an empty text clears it."""
    width = max(20, shutil.get_terminal_size().columns - 1)
    sys.stdout.write(f"\r\x1b[K{text[:width]}")
    sys.stdout.flush()


def quiet(text: str) -> None:
    """Say nothing in between: for a log, which gets only beginnings and ends."""


def for_terminal() -> Report:
    """The way of showing what is being done that suits where the output goes."""
    return live_line if sys.stdout.isatty() else quiet


class Progress:
    """Beginnings and ends of steps as lines that stay, what happens between them as one that moves."""

    def __init__(self, report: Report, tick: Report) -> None:
        self.report, self.tick = report, tick
        self.started = self.told = time.monotonic()
        self.name = ""

    def begin(self, name: str, what: str) -> None:
        """A program's build starts."""
        self.name, self.started = name, time.monotonic()
        self.report(f"{name}: {what}")

    def now(self, doing: str) -> None:
        """What is being done at this moment; told at most every two seconds."""
        if time.monotonic() - self.told >= TICK_SECONDS:
            self.told = time.monotonic()
            self.tick(f"{self.name}: {doing}, {elapsed(self.told - self.started)}")

    def end(self, what: str) -> None:
        """A program's build has ended well."""
        self.tick("")
        self.report(f"{self.name}: {what} in {elapsed(time.monotonic() - self.started)}")

    def stop(self) -> None:
        """The live line goes, whatever happened."""
        self.tick("")
