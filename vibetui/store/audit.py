"""The audit trail: who did what, from where, when. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, insert, select

from vibetui.events import EventCode
from vibetui.store.audit_file import AUDIT_FILE, append_entry
from vibetui.store.database import Database
from vibetui.store.tables import audit_events, sessions, users
from vibetui.whole import whole


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One entry of the trail."""

    event_id: int
    """Grows with time; never used twice."""
    at: datetime
    code: str
    """An `EventCode`, or the word of a version that knew more of them."""
    user_id: str | None
    session_id: str | None
    address: str | None
    """Where the client came from."""
    detail: Mapping[str, Any]


def _names(user_id: str | None, session_id: str | None) -> Select[Any]:
    """What both are called now; None where they are gone, or there is none."""
    user = select(users.c.name).where(users.c.user_id == user_id)
    session = select(sessions.c.name).where(sessions.c.session_id == session_id)
    return select(user.scalar_subquery().label("user"), session.scalar_subquery().label("session"))


class AuditQueries(Database):
    """The audit trail."""

    @whole
    async def audit(
        self,
        code: EventCode,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        address: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an entry, dated now, and a line of `AUDIT_FILE`; `detail` must be plain JSON."""
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "code": str(code),
            "user_id": user_id,
            "session_id": session_id,
            "address": address,
            "detail": dict(detail or {}),
        }
        async with self._write() as db:
            await db.execute(insert(audit_events).values(at=now, **values))
            names = (await db.execute(_names(user_id, session_id))).one()
        append_entry(
            self._path.with_name(AUDIT_FILE),
            {
                "at": now.isoformat(timespec="microseconds"),
                **values,
                "user": names.user,
                "session": names.session,
            },
        )
        self.audited.add()

    @whole
    async def audit_tail(self, limit: int) -> list[AuditEvent]:
        """The last `limit` entries, the oldest of them first."""
        newest = select(audit_events).order_by(audit_events.c.event_id.desc()).limit(limit)
        async with self._read() as db:
            found = [AuditEvent(**row._mapping) for row in await db.execute(newest)]
        return found[::-1]

    @whole
    async def audit_after(self, event_id: int, limit: int) -> list[AuditEvent]:
        """Up to `limit` entries younger than `event_id`, the oldest of them first."""
        wanted = (
            select(audit_events)
            .where(audit_events.c.event_id > event_id)
            .order_by(audit_events.c.event_id)
            .limit(limit)
        )
        async with self._read() as db:
            return [AuditEvent(**row._mapping) for row in await db.execute(wanted)]
