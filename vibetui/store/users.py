"""Accounts and the public keys that open them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vibetui.errors import Conflict, NotFound
from vibetui.model import PublicKey, User, UserRole, new_id
from vibetui.store.database import Database
from vibetui.store.tables import public_keys, users
from vibetui.whole import whole

KEY_TAKEN = "That key belongs to an account already."
NO_USER = "There is no such user."
_NO_KEY = "There is no such key."

_USER = (users.c.user_id, users.c.name, users.c.created_at, users.c.role)
"""What is known of an account outside this module: none of its secrets."""


def _user(row: Any) -> User | None:
    if row is None:
        return None
    values = row._asdict()
    return User(**{**values, "role": UserRole(values["role"])})


def _key(row: Row[tuple[object, ...]] | None) -> PublicKey | None:
    return None if row is None else PublicKey(**row._mapping)


async def insert_account(db: AsyncConnection, user: User, keys: Iterable[PublicKey]) -> None:
    """Within a transaction whose conflicts are `KEY_TAKEN`. Raises `Conflict` for the name."""
    taken = await db.execute(select(users.c.user_id).where(users.c.name == user.name))
    if taken.one_or_none() is not None:
        raise Conflict(f"There is a user called “{user.name}” already.")
    await db.execute(insert(users).values(asdict(user)))
    if rows := [asdict(key) for key in keys]:
        await db.execute(insert(public_keys), rows)


class UserQueries(Database):
    """Users and keys."""

    async def add_user(self, name: str) -> User:
        """A new account without keys, by the operator. Raises `Conflict`: the name is taken."""
        user = User(user_id=new_id(), name=name, created_at=datetime.now(UTC))
        return await self.found_account(user)

    @whole
    async def add_account(self, user: User, keys: Iterable[PublicKey] = ()) -> None:
        """An account with its keys, all or nothing. Raises `Conflict` for the name or a key."""
        async with self._write(conflict=KEY_TAKEN) as db:
            await insert_account(db, user, keys)

    @whole
    async def found_account(self, user: User, keys: Iterable[PublicKey] = ()) -> User:
        """`add_account`, but the very first account of all is an admin: somebody must be.

        For the operator alone: whoever registers must not come to rule an empty server.
        """
        async with self._write(conflict=KEY_TAKEN) as db:
            if (await db.execute(select(users.c.user_id).limit(1))).one_or_none() is None:
                user = replace(user, role=UserRole.ADMIN)
            await insert_account(db, user, keys)
        return user

    @whole
    async def user(self, user_id: str) -> User | None:
        async with self._read() as db:
            found = await db.execute(select(*_USER).where(users.c.user_id == user_id))
            return _user(found.one_or_none())

    @whole
    async def user_by_name(self, name: str) -> User | None:
        async with self._read() as db:
            found = await db.execute(select(*_USER).where(users.c.name == name))
            return _user(found.one_or_none())

    @whole
    async def list_users(self) -> list[User]:
        """By name."""
        async with self._read() as db:
            found = await db.execute(select(*_USER).order_by(users.c.name))
            return [user for user in map(_user, found) if user is not None]

    @whole
    async def remove_user(self, user_id: str) -> None:
        """Remove the account and its keys.

        Raises `NotFound`, and `Conflict` while the user has sessions: those own containers.
        """
        async with self._write(conflict="The user still has sessions.") as db:
            gone = await db.execute(delete(users).where(users.c.user_id == user_id))
            if gone.rowcount == 0:
                raise NotFound(NO_USER)

    @whole
    async def set_role(self, user_id: str, role: UserRole) -> User:
        """The account as it is then. Raises `NotFound`."""
        changed = update(users).where(users.c.user_id == user_id).values(role=str(role))
        async with self._write() as db:
            user = _user((await db.execute(changed.returning(*_USER))).one_or_none())
            if user is None:
                raise NotFound(NO_USER)
            return user

    async def add_key(self, key: PublicKey) -> None:
        """Raises `Conflict` where anybody has this key, `NotFound` where there is no such user."""
        await self.add_keys([key])

    @whole
    async def add_keys(self, keys: Iterable[PublicKey]) -> None:
        """Add all or none. Raises as `add_key`."""
        rows = [asdict(key) for key in keys]
        if not rows:
            return
        async with self._write(conflict=KEY_TAKEN, missing=NO_USER) as db:
            await db.execute(insert(public_keys), rows)

    @whole
    async def key_by_fingerprint(self, fingerprint: str) -> PublicKey | None:
        async with self._read() as db:
            found = await db.execute(
                select(public_keys).where(public_keys.c.fingerprint == fingerprint)
            )
            return _key(found.one_or_none())

    @whole
    async def keys_of(self, user_id: str) -> list[PublicKey]:
        """The oldest first."""
        async with self._read() as db:
            found = await db.execute(
                select(public_keys)
                .where(public_keys.c.user_id == user_id)
                .order_by(public_keys.c.added_at, public_keys.c.fingerprint)
            )
            return [PublicKey(**row._mapping) for row in found]

    @whole
    async def label_key(self, fingerprint: str, label: str) -> PublicKey:
        """Call a key something else: its `comment`. Raises `NotFound`."""
        changed = (
            update(public_keys)
            .where(public_keys.c.fingerprint == fingerprint)
            .values(comment=label)
            .returning(public_keys)
        )
        async with self._write() as db:
            key = _key((await db.execute(changed)).one_or_none())
            if key is None:
                raise NotFound(_NO_KEY)
            return key

    @whole
    async def key_used(self, fingerprint: str) -> None:
        """Somebody has logged in with it, now; a key that is gone meanwhile is no error."""
        async with self._write() as db:
            await db.execute(
                update(public_keys)
                .where(public_keys.c.fingerprint == fingerprint)
                .values(last_used_at=datetime.now(UTC))
            )

    @whole
    async def remove_key(self, fingerprint: str) -> None:
        """Raises `NotFound`."""
        async with self._write() as db:
            gone = await db.execute(
                delete(public_keys).where(public_keys.c.fingerprint == fingerprint)
            )
            if gone.rowcount == 0:
                raise NotFound(_NO_KEY)
