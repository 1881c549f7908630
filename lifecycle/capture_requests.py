"""Keeps a share of what a model is asked and answers, on the way to its server; every byte goes through as it came.

`capture_requests PORT SERVER_PORT PERCENT s3://BUCKET/PREFIX`. Beside the bytes somebody reads along (HTTP/1.1, RFC
9112); a message that cannot be followed is passed on all the same. Kept are inferences that the server answered well:
`infer` of the Open Inference Protocol, and `:predict` of the protocol before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import sys
import urllib.parse
from collections.abc import Callable
from typing import Any

from lifecycle import aws_requests
from lifecycle.kept_requests import BATCH_SECONDS, Counted, Exchange, Store

CHUNK_BYTES = 65536
CONNECT_SECONDS = 5.0

DRAIN_SECONDS, FLUSH_SECONDS = 10.0, 20.0
"""For the connections that are open when the pod is told to end, and then for what is not stored yet."""

PIPELINED = 1000
"""Requests that may be on their way on one connection at once; with more it is no longer read along."""

MALFORMED = (ValueError, LookupError, EOFError)
"""What reading along raises where it meets no HTTP, or its sudden end."""

INFERENCE = re.compile(rb"POST /(v2/models/[^/? ]+(/versions/[^/? ]+)?/infer|v1/models/[^/?: ]+:predict)(\?\S*)? ")

NOT_UP = b'{"error": "the server of the model is not up"}'
UNAVAILABLE = b"\r\n".join(
    (
        b"HTTP/1.1 503 Service Unavailable",
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(NOT_UP),
        b"Retry-After: 5",
        b"Connection: close",
        b"",
        NOT_UP,
    )
)


class Follower:
    """Reads along on one connection; `done` gets every exchange that is to be kept."""

    def __init__(self, wanted: Callable[[], bool], done: Callable[[Exchange], None], counted: Counted) -> None:
        self._wanted, self._done, self._counted = wanted, done, counted
        self._sides = asyncio.StreamReader(), asyncio.StreamReader()
        self._open: asyncio.Queue[Exchange] = asyncio.Queue(PIPELINED)
        self._lost = False
        self._tasks = [asyncio.ensure_future(self._follow(read())) for read in (self._requests, self._answers)]

    def feed(self, side: int, data: bytes) -> None:
        """What went by: 0 from the client, 1 from the server; no bytes are its end."""
        if not self._lost:
            self._sides[side].feed_data(data) if data else self._sides[side].feed_eof()

    async def end(self) -> None:
        for side in self._sides:
            side.feed_eof()
        _, late = await asyncio.wait(self._tasks, timeout=1)
        for task in late:
            task.cancel()
        while not self._open.empty():
            self._open.get_nowait().let_go("cut short")

    async def _follow(self, messages: Any) -> None:
        try:
            await messages
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.QueueFull, *MALFORMED) as why:
            if getattr(why, "partial", b"head") and not self._lost:
                self._lost = True
                self._counted.count("on connections that were cut short or are no HTTP/1.1")

    async def _requests(self) -> None:
        while True:
            line, headers = await _head(self._sides[0])
            one = Exchange(line, headers, bool(INFERENCE.match(line)) and self._wanted(), self._counted)
            self._open.put_nowait(one)
            await _body(self._sides[0], headers, lambda data, one=one: one.keep(one.request, data))
            one.whole.set()

    async def _answers(self) -> None:
        while True:
            line, headers = await _head(self._sides[1])
            status = int(line.split()[1])
            if status == 101:
                raise ValueError("from here on it is another protocol")
            if status < 200:
                continue
            one = await self._open.get()
            try:
                await self._answer(one, status, headers)
            except BaseException:
                one.let_go("cut short")
                raise

    async def _answer(self, one: Exchange, status: int, headers: dict[str, str]) -> None:
        if status >= 300:
            one.let_go("that the server refused")
        if status not in (204, 304) and not one.line.startswith(b"HEAD "):
            await _body(self._sides[1], headers, lambda data: one.keep(one.answer, data), until_end=True)
        if one.kept:
            await one.whole.wait()
        if self._lost:
            one.let_go("cut short")
        if one.kept:
            one.heard(headers)
            self._done(one)


async def _head(side: asyncio.StreamReader) -> tuple[bytes, dict[str, str]]:
    """First line and headers of the next message."""
    first, *lines = (await side.readuntil(b"\r\n\r\n")).strip().split(b"\r\n")
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return first, {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _body(
    side: asyncio.StreamReader, headers: dict[str, str], keep: Callable[[bytes], None], *, until_end: bool = False
) -> None:
    async def take(count: int) -> None:
        if count < 0:
            raise ValueError
        while count:
            if not (data := await side.read(min(count, CHUNK_BYTES))):
                raise EOFError
            keep(data)
            count -= len(data)

    if "chunked" in headers.get("transfer-encoding", "").lower():
        while size := int((await side.readline()).partition(b";")[0], 16):
            await take(size)
            await side.readline()
        while (await side.readline()).strip():
            pass
    elif "content-length" in headers:
        await take(int(headers["content-length"]))
    elif until_end:
        while data := await side.read(CHUNK_BYTES):
            keep(data)


class Capture:
    """Listens, passes on, and hands what is to be kept to `done`; `chance` gives numbers from 0 up to 1."""

    def __init__(
        self,
        server: tuple[str, int],
        percent: float,
        done: Callable[[Exchange], None],
        counted: Counted,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._server, self._done, self._counted = server, done, counted
        self._wanted = lambda: chance() * 100 < percent
        self._open: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}

    async def listen(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._serve, host, port)

    async def drain(self, seconds: float) -> None:
        """Wait for the open connections, at most so long; then they are cut."""
        for more in (seconds, 1):
            if self._open:
                await asyncio.wait(set(self._open), timeout=more)
            for writer in (one for both in self._open.values() for one in both):
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = [writer]
        follower = Follower(self._wanted, self._done, self._counted)
        try:
            try:
                connecting = asyncio.open_connection(*self._server)
                to_reader, to_writer = await asyncio.wait_for(connecting, CONNECT_SECONDS)
            except (OSError, asyncio.TimeoutError):  # noqa: UP041 (images have older Pythons)
                await _unavailable(reader, writer)
                return
            self._open[task].append(to_writer)
            asked = asyncio.ensure_future(_pump(reader, to_writer, lambda data: follower.feed(0, data)))
            try:
                # A client may end its side and still wait for the answer; the server's end is the end of both.
                await _pump(to_reader, writer, lambda data: follower.feed(1, data))
            finally:
                asked.cancel()
                to_writer.close()
        finally:
            writer.close()
            await follower.end()
            del self._open[task]
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Callable[[bytes], None]) -> None:
    """Bytes from one side to the other, its end too."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            seen(data)
            writer.write(data)
            await writer.drain()
    seen(b"")
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof()


