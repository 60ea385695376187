"""Who may see whose sessions, and sessions as somebody sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, or_, select
from sqlalchemy.dialects.sqlite import insert

from vibetui.model import Access, Session, Share
from vibetui.store.database import Database
from vibetui.store.sessions import LATEST_FIRST, session_of
from vibetui.store.tables import sessions, shares, users
from vibetui.whole import whole

_SHARES: Select[Any] = select(*shares.c, users.c.name).join(
    users, users.c.user_id == shares.c.user_id
)


def _share(row: Row[Any]) -> Share:
    values = row._asdict()
    return Share(**{**values, "access": Access(values["access"])})


def _visible(user_id: str, *conditions: ColumnElement[bool]) -> Select[Any]:
    others = (
        select(func.count())
        .select_from(shares)
        .where(shares.c.session_id == sessions.c.session_id)
        .correlate(sessions)
        .scalar_subquery()
    )
    mine = shares.alias("mine")
    is_mine = and_(mine.c.session_id == sessions.c.session_id, mine.c.user_id == user_id)
    return (
        select(
            *sessions.c,
            mine.c.access.label("access"),
            users.c.name.label("owner"),
            others.label("shared_with"),
        )
        .join(users, users.c.user_id == sessions.c.user_id)
        .outerjoin(mine, is_mine)
        .where(or_(sessions.c.user_id == user_id, mine.c.user_id.is_not(None)), *conditions)
    )


def _seen(row: Row[Any], user_id: str) -> Session:
    session, values = session_of(row), row._mapping
    if session.user_id == user_id:
        return replace(session, shared_with=values["shared_with"])
    return replace(
        session,
        access=Access(values["access"]),
        owner=values["owner"],
        shared_with=values["shared_with"],
    )


class ShareQueries(Database):
    """Shares."""

    @whole
    async def sessions_seen_by(self, user_id: str) -> list[Session]:
        """The user's own and those shared with them, together in the order of `LATEST_FIRST`."""
        async with self._read() as db:
            found = await db.execute(_visible(user_id).order_by(*LATEST_FIRST))
            return [_seen(row, user_id) for row in found]

    @whole
    async def session_seen_by(self, session_id: str, user_id: str) -> Session | None:
        """None where there is none, or it is neither the user's nor shared with them."""
        async with self._read() as db:
            found = await db.execute(_visible(user_id, sessions.c.session_id == session_id))
            row = found.one_or_none()
            return None if row is None else _seen(row, user_id)

    @whole
    async def sessions_named(self, user_id: str, name: str, owner: str = "") -> list[Session]:
        """Those of that name that the user sees, their own first; all of `owner`'s if that is set.

        `owner` is the name of an account.
        """
        whose = (users.c.name == owner,) if owner else ()
        wanted = _visible(user_id, sessions.c.name == name, *whose)
        mine_first = wanted.order_by(sessions.c.user_id != user_id, users.c.name)
        async with self._read() as db:
            return [_seen(row, user_id) for row in await db.execute(mine_first)]

    @whole
    async def put_share(self, share: Share) -> None:
        """Give access, or another access than before. Raises `NotFound`: no such session or user.

        What is there already keeps its date.
        """
        async with self._write(missing="There is no such session or user.") as db:
            given = insert(shares).values(
                {column.name: getattr(share, column.name) for column in shares.c}
            )
            await db.execute(
                given.on_conflict_do_update(
                    index_elements=[shares.c.session_id, shares.c.user_id],
                    set_={"access": given.excluded.access},
                )
            )

    @whole
    async def remove_share(self, session_id: str, user_id: str) -> bool:
        """Whether there was one."""
        async with self._write() as db:
            gone = await db.execute(
                delete(shares).where(shares.c.session_id == session_id, shares.c.user_id == user_id)
            )
            return gone.rowcount > 0

    async def shares_of(self, session_id: str) -> list[Share]:
        """Whom the session is shared with, by name."""
        return await self._shares(shares.c.session_id == session_id)

    async def shares_with(self, user_id: str) -> list[Share]:
        """What is shared with the user."""
        return await self._shares(shares.c.user_id == user_id)

    async def all_shares(self) -> list[Share]:
        """Everybody's."""
        return await self._shares()

    @whole
    async def _shares(self, *conditions: ColumnElement[bool]) -> list[Share]:
        wanted = _SHARES.where(*conditions).order_by(users.c.name, shares.c.session_id)
        async with self._read() as db:
            return [_share(row) for row in await db.execute(wanted)]
