"""`Terminal`: one shell in a container, and the emulator that its output goes into."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType

from vibetui.agent import (
    AgentConnection,
    AgentRefused,
    ErrorCode,
    ExitStatus,
    Resized,
    TerminalSpec,
    TerminalStream,
    Typed,
)
from vibetui.errors import AgentError, SharingEnded
from vibetui.terminals.boundaries import unfinished
from vibetui.terminals.changes import Changes
from vibetui.terminals.joining import REPLAY_BYTES, TerminalSettings, first_running, open_new
from vibetui.terminals.outlet import PIECE, Missed, Outlet
from vibetui.terminals.protocol import Emulator
from vibetui.terminals.resting import Rest
from vibetui.terminals.sending import Sender
from vibetui.terminals.slices import SlicedFeeder

_LONGEST = 512
"""Bytes of a control sequence that is looked for where the output changes hands."""
_FORGET = b"\x18\x1b\\\x1bc\x1b[3J"
"""Ends what was cut and takes the screen and its history away (RIS, ED 3)."""


class Terminal:
    """A live terminal. Made from a greeted agent connection by `open`, and from nothing else.

    Several people may look at one: it has the size of whoever leads (typed last), and so has the
    emulator, whatever was wished for with `resize`.

    Attributes:
        emulator: The screen; read it from callbacks of `subscribe`.
        joined: The terminal was running already when this one attached to it.
        read_only: Only looked at: nothing is ever sent.
        exit: How the shell ended; None while it runs.
    """

    def __init__(
        self,
        stream: TerminalStream,
        emulator: Emulator,
        wish: tuple[int, int],
        *,
        joined: bool,
        read_only: bool,
    ) -> None:
        self.emulator = emulator
        self.joined = joined
        self.read_only = read_only
        self.exit: ExitStatus | None = None
        self._stream = stream
        self._sender = Sender(stream, wish, read_only=read_only)
        self._reached: int | None = None
        self._feeder = SlicedFeeder(emulator)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._changes = Changes()
        self._closed = False
        self._rest = Rest(self._do_what_can_wait)
        self._taking = asyncio.Lock()
        self._fed: bytes | memoryview = b""
        self._outlet: Outlet | None = None
        self._missed = Missed(emulator.name)

    @classmethod
    async def open(
        cls,
        connection: AgentConnection,
        terminal: int | None,
        *,
        rows: int,
        columns: int,
        settings: TerminalSettings | None = None,
        name: str = "",
        banner: bytes = b"",
        term_env: Mapping[str, str] = MappingProxyType({}),
        read_only: bool = False,
        quiet: bool = False,
    ) -> Terminal:
        """Attach to a terminal of the container, or open one with a login shell.

        Args:
            connection: Taken over; closed where this fails.
            terminal: Its number; None opens a new one.
            rows: Of the pane.
            columns: Of the pane.
            settings: Which emulator, and how much history.
            name: What people call a terminal that is opened, at most 64 bytes.
            banner: Shown above its first prompt.
            term_env: Laid over `ENVIRONMENT` for it.
            read_only: Look on only.
            quiet: Don't make a full-screen program draw anew.

        Raises:
            AgentError: The agent refused or the connection broke.
        """
        size = max(rows, 1), max(columns, 1)
        number = terminal
        try:
            emulator = (settings or TerminalSettings()).emulator_of(*size)
            if number is None:
                spec = TerminalSpec(env=term_env, banner=banner, name=name)
                number = await open_new(connection, spec, size)
            stream = await connection.attach(
                number,
                last=REPLAY_BYTES[emulator.name],
                read_only=read_only,
                quiet=quiet,
                size=None if read_only else size,
            )
        except BaseException:
            connection.close()
            raise
        return cls(stream, emulator, size, joined=terminal is not None, read_only=read_only)

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
        read_only: bool = False,
    ) -> Terminal:
        """As `open`, of the container's first running terminal, or of a new one."""
        try:
            terminal = await first_running(connection)
        except BaseException:
            connection.close()
            raise
        return await cls.open(
            connection,
            terminal,
            rows=rows,
            columns=columns,
            settings=settings,
            banner=banner,
            term_env=term_env,
            read_only=read_only,
        )

    @property
    def number(self) -> int:
        """The agent's number of it."""
        return self._stream.terminal

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns that the program writes for: those of whoever leads."""
        return self.emulator.rows, self.emulator.columns

    @property
    def wish(self) -> tuple[int, int]:
        """Rows and columns that were wished for here."""
        return self._sender.wish

    async def run(self) -> ExitStatus:
        """Take the output in until the shell ends.

        Between slices the loop runs on; while it is busy the socket isn't read, and the program
        in the container feels that.

        Raises:
            SharingEnded: The owner has ended it; there is nothing to go on with.
            AgentError: The connection broke, or `close` was called. With another connection
                `resume` goes on, and then `run` again.
        """
        try:
            await self._follow()
        except AgentRefused as error:
            if error.number != ErrorCode.DENIED:
                raise
            raise SharingEnded from error
        except AgentError:
            self._sender.broken()
            raise
        finally:
            if self._outlet is not None:
                self._outlet.end()
        if self._stream.exit is None:
            raise AgentError("The terminal ended without saying how.", "Open the session again.")
        self.exit = self._stream.exit
        self._changed()
        return self.exit

    async def _follow(self) -> None:
        stream = self._stream
        with self._changes.held():  # Old output must not be seen to scroll by.
            await self._resized(*stream.size)
            await self._take(stream.replay.data, replaying=True, afresh=stream.replay.reset)
            while stream.redraws and (event := await stream.read()):
                await self._take_event(event)
        while event := await stream.read():
            await self._take_event(event)

    async def _take_event(self, event: bytes | Resized | Typed) -> None:
        stream = self._stream
        if isinstance(event, Resized):
            await self._resized(event.rows, event.columns)
        elif not isinstance(event, Typed):
            if stream.replaying and self._outlet is not None:
                self._outlet.skipped()
            await self._take(event, replaying=stream.replaying, afresh=stream.replaying)

    async def resume(self, connection: AgentConnection) -> None:
        """Go on over another connection to the same container where the last one broke.

        What was printed meanwhile comes first, without a gap or a double; where the agent no longer
        keeps all of that the screen and its history are made anew from what it keeps.

        Args:
            connection: Taken over; closed where this fails.

        Raises:
            AgentError: The agent refused (there is no such terminal any more) or the connection
                broke.
        """
        last = REPLAY_BYTES[self.emulator.name] if self._reached is None else None
        try:
            if self._closed:
                raise AgentError("The terminal is closed already.")
            stream = await connection.attach(
                self.number,
                from_offset=self._reached,
                last=last,
                read_only=self.read_only,
                size=None if self.read_only else self.wish,
            )
        except BaseException:
            connection.close()
            raise
        self._stream.close()
        self._stream = stream
        if stream.replay.reset:
            self.emulator.feed(_FORGET)
            self._fed = b""
        self._sender.go_on(stream)

    async def _take(self, data: bytes, *, replaying: bool, afresh: bool) -> None:
        self._rest.interrupt()
        view = memoryview(data)
        async with self._taking:
            while view:
                await self._flowing.wait()
                if self._outlet is not None:
                    taken = await self._pass_on(view[:PIECE], self._outlet)
                else:
                    taken = self._feed(view, answering=not replaying)
                    self._changed()
                view = view[taken:]
                # Half of what makes a screen anew is nothing to go on from.
                self._reached = None if afresh and view else self._stream.offset - len(view)
                # Lets the loop turn: a screenful that waits must not wait for the whole of a flood.
                await asyncio.sleep(0)
        self._rest.begin()

    async def _resized(self, rows: int, columns: int) -> None:
        """The program writes for another size from here on."""
        if (rows, columns) == self.size:
            return
        async with self._taking:
            await self._catch_up()
            self.emulator.resize(rows, columns)
        if self._outlet is not None:
            self._outlet.resized(rows, columns)
        self._changed()

    def _do_what_can_wait(self) -> bool:
        if self._missed:
            self._read_missed()
            return True
        return self.emulator.rest()

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
        if answering:
            self.reply(replies)
        return taken

    # The output to somebody else

    async def caught_up(self) -> None:
        """Until all that has been read so far is on the screen."""
        async with self._taking:
            pass

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
            await self._catch_up()
            self._outlet = None
            self.emulator.take_bells()
            self.emulator.take_clipboard()
        self._changed()

    async def _pass_on(self, piece: memoryview, outlet: Outlet) -> int:
        await outlet.write(piece)
        # Read now it would take the time of passing on.
        self._missed.add(piece)
        return len(piece)

    async def _catch_up(self) -> None:
        while self._missed:
            self._read_missed()
            await asyncio.sleep(0)

    def _read_missed(self) -> None:
        modes = b"" if self._outlet is None else self._outlet.modes()
        self._missed.read(self._feed(self._missed.first(modes), answering=False))

    # What is sent

    def write(self, data: bytes) -> None:
        """Type `data`, and lead; while the connection is broken it waits for the next."""
        self._sender.write(data)

    def reply(self, data: bytes) -> None:
        """Send what nobody has typed: answers to queries, reports of the focus.

        It reaches the program from whoever leads and from nobody else, so that a query is answered
        once.
        """
        self._sender.reply(data)

    def lead(self) -> None:
        """As if something were typed: the terminal gets the size that was wished for here."""
        self._sender.lead()

    async def drain(self) -> None:
        """Until little of what was typed waits here."""
        await self._stream.drain()

    def resize(self, rows: int, columns: int, *, outlet: Outlet | None = None) -> None:
        """Wish for a size in cells; the terminal has it as soon and as long as this one leads.

        Ignored from anybody but the `outlet` that has the output, where one has it.
        """
        if outlet is self._outlet:
            self._sender.resize(rows, columns)

    async def has_size(self, rows: int, columns: int, *, deadline: float) -> bool:
        """Wait until the terminal has a size, at most `deadline` seconds; whether it has."""
        return await self._changes.until(lambda: self.size == (rows, columns), deadline=deadline)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after changes, once a turn of the loop. Returns what ends that."""
        return self._changes.subscribe(callback)

    def _changed(self) -> None:
        if self._outlet is None:
            self._changes.tell()

    def close(self) -> None:
        """Leave. The shell goes on, and so does its output in the agent's keeping."""
        if self._closed:
            return
        self._closed = True
        self._rest.end()
        self._changes.end()
        self._sender.end()
        self._stream.close()
        # It keeps its last rows, so a pane that still shows it goes on doing so.
        self.emulator.close()

    async def wait_closed(self) -> None:
        """Until the connection is gone."""
        await self._stream.wait_closed()
