"""Who may log in, and who may make an account: the core's answers to the front's questions."""

from __future__ import annotations

from vibetui.core.logins.codes import new_totp_secret, totp_uri
from vibetui.core.logins.invitations import hash_code, new_invite_code
from vibetui.core.logins.logins import Logins
from vibetui.core.logins.passwords import hash_password

__all__ = [
    "Logins",
    "hash_code",
    "hash_password",
    "new_invite_code",
    "new_totp_secret",
    "totp_uri",
]
