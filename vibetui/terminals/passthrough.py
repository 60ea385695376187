"""A terminal's output to the user's tty, and what is typed there to the program: all as it is."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable

from vibetui.terminals.answers import AnswerFinder, Typed
from vibetui.terminals.prefix_finder import PrefixFinder
from vibetui.terminals.protocol import Emulator
from vibetui.terminals.screen_state import ScreenState
from vibetui.terminals.terminal import Terminal

_CHUNK = 64 * 1024
_MOST_TYPED = 1 << 20
"""Bytes that a program doesn't read before the tty isn't read either, nor the prefix seen."""
_KEY_DELAY = 0.025
"""Seconds after which a sequence that has begun is not the prefix's, nor an answer."""
_SIZE_DEADLINE = 2.0
"""Seconds in which the terminal must have the tty's size; the agent takes microseconds."""
TOO_SLOW = "Zoom ended: more was printed than your connection takes."
OTHER_SIZE = "Zoom ended: somebody else types, in {} rows of {} columns."

Opening = Callable[[Emulator], bytes]
"""What brings an empty tty to the screen and the modes of an emulator."""


class Passthrough:
    """Joins `terminal` and a tty until the prefix is typed or until either is gone.

    Args:
        terminal: Its size becomes the tty's; where that can't be, nothing is passed on.
        source: The tty to read, in raw mode and without blocking.
        prefix: The one key that isn't passed on, as in the settings.
        opening: Written first.

    Attributes:
        state: What is switched on in the tty.
        typed: What came after the prefix.
        note: Why it ended, where that is neither's doing.
    """

    def __init__(self, terminal: Terminal, source: int, prefix: str, opening: Opening) -> None:
        self.state = ScreenState()
        self.typed = b""
        self.note = ""
        self._terminal = terminal
        self._source = source
        self._sink = source
        self._opening = opening
        self._loop = asyncio.get_running_loop()
        self._finder = PrefixFinder(prefix, self.state)
        self._key_timer: asyncio.TimerHandle | None = None
        self._answers = AnswerFinder()
        self._inbox: deque[Typed] = deque()
        self._wishes: list[tuple[int, int]] = []
        self._typing: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._writable = asyncio.Event()
        self._done = asyncio.Event()

    async def run(self, sink: int) -> None:
        """Pass everything on until it is over. The terminal's output is then to be taken back.

        Args:
            sink: Where output goes, without blocking: the tty, or what leads to the same screen.
        """
        self._sink = sink
        if not await self._lead():
            return
        await self._terminal.caught_up()
        try:
            async with self._writing:
                begun = self._terminal.divert(self)
                self.follow_size()
                self._loop.add_reader(self._source, self._on_keys)
                await self._put(self._opening(self._terminal.emulator) + begun)
            await self._done.wait()
        finally:
            self.end()

    def skipped(self) -> None:
        """The user's own terminal has no place for it, and would answer queries of long ago."""
        self.note = TOO_SLOW
        self.end()

    async def _lead(self) -> bool:
        """Give the terminal the tty's size; whether it has it."""
        size = self._tty_size()
        if size is None:
            return False
        self._terminal.resize(*size)
        self._terminal.lead()
        if not await self._terminal.has_size(*size, deadline=_SIZE_DEADLINE):
            self.note = OTHER_SIZE.format(*self._terminal.size)
            return False
        return True

    def _tty_size(self) -> tuple[int, int] | None:
        try:
            columns, rows = os.get_terminal_size(self._source)
        except OSError:  # It has gone, and writing to it will show that.
            return None
        return rows, columns

    def follow_size(self) -> None:
        """The tty has another size."""
        size = self._tty_size()
        if size is not None and size != self._terminal.wish:
            self._wishes.append(size)
            self._terminal.resize(*size, outlet=self)

    def resized(self, rows: int, columns: int) -> None:
        """As wished, or somebody else leads: their screen doesn't fit here."""
        if (rows, columns) in self._wishes:
            del self._wishes[: self._wishes.index((rows, columns)) + 1]
        else:
            self.note = OTHER_SIZE.format(rows, columns)
            self.end()

    def end(self) -> None:
        """Nothing more is read or written; what was typed before the prefix is sent."""
        if self._done.is_set():
            return
        self._done.set()
        self._writable.set()
        self._loop.remove_reader(self._source)
        self._loop.remove_writer(self._sink)
        if self._key_timer is not None:
            self._key_timer.cancel()
        if self._typing is not None:
            self._typing.cancel()
        rest = [*self._inbox, *self._answers.feed(self._finder.release()), *self._answers.release()]
        self._inbox.clear()
        for piece in rest:
            self._pass_on(piece)

    # Output

    async def write(self, data: bytes | memoryview) -> None:
        async with self._writing:
            await self._put(data)

    def modes(self) -> bytes:
        return self.state.modes()

    async def _put(self, data: bytes | memoryview) -> None:
        view, written = memoryview(data), 0
        try:
            while written < len(view) and not self._done.is_set():
                written += await self._put_some(view[written:])
        finally:
            self._loop.remove_writer(self._sink)
            # At once and not for each of the few KB that a PTY takes.
            self.state.feed(bytes(view[:written]))

    async def _put_some(self, view: memoryview) -> int:
        try:
            return os.write(self._sink, view)
        except BlockingIOError:
            self._writable.clear()
            # Already there it costs nothing: a PTY takes a few KB at a time.
            self._loop.add_writer(self._sink, self._writable.set)
            await self._writable.wait()
            return 0
        except OSError:
            # The tty is gone; whoever holds its other end says so in another way.
            self.end()
            return 0

    # Keys

    def _on_keys(self) -> None:
        try:
            data = os.read(self._source, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.end()
            return
        if self._key_timer is not None:
            self._key_timer.cancel()
            self._key_timer = None
        typed, rest = self._finder.feed(data)
        self._type(typed)
        if rest is not None:
            self.typed = rest
            self.end()
        elif self._finder.holds or self._answers.holds:
            self._key_timer = self._loop.call_later(_KEY_DELAY, self._release_key)

    def _release_key(self) -> None:
        self._type(self._finder.release())
        self._inbox += self._answers.release()
        self._send_soon()

    def _type(self, data: bytes) -> None:
        self._inbox += self._answers.feed(data)
        self._send_soon()
        if sum(len(piece.data) for piece in self._inbox) > _MOST_TYPED:
            self._loop.remove_reader(self._source)

    def _send_soon(self) -> None:
        if self._inbox and (self._typing is None or self._typing.done()):
            self._typing = self._loop.create_task(self._send())

    async def _send(self) -> None:
        while self._inbox:
            self._pass_on(self._inbox.popleft())
            await self._terminal.drain()
        if not self._done.is_set():
            self._loop.add_reader(self._source, self._on_keys)

    def _pass_on(self, piece: Typed) -> None:
        send = self._terminal.reply if piece.answer else self._terminal.write
        send(piece.data)
