"""A program in a container behind a plain blocking socket, by each of the ways that lead there."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from docker.models.containers import Container

from vibetui.agent import FrameType, TerminalSpec
from vibetui.agent.frames import HEADER, encode
from vibetui.agent.requests import encode_attach, encode_open
from vibetui.sessions.open import AGENT
from vibetui.sessions.rendezvous import CONTAINER_DIR, SOCKET_NAME

_MULTIPLEXED = struct.Struct(">BxxxI")
_PIECE = 256 * 1024


class Way:
    """Bytes to and from one program on a PTY."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        sock.settimeout(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sock.close()

    def send(self, data: bytes) -> None:
        """Type `data`."""
        self._sock.sendall(data)

    def receive(self) -> bytes:
        """The next output; ``b""`` where the program has ended."""
        return self._sock.recv(_PIECE)

    def wait_for(self, marker: bytes) -> int:
        """Read until `marker` has come; how many bytes that took."""
        total, tail = 0, b""
        while marker not in tail:
            piece = self.receive()
            if not piece:
                raise EOFError(tail)
            total += len(piece)
            tail = tail[-len(marker) :] + piece
        return total


class ByFrames(Way):
    """The agent's protocol, whoever carries it."""

    def __init__(self, sock: socket.socket, argv: Sequence[str]) -> None:
        super().__init__(sock)
        self._read = b""
        self._answer(FrameType.HELLO_AGENT)
        self._say(encode_open(TerminalSpec(argv=argv)))
        (terminal,) = struct.unpack(">I", self._answer(FrameType.OPENED))
        self._say(encode_attach(terminal, size=(24, 80)))

    def send(self, data: bytes) -> None:
        self._say(encode(FrameType.INPUT, data))

    def receive(self) -> bytes:
        while True:
            kind, payload = self._frame()
            if kind == FrameType.OUTPUT and payload:
                return payload
            if kind == FrameType.EXITED:
                return b""

    def _answer(self, wanted: FrameType) -> bytes:
        kind, payload = self._frame()
        if kind != wanted:
            raise ConnectionAbortedError(f"frame type {kind:#04x}: {payload!r}")
        return payload

    def _frame(self) -> tuple[int, bytes]:
        length, kind = HEADER.unpack(self._exactly(HEADER.size))
        return kind, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        while len(self._read) < count:
            piece = self._piece()
            if not piece:
                raise EOFError("the agent has gone")
            self._read += piece
        taken, self._read = self._read[:count], self._read[count:]
        return taken

    def _piece(self) -> bytes:
        return self._sock.recv(_PIECE)

    def _say(self, frames: bytes) -> None:
        self._sock.sendall(frames)


class ByRelay(ByFrames):
    """The same, carried by an exec of the engine's, whose stdout comes multiplexed."""

    _left = 0

    def _piece(self) -> bytes:
        if self._left == 0:
            header = b""
            while len(header) < _MULTIPLEXED.size:
                header += self._sock.recv(_MULTIPLEXED.size - len(header))
            _, self._left = _MULTIPLEXED.unpack(header)
        piece = self._sock.recv(min(self._left, _PIECE))
        self._left -= len(piece)
        return piece


def by_socket(path: str, argv: Sequence[str]) -> Way:
    """Through the agent's socket."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return ByFrames(sock, argv)


def by_relay(container: Container, argv: Sequence[str]) -> Way:
    """Through ``vibe-agent attach``, run by the engine."""
    relay = [AGENT, "attach", "--socket", f"{CONTAINER_DIR}/{SOCKET_NAME}"]
    return ByRelay(_exec_socket(container, relay, tty=False), argv)


def by_exec(container: Container, argv: Sequence[str]) -> Way:
    """``docker exec -it``, without its client."""
    return Way(_exec_socket(container, argv, tty=True))


def _exec_socket(container: Container, argv: Sequence[str], *, tty: bool) -> socket.socket:
    api = container.client.api
    made = api.exec_create(container.id, list(argv), stdin=True, tty=tty)
    sock: socket.socket = api.exec_start(made["Id"], socket=True, tty=tty)._sock
    return sock


Maker = Callable[[Sequence[str]], Way]
