"""`Logins`: everything that the front asks about who somebody is."""

from __future__ import annotations

import asyncio

from vibetui.core.logins.authorities import read_authorities
from vibetui.core.logins.codes import Codes
from vibetui.core.logins.invitations import Registrations
from vibetui.core.logins.passwords import Passwords
from vibetui.events import EventCode
from vibetui.model import Account, Authorities, User
from vibetui.settings import Settings
from vibetui.store import Store


class Logins:
    """Answers as `FrontClient` says, over the accounts of `store`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._passwords = Passwords(store)
        self._codes = Codes(store)
        self._registrations = Registrations(store, settings)

    async def authenticate(self, fingerprint: str) -> Account | None:
        """Whose key this is (``SHA256:…``)."""
        key = await self._store.key_by_fingerprint(fingerprint)
        return None if key is None else await self._account(await self._store.user(key.user_id))

    async def account(self, name: str) -> Account | None:
        """By name."""
        return await self._account(await self._store.user_by_name(name))

    async def authorities(self) -> Authorities:
        """Who signs certificates, and what is revoked, as it is now. Raises `VibeError`."""
        return await asyncio.to_thread(read_authorities, self._settings)

    async def check_password(self, name: str, password: str) -> Account | None:
        """Whose it is, where it is theirs; nobody's where passwords are turned off."""
        if not self._settings.password_login:
            return None
        user = await self._store.user_by_name(name)
        right = await self._passwords.check(user, password)
        return await self._account(user) if right else None

    async def check_code(self, user_id: str, code: str) -> bool:
        """Whether it is right; then it is used up."""
        return await self._codes.check(user_id, code)

    async def register(self, name: str, code: str | None, key_line: str) -> Account:
        """Raises `Denied`, `Invalid` and `Conflict`."""
        return Account(await self._registrations.register(name, code, key_line))

    async def logged_in(
        self, user_id: str, *, method: str, fingerprint: str | None, address: str, detail: str = ""
    ) -> None:
        """Note the key's last use, and the login in the trail."""
        if fingerprint is not None:
            await self._store.key_used(fingerprint)
        said = {"method": method, "fingerprint": fingerprint, "detail": detail}
        await self._store.audit(
            EventCode.LOGIN,
            user_id=user_id,
            address=address,
            detail={key: value for key, value in said.items() if value},
        )

    async def _account(self, user: User | None) -> Account | None:
        if user is None:
            return None
        return Account(user, await self._store.has_second_factor(user.user_id))
