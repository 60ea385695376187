"""What the front has to know of the core, and what it knows of whoever has logged in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vibetui.events import EventCode
from vibetui.model import Account, Authorities, User


class FrontCore(Protocol):
    """What the front may ask of the core; the real one is `vibetui.core.FrontClient`."""

    async def authenticate(self, fingerprint: str) -> Account | None:
        """Whose key this is (``SHA256:…``); None where it is nobody's."""
        ...

    async def account(self, name: str) -> Account | None: ...

    async def authorities(self) -> Authorities: ...

    async def check_password(self, name: str, password: str) -> Account | None: ...

    async def check_code(self, user_id: str, code: str) -> bool: ...

    async def register(self, name: str, code: str | None, key_line: str) -> Account: ...

    async def logged_in(
        self, user_id: str, *, method: str, fingerprint: str | None, address: str, detail: str = ""
    ) -> None: ...

    async def open_door(self, user_id: str) -> int: ...

    def endings(self) -> AsyncGenerator[str, None]: ...

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
    """An authenticated connection.

    Attributes:
        method: As `vibetui.core.front_client.FrontClient.logged_in` takes it.
        fingerprint: Of the key, or of the key in the certificate; None for a password.
    """

    user: User
    address: str
    method: str
    fingerprint: str | None = None


Background = Callable[[Coroutine[Any, Any, None]], None]
"""Runs a coroutine that somebody else awaits."""
