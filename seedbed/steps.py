"""Steps of a command, each shown with what it does and for how long."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

SILENT_SECONDS = 2.0
"""A step shorter than this needs no word about its duration."""

HEARTBEAT_SECONDS = 15.0
"""Without a terminal a long step says this often that it is alive."""


class Step:
    """One step while it runs: `say` what it is at, `note` what should stay on the screen."""

    def __init__(self, title: str, console: Console, clock: Callable[[], float]) -> None:
        self.title = title
        self._console = console
        self._clock = clock
        self._started = clock()
        self._detail: Callable[[], str] = str

    @property
    def seconds(self) -> float:
        """How long the step has been running."""
        return self._clock() - self._started

    def say(self, detail: str) -> None:
        """What the step is doing now; replaces what it said before."""
        self._detail = lambda: " ".join(detail.split())

    def follow(self, detail: Callable[[], str]) -> None:
        """The same, asked anew whenever the step is shown."""
        self._detail = detail

    def note(self, line: str | Text) -> None:
        """A line that stays."""
        self._console.print(line if isinstance(line, Text) else Text(line), soft_wrap=True)

    def line(self) -> str:
        """The step, its duration and what it is at, in one line."""
        detail = self._detail()
        return f"{self.title} · {duration(self.seconds)}" + (f" · {detail}" if detail else "")


class Steps:
    """Shows steps on a console: a spinner on a terminal, plain lines in a log."""

    def __init__(
        self, console: Console, clock: Callable[[], float] = time.monotonic, only_long_ones: bool = False
    ) -> None:
        """With `only_long_ones` a step that ends well within two seconds is not mentioned."""
        self.console = console
        self._clock = clock
        self._only_long_ones = only_long_ones

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Runs the body as a step; its end, good or bad, is one line with the time it took."""
        step = Step(title, self.console, self._clock)
        try:
            with self._spinner(step) if self.console.is_terminal else self._heartbeat(step):
                yield step
        except BaseException:
            self._end(step, "failed", "red")
            raise
        self._end(step, "ok", "green")

    def _end(self, step: Step, word: str, style: str) -> None:
        seconds = step.seconds
        if self._only_long_ones and word == "ok" and seconds < SILENT_SECONDS:
            return
        took = f" · {duration(seconds)}" if seconds >= SILENT_SECONDS else ""
        self.console.print(Text.assemble((f"{word:>6} ", style), step.title, (took, "dim")), soft_wrap=True)

    @contextmanager
    def _spinner(self, step: Step) -> Iterator[None]:
        spinner = Spinner("dots")

        def render() -> RenderableType:
            grid = Table.grid(padding=(0, 1))
            grid.add_column(width=6, justify="right")
            grid.add_column(overflow="ellipsis", no_wrap=True)
            grid.add_row(spinner, Text(step.line()))
            return grid

        with Live(get_renderable=render, console=self.console, refresh_per_second=8, transient=True):
            yield

    @contextmanager
    def _heartbeat(self, step: Step) -> Iterator[None]:
        ended = threading.Event()

        def beat() -> None:
            pause = SILENT_SECONDS
            while not ended.wait(pause):
                self.console.print(Text(f"   ... {step.line()}"), soft_wrap=True)
                pause = HEARTBEAT_SECONDS

        thread = threading.Thread(target=beat, name=f"heartbeat of {step.title}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


class ClosedPipeTolerant:
    """A text stream that goes on in silence when its reader has left: `seedbed up | head` must not stop an update."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except BrokenPipeError:
            self._leave()
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._leave()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _leave(self) -> None:
        """Sends what is still to come nowhere, the interpreter's own last flush included."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def duration(seconds: float) -> str:
    """Seconds as a person says them: `8 s`, `2 min 05 s`."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
