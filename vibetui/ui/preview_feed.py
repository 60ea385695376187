"""`PreviewFeed`: what one session's terminal shows now, for somebody who only looks.

It attaches read-only and quietly, so nobody in the container notices. Where a program prints more
than could be looked at, the feed leaves, lets it run, and looks again: nothing waits for a preview.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from vibetui.agent import AgentConnection, Listing, Resized, Typed
from vibetui.core.protocol import Core
from vibetui.errors import VibeError
from vibetui.ui.preview_glass import Glass, Picture
from vibetui.ui.terminal_front import in_front, label, running
from vibetui.ui.widgets.terminal_frames import FrameClock

REST = 0.15
"""Seconds that the cursor stays on a session before anything is asked about it."""
_FRAME = 0.1
"""Seconds between two pictures."""
_LOOK_AWAY = 0.4
"""Seconds that a flood is left alone."""
_RETRY = 2.0
"""Seconds after which a session that can't be looked at is tried again."""
_MOST_KEPT = 32
"""Sessions whose last picture is kept."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a session's terminals.

    Attributes:
        picture: The last one; it stays while there is trouble.
        trouble: Why there is nothing newer, and the way on.
        tabs: What the terminals are called, where there are several.
        active: The index of the one in the picture.
    """

    picture: Picture | None = None
    trouble: VibeError | None = None
    tabs: tuple[str, ...] = ()
    active: int = 0


NOTHING = Seen()
NO_TERMINAL = VibeError("No terminal is open in it.", "↵ opens one.")


class PreviewFeed:
    """Looks at one session at a time. `run` owns the connection.

    Args:
        emulator: Which, as the settings say.
        changed: Called on the loop when there is something new, at most ten times a second.
    """

    def __init__(self, core: Core, emulator: str, changed: Callable[[], None]) -> None:
        self._core = core
        self._emulator = emulator
        self._changed = changed
        self._wanted: str | None = None
        self._due = 0.0
        self._moved = asyncio.Event()
        self._seen: dict[str, Seen] = {}
        self._listing: Listing | None = None
        self._terminal: int | None = None
        self._looked = False
        """`_terminal` is what the session at the cursor has, and not just unknown."""

    def look_at(self, session_id: str | None) -> None:
        """The cursor is on this session, which runs; None: nobody looks."""
        if session_id != self._wanted:
            self._wanted, self._terminal, self._looked = session_id, None, False
            self._begin_anew(REST)

    def seen(self, session_id: str) -> Seen:
        """What is known of the session, perhaps from some time ago."""
        return self._seen.get(session_id, NOTHING)

    def listed(self, session_id: str, listing: Listing) -> None:
        """What terminals the session has now; perhaps another is to be shown."""
        if session_id != self._wanted or listing is self._listing or not self._looked:
            return
        self._listing = listing
        front = in_front(listing, self._terminal)
        terminal = None if front is None else front.terminal
        if terminal != self._terminal:
            self._begin_anew(0.0)
        elif terminal is not None:
            self._put(session_id, _with_tabs(self.seen(session_id), listing, terminal))

    def keep(self, session_ids: Collection[str]) -> None:
        """Only these still run; what the others showed is over."""
        for session_id in self._seen.keys() - set(session_ids):
            del self._seen[session_id]

    def _begin_anew(self, rest: float) -> None:
        self._due = time.monotonic() + rest
        self._moved.set()

    async def run(self) -> None:
        """Until cancelled; no connection is left afterwards."""
        while True:
            follower = asyncio.ensure_future(self._follow(await self._rested()))
            moved = asyncio.ensure_future(self._moved.wait())
            try:
                await asyncio.wait((follower, moved), return_when=asyncio.FIRST_COMPLETED)
            finally:
                moved.cancel()
                follower.cancel()
                await asyncio.wait((follower, moved))
            if not follower.cancelled():
                follower.result()

    async def _rested(self) -> str:
        """The session that the cursor has come to rest on."""
        while True:
            self._moved.clear()
            left = self._due - time.monotonic()
            if self._wanted is not None and left <= 0:
                return self._wanted
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), None if self._wanted is None else left)

    async def _follow(self, session_id: str) -> None:
        glance = False
        while True:
            pause = _RETRY
            try:
                flooding = await self._look(session_id, glance=glance)
                if flooding is not None:
                    pause, glance = _LOOK_AWAY, flooding
            except VibeError as error:
                self._put(session_id, replace(self.seen(session_id), trouble=error))
            await asyncio.sleep(pause)

    async def _look(self, session_id: str, *, glance: bool) -> bool | None:
        """Show the session's terminal until it ends (None) or says too much.

        Returns:
            Whether a glance at the last of what it says will do the next time.
        """
        connection = await self._core.attach(session_id)
        try:
            listing = await connection.listing()
            front = in_front(listing, self._terminal)
            self._terminal = None if front is None else front.terminal
            self._looked = True
            if front is None:
                self._put(session_id, Seen(trouble=NO_TERMINAL))
                return None
            self._put(session_id, _with_tabs(self.seen(session_id), listing, front.terminal))
            return await self._show(session_id, connection, front.terminal, glance=glance)
        finally:
            connection.close()

    async def _show(
        self, session_id: str, connection: AgentConnection, terminal: int, *, glance: bool
    ) -> bool | None:
        glass = Glass(self._emulator)
        stream = await connection.attach(
            terminal, last=glass.most_bytes(glance=glance), read_only=True, quiet=True
        )
        glass.resize(*stream.size)

        def paint() -> None:
            seen = replace(self.seen(session_id), picture=glass.picture(), trouble=None)
            self._put(session_id, seen)

        clock = FrameClock(paint, glass.held, frame=_FRAME)
        try:
            await glass.take(stream.replay.data)
            clock.changed()
            while output := await stream.read():
                match output:
                    case Resized(rows, columns):
                        glass.resize(rows, columns)
                    case Typed():
                        continue
                    case _ if not await glass.take(output, sparing=not stream.replaying):
                        return not glass.full_screen
                if not stream.replaying:
                    clock.changed()
            return None
        finally:
            paint()
            clock.close()
            stream.close()
            glass.close()

    def _put(self, session_id: str, seen: Seen) -> None:
        if seen != self._seen.pop(session_id, None) and session_id == self._wanted:
            self._seen[session_id] = seen
            self._changed()
        else:
            self._seen[session_id] = seen
        while len(self._seen) > _MOST_KEPT:
            del self._seen[next(iter(self._seen))]


def _with_tabs(seen: Seen, listing: Listing, terminal: int) -> Seen:
    infos = running(listing)
    active = next((n for n, info in enumerate(infos) if info.terminal == terminal), 0)
    return replace(seen, tabs=tuple(map(label, infos)) if len(infos) > 1 else (), active=active)
