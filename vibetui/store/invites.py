"""Invitations to make an account. Of a code only its hash is ever here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, update

from vibetui.errors import Denied, NotFound
from vibetui.model import Invite, PublicKey, User
from vibetui.store.database import Database
from vibetui.store.tables import invites
from vibetui.store.users import KEY_TAKEN, insert_account
from vibetui.whole import whole

_INVITE = [column for column in invites.c if column is not invites.c.code_hash]
_NEW_ONE = "Ask for a new one."


def check_usable(invite: Invite | None) -> Invite:
    """The invitation itself. Raises `Denied`: there is none, or it is used up, or expired."""
    if invite is None:
        raise Denied("That is no invite code of this server.", "Type it as it was given to you.")
    if invite.used >= invite.uses:
        raise Denied("That invite code has been used already.", _NEW_ONE)
    if invite.expires_at <= datetime.now(UTC):
        raise Denied("That invite code has expired.", _NEW_ONE)
    return invite


def _invite(row: Row[Any] | None) -> Invite | None:
    return None if row is None else Invite(**row._mapping)


def _by_hash(code_hash: str) -> Select[Any]:
    return select(*_INVITE).where(invites.c.code_hash == code_hash)


class InviteQueries(Database):
    """Invitations."""

    @whole
    async def add_invite(self, invite: Invite, code_hash: str) -> None:
        """Keep it, under the hash of its code."""
        async with self._write() as db:
            await db.execute(insert(invites).values(**asdict(invite), code_hash=code_hash))

    @whole
    async def invites(self) -> list[Invite]:
        """The newest first, with those that are used up or expired."""
        wanted = select(*_INVITE).order_by(invites.c.created_at.desc(), invites.c.invite_id)
        async with self._read() as db:
            return [Invite(**row._mapping) for row in await db.execute(wanted)]

    @whole
    async def invite_by_hash(self, code_hash: str) -> Invite | None:
        async with self._read() as db:
            return _invite((await db.execute(_by_hash(code_hash))).one_or_none())

    @whole
    async def revoke_invite(self, invite_id: str) -> None:
        """Forget it; what it made stays. Raises `NotFound`."""
        async with self._write() as db:
            gone = await db.execute(delete(invites).where(invites.c.invite_id == invite_id))
            if gone.rowcount == 0:
                raise NotFound("There is no such invitation.")

    @whole
    async def use_invite(self, code_hash: str, user: User, keys: Iterable[PublicKey]) -> None:
        """Make the account with its keys, and count that; all or nothing.

        Raises:
            Denied: as `check_usable`.
            Conflict: the name or a key is taken. Nothing is used up then.
        """
        async with self._write(conflict=KEY_TAKEN) as db:
            found = _invite((await db.execute(_by_hash(code_hash))).one_or_none())
            invite = check_usable(found)
            await insert_account(db, user, keys)
            await db.execute(
                update(invites)
                .where(invites.c.invite_id == invite.invite_id)
                .values(used=invites.c.used + 1)
            )
