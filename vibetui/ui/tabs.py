"""The terminals of a session and how they are shown, live from its agent.

Knows no widget. Which of them is looked at is each viewer's own affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog

from vibetui.agent import AgentConnection, AgentRefused, ErrorCode, Listing, TerminalInfo
from vibetui.core.protocol import Core
from vibetui.errors import VibeError
from vibetui.terminals.layout import Layout
from vibetui.ui.terminal_front import label
from vibetui.ui.wording import SHELL

_FIRST_DELAY, _LAST_DELAY = 0.25, 5.0

_log = structlog.get_logger(__name__)


class SessionTabs:
    """`run` keeps it live; requests go to the agent, and everybody who watches hears of them.

    Args:
        changed: Called after every change, on the loop.
    """

    def __init__(self, core: Core, session_id: str, changed: Callable[[], None]) -> None:
        self._core = core
        self._session_id = session_id
        self._changed = changed
        self._infos: dict[int, TerminalInfo] = {}
        self._fresh: dict[int, None] = {}
        self._ended: set[int] = set()
        self._kept: set[int] = set()
        self._text = ""
        self._arranged = asyncio.Event()
        self._is_newer = False
        self.layout = Layout()

    def forget(self) -> None:
        """Another agent may be there from now on: its numbers are others."""
        self._infos.clear()
        self._fresh.clear()
        self._ended.clear()
        self._kept.clear()
        self._text, self.layout, self._is_newer = "", Layout(), False
        self._arranged.clear()

    # What is known

    def take(self, listing: Listing) -> None:
        """What the agent has said."""
        self._infos = {info.terminal: info for info in listing.terminals}
        for terminal in [known for known in self._fresh if known in self._infos]:
            del self._fresh[terminal]
        # What was arranged here is newer than a listing that was said before it arrived.
        if not self._is_newer:
            self._text = listing.layout
        self._lay_out()

    def opened(self, terminal: int) -> None:
        """It runs, though no listing may have said so yet."""
        if terminal not in self._infos:
            self._fresh[terminal] = None
        self._lay_out()

    def ended(self, terminal: int, *, kept: bool = False) -> None:
        """Its program has ended; `kept` is to be shown until `ended` is called again."""
        self._ended.add(terminal)
        (self._kept.add if kept else self._kept.discard)(terminal)
        self._lay_out()

    def _lay_out(self) -> None:
        known = [info.terminal for info in self._infos.values() if info.running]
        alive = [one for one in (*known, *self._fresh) if one not in self._ended]
        self.layout = Layout.read(self._text, (*alive, *sorted(self._kept)))
        self._changed()

    def info(self, terminal: int) -> TerminalInfo | None:
        """None where no listing has named it yet."""
        return self._infos.get(terminal)

    def label(self, terminal: int) -> str:
        """The name that somebody gave it, else the program in it, else its title."""
        info = self._infos.get(terminal)
        return SHELL if info is None else label(info)

    @property
    def people(self) -> set[str]:
        """Who looks at a terminal now, by name."""
        viewers = (viewer.who for info in self._infos.values() for viewer in info.viewers)
        return {who for who in viewers if who}

    def bells(self, terminal: int) -> int:
        """How often it has rung so far."""
        info = self._infos.get(terminal)
        return 0 if info is None else info.bells

    # The agent

    async def run(self) -> None:
        """Follow the agent, and tell it what was arranged here, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._send())

    async def _follow(self) -> None:
        """With growing pauses while it can't be reached."""
        delay = _FIRST_DELAY
        while True:
            try:
                watch = await (await self._core.attach(self._session_id)).watch()
                try:
                    async for listing in watch:
                        delay = _FIRST_DELAY
                        self.take(listing)
                finally:
                    watch.close()
            except VibeError as error:
                _log.debug("ui.tabs.lost", reason=str(error))
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LAST_DELAY)

    async def _send(self) -> None:
        while True:
            await self._arranged.wait()
            self._arranged.clear()
            text = self._text
            try:
                async with self.asking() as connection:
                    await connection.arrange(text)
            except VibeError as error:
                _log.debug("ui.tabs.not_arranged", reason=str(error))
            if not self._arranged.is_set():
                self._is_newer = False

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[AgentConnection]:
        """A connection for a request; closed afterwards unless it was taken over."""
        connection = await self._core.attach(self._session_id)
        try:
            yield connection
        finally:
            connection.close()

    def arrange(self, layout: Layout) -> None:
        """Show `layout` at once, and to everybody as soon as the agent has it."""
        self._text, self._is_newer = layout.text(), True
        self._arranged.set()
        self._lay_out()

    async def rename(self, terminal: int, name: str) -> None:
        """Give it a name; empty takes it away."""
        async with self.asking() as connection:
            await connection.rename(terminal, name)

    async def close(self, terminals: Sequence[int]) -> None:
        """End their programs and forget them; those that are gone already are no mistake."""
        async with self.asking() as connection:
            for terminal in terminals:
                try:
                    await connection.close_terminal(terminal)
                except AgentRefused as error:
                    if error.number != ErrorCode.NO_TERMINAL:
                        raise

    async def running_in(self, terminal: int) -> str:
        """The program in its foreground, as of now; empty for a shell that waits."""
        async with self.asking() as connection:
            self.take(await connection.listing())
        info = self._infos.get(terminal)
        return "" if info is None or not info.running else info.command


def in_plain_words(error: VibeError) -> VibeError:
    """What the agent refused, as a person would say it."""
    if isinstance(error, AgentRefused) and error.number == ErrorCode.LIMIT:
        return VibeError(
            "This session has as many terminals as it can have.",
            "Close one that you no longer need.",
        )
    return error
