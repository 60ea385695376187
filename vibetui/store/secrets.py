"""What accounts prove themselves with besides keys: password hashes and TOTP secrets.

Apart from `UserQueries`, so that no list of accounts ever has one of them in it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, select, update

from vibetui.errors import NotFound
from vibetui.store.database import Database
from vibetui.store.tables import users
from vibetui.store.users import NO_USER
from vibetui.whole import whole


class SecretQueries(Database):
    """Passwords and second factors."""

    async def set_password_hash(self, user_id: str, hashed: str | None) -> None:
        """None: no password any more. Raises `NotFound`."""
        await self._change(user_id, password_hash=hashed)

    async def password_hash(self, user_id: str) -> str | None:
        """None where the account has no password, or there is no such account."""
        hashed = await self._value(users.c.password_hash, user_id)
        return None if hashed is None else str(hashed)

    async def has_password(self, user_id: str) -> bool:
        return await self.password_hash(user_id) is not None

    async def set_totp_secret(self, user_id: str, secret: str | None) -> None:
        """None: no second factor any more. A new secret has used up no code. Raises `NotFound`."""
        await self._change(user_id, totp_secret=secret, totp_counter=0)

    @whole
    async def totp(self, user_id: str) -> tuple[str, int] | None:
        """The secret in base32, and the counter (RFC 6238's T) of the last code that was used."""
        wanted = select(users.c.totp_secret, users.c.totp_counter).where(
            users.c.user_id == user_id, users.c.totp_secret.is_not(None)
        )
        async with self._read() as db:
            row = (await db.execute(wanted)).one_or_none()
            return None if row is None else (row.totp_secret, row.totp_counter)

    async def has_second_factor(self, user_id: str) -> bool:
        return await self._value(users.c.totp_secret, user_id) is not None

    @whole
    async def take_totp_counter(self, user_id: str, counter: int) -> bool:
        """Use the code of `counter` up; False where it, or a later one, has been used already."""
        fresh = (
            users.c.user_id == user_id,
            users.c.totp_secret.is_not(None),
            users.c.totp_counter < counter,
        )
        async with self._write() as db:
            taken = await db.execute(update(users).where(*fresh).values(totp_counter=counter))
            return taken.rowcount > 0

    @whole
    async def _value(self, column: Column[Any], user_id: str) -> Any:
        async with self._read() as db:
            found = await db.execute(select(column).where(users.c.user_id == user_id))
            return found.scalar_one_or_none()

    @whole
    async def _change(self, user_id: str, **values: Any) -> None:
        async with self._write() as db:
            changed = await db.execute(
                update(users).where(users.c.user_id == user_id).values(**values)
            )
            if changed.rowcount == 0:
                raise NotFound(NO_USER)
