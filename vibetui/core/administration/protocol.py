"""What an administrator may ask of the core, wherever the core is; and what everybody may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from vibetui.model import Invite, PublicKey, Session, Template, User, UserRole


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """An account with what there is of it; none of its secrets."""

    user: User
    keys: tuple[PublicKey, ...]
    """The oldest first."""
    sessions: int
    """Its own."""
    has_password: bool
    has_second_factor: bool
    last_login: datetime | None


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What an authenticator app is to be told, once."""

    secret: str
    """Base32."""
    uri: str
    """``otpauth://…``, for a QR code."""


@dataclass(frozen=True, slots=True)
class NewInvite:
    """An invitation with its code, which can't be shown again."""

    invite: Invite
    code: str
    usable: bool
    """The server's `registration` setting lets people use codes."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries of the trail are wanted: those that meet all that is given."""

    user: str | None = None
    """Name or id of whoever did it, or of the account that it was done to."""
    session: str | None = None
    """``NAME``, ``OWNER+NAME`` or an id."""
    code: str | None = None
    """An `EventCode`, and those that begin with it and a dot."""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An entry of the trail, with names where there still are some."""

    event_id: int
    at: datetime
    code: str
    user: str | None
    session: str | None
    address: str | None
    detail: dict[str, Any]
    user_id: str | None
    session_id: str | None


class Administration(Protocol):
    """Accounts, keys, invitations, sessions and the trail of the whole server.

    `LocalAdministration` is the real thing on a store, `AdministrationClient` the same over a
    socket. Who isn't an administrator gets `Denied` from all of it, whether a thing exists or not.
    Every change is audited, and takes effect at once on whoever is connected. Accounts are called
    by their name; one that doesn't exist is `NotFound`.
    """

    async def accounts(self) -> list[AccountInfo]:
        """By name."""
        ...

    async def add_account(self, name: str, key_lines: str) -> list[PublicKey]:
        """Make the account `name` with keys, or add keys to it: those of `key_lines`.

        Raises `Invalid` (the name, a line, no line), `Conflict` (a key is somebody else's).
        """
        ...

    async def remove_account(self, name: str) -> None:
        """With its keys; its connections end.

        Raises `Conflict` while it has sessions, or where nobody could administer the others.
        """
        ...

    async def set_role(self, name: str, role: UserRole) -> User:
        """Raises `Conflict` where nobody could administer the others."""
        ...

    async def set_password(self, name: str, password: str | None) -> None:
        """Set it, or (None) remove it. Raises `Invalid` for one that is too easily guessed."""
        ...

    async def new_second_factor(self, name: str) -> SecondFactor:
        """Ask that account for a code from now on; replaces the secret that it had."""
        ...

    async def remove_second_factor(self, name: str) -> None:
        """Ask for no code any more. Raises `NotFound` where none is asked for."""
        ...

    async def add_keys(self, name: str, key_lines: str) -> list[PublicKey]:
        """Add keys to an account that exists. Raises as `add_account`."""
        ...

    async def remove_key(self, fingerprint: str) -> None:
        """Whosever it is; after their last one their connections end. Raises `NotFound`."""
        ...

    async def label_key(self, fingerprint: str, label: str) -> PublicKey:
        """Call it something else. Raises `NotFound`, `Invalid`."""
        ...

    async def make_invite(self, uses: int, seconds: float) -> NewInvite:
        """A code with which `uses` accounts can be made within `seconds`. Raises `Invalid`."""
        ...

    async def invites(self) -> list[Invite]:
        """The newest first, with those that are used up or expired."""
        ...

    async def revoke_invite(self, invite_id: str) -> None:
        """Its code is no good any more; accounts that it made stay. Raises `NotFound`."""
        ...

    async def sessions(self) -> list[Session]:
        """Everybody's, by owner and name, each with its owner's name."""
        ...

    async def stop_session(self, owner: str, name: str) -> Session:
        """Stop its container. Raises `NotFound`, `EngineError`."""
        ...

    async def remove_session(self, owner: str, name: str) -> None:
        """With its container and ``/workspace``. Raises `NotFound`, `EngineError`."""
        ...

    async def templates(self) -> list[Template]:
        """The default one first."""
        ...

    async def audit_tail(self, wanted: AuditFilter, limit: int) -> list[AuditLine]:
        """The last `limit` of the entries that are wanted, the oldest of them first."""
        ...

    def follow_audit(self, wanted: AuditFilter, after: int) -> AsyncIterator[AuditLine]:
        """Those younger than the event id `after`, as they come. Needs a running server."""
        ...


class OwnKeys(Protocol):
    """What everybody may do about their own keys."""

    async def keys(self) -> list[PublicKey]:
        """The oldest first."""
        ...

    async def add(self, key_lines: str) -> list[PublicKey]:
        """Raises `Invalid` (a line, no line), `Conflict` (a key is somebody else's)."""
        ...

    async def remove(self, fingerprint: str) -> None:
        """Raises `NotFound`, and `Conflict` for the only way in that there is."""
        ...

    async def label(self, fingerprint: str, label: str) -> PublicKey:
        """Call it something else. Raises `NotFound`, `Invalid`."""
        ...
