"""Waiting for more of something that is counted."""

from __future__ import annotations

import asyncio


class Tally:
    """How many there have been in this process."""

    def __init__(self) -> None:
        self.count = 0
        self._more = asyncio.Event()

    def add(self) -> None:
        """One more: wakes everybody who waits."""
        self.count += 1
        more, self._more = self._more, asyncio.Event()
        more.set()

    async def beyond(self, count: int) -> None:
        """Return when there have been more than `count`."""
        while self.count <= count:
            await self._more.wait()
