"""A connection that has become a listener inside the container."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from vibetui.agent.answers import PayloadReader
from vibetui.agent.channel import HOLD, Channel, Stream
from vibetui.agent.frames import FrameType, Malformed, encode
from vibetui.agent.requests import encode_text
from vibetui.errors import AgentError

_SECRET, _IN_PLACE = 1, 2
_WEIGHT = HOLD // 32
"""Bytes for which one counts that nobody has looked at yet; they would be closed soon anyway."""


class AgentTooOld(AgentError):
    """The agent speaks our version of the protocol, but doesn't know this request yet."""

    def __init__(self) -> None:
        super().__init__(
            "This session's container was started by an older vibetui, which can't listen in it.",
            "Stop it and start it again: /workspace stays, running programs are lost.",
        )


def encode_listen(host: str, port: int, *, secret: bool = False, in_place: bool = False) -> bytes:
    """Raises `ValueError` where the port is none, or the host too long."""
    if not 0 <= port <= 0xFFFF:
        raise ValueError(f"there is no port {port}")
    flags = _SECRET * secret | _IN_PLACE * in_place
    return encode(FrameType.LISTEN, encode_text(host) + struct.pack(">HB", port, flags))


def encode_take(token: int) -> bytes:
    return encode(FrameType.TAKE, struct.pack(">Q", token))


def decode_listening(payload: bytes | memoryview) -> tuple[int, str]:
    """Port and path."""
    reader = PayloadReader(FrameType.LISTENING, payload)
    (port,) = reader.take(">H")
    path = reader.text()
    reader.end()
    return port, path


@dataclass(frozen=True, slots=True)
class Accepted:
    """A connection that somebody in the container has made to a listener."""

    token: int
    """For `AgentConnection.take`, within ten seconds."""
    host: str
    """The peer's address; empty where it came by a Unix socket."""
    port: int


def decode_accepted(payload: bytes | memoryview) -> Accepted:
    reader = PayloadReader(FrameType.ACCEPTED, payload)
    (token,) = reader.take(">Q")
    host = reader.text()
    (port,) = reader.take(">H")
    reader.end()
    return Accepted(token, host, port)


class Listener(Stream):
    """Yields what is accepted, until it is closed. Closing it leaves what was taken.

    Attributes:
        port: TCP's; 0 where it is a Unix socket.
        path: The Unix socket's; empty where it is TCP.
    """

    def __init__(self, port: int, path: str, wire: _Wire) -> None:
        super().__init__(wire)
        self.port = port
        self.path = path
        self._wire = wire

    @classmethod
    async def begin(cls, sock: socket.socket, answer: bytes) -> Listener:
        """`AgentConnection.listen` calls this with LISTENING's payload."""
        try:
            port, path = decode_listening(answer)
            wire = _Wire()
            await asyncio.get_running_loop().create_unix_connection(lambda: wire, sock=sock)
        except BaseException:
            sock.close()
            raise
        return cls(port, path, wire)

    async def __aiter__(self) -> AsyncIterator[Accepted]:
        """Raises `AgentError` where the agent has ended the listener, or the connection broke."""
        wire = self._wire
        while True:
            while not wire.accepted:
                if wire.broken is not None:
                    raise wire.broken
                await wire.changed()
            accepted = wire.accepted.popleft()
            wire.resume()
            yield accepted


class _Wire(Channel):
    """Frames to accepted connections."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: deque[Accepted] = deque()

    def take(self, kind: int, payload: memoryview) -> None:
        if kind != FrameType.ACCEPTED:
            raise Malformed(f"frame type {kind:#04x} on a listener")
        self.accepted.append(decode_accepted(payload))

    def held(self) -> int:
        return len(self.accepted) * _WEIGHT
