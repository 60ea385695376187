"""A connection that has become one terminal's stream."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from dataclasses import dataclass, field

from vibetui.agent.answers import (
    decode_exited,
    decode_replay,
    decode_replay_end,
    decode_size,
)
from vibetui.agent.channel import HOLD, Channel, Stream
from vibetui.agent.frames import FrameType, Malformed
from vibetui.agent.nouns import ExitStatus, Resized, Typed
from vibetui.agent.requests import encode_input, encode_reply, encode_resize


@dataclass(frozen=True, slots=True)
class Replay:
    """What redraws a terminal. Answers that an emulator gives to it must be discarded."""

    offset: int
    """Of the first counted byte."""
    data: bytes
    """Uncounted bytes that reset the emulator and set its modes, then the output: all of it, or
    that up to the first change of the terminal's size. The rest is then what `read` gives first,
    with `replaying` set."""
    reset: bool
    """False: the output goes on exactly where the client's screen stopped."""


@dataclass(slots=True)
class _Piece:
    offset: int
    """After the last byte of `data`."""
    replaying: bool
    data: bytearray = field(default_factory=bytearray)


class TerminalStream(Stream):
    """Output in, input and size out. One reader at a time; the program outlives it.

    Attributes:
        terminal: Its number.
        replay: Complete from the start.
        size: Rows and columns of the terminal at what was read last; at first those at `replay`.
        offset: After the last byte that `read` returned, counted from the terminal's first.
        replaying: What `read` returned last redraws the screen (this client had fallen too far
            behind): an emulator's answers to it must be discarded.
        exit: Set when `read` has returned ``b""``.
    """

    def __init__(
        self, terminal: int, replay: Replay, size: tuple[int, int], offset: int, wire: _Wire
    ) -> None:
        super().__init__(wire)
        self.terminal = terminal
        self.replay = replay
        self.size = size
        self.offset = offset
        self.replaying = False
        self.exit: ExitStatus | None = None
        self._wire = wire

    @classmethod
    async def begin(
        cls, sock: socket.socket, terminal: int, first: bytes, *, deadline: float
    ) -> TerminalStream:
        """`AgentConnection.attach` calls this with the first REPLAY's payload.

        Raises `TimeoutError`, `AgentError`; the socket is then closed.
        """
        try:
            start, size, preamble = decode_replay(first)
            wire = _Wire(_Piece(start, True, bytearray(preamble)), size)
            await asyncio.get_running_loop().create_unix_connection(lambda: wire, sock=sock)
        except BaseException:
            sock.close()
            raise
        try:
            async with asyncio.timeout(deadline):
                await wire.replayed()
        except BaseException:
            wire.close()
            raise
        piece = wire.pieces.popleft()
        assert isinstance(piece, _Piece)
        wire.resume()
        replay = Replay(start, bytes(piece.data), reset=bool(preamble))
        return cls(terminal, replay, size, piece.offset, wire)

    @property
    def redraws(self) -> bool:
        """What is read next still belongs to a replay, and has arrived."""
        return any(
            isinstance(piece, _Piece) and piece.replaying and piece.data
            for piece in self._wire.pieces
        )

    async def read(self) -> bytes | Resized | Typed:
        """The output that has arrived, at most 256 KiB; ``b""`` when the program has ended.

        A change of the terminal's size, and what is typed where that was asked for, come in their
        places.

        Raises `AgentRefused` where the agent has ended the stream, `AgentError` where the
        connection broke.
        """
        wire = self._wire
        while (piece := wire.next_piece()) is None:
            if wire.exit is not None:
                self.exit = wire.exit
                return b""
            if wire.broken is not None:
                raise wire.broken
            await wire.changed()
        if not isinstance(piece, _Piece):
            wire.pieces.popleft()
            if isinstance(piece, Resized):
                self.size = (piece.rows, piece.columns)
            return piece
        data = bytes(piece.data[:HOLD])
        del piece.data[: len(data)]
        wire.resume()
        self.replaying = piece.replaying
        self.offset = piece.offset - len(piece.data)
        return data

    def send(self, data: bytes) -> None:
        """Type `data`, and lead; buffered, see `drain`. Ignored once the connection is gone.

        Empty, it takes the lead and types nothing.
        """
        self._wire.send(encode_input(data))

    def reply(self, data: bytes) -> None:
        """An emulator's answer to a query; the agent takes it from who leads."""
        self._wire.send(encode_reply(data))

    def resize(self, rows: int, columns: int) -> None:
        """Say the size in cells of whoever looks on: the terminal's, while this stream leads."""
        self._wire.send(encode_resize(rows, columns))


def _is_empty(piece: _Piece | Resized | Typed) -> bool:
    return isinstance(piece, _Piece) and not piece.data


class _Wire(Channel):
    """Frames to pieces."""

    def __init__(self, first: _Piece, size: tuple[int, int]) -> None:
        super().__init__()
        self.pieces: deque[_Piece | Resized | Typed] = deque([first])
        self._size = size
        self._open = first  # where output goes
        self.exit: ExitStatus | None = None
        self._replay_complete = False

    def take(self, kind: int, payload: memoryview) -> None:
        if kind == FrameType.OUTPUT:
            self._open.data += payload
            self._open.offset += len(payload)
        elif kind == FrameType.REPLAY:
            offset, size, preamble = decode_replay(payload)
            self._resized(Resized(*size))
            self._begin(_Piece(offset, True, bytearray(preamble)))
        elif kind == FrameType.REPLAY_END:
            self._begin(_Piece(decode_replay_end(payload), False))
            self._replay_complete = True
        elif kind == FrameType.SIZE:
            self._resized(decode_size(payload))
        elif kind == FrameType.TYPED:
            self._insert(Typed(bytes(payload)))
        elif kind == FrameType.EXITED:
            self.exit = decode_exited(payload)
        else:
            raise Malformed(f"frame type {kind:#04x} on a terminal's stream")

    def _begin(self, piece: _Piece) -> None:
        self._open = piece
        self.pieces.append(piece)

    def _insert(self, event: Resized | Typed) -> None:
        self.pieces.append(event)
        self._begin(_Piece(self._open.offset, self._open.replaying))

    def _resized(self, event: Resized) -> None:
        if (event.rows, event.columns) != self._size:
            self._size = (event.rows, event.columns)
            self._insert(event)

    def held(self) -> int:
        return sum(
            len(piece.data) if isinstance(piece, _Piece | Typed) else 0 for piece in self.pieces
        )

    def may_pause(self) -> bool:
        return self._replay_complete

    def next_piece(self) -> _Piece | Resized | Typed | None:
        """What is to be read first; None where nothing has arrived."""
        while len(self.pieces) > 1 and _is_empty(self.pieces[0]):
            self.pieces.popleft()
        return None if _is_empty(self.pieces[0]) else self.pieces[0]

    async def replayed(self) -> None:
        while not self._replay_complete:
            if self.broken is not None:
                raise self.broken
            await self.changed()
