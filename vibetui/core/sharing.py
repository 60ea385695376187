"""Giving others access to a session, and taking it back."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from vibetui.core.audience import Audience
from vibetui.errors import Invalid, NotFound, VibeError
from vibetui.events import EventCode
from vibetui.model import Access, Session, Share, User
from vibetui.origin import current_origin
from vibetui.sessions import SessionManager
from vibetui.store import Store

log = structlog.get_logger(__name__)


class Sharing:
    """What owners do about who sees their sessions. Whether somebody is the owner isn't asked."""

    def __init__(self, store: Store, manager: SessionManager, audience: Audience) -> None:
        self._store = store
        self._manager = manager
        self._audience = audience

    async def share(self, session: Session, name: str, access: Access) -> Share:
        """Let the user called `name` in, or in as something else than before.

        Raises:
            Invalid: that access can't be given, or it is their own session.
            NotFound: there is no such user.
        """
        if access is Access.OWNER:
            raise Invalid("A session has one owner.", "Share it with a writer or a viewer.")
        user = await self._user(name)
        if user.user_id == session.user_id:
            raise Invalid(f"{name} owns this session.", "Share it with somebody else.")
        fresh = Share(session.session_id, user.user_id, user.name, access, datetime.now(UTC))
        before = await self._share(session, user)
        if before is not None and before.access is access:
            return before
        await self._store.put_share(fresh)
        await self._record(EventCode.SESSION_SHARED, session, user, access=str(access))
        self._audience.refresh(session.session_id)
        if before is not None:
            await self._evict(session.session_id, user.name)
        return await self._share(session, user) or fresh

    async def unshare(self, session: Session, name: str) -> None:
        """End it: whoever is looking on is out within a moment.

        Raises `NotFound` where there is no such user, or it isn't shared with them.
        """
        user = await self._user(name)
        if not await self._store.remove_share(session.session_id, user.user_id):
            raise NotFound(f"This session isn't shared with {name}.")
        await self._record(EventCode.SESSION_UNSHARED, session, user)
        self._audience.refresh(session.session_id)
        await self._evict(session.session_id, user.name)

    async def remove_user(self, user: User) -> None:
        """Remove an account; nobody stays attached as it.

        Raises `NotFound`, and `Conflict` while the user has sessions.
        """
        shared = await self._store.shares_with(user.user_id)
        await self._store.remove_user(user.user_id)
        for share in shared:
            self._audience.refresh(share.session_id)
            await self._evict(share.session_id, user.name)

    async def _user(self, name: str) -> User:
        user = await self._store.user_by_name(name)
        if user is None:
            raise NotFound(f"There is no user called “{name}”.", "Check the spelling.")
        return user

    async def _share(self, session: Session, user: User) -> Share | None:
        shares = await self._store.shares_of(session.session_id)
        return next((share for share in shares if share.user_id == user.user_id), None)

    async def _record(self, code: EventCode, session: Session, user: User, **detail: str) -> None:
        origin = current_origin()
        await self._store.audit(
            code,
            user_id=origin.user_id or session.user_id,
            session_id=session.session_id,
            address=origin.address,
            detail={"name": session.name, "with": user.name, **detail},
        )

    async def _evict(self, session_id: str, who: str) -> None:
        """Close their connections, so that they ask again what they may do."""
        try:
            await self._manager.evict(session_id, who)
        except VibeError as error:
            log.warning("core.evict_failed", session_id=session_id, exc_info=error)
