"""Passwords: argon2id with the parameters of RFC 9106 for little memory (64 MiB, 3 passes)."""

from __future__ import annotations

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vibetui.core.logins.typed import prepared
from vibetui.errors import Invalid
from vibetui.model import User
from vibetui.store import Store
from vibetui.whole import to_the_end

_AT_A_TIME = 2
"""Each takes 64 MiB and up to four threads for about 0.1 s."""

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """As ``$argon2id$…``, salted. Takes about 0.1 s and 64 MiB: not for an event loop.

    Raises `Invalid` where it has characters with which nobody could log in.
    """
    return _hasher.hash(prepared(password))


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_hex())


def _matches(hashed: str | None, password: str) -> bool:
    """As slow for an account without a password as for a wrong one."""
    nobodys = _nobodys_hash()
    try:
        _hasher.verify(hashed or nobodys, prepared(password))
    except (VerificationError, InvalidHashError, Invalid):
        return False
    return hashed is not None


class Passwords:
    """Checks passwords, two at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turns = asyncio.Semaphore(_AT_A_TIME)

    async def check(self, user: User | None, password: str) -> bool:
        """Whether it is that user's; None, who has none, takes as long."""
        hashed = None if user is None else await self._store.password_hash(user.user_id)
        async with self._turns:
            right = await to_the_end(asyncio.to_thread(_matches, hashed, password))
            if not right or user is None or hashed is None:
                return False
            if _hasher.check_needs_rehash(hashed):
                renewed = await to_the_end(asyncio.to_thread(hash_password, password))
                await self._store.set_password_hash(user.user_id, renewed)
        return True
