"""Whom the server trusts to sign certificates, and which keys it doesn't take any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import asyncssh
import structlog

from sshd.auth import FrontCore
from sshd.logins.revocation import Revocations
from vibetui.errors import CoreUnavailable, Denied, VibeError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Trust:
    """As the files of the settings say now."""

    authorities: frozenset[bytes]
    revocations: Revocations

    def signs(self, key: asyncssh.SSHKey) -> bool:
        """Whether `key` is an authority's."""
        return key.public_data in self.authorities


async def read_trust(core: FrontCore) -> Trust:
    """What is trusted.

    Raises:
        Denied: a file can't be read or understood; the cause is in the log, for a stranger needn't
            know what is wrong with it.
        CoreUnavailable: the core can't be asked.
    """
    try:
        found = await core.authorities()
        return Trust(_blobs(found.keys), Revocations.parse(found.revoked))
    except CoreUnavailable:
        raise
    except VibeError as error:
        log.error("authorities.unreadable", cause=f"{error.message} {error.hint}".strip())
        raise Denied(
            "The server can't tell now which keys it accepts.", "Its administrator's log says why."
        ) from error


def _blobs(lines: Iterable[str]) -> frozenset[bytes]:
    found = set()
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            found.add(asyncssh.import_public_key(line).public_data)
        except ValueError as error:
            log.error("authority.unreadable", line=line[:40], cause=str(error))
    return frozenset(found)
