"""`Terminal`: one shell in a container, and the emulator that its output goes into."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import structlog

from vibetui.agent import AgentConnection, ExitStatus, TerminalSpec, TerminalStream
from vibetui.errors import AgentError
from vibetui.events import EventCode
from vibetui.settings import Settings
from vibetui.terminals.boundaries import unfinished
from vibetui.terminals.emulators import make_emulator
from vibetui.terminals.protocol import Emulator
from vibetui.terminals.slices import SlicedFeeder

log = structlog.get_logger(__name__)

ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    # The terminfo entry that every image has, and the one locale that needs none installed.
    {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
)
_REPLAY_BYTES = {"ghostty": 4 << 20, "pyte": 192 << 10}
"""What joining costs at most: some 50 ms with ghostty, 150 ms with pyte."""
_MISSED_BYTES = {"ghostty": 2 << 20, "pyte": 192 << 10}
"""What is kept at least of the output that an outlet has: it is read when that pauses or ends."""
_PIECE = 64 * 1024
"""Bytes that an outlet is given at once."""
_LONGEST = 512
"""Bytes of a control sequence that is looked for where the output changes hands."""
_QUIET = 0.1
"""Seconds without output, after which there is time to save memory."""
_AFRESH = (
    b"\x18\x1b\\\x1b[?1049l\x1b[!p\x1b>\x1b(B\x0f\x1b[0m"
    b"\x1b[?1;5;9;1000;1002;1003;1004;1005;1006;1015;2004;2026l\x1b[999;1H\r\n"
)
"""Ends what was cut, switches everything off and goes on below what the screen shows."""


class Outlet(Protocol):
    """Takes a terminal's output as it is, in the pane's place."""

    async def write(self, data: bytes | memoryview) -> None:
        """Returns when `data` is written, or when nobody wants it any more."""
        ...

    def modes(self) -> bytes:
        """What switches on all that the output has switched on."""
        ...

    def end(self) -> None:
        """No more will come."""
        ...


@dataclass(frozen=True, slots=True)
class TerminalSettings:
    """How terminals are emulated."""

    emulator: str = "auto"
    scrollback_lines: int = 10_000

    @classmethod
    def of(cls, settings: Settings) -> TerminalSettings:
        return cls(settings.emulator, settings.scrollback_lines)


class Terminal:
    """A live terminal. Made from a greeted agent connection by `start`, and from nothing else.

    Attributes:
        emulator: The screen; read it from callbacks of `subscribe`.
        joined: The terminal was running already when this one attached to it.
        exit: How the shell ended; None while it runs.
    """

    def __init__(self, stream: TerminalStream, emulator: Emulator, *, joined: bool) -> None:
        self.emulator = emulator
        self.joined = joined
        self.exit: ExitStatus | None = None
        self._stream = stream
        self._feeder = SlicedFeeder(emulator)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._subscribers: list[Callable[[], None]] = []
        self._notice: asyncio.Handle | None = None
        self._closed = False
        self._rest: asyncio.TimerHandle | None = None
        self._taking = asyncio.Lock()
        self._fed: bytes | memoryview = b""
        self._outlet: Outlet | None = None
        self._missed = bytearray()
        self._cut = False

    @classmethod
    async def start(
        cls,
        connection: AgentConnection,
        *,
        rows: int,
        columns: int,
        settings: TerminalSettings | None = None,
        banner: bytes = b"",
        term_env: Mapping[str, str] = MappingProxyType({}),
    ) -> Terminal:
        """Join the container's first running terminal, or open one with a login shell.

        Args:
            connection: Taken over; closed where this fails.
            rows: Of the pane.
            columns: Of the pane.
            settings: Which emulator, and how much history.
            banner: Shown above the first prompt of a terminal that is opened.
            term_env: Laid over `ENVIRONMENT`.

        Raises:
            AgentError: The agent refused or the connection broke.
        """
        settings = settings or TerminalSettings()
        rows, columns = max(rows, 1), max(columns, 1)
        try:
            emulator = make_emulator(settings.emulator, rows, columns, settings.scrollback_lines)
            running = [info for info in await connection.list_terminals() if info.running]
            if running:
                terminal = running[0].terminal
            else:
                spec = TerminalSpec(
                    env={**ENVIRONMENT, **term_env}, rows=rows, columns=columns, banner=banner
                )
                began = time.monotonic()
                terminal = await connection.open_terminal(spec)
                took = round((time.monotonic() - began) * 1e3, 1)
                log.info(
                    EventCode.PTY_CREATED, terminal=terminal, rows=rows, columns=columns, ms=took
                )
            stream = await connection.attach(
                terminal, last=_REPLAY_BYTES[emulator.name], size=(rows, columns)
            )
        except BaseException:
            connection.close()
            raise
        return cls(stream, emulator, joined=bool(running))

    async def run(self) -> ExitStatus:
        """Take the output in until the shell ends.

        Between slices the loop runs on; while it is busy the socket isn't read, and the program
        in the container feels that.

        Raises:
            AgentError: The connection broke, or `close` was called.
        """
        try:
            await self._take(self._stream.replay.data, replaying=True)
            while data := await self._stream.read():
                if isinstance(data, bytes):
                    await self._take(data, replaying=self._stream.replaying)
        finally:
            if self._outlet is not None:
                self._outlet.end()
        if self._stream.exit is None:
            raise AgentError("The terminal ended without saying how.", "Open the session again.")
        self.exit = self._stream.exit
        self._changed()
        return self.exit

    async def _take(self, data: bytes, *, replaying: bool) -> None:
        if self._rest is not None:
            self._rest.cancel()
        view = memoryview(data)
        async with self._taking:
            while view:
                await self._flowing.wait()
                if self._outlet is not None:
                    taken = await self._pass_on(view[:_PIECE], self._outlet)
                else:
                    taken = self._feed(view, answering=not replaying)
                    self._changed()
                view = view[taken:]
                # Lets the loop turn: a screenful that waits must not wait for the whole of a flood.
                await asyncio.sleep(0)
        self._rest_soon()

    def _rest_soon(self, after: float = _QUIET) -> None:
        if not self._closed:
            self._rest = asyncio.get_running_loop().call_later(after, self._let_rest)

    def _let_rest(self) -> None:
        if self._missed:
            self._read_missed()
            self._rest_soon(0.0)
        elif self.emulator.rest():
            self._rest_soon()

    def hold(self, held: bool) -> None:
        """Take no more output until told otherwise; the program in the container feels that."""
        if held:
            self._flowing.clear()
        else:
            self._flowing.set()

    def flooded(self) -> bool:
        """Whether more came since the last call than anybody could have read meanwhile."""
        return self._feeder.flooded()

    def _feed(self, view: memoryview, *, answering: bool) -> int:
        taken = self._feeder.feed(view)
        piece = view[:taken]
        self._fed = piece if taken >= _LONGEST else bytes(self._fed[-_LONGEST:]) + bytes(piece)
        replies = self.emulator.take_replies()
        # A replayed query was answered when it was new; answered again it would be typed.
        if replies and answering:
            self._stream.reply(replies)
        return taken

    # The output to somebody else

    async def caught_up(self) -> None:
        """Until all that has been read so far is on the screen."""
        async with self._taking:
            return

    def divert(self, outlet: Outlet) -> bytes:
        """Give the output from now on to `outlet`, byte for byte; subscribers hear nothing.

        Whoever reads the outlet answers the program's queries.

        Returns:
            The beginning of a control sequence or a character that is to be completed: it is on no
            screen yet.
        """
        self._outlet = outlet
        return unfinished(self._fed)

    async def rejoin(self) -> None:
        """Take the output back, the screen brought up to what the outlet was given."""
        async with self._taking:
            while self._missed:
                self._read_missed()
                await asyncio.sleep(0)
            self._outlet = None
            self.emulator.take_bells()
            self.emulator.take_clipboard()
        self._changed()

    async def _pass_on(self, piece: memoryview, outlet: Outlet) -> int:
        await outlet.write(piece)
        # Read now it would take the time of passing on.
        self._missed += piece
        least = _MISSED_BYTES[self.emulator.name]
        if len(self._missed) > 2 * least:
            del self._missed[:-least]
            self._cut = True
        return len(piece)

    def _read_missed(self) -> None:
        if self._cut and self._outlet is not None:
            # What came before is gone; a line's beginning is where the rest makes sense.
            rest = self._missed[self._missed.find(b"\n") + 1 :]
            self._missed = bytearray(_AFRESH + self._outlet.modes()) + rest
            self._cut = False
        del self._missed[: self._feed(memoryview(bytes(self._missed[:_PIECE])), answering=False)]

    def write(self, data: bytes) -> None:
        """Type `data`."""
        if data and not self._closed:
            self._stream.send(data)

    async def drain(self) -> None:
        """Until little of what was typed waits in this process."""
        await self._stream.drain()

    def resize(self, rows: int, columns: int, *, outlet: Outlet | None = None) -> None:
        """Give the screen and the program a new size in cells.

        Ignored from anybody but the `outlet` that has the output, where one has it.
        """
        rows, columns = max(rows, 1), max(columns, 1)
        unchanged = (rows, columns) == (self.emulator.rows, self.emulator.columns)
        if unchanged or outlet is not self._outlet:
            return
        self.emulator.resize(rows, columns)
        self._stream.resize(rows, columns)
        self._changed()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` when something changed, at most once a turn of the loop.

        Returns:
            What ends the subscription.
        """
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def _changed(self) -> None:
        if self._notice is None and self._subscribers and self._outlet is None:
            self._notice = asyncio.get_running_loop().call_soon(self._notify)

    def _notify(self) -> None:
        self._notice = None
        for callback in tuple(self._subscribers):
            callback()

    def close(self) -> None:
        """Leave. The shell goes on, and so does its output in the agent's keeping."""
        if self._closed:
            return
        self._closed = True
        for handle in (self._notice, self._rest):
            if handle is not None:
                handle.cancel()
        self._notice = None
        self._subscribers.clear()
        self._stream.close()
        # It keeps its last rows, so a pane that still shows it goes on doing so.
        self.emulator.close()

    async def wait_closed(self) -> None:
        """Until the connection is gone."""
        await self._stream.wait_closed()
