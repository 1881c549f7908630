"""The reader along on the way to a model's server, with real connections on this machine."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine
from itertools import cycle
from typing import Any

import pytest

from lifecycle.capture_requests import NOT_UP, Capture
from lifecycle.kept_requests import BODY_BYTES, ROOM_BYTES, Counted, Exchange

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
NOBODY = ("127.0.0.1", 1)
INFER = "/v2/models/credit/infer"
BODY = json.dumps({"inputs": [{"name": "income", "shape": [1], "datatype": "FP64", "data": [3.5]}]}).encode()


def request(path: str = INFER, body: bytes = BODY, method: str = "POST", chunked: bool = False) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: credit\r\nContent-Type: application/json\r\n"
    if chunked:
        parts = [body[i : i + 7] for i in range(0, len(body), 7)]
        sent = b"".join(b"%x;of=seven\r\n%s\r\n" % (len(part), part) for part in parts)
        return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + sent + b"0\r\nTrailer: 1\r\n\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every request of a connection: with 422 below /refused, in chunks below /chunked, else with lengths."""
    while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
        if b"Transfer-Encoding" in head:
            while size := int((await reader.readline()).split(b";")[0], 16):
                await reader.readexactly(size + 2)
            await reader.readuntil(b"\r\n\r\n")
        else:
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            await reader.readexactly(length)
        path = head.split()[1]
        if b"Expect" in head:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if b"chunked=1" in path:
            writer.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n')
        elif b"until=end" in path:
            writer.write(b'HTTP/1.1 200 OK\r\n\r\n{"a": 1}')
            break
        else:
            status = b"422 No" if b"refused=1" in path else b"200 OK"
            answer = b"" if head.startswith(b"HEAD ") else b'{"a": 1}'
            writer.write(
                b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n" % status + answer
            )
        await writer.drain()
    writer.close()


class Way:
    """A connection through the reader along, and what that wants to keep."""

    def __init__(self, port: int) -> None:
        self.port, self.kept, self.counted = port, [], Counted()
        self.kept: list[Exchange]

    async def tell(self, *sent: bytes, end: bool = True) -> bytes:
        """All that comes back on one connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for data in sent:
            writer.write(data)
            await writer.drain()
        if end:
            writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer


def in_a_loop(play: Coroutine[Any, Any, Any]) -> Any:
    """As asyncio.run, which would leave this thread without an event loop, for which the engine's own tests ask."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(play)
    finally:
        loop.close()


def through(
    play: Callable[[Way], Awaitable[Any]],
    handler: Handler | None = server,
    percent: float = 100,
    room: int = ROOM_BYTES,
) -> tuple[Any, Way]:
    """What `play` returns, and the way that it had when all connections have ended."""

    async def run() -> tuple[Any, Way]:
        behind = await asyncio.start_server(handler, "127.0.0.1", 0) if handler else None
        way = Way(0)
        way.counted = Counted(room)
        chances = cycle(number / 100 for number in range(100))
        capture = Capture(
            behind.sockets[0].getsockname() if behind else NOBODY,
            percent,
            way.kept.append,
            way.counted,
            chance=lambda: next(chances),
        )
        listening = await capture.listen("127.0.0.1", 0)
        way.port = listening.sockets[0].getsockname()[1]
        heard = await play(way)
        await capture.drain(5)
        listening.close()
        if behind:
            behind.close()
        return heard, way

    return in_a_loop(run())


def bodies(way: Way) -> list[tuple[bytes, bytes]]:
    return [(bytes(one.request), bytes(one.answer)) for one in way.kept]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", [INFER, f"{INFER}?chunked=1", f"{INFER}?until=end", "/v2/models/a/versions/2/infer"])
def test_request_and_answer_are_kept_however_they_are_framed(path, chunked):
    heard, way = through(lambda way: way.tell(request(path, chunked=chunked)))

    assert heard.startswith(b"HTTP/1.1 200 OK")
    assert bodies(way) == [(BODY, b'{"a": 1}')]


def test_all_requests_of_a_connection_that_is_kept_alive_are_told_apart():
    others = [request("/v2/health/ready", b"", "GET"), request(INFER, b"", "HEAD")]
    first, second = request(), request("/v1/models/credit:predict", b'{"instances": [[1]]}')
    heard, way = through(lambda way: way.tell(first, *others, second))

    assert heard.count(b"HTTP/1.1 200 OK") == 4
    assert [asked for asked, _ in bodies(way)] == [BODY, b'{"instances": [[1]]}']


