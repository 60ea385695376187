"""`Terminal`: one shell in a container, and the emulator that its output goes into."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import structlog

from vibetui.agent import AgentConnection, ExitStatus, TerminalSpec, TerminalStream
from vibetui.errors import AgentError
from vibetui.events import EventCode
from vibetui.settings import Settings
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
        self._subscribers: list[Callable[[], None]] = []
        self._notice: asyncio.Handle | None = None
        self._closed = False

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
            stream = await connection.attach(terminal, last=_REPLAY_BYTES[emulator.name])
        except BaseException:
            connection.close()
            raise
        stream.resize(rows, columns)
        return cls(stream, emulator, joined=bool(running))

    async def run(self) -> ExitStatus:
        """Take the output in until the shell ends.

        Between slices the loop runs on; while it is busy the socket isn't read, and the program
        in the container feels that.

        Raises:
            AgentError: The connection broke, or `close` was called.
        """
        await self._take(self._stream.replay.data, replaying=True)
        while data := await self._stream.read():
            await self._take(data, replaying=self._stream.replaying)
        if self._stream.exit is None:
            raise AgentError("The terminal ended without saying how.", "Open the session again.")
        self.exit = self._stream.exit
        self._changed()
        return self.exit

    async def _take(self, data: bytes, *, replaying: bool) -> None:
        view = memoryview(data)
        while view:
            view = view[self._feeder.feed(view) :]
            replies = self.emulator.take_replies()
            # A replayed query was answered when it was new; answered again it would be typed.
            if replies and not replaying:
                self._stream.send(replies)
            self._changed()
            # Lets the loop turn: a screenful that waits must not wait for the whole of a flood.
            await asyncio.sleep(0)

    def write(self, data: bytes) -> None:
        """Type `data`."""
        if data and not self._closed:
            self._stream.send(data)

    def resize(self, rows: int, columns: int) -> None:
        """Give the screen and the program a new size in cells."""
        rows, columns = max(rows, 1), max(columns, 1)
        if (rows, columns) == (self.emulator.rows, self.emulator.columns):
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
        if self._notice is None and self._subscribers:
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
        if self._notice is not None:
            self._notice.cancel()
            self._notice = None
        self._subscribers.clear()
        self._stream.close()
        # It keeps its last rows, so a pane that still shows it goes on doing so.
        self.emulator.close()

    async def wait_closed(self) -> None:
        """Until the connection is gone."""
        await self._stream.wait_closed()
