"""A connection that has become one that was made from inside the container."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque

from vibetui.agent.channel import ByteStream, Channel
from vibetui.agent.frames import FrameType, Malformed, encode
from vibetui.agent.requests import encode_text


def encode_dial(host: str, port: int) -> bytes:
    """Raises `ValueError` where the port is none, or the host too long."""
    if not 0 <= port <= 0xFFFF:
        raise ValueError(f"there is no port {port}")
    return encode(FrameType.DIAL, encode_text(host) + struct.pack(">H", port))


class DialStream(ByteStream):
    """Bytes to and from a peer, each direction ended on its own. One reader at a time."""

    def __init__(self, wire: _Wire) -> None:
        super().__init__(wire)
        self._wire = wire

    @classmethod
    async def begin(cls, sock: socket.socket) -> DialStream:
        """`AgentConnection.dial` calls this after DIALED."""
        wire = _Wire()
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: wire, sock=sock)
        except BaseException:
            sock.close()
            raise
        return cls(wire)

    async def read(self) -> bytes:
        """What the peer has sent, at most 64 KiB; ``b""`` once it says no more.

        Raises `AgentRefused` (`ErrorCode.UNREACHABLE`) where the peer has reset the connection,
        `AgentError` where the connection to the agent broke.
        """
        wire = self._wire
        while not wire.pieces:
            if wire.ended:
                return b""
            if wire.broken is not None:
                raise wire.broken
            await wire.changed()
        piece = wire.pieces.popleft()
        wire.resume()
        return piece


class _Wire(Channel):
    """Frames to bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: deque[bytes] = deque()
        self.ended = False

    def take(self, kind: int, payload: memoryview) -> None:
        if kind == FrameType.OUTPUT and not self.ended:
            self.pieces.append(bytes(payload))
        elif kind == FrameType.OUTPUT_END:
            self.ended = True
        else:
            raise Malformed(f"frame type {kind:#04x} on a dialled stream")

    def held(self) -> int:
        return sum(map(len, self.pieces))
