"""Reading the trail."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from vibetui.core.administration.base import Desk, no_server
from vibetui.core.administration.protocol import AuditFilter, AuditLine
from vibetui.errors import Invalid
from vibetui.store import NamedEvent

_MOST = 10_000
_AT_A_TIME = 200


class TrailReading(Desk):
    """As `Administration` says."""

    async def audit_tail(self, wanted: AuditFilter, limit: int) -> list[AuditLine]:
        if not 0 <= limit <= _MOST:
            raise Invalid(f"At most {_MOST} entries can be shown at a time.")
        return await self._find(wanted, limit)

    async def follow_audit(
        self, wanted: AuditFilter, after: int
    ) -> AsyncGenerator[AuditLine, None]:
        if self._service is None:
            raise no_server()
        while True:
            seen = self._store.audited.count
            found = await self._find(wanted, _AT_A_TIME, after)
            for line in found:
                after = line.event_id
                yield line
            if len(found) < _AT_A_TIME:
                await self._store.audited.beyond(seen)

    async def _find(
        self, wanted: AuditFilter, limit: int, after: int | None = None
    ) -> list[AuditLine]:
        found = await self._store.find_audit(
            limit,
            after=after,
            user=wanted.user,
            session=wanted.session,
            code=wanted.code,
            since=wanted.since,
        )
        return [_line(named) for named in found]


def _line(named: NamedEvent) -> AuditLine:
    event = named.event
    return AuditLine(
        event_id=event.event_id,
        at=event.at,
        code=event.code,
        user=named.user,
        session=named.session,
        address=event.address,
        detail=dict(event.detail),
        user_id=event.user_id,
        session_id=event.session_id,
    )
