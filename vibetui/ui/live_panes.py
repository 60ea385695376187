"""The terminals of a session that are attached to, each in its pane, and which is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from signal import SIGHUP
from typing import Protocol

from textual.geometry import Size
from textual.worker import Worker

from vibetui.agent import AgentConnection, AgentRefused, ExitStatus
from vibetui.errors import AgentError, VibeError
from vibetui.terminals import Terminal, TerminalSettings
from vibetui.terminals.layout import Split
from vibetui.ui.tabs import SessionTabs, in_plain_words
from vibetui.ui.widgets.pane_deck import PaneDeck
from vibetui.ui.widgets.terminal_pane import TerminalPane
from vibetui.ui.wording import ACTIVITY, BELL
from vibetui.ui.world import World

_QUICK = 2.0
"""Seconds in which a program that fails has been seen by nobody: its last words stay."""


class Panes(Protocol):
    """What whoever shows the panes is told."""

    def panes_changed(self) -> None:
        """Another one is looked at, or there is another mark on a tab."""
        ...

    def last_ended(self, status: ExitStatus) -> None:
        """No terminal is left."""
        ...

    async def broke(self, error: AgentError, held: float) -> AgentConnection | None:
        """A connection broke after `held` seconds; answers one to go on with, if there is one."""
        ...

    def refused(self, error: VibeError) -> None:
        """Something that was asked for can't be."""
        ...


