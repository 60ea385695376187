"""Listens to the terminals that were opened and left, for the list: who rang, and their titles.

It attaches read-only, so it neither types nor answers queries nor changes a size, and it keeps no
screen. While one floods it looks away.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from vibetui.core.protocol import Core
from vibetui.errors import VibeError
from vibetui.terminals.bells import BellEar, harmless

MOST = 8
"""Sessions that are listened to; the one left first is let go."""
_FLOOD = 2 << 20
"""Bytes within a second that are more than anybody could be told about."""
_LOOK_AWAY = 2.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a session's terminal has said since its user last looked."""

    rang: bool = False
    title: str = ""


class TerminalWatch:
    """`run` owns all that listens; `subscribe` hears of every change.

    Attributes:
        heard: By session id.
    """

    def __init__(self, core: Core) -> None:
        self.heard: dict[str, Heard] = {}
        self._core = core
        self._listeners: dict[str, asyncio.Task[None]] = {}
        self._subscribers: list[Callable[[], None]] = []

    @property
    def listening_to(self) -> list[str]:
        """Session ids, the one left first in front."""
        return list(self._listeners)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after every change; returns how to stop that."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def left(self, session_id: str) -> None:
        """Its user looks no longer: listen."""
        self.looked_at(session_id)
        while len(self._listeners) >= MOST:
            self._let_go(next(iter(self._listeners)))
        self._listeners[session_id] = asyncio.create_task(self._listen(session_id))

    def looked_at(self, session_id: str) -> None:
        """Its user looks, or it is gone: forget what it said."""
        self._let_go(session_id)
        if self.heard.pop(session_id, None) is not None:
            self._tell()

    def keep(self, session_ids: Collection[str]) -> None:
        """Only these still run."""
        for session_id in {*self._listeners, *self.heard} - set(session_ids):
            self.looked_at(session_id)

    async def run(self) -> None:
        """Until cancelled; nobody listens afterwards."""
        try:
            await asyncio.Event().wait()
        finally:
            listeners = tuple(self._listeners.values())
            for listener in listeners:
                listener.cancel()
            await asyncio.gather(*listeners, return_exceptions=True)

    def _let_go(self, session_id: str) -> None:
        if (listener := self._listeners.pop(session_id, None)) is not None:
            listener.cancel()

    async def _listen(self, session_id: str) -> None:
        try:
            while True:
                if not await self._attached(session_id):
                    break
                await asyncio.sleep(_LOOK_AWAY)
        except VibeError:
            pass  # It has stopped; whoever opens it again sees for himself.
        if self._listeners.get(session_id) is asyncio.current_task():
            del self._listeners[session_id]

    async def _attached(self, session_id: str) -> bool:
        """Listen until the shell ends; true where it said too much and goes on doing so."""
        connection = await self._core.attach(session_id)
        try:
            running = [info for info in await connection.list_terminals() if info.running]
            if not running:
                return False
            ear = BellEar()
            ear.title = harmless(running[0].title)
            self._hears(session_id, title=ear.title)
            stream = await connection.attach(
                # From here on, so that nothing is replayed and no program is asked to redraw.
                running[0].terminal,
                from_offset=running[0].offset,
                read_only=True,
            )
        finally:
            connection.close()
        began, taken = time.monotonic(), 0
        try:
            while data := await stream.read():
                if not isinstance(data, bytes):
                    continue
                ear.feed(data)
                self._hears(session_id, rang=ear.rang, title=ear.title)
                now, taken = time.monotonic(), taken + len(data)
                if now > began + 1:
                    began, taken = now, 0
                elif taken > _FLOOD:
                    return True
            return False
        finally:
            stream.close()

    def _hears(self, session_id: str, *, title: str, rang: bool = False) -> None:
        before = self.heard.get(session_id)
        heard = Heard(rang=rang or (before is not None and before.rang), title=title)
        if heard != before:
            self.heard[session_id] = heard
            self._tell()

    def _tell(self) -> None:
        for callback in tuple(self._subscribers):
            callback()
