"""Pictures of what an API server holds, and loops that act on them until the world is as it should be."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from localcloud.clusters.api import Api, ApiError

Object = dict[str, Any]
Note = Callable[[str], object]

_NOTHING: Object = {"items": [], "metadata": {}}

WATCH_SECONDS = 240
"""How long one watch lasts before the list is read anew."""

PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds after a first, second, ... failure in a row."""


class Loop:
    """Calls a step again and again: when woken, when the seconds that the step gave are over, and after a failure.

    The step looks at everything and changes what is not as it should be, so a missed or doubled call harms nothing.
    """

    def __init__(self, name: str, step: Callable[[], float | None], note: Note) -> None:
        self._name, self._step, self._note = name, step, note
        self._woken, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> "Loop":
        """Begins, with a first step at once."""
        self._woken.set()
        self._thread.start()
        return self

    def wake(self) -> None:
        """Something changed."""
        self._woken.set()

    def stop(self) -> None:
        """Ends it; a step that is under way may still run for a moment."""
        self._over.set()
        self._woken.set()

    def join(self, seconds: float = 5) -> None:
        """Waits for the step that is under way after `stop`."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(seconds)

    def _run(self) -> None:
        failures = 0
        pause: float | None = None
        while True:
            self._woken.wait(pause)
            if self._over.is_set():
                return
            self._woken.clear()
            try:
                pause = self._step()
                failures = 0
            except Exception as error:
                if self._over.is_set():
                    return
                pause = PAUSES[min(failures, len(PAUSES) - 1)]
                failures += 1
                if (
                    failures in (3, 10) or failures % 60 == 0
                ):  # one or two are everyday: conflicts, a server that starts
                    self._note(f"{self._name}: failed {failures} times in a row: {type(error).__name__}: {error}")


class Picture:
    """All objects of a list as they are now, kept by a watch; `changed` is called after each change."""

    def __init__(self, api: Api, path: str, changed: Callable[[], object], **query: str) -> None:
        self._api, self._path, self._changed, self._query = api, path, changed, query
        self._objects: dict[str, Object] = {}
        self._lock = threading.Lock()
        self._seen = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {path}", daemon=True)

    def start(self) -> "Picture":
        """Begins to watch."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends with the watch that is under way."""
        self._over.set()

    @property
    def is_complete(self) -> bool:
        """Whether the list was read at least once."""
        return self._seen.is_set()

    def objects(self) -> list[Object]:
        """What is there; nobody may change it."""
        with self._lock:
            return list(self._objects.values())

    def named(self, namespace: str, name: str) -> Object | None:
        """One object, or None."""
        with self._lock:
            return self._objects.get(f"{namespace}/{name}")

    def _run(self) -> None:
        while not self._over.is_set():
            with suppress(ApiError, KeyError):
                self._follow(self._list())
            self._over.wait(0.5)

    def _list(self) -> str:
        try:
            found = self._api.get(self._path, **self._query)
        except ApiError as error:
            if error.status != 404:  # the kind is not there yet, or no more: nothing of it exists
                raise
            found = _NOTHING
        with self._lock:
            self._objects = {_key(one): one for one in found["items"] or ()}
        self._seen.set()
        self._changed()
        return found["metadata"].get("resourceVersion", "")

    def _follow(self, since: str) -> None:
        if not since:
            self._over.wait(1)
            return
        for event in self._api.watch(self._path, since, WATCH_SECONDS, **self._query):
            if self._over.is_set() or event["type"] == "ERROR":
                return
            one = event["object"]
            with self._lock:
                if event["type"] == "DELETED":
                    self._objects.pop(_key(one), None)
                else:
                    self._objects[_key(one)] = one
            self._changed()


def _key(one: Object) -> str:
    return f"{one['metadata'].get('namespace', '')}/{one['metadata']['name']}"