class LivePanes:
    """Attaches when a pane is first shown and stays attached, so that going back takes no time.

    Attributes:
        current: The terminal that has the keyboard; None until the first is there.
        expecting: `new` is about to be called: what is typed meanwhile is for what it opens.
    """

    def __init__(
        self,
        deck: PaneDeck,
        tabs: SessionTabs,
        settings: TerminalSettings,
        world: World,
        told: Panes,
        *,
        read_only: bool,
        term_env: Mapping[str, str],
    ) -> None:
        self.current: int | None = None
        self.expecting = False
        self._deck = deck
        self._tabs = tabs
        self._settings = settings
        self._world = world
        self._told = told
        self._read_only = read_only
        self._term_env = term_env
        self._recent: list[int] = []
        self._workers: dict[int, Worker[None]] = {}
        self._coming: set[int] = set()
        self._active: set[int] = set()
        self._heard: dict[int, int] = {}

    @property
    def pane(self) -> TerminalPane | None:
        """What has the keyboard."""
        return None if self.current is None else self._deck.pane(self.current)

    @property
    def terminal(self) -> Terminal | None:
        """What runs in it."""
        terminal = None if (pane := self.pane) is None else pane.terminal
        return None if terminal is None or terminal.exit is not None else terminal

    @property
    def waiting(self) -> bool:
        """What is typed is for a terminal that isn't there yet."""
        return self.expecting or self.current in self._coming

    @property
    def kept(self) -> ExitStatus | None:
        """How the one with the keyboard ended, where its last words are still shown."""
        terminal = None if (pane := self.pane) is None else pane.terminal
        shown = self.current in self._tabs.layout.terminals
        return None if terminal is None or not shown else terminal.exit

    def mark(self, terminal: int) -> str:
        """Why one might want to look at it."""
        if self._deck.is_seen(terminal):
            return ""
        if self._tabs.bells(terminal) > self._heard.get(terminal, 0):
            return BELL
        return ACTIVITY if terminal in self._active else ""

    # The way in

    async def begin(self, connection: AgentConnection, *, preferred: int, banner: bytes) -> None:
        """Attach to the `preferred` terminal, else to the first, else open one.

        Raises:
            VibeError: There is none and this user may open none; or as `Terminal.open`.
        """
        try:
            self._tabs.forget()
            self._tabs.take(await connection.listing())
        except BaseException:
            connection.close()
            raise
        running = self._tabs.layout.terminals
        number = preferred if preferred in running else next(iter(running), None)
        if number is None and self._read_only:
            connection.close()
            raise VibeError("No terminal is open in this session.", "Ask its owner to open one.")
        terminal = await self._open(connection, number, banner=banner)
        if not self._deck.is_attached:
            terminal.close()
            return
        before = list(self._deck.panes)
        self._show_new(terminal)
        for old in before:
            if old != terminal.number:
                self._drop(old)

    async def new(self, split: Split | None) -> None:
        """Open a terminal, in a tab of its own or beside the one with the keyboard.

        Raises `VibeError`: too many, or the container can't be reached.
        """
        beside, size = self.current, None if split is None else self._deck.half(split)
        try:
            async with self._tabs.asking() as connection:
                terminal = await self._open(connection, None, size=size)
        except VibeError as error:
            raise in_plain_words(error) from error
        self._tabs.opened(terminal.number)
        layout = self._tabs.layout
        if split is not None and beside is not None:
            layout = layout.joined(terminal.number, beside, split)
        self._tabs.arrange(layout)
        self._show_new(terminal)

    def _show_new(self, terminal: Terminal) -> None:
        number = terminal.number
        self._tabs.opened(number)
        self._coming.add(number)
        self.go(number)
        self._run(number, terminal)

    async def _open(
        self,
        connection: AgentConnection,
        number: int | None,
        *,
        banner: bytes = b"",
        size: Size | None = None,
    ) -> Terminal:
        room = size or self._deck.room
        if number is not None:
            room = self._deck.size_for(number)
        return await Terminal.open(
            connection,
            number,
            rows=room.height,
            columns=room.width,
            settings=self._settings,
            banner=banner,
            term_env=self._term_env,
            read_only=self._read_only,
        )

    # Which is looked at

    def go(self, number: int) -> None:
        """Look at it."""
        tab = self._tabs.layout.tab(number)
        if tab is None:
            return
        self.focused(number)
        for one in self._deck.show(tab, number):
            if one not in self._coming:
                self._coming.add(one)
                self._workers[one] = self._deck.run_worker(self._join(one), group="terminals")
        for one in tab.panes:
            self._active.discard(one)
        for one in self._deck.surplus():
            self._drop(one)
        self._told.panes_changed()

    def latest(self, panes: tuple[int, ...]) -> int:
        """The one of `panes` that was looked at last, else the first."""
        return next((one for one in reversed(self._recent) if one in panes), panes[0])

    def focused(self, number: int) -> None:
        """It has the keyboard."""
        if number in self._recent:
            self._recent.remove(number)
        self._recent.append(number)
        if number != self.current:
            self.current = number
            if (tab := self._tabs.layout.tab(number)) is not None and self._deck.is_seen(number):
                self._deck.show(tab, number)
            self._told.panes_changed()

    def follow(self) -> None:
        """The layout has changed, here or elsewhere: show what it says now."""
        layout, before = self._tabs.layout, self.current
        for tab in layout.tabs:
            for one in tab.panes:
                if self._deck.is_seen(one) or one not in self._heard:
                    self._heard[one] = self._tabs.bells(one)
        # The last one's end is told by itself, over its last screen.
        if before is None or not layout.terminals:
            return
        beside = self._deck.beside(before)
        for one in self._deck.panes:
            if one not in layout.terminals:
                self._drop(one)
        if before in layout.terminals:
            self.go(before)
        elif beside in layout.terminals and beside is not None:
            self.go(beside)
        else:
            known = [one for one in reversed(self._recent) if one in layout.terminals]
            self.go(known[0] if known else layout.terminals[0])

    def _drop(self, number: int) -> None:
        if (worker := self._workers.pop(number, None)) is not None:
            worker.cancel()
        self._coming.discard(number)
        self._active.discard(number)
        if number in self._recent and number not in self._tabs.layout.terminals:
            self._recent.remove(number)
        pane = self._deck.pane(number)
        terminal = None if pane is None else pane.terminal
        self._deck.drop(number)
        if terminal is not None:
            terminal.close()

    def dismiss_kept(self) -> None:
        """The last words have been read."""
        if self.current is not None and self.kept is not None:
            self._tabs.ended(self.current)

    async def close(self) -> None:
        """Leave all of them; their programs go on."""
        for worker in self._workers.values():
            worker.cancel()
        terminals = [pane.terminal for pane in self._deck.panes.values()]
        for pane in self._deck.panes.values():
            pane.show(None)
        for terminal in terminals:
            if terminal is not None:
                terminal.close()
                await terminal.wait_closed()

    # A terminal's life

    async def _join(self, number: int) -> None:
        try:
            async with self._tabs.asking() as connection:
                terminal = await self._open(connection, number)
        except AgentRefused:
            self._coming.discard(number)
            self._tabs.ended(number)
        except VibeError as error:
            self._coming.discard(number)
            self._told.refused(error)
        else:
            self._run(number, terminal)

    def _run(self, number: int, terminal: Terminal) -> None:
        self._coming.discard(number)
        pane = self._deck.pane(number)
        if pane is None:
            terminal.close()
            return
        pane.show(terminal)
        terminal.subscribe(partial(self._said, number))
        self._workers[number] = self._deck.run_worker(
            self._live(number, terminal), group="terminals"
        )
        self._told.panes_changed()

    def _said(self, number: int) -> None:
        if number not in self._active and not self._deck.is_seen(number):
            self._active.add(number)
            self._told.panes_changed()

    async def _live(self, number: int, terminal: Terminal) -> None:
        began = self._world.monotonic()
        try:
            status = await self._to_the_end(terminal)
        except AgentRefused:
            # Another agent is there now, which has no such terminal.
            status = ExitStatus(None, 1)
        finally:
            terminal.close()
        if status is None:
            return
        # Hung up is what somebody has closed.
        failed = status.code != 0 and status.signal != SIGHUP and not terminal.joined
        quick = self._world.monotonic() - began < _QUICK
        others = any(one != number for one in self._tabs.layout.terminals)
        self._tabs.ended(number, kept=others and failed and quick)
        if not others:
            self._told.last_ended(status)
        elif not self._read_only:
            with suppress(VibeError):
                await self._tabs.close([number])

    async def _to_the_end(self, terminal: Terminal) -> ExitStatus | None:
        """None where somebody has been told that it can't go on."""
        while True:
            began = self._world.monotonic()
            try:
                return await terminal.run()
            except AgentError as error:
                connection = await self._told.broke(error, self._world.monotonic() - began)
            if connection is None:
                return None
            await terminal.resume(connection)
