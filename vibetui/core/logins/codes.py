"""The second factor: codes of an authenticator app (RFC 6238: six digits, 30 s, SHA-1)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pyotp

from vibetui.core.logins.patience import Patience
from vibetui.store import Store

_ISSUER = "vibetui"
_STEP = 30
_WINDOW = 1
"""Steps that a clock may be wrong by, either way."""


def new_totp_secret() -> str:
    """160 random bits in base32, as authenticator apps take it (RFC 4226 section 4, R6)."""
    return pyotp.random_base32()


def totp_uri(secret: str, name: str) -> str:
    """The ``otpauth://`` URI of an account's second factor, for a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER)


def matching_counter(secret: str, code: str, now: float) -> int | None:
    """The counter (RFC 6238's T) whose code that is at `now`, seconds since the epoch."""
    totp = pyotp.TOTP(secret, interval=_STEP)
    digits = "".join(code.split())
    current = int(now) // _STEP
    for counter in range(current - _WINDOW, current + _WINDOW + 1):
        if pyotp.utils.strings_equal(digits, totp.generate_otp(counter)):
            return counter
    return None


class Codes:
    """Checks codes; each is good once.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._patience = Patience()

    async def check(self, user_id: str, code: str) -> bool:
        """Whether it is right, and hasn't been used, nor a later one.

        After many wrong ones in a row none is right for a while: six digits can be guessed by
        whoever has the first factor and enough addresses (RFC 4226 section 7.3).
        """
        if self._patience.is_over(user_id):
            return False
        right = await self._is_right(user_id, code)
        self._patience.note(user_id, right=right)
        return right

    async def _is_right(self, user_id: str, code: str) -> bool:
        known = await self._store.totp(user_id)
        if known is None:
            return False
        counter = matching_counter(known[0], code, self._clock())
        return counter is not None and await self._store.take_totp_counter(user_id, counter)
