"""Connections of those who can't log in any more: they end when that happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager

import structlog

from sshd.auth import FrontCore
from sshd.channels.client import ClientSession
from vibetui.errors import VibeError

log = structlog.get_logger(__name__)

LOGIN_ENDED = "This account can't log in here any more."

_AGAIN = 1.0
"""Seconds before the core is asked again after it has gone."""
_LAST_WORDS = 2.0


async def abandon_all(sessions: Iterable[ClientSession], why: str) -> None:
    """Return when each has told its user why, or had the time to."""
    waits = []
    for session in sessions:
        session.abandon(why)
        waits.append(asyncio.ensure_future(session.finished.wait()))
    if waits:
        _, late = await asyncio.wait(waits, timeout=_LAST_WORDS)
        for wait in late:
            wait.cancel()


@asynccontextmanager
async def heeding_endings(core: FrontCore, end: Callable[[str], None]) -> AsyncIterator[None]:
    """Call `end` with the id of each user whose login ends, until the block is left."""
    task = asyncio.create_task(_heed(core, end), name="heed endings")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _heed(core: FrontCore, end: Callable[[str], None]) -> None:
    while True:
        try:
            async with aclosing(core.endings()) as ended:
                async for user_id in ended:
                    end(user_id)
        except VibeError as error:
            # A core that is gone opens no door either: nothing is lost in the meantime.
            log.info("endings.not_heard", message=error.message)
        await asyncio.sleep(_AGAIN)
