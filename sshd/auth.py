"""Who is connecting: the public key says it, and the core knows whose key that is.

The login name is not looked at, so that one line (``ssh vibe@host``) works for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import asyncssh
import structlog
from typing_extensions import override

from vibetui.errors import CoreUnavailable, VibeError
from vibetui.events import EventCode
from vibetui.model import Account, Authorities, User

log = structlog.get_logger(__name__)

_MOST_OFFERS = 24
"""Requests before a client is sent away: an accepted key takes two, a refused one takes one."""
_LONGEST_NAME = 64


class FrontCore(Protocol):
    """What the front may ask of the core; the real one is `vibetui.core.FrontClient`."""

    async def authenticate(self, fingerprint: str) -> Account | None:
        """Whose key this is (``SHA256:…``); None where it is nobody's."""
        ...

    async def account(self, name: str) -> Account | None: ...

    async def authorities(self) -> Authorities: ...

    async def check_password(self, name: str, password: str) -> Account | None: ...

    async def check_code(self, user_id: str, code: str) -> bool: ...

    async def check_registration(self, name: str, code: str | None) -> None: ...

    async def register(self, name: str, code: str | None, key_line: str) -> Account: ...

    async def logged_in(
        self, user_id: str, *, method: str, fingerprint: str | None, address: str, detail: str = ""
    ) -> None: ...

    async def open_door(self, user_id: str) -> int: ...

    async def audit(
        self,
        code: EventCode,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        address: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Login:
    """An authenticated connection."""

    user: User
    fingerprint: str
    address: str


Background = Callable[[Coroutine[Any, Any, None]], None]
"""Runs a coroutine that somebody else awaits."""


class KeyLogin(asyncssh.SSHServer):
    """Authentication by public key; `login` is set once it has succeeded, and never changes."""

    def __init__(self, core: FrontCore, background: Background) -> None:
        self._core = core
        self._background = background
        self._conn: asyncssh.SSHServerConnection
        self._address = ""
        self._name = ""
        self._offered: dict[str, None] = {}
        self._offers = 0
        self._candidate: Login | None = None
        self.login: Login | None = None

    @override
    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        peer = conn.get_extra_info("peername")
        self._address = str(peer[0]).removeprefix("::ffff:") if peer else ""

    @override
    def begin_auth(self, username: str) -> bool:
        self._name = username[:_LONGEST_NAME]
        return True

    @override
    def public_key_auth_supported(self) -> bool:
        return True

    @override
    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether the core knows the key. That the client owns it is asyncssh's to verify.

        asyncssh goes from this coroutine's return to `auth_completed` without giving way to
        another request, so the candidate is the key whose signature it has just verified.
        """
        self._candidate = None
        fingerprint = key.get_fingerprint()
        self._offers += 1
        self._offered[fingerprint] = None
        if self._offers > _MOST_OFFERS:
            self._conn.disconnect(
                asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE,
                "Too many keys were offered: name yours with ssh -i FILE -o IdentitiesOnly=yes.",
            )
            return False
        try:
            account = await self._core.authenticate(fingerprint)
        except VibeError as error:
            log.warning("login.undecided", address=self._address, message=error.message)
            what = (
                "vibetui is restarting; try again in a moment."
                if isinstance(error, CoreUnavailable)
                else f"{error.message} {error.hint}".strip()
            )
            self._conn.send_auth_banner(f"{what}\r\n")
            return False
        if account is not None:
            self._candidate = Login(account.user, fingerprint, self._address)
        return account is not None

    @override
    def auth_completed(self) -> None:
        assert self._candidate is not None
        login = self.login = self._candidate
        log.info(
            EventCode.LOGIN,
            user_id=login.user.user_id,
            address=login.address,
            fingerprint=login.fingerprint,
        )
        self._background(
            self._audit(EventCode.LOGIN, login.user.user_id, {"fingerprint": login.fingerprint})
        )

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self.login is None and self._offered:
            detail = {"name": self._name, "fingerprints": list(self._offered)}
            log.warning(EventCode.LOGIN_REFUSED, address=self._address, **detail)
            self._background(self._audit(EventCode.LOGIN_REFUSED, None, detail))

    async def _audit(self, code: EventCode, user_id: str | None, detail: Mapping[str, Any]) -> None:
        await self._core.audit(code, user_id=user_id, address=self._address, detail=detail)
