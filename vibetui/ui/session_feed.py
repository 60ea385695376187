"""The user's sessions, kept as the core has them, through restarts of the core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from vibetui.core.protocol import Core
from vibetui.errors import CoreUnavailable, VibeError
from vibetui.model import Access, Session, SessionChange, SessionNotice
from vibetui.ui.streams import closing

_FIRST_DELAY, _LAST_DELAY = 0.25, 5.0

_log = structlog.get_logger(__name__)


class SessionFeed:
    """A live list. `run` feeds it; `subscribe` hears of every change."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._sessions: dict[str, Session] = {}
        self._subscribers: list[Callable[[], None]] = []
        self._try_now = asyncio.Event()
        self._was_loaded = asyncio.Event()
        self.loaded = False
        """The list has been read at least once."""
        self.trouble: VibeError | None = None
        """Why the list is not live now."""

    @property
    def sessions(self) -> list[Session]:
        """The most recently used first; those never used by creation, newest first."""
        everything = sorted(self._sessions.values(), key=lambda s: s.created_at, reverse=True)
        used = [session for session in everything if session.last_used_at is not None]
        used.sort(key=lambda s: s.last_used_at or s.created_at, reverse=True)
        return used + [session for session in everything if session.last_used_at is None]

    def get(self, session_id: str) -> Session | None:
        """None where it is gone."""
        return self._sessions.get(session_id)

    @property
    def names(self) -> set[str]:
        """Names that are taken: sessions of others may be called the same."""
        return {
            session.name for session in self._sessions.values() if session.access is Access.OWNER
        }

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after every change; returns how to stop that."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def put(self, session: Session) -> None:
        """Take in what a call to the core has just returned."""
        self._sessions[session.session_id] = session
        self._tell()

    def discard(self, session_id: str) -> None:
        """The session has been deleted."""
        self._sessions.pop(session_id, None)
        self._tell()

    async def wait_loaded(self) -> None:
        """Return once the list has been read."""
        await self._was_loaded.wait()

    def try_now(self) -> None:
        """Don't wait for the next attempt."""
        self._try_now.set()

    async def run(self) -> None:
        """Follow the core until cancelled, with growing pauses while it can't be reached."""
        delay = _FIRST_DELAY
        while True:
            try:
                await self._follow()
                trouble: VibeError = CoreUnavailable("The connection to the core has ended.")
            except VibeError as error:
                trouble = error
            if self.trouble is None:
                delay = _FIRST_DELAY
            _log.debug("ui.feed.lost", reason=str(trouble))
            self.trouble = trouble
            self._tell()
            self._try_now.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._try_now.wait(), delay)
            delay = min(delay * 2, _LAST_DELAY)

    async def _follow(self) -> None:
        async with closing(self._core.watch()) as notices:
            # Ask for the changes before the list: one that falls between is then in both.
            following = asyncio.ensure_future(anext(notices, None))
            try:
                sessions = await self._core.list_sessions()
                self._sessions = {session.session_id: session for session in sessions}
                self.loaded, self.trouble = True, None
                self._was_loaded.set()
                self._tell()
                while (notice := await following) is not None:
                    self._take(notice)
                    following = asyncio.ensure_future(anext(notices, None))
            finally:
                following.cancel()
                with suppress(asyncio.CancelledError, VibeError):
                    await following

    def _take(self, notice: SessionNotice) -> None:
        if notice.change is SessionChange.DELETED:
            self.discard(notice.session.session_id)
        else:
            self.put(notice.session)

    def _tell(self) -> None:
        for callback in list(self._subscribers):
            callback()
