"""The framing: bytes to frames and back, as ``PROTOCOL.md`` defines them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum

from vibetui.errors import AgentError

PROTOCOL_VERSION = 2
MAX_PAYLOAD = 64 * 1024
HEADER = struct.Struct(">IB")
_BUFFER_SIZE = 4 * (MAX_PAYLOAD + HEADER.size)


class FrameType(IntEnum):
    """What a frame is; those from 0x80 on come from the agent."""

    HELLO = 0x01
    OPEN_TERMINAL = 0x02
    ATTACH = 0x03
    INPUT = 0x04
    RESIZE = 0x05
    LIST = 0x06
    CLOSE = 0x07
    EXEC = 0x08
    DIAL = 0x09
    REPLY = 0x0A
    RENAME = 0x0B
    ARRANGE = 0x0C
    WATCH = 0x0D
    BIND = 0x0E
    EVICT = 0x0F
    INPUT_END = 0x10
    SIGNAL = 0x11
    LISTEN = 0x12
    TAKE = 0x13

    HELLO_AGENT = 0x81
    OPENED = 0x82
    REPLAY = 0x83
    REPLAY_END = 0x84
    OUTPUT = 0x85
    EXITED = 0x86
    LISTING = 0x87
    CLOSED = 0x88
    ERROR = 0x89
    SIZE = 0x8A
    ERROUT = 0x8B
    OUTPUT_END = 0x8C
    DIALED = 0x8D
    STARTED = 0x8E
    RENAMED = 0x8F
    ARRANGED = 0x90
    BOUND = 0x91
    EVICTED = 0x92
    TYPED = 0x93
    LISTENING = 0x94
    ACCEPTED = 0x95
    TAKEN = 0x96


class ErrorCode(IntEnum):
    """Why the agent answered ERROR."""

    UNSUPPORTED = 1
    MALFORMED = 2
    NO_TERMINAL = 3
    LIMIT = 4
    DENIED = 5
    FAILED = 6
    STATE = 7
    UNREACHABLE = 8


class Malformed(AgentError):
    """The peer broke the framing or a payload's shape; the connection can't go on."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The container's agent sent something unreadable: {what}.",
            "Open the session again.",
        )


class AgentOutdated(AgentError):
    """The agent speaks another version: its container was started before we were upgraded."""

    def __init__(self, version: int) -> None:
        super().__init__(
            "This session was started by another version of the server "
            f"(its agent speaks version {version} of the protocol, we speak {PROTOCOL_VERSION}).",
            "Stop it and start it again: /workspace stays, running programs are lost.",
        )


_HINTS = {
    ErrorCode.LIMIT: "Close a terminal or a connection that you no longer need.",
    ErrorCode.DENIED: "Ask the owner of the session.",
}


class AgentRefused(AgentError):
    """The agent answered ERROR. What was refused before it began leaves the connection usable."""

    def __init__(self, number: int, text: str) -> None:
        hint = _HINTS.get(ErrorCode(number), "") if number in set(ErrorCode) else ""
        super().__init__(f"The container's agent refused: {text}.", hint)
        self.number = number
        """An `ErrorCode`, or a number newer than we are."""


class Decoder:
    """Incremental: bytes in as they come, whole frames out.

    Either `feed` bytes, or read into `get_buffer()` and call `received(count)`, which copies
    nothing. A payload larger than `MAX_PAYLOAD` raises `Malformed`.
    """

    def __init__(self) -> None:
        self._buffer = bytearray(_BUFFER_SIZE)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0

    def get_buffer(self) -> memoryview:
        """Where to put the next bytes; never empty once `received` was iterated to its end."""
        if self._start == self._end:
            self._start = self._end = 0
        elif _BUFFER_SIZE - self._end <= MAX_PAYLOAD:
            rest = self._end - self._start
            self._buffer[:rest] = self._buffer[self._start : self._end]
            self._start, self._end = 0, rest
        return self._view[self._end :]

    def received(self, count: int) -> Iterator[tuple[int, memoryview]]:
        """The frames that `count` more bytes complete, as (type, payload).

        A payload is valid until the next `get_buffer`.
        """
        self._end += count
        while self._end - self._start >= HEADER.size:
            length, kind = HEADER.unpack_from(self._buffer, self._start)
            if length > MAX_PAYLOAD:
                raise Malformed(f"a frame of {length} bytes")
            begin = self._start + HEADER.size
            if self._end < begin + length:
                return
            self._start = begin + length
            yield kind, self._view[begin : begin + length]

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The frames that `data` completes, with payloads of their own."""
        frames: list[tuple[int, bytes]] = []
        rest = memoryview(data)
        while rest:
            space = self.get_buffer()
            count = min(len(space), len(rest))
            space[:count] = rest[:count]
            frames += [(kind, bytes(payload)) for kind, payload in self.received(count)]
            rest = rest[count:]
        return frames


def encode(kind: int, payload: bytes | memoryview = b"") -> bytes:
    """One frame. Raises `ValueError` where the payload exceeds `MAX_PAYLOAD`."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a payload of {len(payload)} bytes exceeds {MAX_PAYLOAD}")
    return HEADER.pack(len(payload), kind) + payload
