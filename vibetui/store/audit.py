"""The audit trail: who did what, from where, when. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select

from vibetui.events import EventCode
from vibetui.store.database import Database
from vibetui.store.tables import audit_events
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
        """Add an entry, dated now; `detail` must be plain JSON."""
        async with self._write() as db:
            await db.execute(
                insert(audit_events).values(
                    at=datetime.now(UTC),
                    code=str(code),
                    user_id=user_id,
                    session_id=session_id,
                    address=address,
                    detail=dict(detail or {}),
                )
            )

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
