"""`PreviewFeed`: what one session's terminal shows now, for somebody who only looks.

It attaches read-only and quietly, so nobody in the container notices. Where a program prints more
than could be looked at, the feed leaves, lets it run, and looks again: nothing waits for a preview.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from vibetui.agent import TerminalInfo
from vibetui.core.protocol import Core
from vibetui.errors import VibeError
from vibetui.ui.preview_glass import Glass, Picture
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
        self._offsets: dict[int, int] = {}
        self._terminal: int | None = None

    def look_at(self, session_id: str | None) -> None:
        """The cursor is on this session, which runs; None: nobody looks."""
        if session_id != self._wanted:
            self._wanted, self._terminal = session_id, None
            self._begin_anew(REST)

    def seen(self, session_id: str) -> Seen:
        """What is known of the session, perhaps from some time ago."""
        return self._seen.get(session_id, NOTHING)

    def keep(self, session_ids: Collection[str]) -> None:
        """Only these still run; what the others showed is over."""
        for session_id in self._seen.keys() - set(session_ids):
            del self._seen[session_id]

    def _begin_anew(self, rest: float) -> None:
        self._due = time.monotonic() + rest
        self._offsets.clear()
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
            infos = [info for info in await connection.list_terminals() if info.running]
            if not infos:
                self._put(session_id, Seen(trouble=NO_TERMINAL))
                return None
            info = self._chosen(infos)
            glass = Glass(self._emulator, info.rows, info.columns)
            last = glass.glance_bytes if glance else glass.replay_bytes
            stream = await connection.attach(info.terminal, last=last, read_only=True)
        finally:
            connection.close()
        tabs = tuple(_name(info) for info in infos) if len(infos) > 1 else ()
        shown = Seen(tabs=tabs, active=infos.index(info))
        clock = FrameClock(
            lambda: self._put(session_id, replace(shown, picture=glass.picture())),
            glass.held,
            frame=_FRAME,
        )
        try:
            await glass.take(stream.replay.data)
            clock.changed()
            while data := await stream.read():
                if not await glass.take(data, sparing=True):
                    return not glass.full_screen
                clock.changed()
            return None
        finally:
            self._put(session_id, replace(shown, picture=glass.picture()))
            clock.close()
            stream.close()
            glass.close()

    def _chosen(self, infos: Sequence[TerminalInfo]) -> TerminalInfo:
        """The one that has printed since it was looked for last, else the newest."""
        moved = [info for info in infos if info.offset != self._offsets.get(info.terminal)]
        self._offsets = {info.terminal: info.offset for info in infos}
        stayed = [info for info in infos if info.terminal == self._terminal]
        chosen = (stayed or moved or list(infos))[-1]
        self._terminal = chosen.terminal
        return chosen

    def _put(self, session_id: str, seen: Seen) -> None:
        if seen != self._seen.pop(session_id, None) and session_id == self._wanted:
            self._seen[session_id] = seen
            self._changed()
        else:
            self._seen[session_id] = seen
        while len(self._seen) > _MOST_KEPT:
            del self._seen[next(iter(self._seen))]


def _name(info: TerminalInfo) -> str:
    return info.title or f"terminal {info.terminal}"