def test_a_request_that_waits_for_leave_is_kept_with_its_own_answer():
    text = request().replace(b"Host:", b"Expect: 100-continue\r\nHost:")
    heard, way = through(lambda way: way.tell(text))

    assert heard.startswith(b"HTTP/1.1 100 Continue")
    assert bodies(way) == [(BODY, b'{"a": 1}')]


def test_what_is_no_inference_is_not_kept():
    paths = ["/v2/repository/models/credit/load", "/v2/models/credit/ready", "/v2/models/a/b/c/infer", "/metrics"]
    _, way = through(lambda way: way.tell(*(request(path) for path in paths), request(INFER, b"", "GET")))

    assert way.kept == []
    assert not way.counted.told()


def test_what_the_server_refuses_is_not_kept_but_counted():
    heard, way = through(lambda way: way.tell(request(f"{INFER}?refused=1")))

    assert heard.startswith(b"HTTP/1.1 422")
    assert (way.kept, way.counted.told()) == ([], {"that the server refused": 1})
    assert way.counted.room == ROOM_BYTES


def test_of_a_hundred_inferences_the_percent_is_kept():
    _, way = through(lambda way: way.tell(*[request()] * 100), percent=20)

    assert len(way.kept) == 20


def test_a_body_of_any_size_arrives_and_a_large_one_is_not_kept():
    body = bytes(range(256)) * 40_000

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        writer.write(await reader.readexactly(len(body)))
        await writer.drain()
        writer.close()

    heard, way = through(lambda way: way.tell(request(body=body)), echo)

    assert heard.partition(b"\r\n\r\n")[2] == body
    assert (way.kept, way.counted.told()) == ([], {f"with more than {BODY_BYTES} bytes": 1})
    assert way.counted.room == ROOM_BYTES


def test_for_want_of_memory_requests_are_answered_and_not_kept():
    heard, way = through(lambda way: way.tell(request(), request()), room=3000)

    assert heard.count(b"HTTP/1.1 200 OK") == 2
    assert len(way.kept) == 1
    assert way.counted.told() == {"for want of memory": 1}


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01 is no HTTP\r\n\r\nat all", b"x" * 100_000, request()[:-5] + b"\r\n\r\n", b"", b"\r\n\r\n"],
    ids=["other", "endless head", "wrong length", "nothing", "empty head"],
)
def test_what_is_no_http_goes_through_as_it_came(sent):
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read())
        await writer.drain()
        writer.close()

    heard, way = through(lambda way: way.tell(sent), echo)

    assert heard == sent
    assert way.kept == []
    assert way.counted.room == ROOM_BYTES


def test_while_the_server_is_not_up_callers_are_told_so():
    heard, way = through(lambda way: way.tell(request(body=b"x" * 300_000)), None)

    assert heard.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert heard.endswith(b"\r\n\r\n" + NOT_UP)
    assert f"Content-Length: {len(NOT_UP)}\r\n".encode() in heard
    assert way.kept == []


def test_a_client_that_goes_away_costs_nothing_but_its_own_answer():
    async def leave(way: Way) -> bytes:
        _, writer = await asyncio.open_connection("127.0.0.1", way.port)
        writer.write(request()[:-5])
        await writer.drain()
        writer.transport.abort()
        return await way.tell(request())

    heard, way = through(leave)

    assert heard.startswith(b"HTTP/1.1 200 OK")
    assert len(way.kept) == 1
    assert way.counted.room == ROOM_BYTES - way.kept[0].size


def test_an_answer_that_is_cut_short_is_not_kept():
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    heard, way = through(lambda way: way.tell(request()), half)

    assert heard.endswith(b"half")
    assert way.kept == []
    assert way.counted.told()["cut short"] == 1
    assert way.counted.room == ROOM_BYTES


def test_connections_that_stay_open_are_cut_when_the_pod_has_to_end():
    async def stay(way: Way) -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
        writer.write(request())
        await asyncio.wait_for(reader.readuntil(b'{"a": 1}'), 10)
        return reader

    async def run() -> bytes:
        behind = await asyncio.start_server(server, "127.0.0.1", 0)
        way = Way(0)
        capture = Capture(behind.sockets[0].getsockname(), 100, way.kept.append, way.counted)
        listening = await capture.listen("127.0.0.1", 0)
        way.port = listening.sockets[0].getsockname()[1]
        reader = await stay(way)
        await capture.drain(0.05)
        listening.close()
        behind.close()
        with contextlib.suppress(OSError):
            return await asyncio.wait_for(reader.read(), 10)
        return b""

    assert in_a_loop(run()) == b""