async def _unavailable(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say so; then hear the client out for a while, or its kernel would throw the answer away (RFC 9112, 9.6)."""
    with contextlib.suppress(OSError, RuntimeError, asyncio.TimeoutError):
        await asyncio.wait_for(reader.read(1), CONNECT_SECONDS)
        writer.write(UNAVAILABLE)
        writer.write_eof()
        await asyncio.wait_for(_to_the_end(reader), CONNECT_SECONDS)


async def _to_the_end(reader: asyncio.StreamReader) -> None:
    while await reader.read(CHUNK_BYTES):
        pass


async def run(port: int, server_port: int, percent: float, place: str) -> None:
    parts = urllib.parse.urlsplit(place)
    region, suffix = os.environ["AWS_REGION"], os.environ["AWS_DNS_SUFFIX"]

    def put(key: str, data: bytes) -> None:
        aws_requests.put_object(parts.netloc, key, data, region, suffix)

    counted = Counted()
    seconds = float(os.environ.get("EVERY_SECONDS", BATCH_SECONDS))
    store = Store(put, f"{parts.path.strip('/')}/", counted, seconds=seconds, say=lambda text: print(text, flush=True))
    store.start()
    capture = Capture(("127.0.0.1", server_port), percent, store.add, counted)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server = await capture.listen("0.0.0.0", port)
    print(f"{percent:g} of 100 inferences on the way to port {server_port} of this pod are kept at {place}", flush=True)
    await ended.wait()
    server.close()
    await capture.drain(DRAIN_SECONDS)
    store.finish(FLUSH_SECONDS)


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]))
