"""Writes the account's state soon after it changed, in the background, and once more at the end."""

import threading
import time

from localcloud.journal import Journal
from localcloud.snapshot import Snapshot
from localcloud.turnstile import Turnstile

QUIET_SECONDS = 0.25
"""A snapshot waits for this long a pause between changes."""

LATEST_SECONDS = 1.0
"""It waits no longer than this after the first change, or ten times what the last snapshot took."""


class Keeper:
    """Keeps a snapshot up to date; what a kill can lose is what changed since the last one."""

    def __init__(self, snapshot: Snapshot, turnstile: Turnstile, journal: Journal) -> None:
        self._snapshot, self._turnstile, self._journal = snapshot, turnstile, journal
        self._condition = threading.Condition()
        self._writing = threading.Lock()
        self._first: float | None = None
        self._last = self._took = 0.0
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def changed(self) -> None:
        """The state may have changed."""
        with self._condition:
            self._last = time.monotonic()
            self._first = self._first or self._last
            self._condition.notify()

    def keep(self) -> list[str]:
        """Writes a snapshot now, and tells what could not be kept; raises what kept it from being written at all."""
        with self._writing:
            began = time.monotonic()
            with self._condition:
                self._first = None
            with self._turnstile.exclusive():
                captured = self._snapshot.capture()
            self._snapshot.write(captured)
            self._took = time.monotonic() - began
        for name, error in captured.failures.items():
            self._journal.note(f"the state of {name} could not be kept; it stays as it was written last")
            self._journal.failure(error)
        return [f"{name} ({type(error).__name__}: {error})" for name, error in captured.failures.items()]

    def close(self) -> list[str]:
        """Writes the last snapshot and ends; tells what could not be kept."""
        with self._condition:
            self._is_over = True
            self._condition.notify()
        self._thread.join()
        try:
            return self.keep()
        except Exception as error:
            self._journal.failure(error)
            return [f"anything since the last snapshot ({type(error).__name__}: {error})"]

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._is_over or self._first)
                while not self._is_over and (pause := self._pause()) > 0:
                    self._condition.wait(pause)
                if self._is_over:
                    return
            try:
                self.keep()
            except Exception as error:
                self._journal.note(f"the state could not be kept; the next change tries again: {error}")
                self._journal.failure(error)

    def _pause(self) -> float:
        now = time.monotonic()
        latest = (self._first or now) + max(LATEST_SECONDS, 10 * self._took)
        return min(self._last + QUIET_SECONDS, latest) - now
