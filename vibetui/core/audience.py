"""Who hears of a session's changes: its owner, and everybody it is shared with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import structlog

from vibetui.core.watchers import Watchers
from vibetui.errors import StoreError
from vibetui.model import Access, Session, SessionChange, SessionNotice, Share
from vibetui.store import Store

log = structlog.get_logger(__name__)


class Audience:
    """Tells each person who may see a session what became of it, as they see it.

    Whoever it is newly shared with hears ``CREATED``; whoever it is no longer shared with hears
    ``DELETED``. Notices keep their order.
    """

    def __init__(self, store: Store, watchers: Watchers) -> None:
        self._store = store
        self._watchers = watchers
        self._waiting: asyncio.Queue[SessionNotice | str] = asyncio.Queue()
        self._seen_by: dict[str, frozenset[str]] = {}
        """By session id, the others who have been told of it."""

    def publish(self, notice: SessionNotice) -> None:
        """Tell them soon. Never blocks, never raises; the notice has the owner's view."""
        self._waiting.put_nowait(notice)

    def refresh(self, session_id: str) -> None:
        """Who may see it has changed: tell them of the session as it is."""
        self._waiting.put_nowait(session_id)

    async def run(self) -> None:
        """Tell them, until cancelled."""
        try:
            self._remember(await self._store.all_shares())
        except StoreError as error:
            log.error("core.audience_unknown", cause=str(error))
        while True:
            waiting = await self._waiting.get()
            try:
                await self._spread(waiting)
            except StoreError as error:
                log.error("core.audience_failed", cause=str(error))
                if isinstance(waiting, SessionNotice):
                    self._watchers.tell(waiting.session.user_id, waiting)

    def _remember(self, shares: Iterable[Share]) -> None:
        for share in shares:
            known = self._seen_by.get(share.session_id, frozenset())
            self._seen_by[share.session_id] = known | {share.user_id}

    async def _spread(self, waiting: SessionNotice | str) -> None:
        if isinstance(waiting, str):
            row = await self._store.session(waiting)
            if row is None:
                return  # Its own notice says so.
            notice = SessionNotice(SessionChange.UPDATED, row)
        else:
            notice = waiting
        session = notice.session
        shares = await self._store.shares_of(session.session_id)
        before = self._seen_by.pop(session.session_id, frozenset())
        mine = replace(session, shared_with=len(shares))
        self._watchers.tell(session.user_id, SessionNotice(notice.change, mine))
        if not shares and not before:
            return
        user = await self._store.user(session.user_id)
        theirs = replace(mine, owner="" if user is None else user.name)
        self._tell_sharers(notice.change, theirs, shares, before)
        if shares:
            self._seen_by[session.session_id] = frozenset(share.user_id for share in shares)

    def _tell_sharers(
        self,
        change: SessionChange,
        session: Session,
        shares: Iterable[Share],
        before: frozenset[str],
    ) -> None:
        gone = set(before)
        for share in shares:
            gone.discard(share.user_id)
            news = change if share.user_id in before else SessionChange.CREATED
            seen = replace(session, access=share.access)
            self._watchers.tell(share.user_id, SessionNotice(news, seen))
        for user_id in gone:
            last = replace(session, access=Access.VIEWER)
            self._watchers.tell(user_id, SessionNotice(SessionChange.DELETED, last))
