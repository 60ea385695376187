"""Finding entries of the trail, by the names that people know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from vibetui.store.audit import AuditEvent
from vibetui.store.database import Database
from vibetui.store.tables import audit_events, sessions, users
from vibetui.whole import whole

_NAMED = (
    select(*audit_events.c, users.c.name.label("user"), sessions.c.name.label("session"))
    .outerjoin(users, users.c.user_id == audit_events.c.user_id)
    .outerjoin(sessions, sessions.c.session_id == audit_events.c.session_id)
)


@dataclass(frozen=True, slots=True)
class NamedEvent:
    """An entry, with the names of who and what it is about; None where they are gone."""

    event: AuditEvent
    user: str | None
    session: str | None


class AuditSearch(Database):
    """Queries over the trail."""

    @whole
    async def find_audit(
        self,
        limit: int,
        *,
        after: int | None = None,
        user: str | None = None,
        session: str | None = None,
        code: str | None = None,
        since: datetime | None = None,
    ) -> list[NamedEvent]:
        """Up to `limit` entries that meet all conditions, the oldest of them first.

        Args:
            after: The first ones younger than this event id; None: the last ones of all.
            user: Name or id of who did it, or the name of the account that it was done to.
            session: ``NAME``, ``OWNER+NAME`` or an id.
            code: This one, or those that begin with it and a dot.
        """
        conditions = [
            *([] if after is None else [audit_events.c.event_id > after]),
            *([] if user is None else [_by(user)]),
            *([] if session is None else [_about(session)]),
            *([] if code is None else [_coded(code)]),
            *([] if since is None else [audit_events.c.at >= since]),
        ]
        order = audit_events.c.event_id
        wanted = (
            _NAMED.where(*conditions)
            .order_by(order.desc() if after is None else order)
            .limit(limit)
        )
        async with self._read() as db:
            found = [_named(row._asdict()) for row in await db.execute(wanted)]
        return found[::-1] if after is None else found

    @whole
    async def last_logins(self) -> dict[str, datetime]:
        """When each user, by id, logged in last, as far as the trail goes back."""
        last = (
            select(
                audit_events.c.user_id,
                func.max(audit_events.c.at, type_=audit_events.c.at.type).label("last"),
            )
            .where(audit_events.c.code == "login", audit_events.c.user_id.is_not(None))
            .group_by(audit_events.c.user_id)
        )
        async with self._read() as db:
            return {row.user_id: row.last for row in await db.execute(last)}


def _named(values: dict[str, Any]) -> NamedEvent:
    user, session = values.pop("user"), values.pop("session")
    return NamedEvent(AuditEvent(**values), user, session)


def _by(user: str) -> ColumnElement[bool]:
    return or_(
        users.c.name == user,
        audit_events.c.user_id == user,
        func.json_extract(audit_events.c.detail, "$.account") == user,
    )


def _about(session: str) -> ColumnElement[bool]:
    owner, _, name = session.rpartition("+")
    # A session that is gone is known by the name that one of its entries tells.
    other = audit_events.alias()
    told = select(other.c.session_id).where(
        func.json_extract(other.c.detail, "$.name") == name, other.c.session_id.is_not(None)
    )
    gone = and_(sessions.c.session_id.is_(None), audit_events.c.session_id.in_(told))
    named = or_(sessions.c.name == name, gone)
    if owner:
        owned = select(users.c.user_id).where(users.c.name == owner).scalar_subquery()
        named = and_(named, func.coalesce(sessions.c.user_id, audit_events.c.user_id) == owned)
    return or_(named, audit_events.c.session_id == session)


def _coded(code: str) -> ColumnElement[bool]:
    return or_(
        audit_events.c.code == code, audit_events.c.code.startswith(f"{code}.", autoescape=True)
    )
