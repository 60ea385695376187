"""The frame codec: bytes to typed messages and back, as ``PROTOCOL.md`` defines them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from vibetui.errors import AgentError

PROTOCOL_VERSION = 1
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

    HELLO_AGENT = 0x81
    OPENED = 0x82
    REPLAY = 0x83
    REPLAY_END = 0x84
    OUTPUT = 0x85
    EXITED = 0x86
    LISTING = 0x87
    CLOSED = 0x88
    ERROR = 0x89


class ErrorCode(IntEnum):
    """Why the agent answered ERROR."""

    UNSUPPORTED = 1
    MALFORMED = 2
    NO_TERMINAL = 3
    LIMIT = 4
    DENIED = 5
    FAILED = 6
    STATE = 7


@dataclass(frozen=True, slots=True)
class Hello:
    """The agent's greeting: it can come only from inside a running container."""

    version: int
    agent_version: str
    pid: int
    """The agent's process id as it sees it itself; 1 in a container."""


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a program ended: exactly one of the two is set."""

    code: int | None
    signal: int | None


@dataclass(frozen=True, slots=True)
class TerminalSpec:
    """What to open a terminal with."""

    argv: Sequence[str] = ()
    """Empty: the user's login shell."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Laid over the container's environment and over HOME, USER, LOGNAME and SHELL."""
    cwd: str = ""
    """Empty: the workspace. Where it can't be entered, ``/``."""
    user: str | tuple[int, int] | None = None
    """A name from the container's passwd, (uid, gid), or None for the agent's default user."""
    rows: int = 24
    columns: int = 80
    banner: bytes = b""
    """Written to the terminal's output before the program starts."""


@dataclass(frozen=True, slots=True)
class TerminalInfo:
    """One terminal of the container, running or ended."""

    terminal: int
    pid: int
    running: bool
    exit: ExitStatus | None
    rows: int
    columns: int
    title: str
    offset: int
    """Bytes of output so far."""


@dataclass(frozen=True, slots=True)
class RemoteError:
    """The agent's ERROR: the code as it came, for it may be newer than we are."""

    code: int
    text: str


class Malformed(AgentError):
    """The peer broke the framing or a payload's shape; the connection can't go on."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The container's agent sent something unreadable: {what}.",
            "Open the session again.",
        )


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


def _text(value: str | bytes) -> bytes:
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    if len(data) > 0xFFFF:
        raise ValueError(f"a string of {len(data)} bytes exceeds 65535")
    return struct.pack(">H", len(data)) + data


def _texts(values: Sequence[str]) -> bytes:
    return struct.pack(">H", len(values)) + b"".join(map(_text, values))


def encode_hello() -> bytes:
    return encode(FrameType.HELLO, struct.pack(">H", PROTOCOL_VERSION))


def encode_open(spec: TerminalSpec) -> bytes:
    """Raises `ValueError` where argv, env and banner together don't fit into one frame."""
    user = spec.user or ""
    if isinstance(user, tuple):
        user = f"{user[0]}:{user[1]}"
    environment = [f"{name}={value}" for name, value in spec.env.items()]
    payload = (
        struct.pack(">HH", spec.rows, spec.columns)
        + _text(user)
        + _text(spec.cwd)
        + _texts(spec.argv)
        + _texts(environment)
        + _text(spec.banner)
    )
    return encode(FrameType.OPEN_TERMINAL, payload)


_READ_ONLY, _FROM_OFFSET, _LAST = 1, 2, 4


def encode_attach(
    terminal: int,
    *,
    from_offset: int | None = None,
    last: int | None = None,
    read_only: bool = False,
) -> bytes:
    """Neither `from_offset` nor `last`: all the output that the agent has kept."""
    if from_offset is not None and last is not None:
        raise ValueError("from_offset and last exclude each other")
    flags, value = _READ_ONLY * read_only, 0
    if from_offset is not None:
        flags, value = flags | _FROM_OFFSET, from_offset
    elif last is not None:
        flags, value = flags | _LAST, last
    return encode(FrameType.ATTACH, struct.pack(">IBQ", terminal, flags, value))


