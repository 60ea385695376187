"""Host keys as DNS records: a client with ``VerifyHostKeyDNS`` compares them (RFC 4255)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from sshd.host_keys import HostKey
from vibetui.errors import Invalid

_ALGORITHMS = {"ssh-rsa": 1, "ssh-ed25519": 4}
"""RFC 4255 section 3.1.1, RFC 7479."""
_SHA256 = 2
"""RFC 6594. The type before it, SHA-1, is not made any more."""

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?")


def sshfp_records(host: str, keys: Iterable[HostKey]) -> list[str]:
    """A zone file's line for each key: ``HOST IN SSHFP ALGORITHM 2 HEX``.

    Raises `Invalid` where `host` is no name of a host.
    """
    if not _HOST.fullmatch(host):
        raise Invalid(f"{host!r} is not the name of a host.", "For example: ssh.example.org")
    return [
        f"{host} IN SSHFP {_ALGORITHMS[key.algorithm]} {_SHA256} {_digest(key)}" for key in keys
    ]


def _digest(key: HostKey) -> str:
    return hashlib.sha256(key.key.public_data).hexdigest()
