"""A lock with two sides: requests pass together, a snapshot waits until none is inside and keeps new ones out."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turnstile:
    """Many may hold `shared`, one may hold `exclusive`; whoever waits for `exclusive` comes before later requests."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._inside = 0
        self._is_closed = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Held by a request while it may touch the state."""
        with self._condition:
            self._condition.wait_for(lambda: not self._is_closed)
            self._inside += 1
        try:
            yield
        finally:
            with self._condition:
                self._inside -= 1
                self._condition.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Held by a snapshot while it reads the state."""
        with self._condition:
            self._condition.wait_for(lambda: not self._is_closed)
            self._is_closed = True
            self._condition.wait_for(lambda: not self._inside)
        try:
            yield
        finally:
            with self._condition:
                self._is_closed = False
                self._condition.notify_all()
