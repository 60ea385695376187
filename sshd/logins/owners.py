"""Whose a key or a certificate is."""

from __future__ import annotations

from asyncssh.public_key import SSHOpenSSHCertificate

from sshd.auth import FrontCore
from sshd.logins.certificates import by_certificate
from sshd.logins.keys import Offer
from sshd.logins.proof import Proof
from sshd.logins.trust import read_trust
from vibetui.errors import Denied
from vibetui.inert import printable
from vibetui.naming import EVERYBODY
from vibetui.settings import Settings

LONGEST_NAME = 64


class Owners:
    """Asks the core.

    Args:
        address: The client's.
    """

    def __init__(self, core: FrontCore, settings: Settings, address: str) -> None:
        self._core = core
        self._settings = settings
        self._address = address

    async def proof(self, offer: Offer, wanted: str | None) -> Proof | None:
        """What the signature of whoever has `offer` proves; None where it is nobody's.

        Args:
            wanted: The account in the login name.

        Raises:
            Denied: it isn't accepted; the client may hear why.
            CoreUnavailable: nobody can tell.
        """
        if isinstance(offer, SSHOpenSSHCertificate):
            return await by_certificate(self._core, offer, wanted, self._address)
        if self._settings.revoked_keys_file is not None:
            trust = await read_trust(self._core)
            if trust.revocations.revoke_key(offer):
                raise Denied("That key was revoked.")
        return await self._by_key(offer.get_fingerprint(), wanted)

    async def _by_key(self, fingerprint: str, wanted: str | None) -> Proof | None:
        account = await self._core.authenticate(fingerprint)
        if account is None:
            return None
        if wanted not in (None, account.user.name):
            raise Denied(
                f"That key isn't {printable(str(wanted))[:LONGEST_NAME]}'s.",
                f"Connect as {EVERYBODY}@HOST: that is whoever the key belongs to.",
            )
        return Proof(account, "publickey", fingerprint)
