"""What a client has proved so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import asyncssh

from vibetui.model import Account


@dataclass(frozen=True, slots=True)
class Proof:
    """Whose the client's key, certificate or password is.

    Attributes:
        method: ``publickey``, ``certificate``, ``password`` or ``registration``, with ``+totp``
            once a code was right as well.
        fingerprint: Of the key, or of the key in the certificate.
        detail: The certificate's id and serial.
        options: The certificate's, which asyncssh holds the connection to; None: no certificate.
        complete: No second factor is missing.
    """

    account: Account
    method: str
    fingerprint: str | None = None
    detail: str = ""
    options: Mapping[str, object] | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True)
class NewKey:
    """Owns a key that nobody has an account for: may make one, where registration isn't closed."""

    key: asyncssh.SSHKey


Step = Proof | NewKey
