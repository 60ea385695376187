"""Rows of sessions: the truth about which exist and whose they are."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update

from vibetui.errors import NotFound
from vibetui.model import Session, SessionStatus
from vibetui.store.database import Database
from vibetui.store.tables import sessions
from vibetui.whole import whole

_NO_SESSION = "There is no such session."


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""Leave this column as it is; None would empty it."""


LATEST_FIRST: Final = (
    sessions.c.last_used_at.desc().nulls_last(),
    sessions.c.created_at.desc(),
    sessions.c.session_id,
)
"""The most recently used first; those never used by creation, newest first."""


def session_of(row: Row[Any]) -> Session:
    """A row of the table, as its owner sees it."""
    values = {column.name: row._mapping[column.name] for column in sessions.c}
    return Session(**{**values, "status": SessionStatus(values["status"])})


def _columns(session: Session) -> dict[str, Any]:
    return {column.name: getattr(session, column.name) for column in sessions.c}


def _taken(name: str) -> str:
    return f"You have a session called “{name}” already."


class SessionQueries(Database):
    """Sessions."""

    @whole
    async def add_session(self, session: Session) -> None:
        """Raises `Conflict` where the user has one of that name, `NotFound` for no such user."""
        async with self._write(
            conflict=_taken(session.name), missing="There is no such user."
        ) as db:
            await db.execute(insert(sessions).values(_columns(session)))

    @whole
    async def session(self, session_id: str) -> Session | None:
        async with self._read() as db:
            found = await db.execute(select(sessions).where(sessions.c.session_id == session_id))
            row = found.one_or_none()
            return None if row is None else session_of(row)

    @whole
    async def sessions_of(self, user_id: str) -> list[Session]:
        """The user's own, in the order of `LATEST_FIRST`."""
        async with self._read() as db:
            found = await db.execute(
                select(sessions).where(sessions.c.user_id == user_id).order_by(*LATEST_FIRST)
            )
            return [session_of(row) for row in found]

    @whole
    async def all_sessions(self) -> list[Session]:
        """Everybody's, the oldest first."""
        async with self._read() as db:
            found = await db.execute(
                select(sessions).order_by(sessions.c.created_at, sessions.c.session_id)
            )
            return [session_of(row) for row in found]

    @whole
    async def update_session(
        self,
        session_id: str,
        *,
        name: str | Unset = UNSET,
        container_id: str | Unset | None = UNSET,
        status: SessionStatus | Unset = UNSET,
        last_used_at: datetime | Unset | None = UNSET,
        recording: bool | Unset | None = UNSET,
        stopped_at: datetime | Unset | None = UNSET,
    ) -> Session:
        """Change what is given, in one statement, and return the row as it is then.

        Raises `NotFound`, and `Conflict` where the user has another session of that name.
        """
        given = {
            "name": name,
            "container_id": container_id,
            "status": status,
            "last_used_at": last_used_at,
            "recording": recording,
            "stopped_at": stopped_at,
        }
        changes = {column: value for column, value in given.items() if value is not UNSET}
        conflict = _taken(name) if isinstance(name, str) else ""
        if not changes:
            unchanged = await self.session(session_id)
            if unchanged is None:
                raise NotFound(_NO_SESSION)
            return unchanged
        async with self._write(conflict=conflict) as db:
            found = await db.execute(
                update(sessions)
                .where(sessions.c.session_id == session_id)
                .values(changes)
                .returning(sessions)
            )
            row = found.one_or_none()
            if row is None:
                raise NotFound(_NO_SESSION)
            return session_of(row)

    @whole
    async def delete_session(self, session_id: str) -> None:
        """No error if it is gone already."""
        async with self._write() as db:
            await db.execute(delete(sessions).where(sessions.c.session_id == session_id))
