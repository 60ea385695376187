"""One line for each step: in the log with what it took, and in the trail where people look."""

from __future__ import annotations

from typing import Any

import structlog

from vibetui.errors import StoreError
from vibetui.events import EventCode
from vibetui.model import Session
from vibetui.origin import current_origin
from vibetui.store import Store

log = structlog.get_logger(__name__)


class Journal:
    """Writes what happens to sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def step(self, code: EventCode, session_id: str, seconds: float, **detail: Any) -> None:
        """To the log only: steps of an opening are many, and the trail is for decisions."""
        log.info(str(code), session_id=session_id, ms=round(seconds * 1e3, 1), **detail)

    def trouble(
        self, code: EventCode, session_id: str, cause: BaseException, **detail: Any
    ) -> None:
        """A failure and its cause, to the log only."""
        log.warning(str(code), session_id=session_id, exc_info=cause, **detail)

    async def record(self, code: EventCode, session: Session, **detail: Any) -> None:
        """To the log and to the audit trail, as done by whoever asked for it, else by the owner.

        A trail that can't be written stops nobody.
        """
        origin = current_origin()
        user_id = origin.user_id or (session.user_id if origin.by is None else None)
        if origin.by is not None:
            detail["by"] = origin.by
        log.info(str(code), session_id=session.session_id, user_id=user_id, **detail)
        try:
            await self._store.audit(
                code,
                user_id=user_id,
                session_id=session.session_id,
                address=origin.address,
                detail=detail,
            )
        except StoreError as error:
            self.trouble(code, session.session_id, error)
