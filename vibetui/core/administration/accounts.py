"""Accounts: making and removing them, their roles and the secrets of their logins."""

from __future__ import annotations

import asyncio
from datetime import datetime

from vibetui.core import accounts as core_accounts
from vibetui.core.administration.base import Desk
from vibetui.core.administration.protocol import AccountInfo, SecondFactor
from vibetui.core.logins import hash_password, new_totp_secret, totp_uri
from vibetui.errors import Conflict, Invalid, NotFound
from vibetui.events import EventCode
from vibetui.model import PublicKey, User, UserRole

_SHORTEST, _LONGEST = 12, 256
_FEWEST_WITHOUT_NAME = 8
_FEWEST_DIFFERENT = 5


def check_password(name: str, password: str) -> None:
    """As NIST SP 800-63B means it: long, no rule of composition, and not what is known anyway.

    Raises `Invalid`.
    """
    if len(password) < _SHORTEST:
        raise Invalid(
            f"That password is too short: it takes {_SHORTEST} characters.",
            "A few words that don't belong together are easy to remember.",
        )
    if len(password) > _LONGEST:
        raise Invalid(f"That password is longer than {_LONGEST} characters.")
    rest = password.casefold().replace(name.casefold(), "")
    if len(rest) < _FEWEST_WITHOUT_NAME or len(set(password)) < _FEWEST_DIFFERENT:
        raise Invalid(
            "That password is too easily guessed.",
            "It must not be made of the account's name, or of a few characters over and over.",
        )


class AccountAdministration(Desk):
    """As `Administration` says."""

    async def accounts(self) -> list[AccountInfo]:
        last = await self._store.last_logins()
        return [await self._described(user, last) for user in await self._store.list_users()]

    async def _described(self, user: User, last: dict[str, datetime]) -> AccountInfo:
        user_id, store = user.user_id, self._store
        return AccountInfo(
            user=user,
            keys=tuple(await store.keys_of(user_id)),
            sessions=len(await store.sessions_of(user_id)),
            has_password=await store.has_password(user_id),
            has_second_factor=await store.has_second_factor(user_id),
            last_login=last.get(user_id),
        )

    async def add_account(self, name: str, key_lines: str) -> list[PublicKey]:
        if await self._store.user_by_name(name) is not None:
            return await self.add_keys(name, key_lines)
        _, keys = await core_accounts.add_account(self._store, name, key_lines)
        fingerprints = [key.fingerprint for key in keys]
        await self._record(EventCode.USER_ADDED, account=name, fingerprints=fingerprints)
        return keys

    async def add_keys(self, name: str, key_lines: str) -> list[PublicKey]:
        user = await self._need(name)
        known = {key.fingerprint for key in await self._store.keys_of(user.user_id)}
        _, keys = await core_accounts.add_account(self._store, name, key_lines)
        if fresh := [key.fingerprint for key in keys if key.fingerprint not in known]:
            await self._record(EventCode.KEY_ADDED, account=name, fingerprints=fresh)
        return keys

    async def remove_account(self, name: str) -> None:
        async with self._turn:
            user = await self._need(name)
            if sessions := await self._store.sessions_of(user.user_id):
                raise Conflict(
                    f"{name} still has {len(sessions)} session(s) with a /workspace each.",
                    "Delete them first; nothing is removed with the account.",
                )
            await self._not_the_last_administrator(user, "removed")
            if self._service is None:
                await self._store.remove_user(user.user_id)
            else:
                await self._service.sharing.remove_user(user)
        self._end_logins(user.user_id)
        await self._record(EventCode.USER_REMOVED, account=name, id=user.user_id)

    async def set_role(self, name: str, role: UserRole) -> User:
        async with self._turn:
            user = await self._need(name)
            if role is not UserRole.ADMIN:
                await self._not_the_last_administrator(user, "made an ordinary user")
            changed = await self._store.set_role(user.user_id, role)
        await self._record(EventCode.USER_CHANGED, account=name, role=str(role))
        return changed

    async def _not_the_last_administrator(self, user: User, what: str) -> None:
        others = [each for each in await self._store.list_users() if each.user_id != user.user_id]
        needed = user.role is UserRole.ADMIN and others
        if needed and not any(each.role is UserRole.ADMIN for each in others):
            raise Conflict(
                f"{user.name} is the only administrator, and can't be {what}.",
                "Make another one first: vibetui user role NAME admin",
            )

    async def set_password(self, name: str, password: str | None) -> None:
        user = await self._need(name)
        hashed = None
        if password is not None:
            check_password(name, password)
            hashed = await asyncio.to_thread(hash_password, password)
        await self._store.set_password_hash(user.user_id, hashed)
        what = "removed" if hashed is None else "set"
        await self._record(EventCode.USER_CHANGED, account=name, password=what)

    async def new_second_factor(self, name: str) -> SecondFactor:
        user = await self._need(name)
        secret = new_totp_secret()
        await self._store.set_totp_secret(user.user_id, secret)
        await self._record(EventCode.USER_CHANGED, account=name, second_factor="set")
        return SecondFactor(secret, totp_uri(secret, name))

    async def remove_second_factor(self, name: str) -> None:
        user = await self._need(name)
        if not await self._store.has_second_factor(user.user_id):
            raise NotFound(f"{name} has no second factor.")
        await self._store.set_totp_secret(user.user_id, None)
        await self._record(EventCode.USER_CHANGED, account=name, second_factor="removed")
