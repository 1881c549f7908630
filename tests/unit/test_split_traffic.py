"""The split of traffic, with real connections on this machine."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import cycle

from lifecycle.split_traffic import Splitter

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
NOBODY = ("127.0.0.1", 1)


def named(name: bytes) -> Handler:
    """A server that reads to the end of what it is told, and answers with its name and that."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(name + b":" + await reader.read())
        await writer.drain()
        writer.close()

    return answer


async def listen(handler: Handler) -> tuple[asyncio.Server, tuple[str, int]]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    return server, ("127.0.0.1", server.sockets[0].getsockname()[1])


async def ask(port: int, text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def asked(percent: float, times: int, *, canary_is_there: bool = True, text: bytes = b"hello") -> list[bytes]:
    """What `times` callers hear, whose chances are spread evenly from 0 to 0.99."""

    async def run() -> list[bytes]:
        stable_server, stable = await listen(named(b"stable"))
        canary_server, canary = await listen(named(b"canary"))
        chances = cycle(number / 100 for number in range(100))
        splitter = Splitter(stable, canary if canary_is_there else NOBODY, percent, chance=lambda: next(chances))
        async with stable_server, canary_server, await splitter.listen("127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            heard = [await ask(port, text) for _ in range(times)]
            await splitter.drain(5)
        return heard

    return asyncio.run(run())


def test_of_a_hundred_connections_the_canary_gets_its_percent():
    assert asked(10, 100).count(b"canary:hello") == 10


def test_the_stable_model_gets_all_the_others():
    assert asked(10, 100).count(b"stable:hello") == 90


def test_a_canary_that_is_not_there_costs_nobody_an_answer():
    assert asked(99, 5, canary_is_there=False) == [b"stable:hello"] * 5


def test_a_large_request_and_its_answer_arrive_whole():
    text = bytes(range(256)) * 20_000

    assert asked(0, 1, text=text) == [b"stable:" + text]


def test_a_connection_ends_when_the_server_ends_it_though_the_caller_keeps_it_open():
    async def run() -> bytes:
        async def short(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"enough")
            await writer.drain()
            writer.close()

        stable_server, stable = await listen(short)
        splitter = Splitter(stable, NOBODY, 0)
        async with stable_server, await splitter.listen("127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            heard = await asyncio.wait_for(reader.read(), 10)
            await asyncio.wait_for(splitter.drain(10), 10)
            writer.close()
        return heard

    assert asyncio.run(run()) == b"enough"


def test_where_no_model_answers_the_connection_is_closed_at_once():
    async def run() -> bytes:
        splitter = Splitter(NOBODY, NOBODY, 50)
        async with await splitter.listen("127.0.0.1", 0) as server:
            return await ask(server.sockets[0].getsockname()[1], b"hello")

    assert asyncio.run(run()) == b""
