"""Who watches whose sessions, and what each still has to be told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from vibetui.model import SessionChange, SessionNotice


class _Mailbox:
    """The notices that one watcher hasn't taken yet: at most one a session.

    A watcher that doesn't keep up misses states in between, never the last one, so the box stays
    as small as the list that it tells of.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, SessionNotice] = {}
        self._filled = asyncio.Event()

    def put(self, notice: SessionNotice) -> None:
        session_id = notice.session.session_id
        before = self._waiting.pop(session_id, None)
        if (
            before is not None
            and before.change is SessionChange.CREATED
            and notice.change is SessionChange.UPDATED
        ):
            notice = SessionNotice(SessionChange.CREATED, notice.session)
        self._waiting[session_id] = notice
        self._filled.set()

    async def take(self) -> SessionNotice:
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.pop(next(iter(self._waiting)))


class Watchers:
    """Spreads notices to everybody who watches as one user."""

    def __init__(self) -> None:
        self._boxes: dict[str, set[_Mailbox]] = {}

    def tell(self, user_id: str, notice: SessionNotice) -> None:
        """Tell whoever watches now as that user. Never blocks, never raises."""
        for box in self._boxes.get(user_id, ()):
            box.put(notice)

    async def watch(self, user_id: str) -> AsyncGenerator[SessionNotice, None]:
        """Changes of what the user sees from the first step of the iteration on."""
        with self._mailbox(user_id) as box:
            while True:
                yield await box.take()

    @contextmanager
    def _mailbox(self, user_id: str) -> Iterator[_Mailbox]:
        box = _Mailbox()
        boxes = self._boxes.setdefault(user_id, set())
        boxes.add(box)
        try:
            yield box
        finally:
            boxes.discard(box)
            if not boxes and self._boxes.get(user_id) is boxes:
                del self._boxes[user_id]
