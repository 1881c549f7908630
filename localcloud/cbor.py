"""CBOR (RFC 8949), as far as the AWS protocol `smithy-rpc-v2-cbor` uses it."""

import struct
from datetime import UTC, datetime
from typing import Any

UNSIGNED, NEGATIVE, BYTES, TEXT, LIST, MAP, TAG, SIMPLE = range(8)
"""Major types; RFC 8949, section 3.1."""

EPOCH = 1
"""Tag of a moment as seconds since 1970; section 3.4.2."""

INDEFINITE = 31
SIZES = {24: ">B", 25: ">H", 26: ">I", 27: ">Q"}
FLOATS = {25: ">e", 26: ">f", 27: ">d"}
SIMPLES = {20: False, 21: True, 22: None, 23: None}
_BREAK = object()


def encoded(value: Any) -> bytes:
    """A value of None, bool, int, float, str, bytes, datetime, lists and dicts with text keys."""
    if value is None or isinstance(value, bool):
        return bytes([SIMPLE << 5 | {False: 20, True: 21, None: 22}[value]])
    if isinstance(value, int):
        return _head(UNSIGNED, value) if value >= 0 else _head(NEGATIVE, -1 - value)
    if isinstance(value, float):
        return bytes([SIMPLE << 5 | 27]) + struct.pack(">d", value)
    if isinstance(value, str):
        content = value.encode()
        return _head(TEXT, len(content)) + content
    if isinstance(value, bytes | bytearray):
        return _head(BYTES, len(value)) + bytes(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return _head(TAG, EPOCH) + encoded(moment.timestamp())
    if isinstance(value, dict):
        pairs = [encoded(str(key)) + encoded(item) for key, item in value.items()]
        return _head(MAP, len(pairs)) + b"".join(pairs)
    if isinstance(value, list | tuple):
        return _head(LIST, len(value)) + b"".join(map(encoded, value))
    raise TypeError(f"{type(value).__name__} has no form in CBOR here")


def decoded(content: bytes) -> Any:
    """The one value that the bytes hold; raises ValueError where they do not."""
    reader = _Reader(content)
    try:
        value = reader.value()
    except (IndexError, struct.error) as error:
        raise ValueError("the CBOR ends too early") from error
    if value is _BREAK or reader.position != len(content):
        raise ValueError("the CBOR holds more than one value, or none")
    return value


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for info, form in SIZES.items():
        if number < 256 ** struct.calcsize(form):
            return bytes([major << 5 | info]) + struct.pack(form, number)
    raise ValueError(f"{number} is too large for CBOR")


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content, self.position = content, 0

    def _take(self, count: int) -> bytes:
        taken = self._content[self.position : self.position + count]
        if len(taken) < count:
            raise IndexError
        self.position += count
        return taken

    def value(self) -> Any:
        first = self._take(1)[0]
        major, info = first >> 5, first & 31
        if major == SIMPLE:
            return self._simple(info)
        if info == INDEFINITE:
            return self._indefinite(major)
        if info in SIZES:
            form = SIZES[info]
            number = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        elif info < 24:
            number = info
        else:
            raise ValueError(f"CBOR has no length {info}")
        return self._whole(major, number)

    def _whole(self, major: int, number: int) -> Any:
        match major:
            case 0:
                return number
            case 1:
                return -1 - number
            case 2:
                return self._take(number)
            case 3:
                return self._take(number).decode()
            case 4:
                return [self.value() for _ in range(number)]
            case 5:
                return {self.value(): self.value() for _ in range(number)}
            case _:
                inner = self.value()
                return datetime.fromtimestamp(inner, UTC) if number == EPOCH else inner

    def _simple(self, info: int) -> Any:
        if info == INDEFINITE:
            return _BREAK
        if info in FLOATS:
            form = FLOATS[info]
            return struct.unpack(form, self._take(struct.calcsize(form)))[0]
        if info not in SIMPLES:
            raise ValueError(f"CBOR's simple value {info} means nothing here")
        return SIMPLES[info]

    def _indefinite(self, major: int) -> Any:
        parts = []
        while (part := self.value()) is not _BREAK:
            parts.append(part)
        if major == MAP:
            return dict(zip(parts[::2], parts[1::2], strict=True))
        if major == LIST:
            return parts
        return (b"" if major == BYTES else "").join(parts)
