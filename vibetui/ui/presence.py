"""Who else of the same user has the app open, and how one connection takes over from another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from vibetui.core.protocol import Core
from vibetui.errors import VibeError
from vibetui.model import Presence, new_id
from vibetui.ui.streams import closing
from vibetui.ui.world import World

_FIRST_DELAY, _LAST_DELAY = 0.25, 5.0

HangUp = Callable[[str], None]
"""Ends the user's connection with these last words, at once, whether or not they are read."""

_log = structlog.get_logger(__name__)


def no_hang_up(_: str) -> None:
    """The terminal is this machine's: leaving is enough."""


class Attendance:
    """Says to the core that this app is here, while `run` runs, and hears of the others.

    Args:
        address: Where the user is; empty: at this machine.
        changed: Called with every change of `others`.
        taken: Called, once, with the address of the one that has taken over.

    Attributes:
        others: As last heard, the newest first.
    """

    def __init__(
        self,
        core: Core,
        address: str,
        world: World,
        *,
        changed: Callable[[], None],
        taken: Callable[[str], None],
    ) -> None:
        self._core = core
        self._world = world
        self._changed = changed
        self._taken = taken
        self._address = address
        self._identity = new_id()
        self._since = world.now()
        self._place: tuple[str | None, int | None] = (None, None)
        self._moved = asyncio.Event()
        self.others: tuple[Presence, ...] = ()

    async def run(self) -> None:
        """Until cancelled, with growing pauses while the core can't be reached."""
        delay = _FIRST_DELAY
        while True:
            try:
                await self._stay()
                delay = _FIRST_DELAY
            except VibeError as error:
                _log.debug("ui.presence.lost", reason=error.message)
            await asyncio.sleep(delay)  # A bounded back-off; nothing waits for it.
            delay = min(delay * 2, _LAST_DELAY)

    async def follow_moves(self) -> None:
        """Until cancelled, tell the core what is shown; only the newest matters."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            with suppress(VibeError):  # It is said again with the next announcement.
                await self._core.move_presence(self._identity, *self._place)

    def moved(self, session_id: str | None, terminal: int | None = None) -> None:
        """The app shows this session now, or none, and there this terminal has the keyboard."""
        if self._place != (session_id, terminal):
            self._place = (session_id, terminal)
            self._moved.set()

    async def take_over(self, others: tuple[Presence, ...]) -> None:
        """Have them leave; each has two seconds. Raises `VibeError`."""
        asked = (self._core.take_over(other.presence_id, self._address) for other in others)
        await asyncio.gather(*asked)

    async def _stay(self) -> None:
        here = Presence(self._identity, self._address, self._since, *self._place)
        async with closing(self._core.be_present(here)) as notices:
            async for notice in notices:
                if notice.taken_by is not None:
                    self._taken(notice.taken_by)
                    return
                self.others = notice.others
                self._changed()
