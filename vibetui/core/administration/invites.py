"""Invitations: who may make an account for themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from vibetui.core.administration.base import Desk
from vibetui.core.administration.protocol import NewInvite
from vibetui.core.logins import hash_code, new_invite_code
from vibetui.errors import Invalid
from vibetui.events import EventCode
from vibetui.model import Invite, new_id
from vibetui.settings import Registration

_MOST_USES = 1000
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=366)


class InviteAdministration(Desk):
    """As `Administration` says."""

    async def make_invite(self, uses: int, seconds: float) -> NewInvite:
        if not 1 <= uses <= _MOST_USES:
            raise Invalid(f"An invitation is for 1 to {_MOST_USES} accounts.")
        if not _SHORTEST.total_seconds() <= seconds <= _LONGEST.total_seconds():
            raise Invalid("An invitation is good for a minute at least, and a year at most.")
        now = datetime.now(UTC)
        until = now + timedelta(seconds=seconds)
        invite = Invite(new_id(), now, until, uses, 0, self._actor.by)
        code = new_invite_code()
        await self._store.add_invite(invite, hash_code(code))
        await self._record(
            EventCode.INVITE_MADE,
            invite_id=invite.invite_id,
            uses=uses,
            expires_at=until.isoformat(timespec="seconds"),
        )
        return NewInvite(invite, code, self._settings.registration is Registration.INVITE)

    async def invites(self) -> list[Invite]:
        return await self._store.invites()

    async def revoke_invite(self, invite_id: str) -> None:
        await self._store.revoke_invite(invite_id)
        await self._record(EventCode.INVITE_REVOKED, invite_id=invite_id)
