"""Which apps of each user are open now, where, and which of them are asked to leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from vibetui.events import EventCode
from vibetui.model import Presence, PresenceNotice

log = structlog.get_logger(__name__)

_LEAVES_WITHIN = 2.0
"""Seconds that an app has for leaving when it was asked to; then it is hung up."""

HangUp = Callable[[], None]
"""Ends an app that doesn't react. Never raises."""


class _Entry:
    def __init__(self, presence: Presence, hang_up: HangUp | None) -> None:
        self.presence = presence
        self.hang_up = hang_up
        self.taken_by: str | None = None
        self.changed = asyncio.Event()
        self.gone = asyncio.Event()


class Presences:
    """Every app that says it is here, for as long as it says so."""

    def __init__(self) -> None:
        self._users: dict[str, dict[str, _Entry]] = {}

    async def stay(
        self, user_id: str, presence: Presence, hang_up: HangUp | None = None
    ) -> AsyncGenerator[PresenceNotice, None]:
        """Be here from the first step of the iteration to its end.

        Says who else is here, first and after every change; last, that this app has to leave.
        """
        entries = self._users.setdefault(user_id, {})
        entry = entries[presence.presence_id] = _Entry(presence, hang_up)
        self._tell(user_id)
        try:
            while entry.taken_by is None:
                entry.changed.clear()
                yield PresenceNotice(self._others(user_id, entry))
                await entry.changed.wait()
            yield PresenceNotice((), entry.taken_by)
            await asyncio.get_running_loop().create_future()
        finally:
            entry.gone.set()
            # The same app may have come again before its broken stream was noticed.
            if entries.get(presence.presence_id) is entry:
                del entries[presence.presence_id]
            if not entries and self._users.get(user_id) is entries:
                del self._users[user_id]
            self._tell(user_id)

    def move(
        self, user_id: str, presence_id: str, session_id: str | None, terminal: int | None
    ) -> None:
        """The app shows something else now, or nothing; one that has left is not missed."""
        entry = self._users.get(user_id, {}).get(presence_id)
        if entry is None:
            return
        moved = replace(entry.presence, session_id=session_id, terminal=terminal)
        if moved != entry.presence:
            entry.presence = moved
            self._tell(user_id)

    async def take_over(self, user_id: str, presence_id: str, by: str) -> None:
        """Ask an app to leave, and return when it has, or was hung up; at once if it isn't here."""
        entry = self._users.get(user_id, {}).get(presence_id)
        if entry is None:
            return
        entry.taken_by = by
        entry.changed.set()
        self._tell(user_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVES_WITHIN):
                await entry.gone.wait()
        left = entry.gone.is_set()
        log.info(EventCode.UI_TAKEN_OVER, user_id=user_id, by=by, hung_up=not left)
        if not left and entry.hang_up is not None:
            entry.hang_up()

    def _others(self, user_id: str, than: _Entry) -> tuple[Presence, ...]:
        """The newest first."""
        found = [
            entry.presence
            for entry in self._users.get(user_id, {}).values()
            if entry is not than and entry.taken_by is None
        ]
        return tuple(sorted(found, key=lambda presence: presence.since, reverse=True))

    def _tell(self, user_id: str) -> None:
        for entry in self._users.get(user_id, {}).values():
            entry.changed.set()