def encode_input(data: bytes) -> bytes:
    """As many INPUT frames as `data` needs."""
    view = memoryview(data)
    return b"".join(
        encode(FrameType.INPUT, view[start : start + MAX_PAYLOAD])
        for start in range(0, len(view), MAX_PAYLOAD)
    )


def encode_resize(rows: int, columns: int) -> bytes:
    return encode(FrameType.RESIZE, struct.pack(">HH", rows, columns))


def encode_list() -> bytes:
    return encode(FrameType.LIST)


def encode_close(terminal: int) -> bytes:
    return encode(FrameType.CLOSE, struct.pack(">I", terminal))


class _Reader:
    """Takes a payload apart; every shortage and every surplus is `Malformed`."""

    def __init__(self, kind: FrameType, payload: bytes | memoryview) -> None:
        self._kind = kind
        self._payload = payload
        self._at = 0

    def take(self, shape: str) -> tuple[int, ...]:
        try:
            values: tuple[int, ...] = struct.unpack_from(shape, self._payload, self._at)
        except struct.error:
            raise Malformed(f"a short {self._kind.name}") from None
        self._at += struct.calcsize(shape)
        return values

    def text(self) -> str:
        (length,) = self.take(">H")
        data = bytes(self._payload[self._at : self._at + length])
        if len(data) != length:
            raise Malformed(f"a short {self._kind.name}")
        self._at += length
        return data.decode("utf-8", "replace")

    def end(self) -> None:
        if self._at != len(self._payload):
            raise Malformed(f"a long {self._kind.name}")


def decode_hello(payload: bytes | memoryview) -> Hello:
    """Raises `AgentError` where the agent speaks another version."""
    reader = _Reader(FrameType.HELLO_AGENT, payload)
    version, pid = reader.take(">HI")
    if version != PROTOCOL_VERSION:
        raise AgentError(
            f"The container's agent speaks version {version} of the protocol, "
            f"we speak {PROTOCOL_VERSION}.",
            "Recreate the container; the workspace is kept.",
        )
    hello = Hello(version, reader.text(), pid)
    reader.end()
    return hello


def decode_terminal(kind: FrameType, payload: bytes | memoryview) -> int:
    """OPENED and CLOSED."""
    reader = _Reader(kind, payload)
    (terminal,) = reader.take(">I")
    reader.end()
    return terminal


def decode_replay(payload: bytes | memoryview) -> tuple[int, bytes]:
    """The offset of the next output byte, and the uncounted bytes that prepare the emulator."""
    reader = _Reader(FrameType.REPLAY, payload)
    (offset,) = reader.take(">Q")
    return offset, bytes(payload[8:])


def decode_replay_end(payload: bytes | memoryview) -> int:
    reader = _Reader(FrameType.REPLAY_END, payload)
    (offset,) = reader.take(">Q")
    reader.end()
    return offset


_RUNNING, _CODE, _SIGNAL = 0, 1, 2


def _exit_status(how: int, value: int) -> ExitStatus | None:
    if how == _CODE:
        return ExitStatus(value, None)
    if how == _SIGNAL:
        return ExitStatus(None, value)
    return None


def decode_exited(payload: bytes | memoryview) -> ExitStatus:
    reader = _Reader(FrameType.EXITED, payload)
    status = _exit_status(*reader.take(">BB"))
    reader.end()
    if status is None:
        raise Malformed("an EXITED without a status")
    return status


def decode_listing(payload: bytes | memoryview) -> list[TerminalInfo]:
    reader = _Reader(FrameType.LISTING, payload)
    found = []
    for _ in range(reader.take(">H")[0]):
        terminal, pid, how, value, rows, columns, offset = reader.take(">IIBBHHQ")
        status = _exit_status(how, value)
        title = reader.text()
        found.append(
            TerminalInfo(terminal, pid, status is None, status, rows, columns, title, offset)
        )
    reader.end()
    return found


def decode_error(payload: bytes | memoryview) -> RemoteError:
    reader = _Reader(FrameType.ERROR, payload)
    (code,) = reader.take(">H")
    error = RemoteError(code, reader.text())
    reader.end()
    return error
