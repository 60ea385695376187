"""What the agent answers, from payloads to typed messages."""

from __future__ import annotations

import struct

from vibetui.agent.frames import PROTOCOL_VERSION, AgentOutdated, AgentRefused, FrameType, Malformed
from vibetui.agent.nouns import ExitStatus, Hello, Listing, Resized, Role, TerminalInfo, Viewer


class PayloadReader:
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
    """Raises `AgentOutdated` where the agent speaks another version."""
    reader = PayloadReader(FrameType.HELLO_AGENT, payload)
    version, pid = reader.take(">HI")
    if version != PROTOCOL_VERSION:
        raise AgentOutdated(version)
    hello = Hello(version, reader.text(), pid)
    reader.end()
    return hello


def decode_terminal(kind: FrameType, payload: bytes | memoryview) -> int:
    """OPENED and CLOSED."""
    reader = PayloadReader(kind, payload)
    (terminal,) = reader.take(">I")
    reader.end()
    return terminal


def decode_replay(payload: bytes | memoryview) -> tuple[int, tuple[int, int], bytes]:
    """The offset of the next output byte, the terminal's rows and columns there, and the
    uncounted bytes that prepare the emulator."""
    reader = PayloadReader(FrameType.REPLAY, payload)
    offset, rows, columns = reader.take(">QHH")
    return offset, (rows, columns), bytes(payload[12:])


def decode_replay_end(payload: bytes | memoryview) -> int:
    reader = PayloadReader(FrameType.REPLAY_END, payload)
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
    reader = PayloadReader(FrameType.EXITED, payload)
    status = _exit_status(*reader.take(">BB"))
    reader.end()
    if status is None:
        raise Malformed("an EXITED without a status")
    return status


_LEADS, _READ_ONLY = 1, 2


def _viewer(reader: PayloadReader) -> Viewer:
    role, flags = reader.take(">BB")
    if role > max(Role):
        raise Malformed(f"a client of role {role}")
    return Viewer(
        reader.text(),
        Role(role) if role else None,
        leads=bool(flags & _LEADS),
        read_only=bool(flags & _READ_ONLY),
    )


def _terminal(reader: PayloadReader) -> TerminalInfo:
    number, pid, how, value, rows, columns, offset, bells = reader.take(">IIBBHHQI")
    status = _exit_status(how, value)
    title, name, command = reader.text(), reader.text(), reader.text()
    viewers = tuple(_viewer(reader) for _ in range(reader.take(">H")[0]))
    return TerminalInfo(
        terminal=number,
        pid=pid,
        running=status is None,
        exit=status,
        rows=rows,
        columns=columns,
        title=title,
        offset=offset,
        name=name,
        command=command,
        bells=bells,
        viewers=viewers,
    )


def decode_listing(payload: bytes | memoryview) -> Listing:
    reader = PayloadReader(FrameType.LISTING, payload)
    layout = reader.text()
    terminals = tuple(_terminal(reader) for _ in range(reader.take(">H")[0]))
    reader.end()
    return Listing(terminals, layout)


def decode_size(payload: bytes | memoryview) -> Resized:
    reader = PayloadReader(FrameType.SIZE, payload)
    rows, columns = reader.take(">HH")
    reader.end()
    return Resized(rows, columns)


def decode_nothing(kind: FrameType, payload: bytes | memoryview) -> None:
    """ARRANGED and the like, which have no payload."""
    PayloadReader(kind, payload).end()


def decode_bound(payload: bytes | memoryview) -> int:
    """The role's number."""
    reader = PayloadReader(FrameType.BOUND, payload)
    (role,) = reader.take(">B")
    reader.end()
    return role


def decode_evicted(payload: bytes | memoryview) -> int:
    """How many connections were closed."""
    reader = PayloadReader(FrameType.EVICTED, payload)
    (count,) = reader.take(">H")
    reader.end()
    return count


def decode_error(payload: bytes | memoryview) -> AgentRefused:
    reader = PayloadReader(FrameType.ERROR, payload)
    (code,) = reader.take(">H")
    error = AgentRefused(code, reader.text())
    reader.end()
    return error
