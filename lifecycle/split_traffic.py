"""Sends a share of the connections to the canary; the others, and all that it does not take, to the model beside it.

`split_traffic PORT STABLE_PORT CANARY_HOST:PORT PERCENT`. The share is one of connections: a client that keeps one
open stays where it is, as with the replicas behind any Kubernetes Service.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sys
from collections.abc import Callable

CONNECT_SECONDS = 1.0
CHUNK_BYTES = 65536
DRAIN_SECONDS = 25.0
"""For the connections that are open when the pod is told to end; Kubernetes gives it 30."""


class Splitter:
    """Listens on `port` of every address; `chance` gives numbers from 0 up to 1."""

    def __init__(
        self,
        stable: tuple[str, int],
        canary: tuple[str, int],
        percent: float,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._stable, self._canary, self._percent, self._chance = stable, canary, percent, chance
        self._open: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._serve, host, port)

    async def drain(self, seconds: float) -> None:
        """Wait for the open connections, at most so long."""
        if self._open:
            await asyncio.wait(set(self._open), timeout=seconds)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            try:
                to_reader, to_writer = await self._connect()
            except OSError:
                return
            asked = asyncio.ensure_future(_pump(reader, to_writer))
            try:
                # A client may end its side and still wait for the answer; the server's end is the end of both.
                await _pump(to_reader, writer)
            finally:
                asked.cancel()
                to_writer.close()
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._chance() * 100 < self._percent:
            # A canary without a model has no address that answers: the stable one then takes its share.
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                return await asyncio.wait_for(asyncio.open_connection(*self._canary), CONNECT_SECONDS)
        return await asyncio.open_connection(*self._stable)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes from one side to the other, its end too."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof()


async def run(port: int, stable_port: int, canary: str, percent: float) -> None:
    host, _, canary_port = canary.rpartition(":")
    splitter = Splitter(("127.0.0.1", stable_port), (host, int(canary_port)), percent)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server = await splitter.listen("0.0.0.0", port)
    print(f"{percent:g} of 100 connections go to {canary}, the others to port {stable_port} of this pod", flush=True)
    await ended.wait()
    server.close()
    await splitter.drain(DRAIN_SECONDS)


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
