"""Following the engine's events for as long as the core lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import structlog

from vibetui.engines import CONNECTED, EngineEvent
from vibetui.errors import VibeError
from vibetui.model import LABEL_COPY, LABEL_INSTANCE, LABEL_SESSION
from vibetui.sessions import reconcile
from vibetui.sessions.tools import Tools

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 10.0
"""Seconds between attempts to reach an engine that is away; doubled each time."""


class Follower:
    """Makes rows follow: all of them whenever the engine is (back) there, one at each event.

    Args:
        tools: The engine and the rows.
        lock: The lock of one session.
        sweep: Removes what copies that were cut off have left.
    """

    def __init__(
        self,
        tools: Tools,
        lock: Callable[[str], asyncio.Lock],
        sweep: Callable[[], Awaitable[None]],
    ) -> None:
        self._tools = tools
        self._lock = lock
        self._sweep = sweep
        self._pause = FIRST_PAUSE
        self._pending: set[str] = set()

    async def run(self) -> None:
        """For ever, until cancelled."""
        while True:
            try:
                await self._until_it_goes()
            except* VibeError as group:
                cause = group.exceptions[0]
                log.warning("engine.away", cause=str(cause), retry_in=self._pause)
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def follow(self, session_id: str) -> None:
        """Make one row follow, once nothing else is being done to the session."""
        async with self._lock(session_id):
            # From here on an event is news again: what it tells of may come after our look.
            self._pending.discard(session_id)
            await reconcile.follow(self._tools, session_id)

    async def _until_it_goes(self) -> None:
        self._pending.clear()
        async with (
            asyncio.TaskGroup() as group,
            aclosing(self._tools.engine.events()) as events,
        ):
            async for event in events:
                self._pause = FIRST_PAUSE
                if event.action == CONNECTED or self._a_copy_has_ended(event):
                    group.create_task(self._clean_up())
                if event.action == CONNECTED:
                    found = await reconcile.disagreements(self._tools)
                elif (
                    event.labels.get(LABEL_INSTANCE) == self._tools.instance
                    and event.action != "create"
                ):
                    # A creation is always part of an opening, perhaps of another process.
                    found = [event.labels[LABEL_SESSION]] if LABEL_SESSION in event.labels else []
                else:
                    continue
                # Each in a task of its own: one waits for its session's lock while that is
                # being opened, and the others needn't.
                for session_id in set(found) - self._pending:
                    self._pending.add(session_id)
                    group.create_task(self._one(session_id))

    def _a_copy_has_ended(self, event: EngineEvent) -> bool:
        return (
            event.action == "destroy"
            and event.labels.get(LABEL_INSTANCE) == self._tools.instance
            and LABEL_COPY in event.labels
        )

    async def _clean_up(self) -> None:
        try:
            await self._sweep()
        except VibeError as error:
            log.warning("sweep.failed", cause=str(error))

    async def _one(self, session_id: str) -> None:
        try:
            await self.follow(session_id)
        except VibeError as error:
            log.warning("reconcile.failed", session_id=session_id, cause=str(error))
