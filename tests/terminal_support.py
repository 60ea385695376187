"""Reading screens and making emulators, shared by the terminal tests."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

from vibetui.agent import AgentConnection, Decoder, FrameType
from vibetui.agent.frames import MAX_PAYLOAD, PROTOCOL_VERSION, encode
from vibetui.terminals.emulators import make_emulator
from vibetui.terminals.protocol import CellStyle, Emulator

EMULATORS = ("ghostty", "pyte")


def emulator(kind: str, rows: int = 5, columns: int = 20, history: int = 1000) -> Emulator:
    """A fresh one, its first full repaint taken."""
    made = make_emulator(kind, rows, columns, history)
    made.dirty_rows()
    return made


def line(terminal: Emulator, y: int) -> str:
    """The text of row `y`, without the blanks at its end."""
    return "".join(run.text for run in terminal.row(y)).rstrip()


def screen(terminal: Emulator) -> list[str]:
    """The text of the viewport, row by row, without blank rows at the end."""
    rows = [line(terminal, y) for y in range(terminal.rows)]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def style_at(terminal: Emulator, y: int, column: int) -> CellStyle:
    """The style of one cell."""
    return next(run.style for run in terminal.row(y) if run.start <= column < run.end)


class PlayedAgent:
    """The agent's end of a connection, played by the test, so that every byte is known.

    Attributes:
        typed: What was sent to the program.
        replied: The part of it that counts only from whoever leads.
        leads: Its client does: a size that it wishes for becomes the terminal's.
        sizes: Every size that was wished for, as (rows, columns).
        opened: Payloads of OPEN_TERMINAL.
    """

    def __init__(self, sock: socket.socket, *, running: bool, replay: bytes) -> None:
        self.typed = bytearray()
        self.replied = bytearray()
        self.leads = True
        self.sizes: list[tuple[int, int]] = []
        self.opened: list[bytes] = []
        self._running, self._replay = running, replay
        self._sock = sock
        self._changed = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._serve())

    @classmethod
    async def start(
        cls, *, running: bool = False, replay: bytes = b""
    ) -> tuple[PlayedAgent, AgentConnection]:
        """The agent, and a connection that it has greeted."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        agent = cls(ours, running=running, replay=replay)
        return agent, await AgentConnection.greet(theirs, deadline=5)

    async def output(self, data: bytes) -> None:
        """What the program prints."""
        for start in range(0, len(data), MAX_PAYLOAD):
            await self._send(FrameType.OUTPUT, data[start : start + MAX_PAYLOAD])

    async def resized(self, rows: int, columns: int) -> None:
        """The terminal has another size from here on."""
        await self._send(FrameType.SIZE, struct.pack(">HH", rows, columns))

    async def redraw(self, replay: bytes) -> None:
        """What is sent to a client that is too far behind."""
        await self._send(FrameType.REPLAY, struct.pack(">QHH", 0, 5, 20))
        await self.output(replay)
        await self._send(FrameType.REPLAY_END, struct.pack(">Q", len(replay)))

    async def exit(self, code: int) -> None:
        """The program ends."""
        await self._send(FrameType.EXITED, bytes((1, code)))

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait for something that arriving frames bring about."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._sock.close()

    async def _send(self, kind: FrameType, payload: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, encode(kind, payload))

    async def _serve(self) -> None:
        text = struct.pack(">H", 4) + b"test"
        await self._send(FrameType.HELLO_AGENT, struct.pack(">HI", PROTOCOL_VERSION, 1) + text)
        decoder = Decoder()
        while data := await asyncio.get_running_loop().sock_recv(self._sock, 65536):
            for kind, payload in decoder.feed(data):
                await self._answer(FrameType(kind), payload)
            self._changed.set()

    async def _answer(self, kind: FrameType, payload: bytes) -> None:
        if kind is FrameType.LIST:
            listing = struct.pack(">HH", 0, int(self._running))
            if self._running:
                listing += struct.pack(">IIBBHHQI", 1, 7, 0, 0, 24, 80, 0, 0) + bytes(8)
            await self._send(FrameType.LISTING, listing)
        elif kind is FrameType.OPEN_TERMINAL:
            self.opened.append(payload)
            await self._send(FrameType.OPENED, struct.pack(">I", 1))
        elif kind is FrameType.ATTACH:
            wish = struct.unpack(">HH", payload[-4:])
            if any(wish):
                self.sizes.append(wish)
            size = wish if any(wish) else (24, 80)
            await self._send(FrameType.REPLAY, struct.pack(">QHH", 0, *size))
            await self.output(self._replay)
            await self._send(FrameType.REPLAY_END, struct.pack(">Q", len(self._replay)))
        elif kind in (FrameType.INPUT, FrameType.REPLY):
            self.typed += payload
            if kind is FrameType.REPLY:
                self.replied += payload
        elif kind is FrameType.RESIZE:
            rows, columns = struct.unpack(">HH", payload)
            self.sizes.append((rows, columns))
            if self.leads:
                await self.resized(rows, columns)
