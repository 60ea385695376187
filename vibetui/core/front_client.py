"""What the SSH front asks of the core: whose a key is, a door for that user, the audit trail."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from vibetui.core import wire
from vibetui.core.channel import Channel
from vibetui.events import EventCode
from vibetui.model import Account, Authorities


class FrontClient:
    """The core, as the front sees it. Everything raises `CoreUnavailable` where it is gone.

    Args:
        target: The core's own socket, or the front's door (a descriptor, owned from here on).
    """

    def __init__(self, target: Path | int) -> None:
        self._channel = Channel(target)

    async def authenticate(self, fingerprint: str) -> Account | None:
        """Whose key this is (``SHA256:…``); None where it is nobody's."""
        answer = await self._channel.call(
            "POST", "/v1/front/authenticate", {"fingerprint": fingerprint}
        )
        return wire.account_from_json(answer)

    async def account(self, name: str) -> Account | None:
        """By name, for the principals of certificates; None where there is none."""
        answer = await self._channel.call("POST", "/v1/front/account", {"name": name})
        return wire.account_from_json(answer)

    async def authorities(self) -> Authorities:
        """Who signs certificates, read anew from the files that the settings name.

        Raises `VibeError` where a file can't be read: no certificate may then be accepted.
        """
        return wire.authorities_from_json(
            await self._channel.call("POST", "/v1/front/authorities", {})
        )

    async def check_password(self, name: str, password: str) -> Account | None:
        """None where there is no such account, it has no password, or another: as slow each."""
        body = {"name": name, "password": password}
        answer = await self._channel.call("POST", "/v1/front/check_password", body, again=False)
        return wire.account_from_json(answer)

    async def check_code(self, user_id: str, code: str) -> bool:
        """Whether a TOTP code (RFC 6238) is right; each is good once."""
        body = {"user_id": user_id, "code": code}
        answer = await self._channel.call("POST", "/v1/front/check_code", body, again=False)
        return bool(answer["right"])

    async def register(self, name: str, code: str | None, key_line: str) -> Account:
        """Make the account `name` with the key whose owner has just proved to be there.

        Raises `Denied` (registration is closed, the code is wrong, used up or expired), `Invalid`
        (the name, the key), `Conflict` (the name or the key is taken).
        """
        body = {"name": name, "code": code, "key_line": key_line}
        answer = await self._channel.call("POST", "/v1/front/register", body, again=False)
        made = wire.account_from_json(answer)
        assert made is not None
        return made

    async def logged_in(
        self, user_id: str, *, method: str, fingerprint: str | None, address: str, detail: str = ""
    ) -> None:
        """Note the key's last use, and `EventCode.LOGIN` in the trail.

        Args:
            method: ``publickey``, ``certificate``, ``password``, with ``+totp`` where that was
                asked for as well; or ``registration``.
            fingerprint: Of the key, or of the key in the certificate.
            detail: The certificate's id and serial.
        """
        body = {
            "user_id": user_id,
            "method": method,
            "fingerprint": fingerprint,
            "address": address,
            "detail": detail,
        }
        await self._channel.call("POST", "/v1/front/logged_in", body, again=False)

    async def open_door(self, user_id: str) -> int:
        """A descriptor with which whoever holds it is that user; the caller closes it.

        Raises `NotFound` where there is no such user.
        """
        return await self._channel.descriptor("/v1/front/doors", {"user_id": user_id})

    async def audit(
        self,
        code: EventCode,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        address: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an entry to the audit trail."""
        body = {
            "code": str(code),
            "user_id": user_id,
            "session_id": session_id,
            "address": address,
            "detail": dict(detail or {}),
        }
        await self._channel.call("POST", "/v1/front/audit", body, again=False)

    async def endings(self) -> AsyncGenerator[str, None]:
        """The ids of users who can't log in any more, as that happens: their connections end."""
        async with aclosing(self._channel.stream("POST", "/v1/front/endings", {})) as items:
            async for item in items:
                yield str(item["user_id"])

    async def close(self) -> None:
        await self._channel.close()
