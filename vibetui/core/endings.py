"""Whose logins have just come to an end: whoever holds something of theirs lets go of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator


class Endings:
    """Tells who can't log in any more: an account that is removed, or its last key."""

    def __init__(self) -> None:
        self._watching: set[asyncio.Queue[str]] = set()

    def end(self, user_id: str) -> None:
        """Tell everybody who watches now. Never blocks."""
        for waiting in self._watching:
            waiting.put_nowait(user_id)

    async def watch(self) -> AsyncGenerator[str, None]:
        """The ids of users whose logins end, from the first step of the iteration on."""
        waiting: asyncio.Queue[str] = asyncio.Queue()
        self._watching.add(waiting)
        try:
            while True:
                yield await waiting.get()
        finally:
            self._watching.discard(waiting)
