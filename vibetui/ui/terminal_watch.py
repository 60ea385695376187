"""Watches the sessions that run and aren't looked at, for the list: who rang, titles, how many.

The agent tells of every change in a listing, so no output is read and nothing is attached to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vibetui.agent import Listing, ListingWatch
from vibetui.core.protocol import Core
from vibetui.errors import VibeError
from vibetui.terminals.bells import harmless
from vibetui.ui.terminal_front import in_front, label, running

MOST = 32
"""Sessions that are watched at once, the most recently used."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a session's terminals have said since its user last looked."""

    rang: bool = False
    title: str = ""
    """Of the one in front."""
    tabs: tuple[str, ...] = ()
    """What the terminals are called that run."""
    front: int | None = None
    """The number of the one in front."""


class TerminalWatch:
    """`run` owns all that watches; `subscribe` hears of every change.

    Attributes:
        heard: By session id.
        listings: The newest of each session that is watched, by session id.
    """

    def __init__(self, core: Core) -> None:
        self.heard: dict[str, Heard] = {}
        self.listings: dict[str, Listing] = {}
        self._core = core
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._bells: dict[str, dict[int, int]] = {}
        self._looked_at: set[str] = set()
        self._running: Sequence[str] = ()
        self._subscribers: list[Callable[[], None]] = []

    @property
    def watched(self) -> list[str]:
        """Session ids."""
        return list(self._watchers)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after every change; returns how to stop that."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def left(self, session_id: str) -> None:
        """Its user looks no longer."""
        self._looked_at.discard(session_id)
        self.keep(self._running)

    def looked_at(self, session_id: str) -> None:
        """Its user looks: forget what it said."""
        self._looked_at.add(session_id)
        self._forget(session_id)

    def keep(self, session_ids: Sequence[str]) -> None:
        """These run, the most recently used first; what couldn't be watched is tried again."""
        self._running = tuple(session_ids)
        wanted = [each for each in self._running if each not in self._looked_at][:MOST]
        for session_id in {*self._watchers, *self.heard} - set(wanted):
            self._forget(session_id)
        for session_id in wanted:
            if session_id not in self._watchers:
                self._watchers[session_id] = asyncio.create_task(self._watch(session_id))

    async def run(self) -> None:
        """Until cancelled; nothing is watched afterwards."""
        try:
            await asyncio.Event().wait()
        finally:
            watchers = tuple(self._watchers.values())
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)

    def _forget(self, session_id: str) -> None:
        if (watcher := self._watchers.pop(session_id, None)) is not None:
            watcher.cancel()
        self._bells.pop(session_id, None)
        self.listings.pop(session_id, None)
        if self.heard.pop(session_id, None) is not None:
            self._tell()

    async def _watch(self, session_id: str) -> None:
        watch: ListingWatch | None = None
        try:
            connection = await self._core.attach(session_id)
            try:
                watch = await connection.watch()
            finally:
                connection.close()
            async for listing in watch:
                self._take(session_id, listing)
        except VibeError:
            pass  # It has stopped, or can't be reached: the next change of the list tries again.
        finally:
            if watch is not None:
                watch.close()
            if self._watchers.get(session_id) is asyncio.current_task():
                del self._watchers[session_id]

    def _take(self, session_id: str, listing: Listing) -> None:
        bells = {info.terminal: info.bells for info in listing.terminals}
        known = self._bells.setdefault(session_id, bells)
        rang = any(count > known.get(terminal, 0) for terminal, count in bells.items())
        front = in_front(listing)
        self.listings[session_id] = listing
        heard = Heard(
            rang=rang,
            title="" if front is None else harmless(front.title),
            tabs=tuple(map(label, running(listing))),
            front=None if front is None else front.terminal,
        )
        # Who looks on changes all the time, by previews too, and is nothing to be told.
        if heard != self.heard.get(session_id):
            self.heard[session_id] = heard
            self._tell()

    def _tell(self) -> None:
        for callback in tuple(self._subscribers):
            callback()
