"""A connection that has become one command's: stdin, stdout and stderr apart, no PTY."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vibetui.agent.answers import decode_exited
from vibetui.agent.channel import ByteStream, Channel
from vibetui.agent.frames import FrameType, Malformed, encode
from vibetui.agent.nouns import ExitStatus
from vibetui.agent.requests import encode_text, encode_texts, encode_user


@dataclass(frozen=True, slots=True)
class ExecSpec:
    """What to run without a terminal."""

    argv: Sequence[str] = ()
    """Empty: the user's login shell, as a login shell."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Laid over the container's environment and over HOME, USER, LOGNAME and SHELL."""
    cwd: str = ""
    """Empty: the workspace. Where it can't be entered, ``/``."""
    user: str | tuple[int, int] | None = None
    """A name from the container's passwd, (uid, gid), or None for the agent's default user."""


@dataclass(frozen=True, slots=True)
class Out:
    """What the command has written to stdout."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Err:
    """What the command has written to stderr."""

    data: bytes


def encode_exec(spec: ExecSpec) -> bytes:
    """Raises `ValueError` where it doesn't fit into one frame."""
    payload = (
        encode_user(spec.user)
        + encode_text(spec.cwd)
        + encode_texts(spec.argv)
        + encode_texts([f"{name}={value}" for name, value in spec.env.items()])
    )
    return encode(FrameType.EXEC, payload)


class ExecStream(ByteStream):
    """A running command. One reader at a time; leaving hangs it up (SIGHUP).

    Attributes:
        pid: The command's process id, as the container sees it.
        exit: How it ended; set when `read` has returned None.
    """

    def __init__(self, pid: int, wire: _Wire) -> None:
        super().__init__(wire)
        self.pid = pid
        self.exit: ExitStatus | None = None
        self._wire = wire

    @classmethod
    async def begin(cls, sock: socket.socket, answer: bytes) -> ExecStream:
        """`AgentConnection.execute` calls this with STARTED's payload."""
        try:
            if len(answer) != 4:
                raise Malformed("a STARTED of another size")
            wire = _Wire()
            await asyncio.get_running_loop().create_unix_connection(lambda: wire, sock=sock)
        except BaseException:
            sock.close()
            raise
        (pid,) = struct.unpack(">I", answer)
        return cls(pid, wire)

    async def read(self) -> Out | Err | None:
        """The next output, at most 64 KiB; None once the command and its outputs have ended.

        Raises `AgentError` where the connection broke.
        """
        wire = self._wire
        while not wire.pieces:
            if wire.exit is not None:
                self.exit = wire.exit
                return None
            if wire.broken is not None:
                raise wire.broken
            await wire.changed()
        piece = wire.pieces.popleft()
        wire.resume()
        return piece

    def signal(self, number: int) -> None:
        """Send a signal (1..64) to the command's process group. Raises `ValueError`."""
        if not 1 <= number <= 64:
            raise ValueError(f"there is no signal {number}")
        self._wire.send(encode(FrameType.SIGNAL, bytes([number])))


class _Wire(Channel):
    """Frames to pieces of two outputs, in the order in which they came."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: deque[Out | Err] = deque()
        self.exit: ExitStatus | None = None

    def take(self, kind: int, payload: memoryview) -> None:
        if kind == FrameType.OUTPUT:
            self.pieces.append(Out(bytes(payload)))
        elif kind == FrameType.ERROUT:
            self.pieces.append(Err(bytes(payload)))
        elif kind == FrameType.EXITED:
            self.exit = decode_exited(payload)
        else:
            raise Malformed(f"frame type {kind:#04x} on a command's stream")

    def held(self) -> int:
        return sum(len(piece.data) for piece in self.pieces)
