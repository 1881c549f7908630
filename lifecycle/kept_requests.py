"""What is kept of the traffic of a model, on its way to the store.

Lines have the form of SageMaker's data capture (SageMaker developer guide, "Capture data from real-time endpoint"),
which lifecycle/watch_drift.py reads. Storing waits for nobody and nobody waits for it: where memory or the store gives
out, requests go unkept, and the log says how many. No word of a request or an answer comes into the log.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import queue
import sys
import threading
import time
import uuid
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

BODY_BYTES = 512 * 1024
"""A request with a longer body, or a longer answer, is not kept."""

ROOM_BYTES = 32 * 1024 * 1024
"""For all bodies that are read along or wait for the store."""

RECORD_BYTES = 2048
"""What a request takes beside its bodies."""

BATCH_RECORDS, BATCH_BYTES, BATCH_SECONDS = 500, 4 * 1024 * 1024, 300.0
"""An object is put when the first of these is reached."""

AGAIN_SECONDS = (1.0, 5.0, 20.0)
"""Before each further try of a store that refuses."""

SWITCH_SECONDS = 0.0005
JSON = "application/json"


class Counted:
    """Memory that is left for bodies, and what became of requests; threads may share it."""

    def __init__(self, room: int = ROOM_BYTES) -> None:
        self._lock, self._room = threading.Lock(), room
        self._told: Counter[str] = Counter()

    @property
    def room(self) -> int:
        return self._room

    def take(self, count: int) -> bool:
        """Whether there was room for so many bytes, which is then less."""
        with self._lock:
            fits = count <= self._room
            self._room -= count if fits else 0
        return fits

    def give(self, count: int) -> None:
        with self._lock:
            self._room += count

    def count(self, what: str, times: int = 1) -> None:
        with self._lock:
            self._told[what] += times

    def told(self) -> Counter[str]:
        """What was counted since the last time."""
        with self._lock:
            told, self._told = self._told, Counter()
        return told


class Exchange:
    """One request and its answer."""

    def __init__(self, line: bytes, headers: dict[str, str], kept: bool, counted: Counted) -> None:
        self.line, self.kept, self._counted = line, kept, counted
        self.request, self.answer = bytearray(), bytearray()
        self.request_headers, self.answer_headers = _needed(headers), _needed({})
        self.whole = asyncio.Event()
        """Set when the whole request has gone by."""

        self.when = ""
        if kept and not counted.take(RECORD_BYTES):
            self.kept = False
            counted.count("for want of memory")

    @property
    def size(self) -> int:
        """What it takes of the room while it is to be kept."""
        return RECORD_BYTES + len(self.request) + len(self.answer)

    def keep(self, body: bytearray, data: bytes) -> None:
        """Add to one of its bodies, while it is to be kept."""
        if not self.kept:
            return
        if len(body) + len(data) > BODY_BYTES:
            self.let_go(f"with more than {BODY_BYTES} bytes")
        elif not self._counted.take(len(data)):
            self.let_go("for want of memory")
        else:
            body += data

    def heard(self, headers: dict[str, str]) -> None:
        """Its answer has come to its end, now."""
        self.answer_headers = _needed(headers)
        now = datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017 (images have older Pythons)
        self.when = now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def let_go(self, why: str) -> None:
        """It is not to be kept after all."""
        if self.kept:
            self.kept = False
            self._counted.count(why)
            self._counted.give(self.size)
            self.request, self.answer = bytearray(), bytearray()


def _needed(headers: dict[str, str]) -> dict[str, str]:
    """The two that a record is made by: others may be long, or tell who asked."""
    return {name: headers[name][:100] for name in ("content-type", "content-encoding") if name in headers}


def record(one: Exchange) -> str | None:
    """A line of data capture; None where the request is of no form that the watch for drift reads."""
    asked = _text(one.request, one.request_headers)
    try:
        known = asked is not None and readable(json.loads(asked))
    except (ValueError, RecursionError):
        known = False
    if not known:
        return None
    answered = _text(one.answer, one.answer_headers)
    content_type = one.answer_headers.get("content-type", JSON)
    as_text = answered is not None and content_type.startswith(JSON)
    return json.dumps(
        {
            "captureData": {
                "endpointInput": {
                    "observedContentType": JSON,
                    "mode": "INPUT",
                    "data": asked,
                    "encoding": "JSON",
                },
                "endpointOutput": {
                    "observedContentType": content_type,
                    "mode": "OUTPUT",
                    "data": answered if as_text else base64.b64encode(one.answer).decode(),
                    "encoding": "JSON" if as_text else "BASE64",
                },
            },
            "eventMetadata": {"eventId": str(uuid.uuid4()), "inferenceTime": one.when},
            "eventVersion": "0",
        }
    )


def readable(body: Any) -> bool:
    """Whether `watch_drift.rows_of` finds rows in it: tensors with their data in them, or plain instances."""
    if not isinstance(body, dict):
        return False
    if isinstance(tensors := body.get("inputs"), list):
        return all(isinstance(one, dict) and _is_tensor(one) for one in tensors)
    rows = body.get("instances")
    return isinstance(rows, list) and all(isinstance(row, (dict, list)) for row in rows)


def _is_tensor(one: dict[str, Any]) -> bool:
    shape, data = one.get("shape", []), one.get("data")
    sizes = isinstance(shape, list) and all(isinstance(size, int) for size in shape)
    flat = isinstance(data, list) and len({isinstance(value, list) for value in data}) <= 1
    return sizes and flat and isinstance(one.get("name"), str)


def _text(body: bytearray, headers: dict[str, str]) -> str | None:
    """None where it is no text, is encoded in a way that is not known, or is too long once it is decoded."""
    data, encoding = bytes(body), headers.get("content-encoding", "identity").lower()
    try:
        if encoding in ("gzip", "deflate"):
            # 32 beside the window's 15: the head says which of the two it is (zlib manual, inflateInit2).
            open_ = zlib.decompressobj(32 + 15)
            data = open_.decompress(data, BODY_BYTES)
            return data.decode() if open_.eof else None
        return data.decode() if encoding == "identity" else None
    except (zlib.error, UnicodeDecodeError):
        return None


class Store(threading.Thread):
    """Takes exchanges and puts them together into objects below `prefix`; `put` gets key and bytes."""

    def __init__(
        self,
        put: Callable[[str, bytes], None],
        prefix: str,
        counted: Counted,
        *,
        seconds: float = BATCH_SECONDS,
        again: tuple[float, ...] = AGAIN_SECONDS,
        say: Callable[[str], None] = print,
    ) -> None:
        # It does not keep the program from ending: a store that hangs would.
        super().__init__(name="store", daemon=True)
        self._put, self._prefix, self._counted = put, prefix, counted
        self._seconds, self._again, self._say = seconds, again, say
        self._waiting: queue.SimpleQueue[Exchange | None] = queue.SimpleQueue()
        self._ended = threading.Event()

    def add(self, one: Exchange) -> None:
        """Returns at once; what waits is bounded by the room that `counted` has."""
        self._waiting.put(one)

    def finish(self, seconds: float) -> None:
        """Put what is there, for so long at most."""
        self._ended.set()
        self._waiting.put(None)
        self.join(seconds)
        if self.is_alive():
            self._say("the last requests are lost: the store did not take them in time")

    def run(self) -> None:
        # Whoever passes requests on waits for this thread no longer than so.
        sys.setswitchinterval(SWITCH_SECONDS)
        more = True
        while more:
            more, lines, size = self._batch()
            if lines:
                self._keep(lines)
            self._counted.give(size)
            if told := +self._counted.told():
                kept = told.pop("kept", 0)
                lost = "; ".join(f"{times} {what}" for what, times in sorted(told.items()))
                self._say(f"kept {kept} requests" + (f", and did not keep: {lost}" if lost else ""))

    def _batch(self) -> tuple[bool, list[str], int]:
        """Whether more may come, the lines of one object, and the room that they were given."""
        lines: list[str] = []
        end, taken, size = time.monotonic() + self._seconds, 0, 0
        while taken < BATCH_RECORDS and size < BATCH_BYTES:
            try:
                one = self._waiting.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return True, lines, size
            if one is None:
                return False, lines, size
            taken, size = taken + 1, size + one.size
            if (line := record(one)) is None:
                self._counted.count("of another form than the watch for drift reads")
            else:
                lines.append(line)
        return True, lines, size

    def _keep(self, lines: list[str]) -> None:
        now = datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017 (images have older Pythons)
        key = f"{self._prefix}{now:%Y/%m/%d/%H}/{now:%M-%S}-{uuid.uuid4()}.jsonl"
        data = "".join(f"{line}\n" for line in lines).encode()
        for wait in (*self._again, None):
            try:
                self._put(key, data)
            except Exception as failure:  # Whatever it is, requests go on, and later ones may be kept.
                self._say(f"the store does not take {key}: {failure!r}")
                if wait is None:
                    self._counted.count("that the store did not take", len(lines))
                else:
                    # At the end there is no time to wait in.
                    self._ended.wait(wait)
            else:
                self._counted.count("kept", len(lines))
                return
