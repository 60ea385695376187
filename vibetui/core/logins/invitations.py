"""Making an account for oneself: by an invite code, or freely, or not at all."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from vibetui.core.accounts import check_user_name, operator_name, parse_public_key
from vibetui.errors import Denied, Invalid
from vibetui.events import EventCode
from vibetui.model import Invite, User, new_id
from vibetui.naming import EVERYBODY
from vibetui.settings import Registration, Settings
from vibetui.store import Store, check_usable

_GROUPS, _LETTERS = 4, 5

_RESERVED = frozenset(
    {EVERYBODY, "root", "admin", "administrator", "operator", "system", "vibetui", "nobody"}
)
"""Names that others would take for more than a user's."""


def new_invite_code() -> str:
    """100 random bits as four groups of five letters and digits: ``k3x9a-…``."""
    return "-".join(new_id(_LETTERS) for _ in range(_GROUPS))


def hash_code(code: str) -> str:
    """SHA-256 in hex of an invite code, however its letters and groups were typed."""
    typed = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.sha256(typed.encode()).hexdigest()


class Registrations:
    """What `FrontClient.register` promises."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    async def register(self, name: str, code: str | None, key_line: str) -> User:
        """Make the account `name`, never an admin's, with that key.

        Raises:
            Denied: registration is closed, or the code is wrong, used up or expired.
            Invalid: the name or the key.
            Conflict: the name or the key is taken.
        """
        invite = await self._invite(code)
        user = User(new_id(), self._check_name(name), datetime.now(UTC))
        key = parse_public_key(key_line, user.user_id)
        detail = {"name": name, "fingerprint": key.fingerprint}
        if invite is None:
            await self._store.add_account(user, [key])
            await self._store.audit(EventCode.USER_ADDED, user_id=user.user_id, detail=detail)
        else:
            await self._store.use_invite(hash_code(code or ""), user, [key])
            detail["invite_id"] = invite.invite_id
            await self._store.audit(EventCode.INVITE_USED, user_id=user.user_id, detail=detail)
        return user

    async def _invite(self, code: str | None) -> Invite | None:
        """None where nobody needs one. Raises `Denied`."""
        match self._settings.registration:
            case Registration.CLOSED:
                raise Denied("Nobody can register here.", "Ask the administrator for an account.")
            case Registration.OPEN:
                return None
            case Registration.INVITE:
                return check_usable(await self._store.invite_by_hash(hash_code(code or "")))

    def _check_name(self, name: str) -> str:
        if name in _RESERVED or name == operator_name():
            raise Invalid(f"“{name}” is not to be had as a user name.", "Choose another name.")
        return check_user_name(name)
