"""Who signs user certificates and what is revoked: two files that the operator keeps."""

from __future__ import annotations

from pathlib import Path

import structlog

from vibetui.errors import VibeError
from vibetui.model import Authorities
from vibetui.settings import Settings

log = structlog.get_logger(__name__)

_LARGEST = 4 << 20
_KRL = b"SSHKRL\n\0"
"""OpenSSH's PROTOCOL.krl: how its binary form of a revocation list begins."""


def read_authorities(settings: Settings) -> Authorities:
    """Read both files; relative paths count from the data directory.

    Raises:
        VibeError: one can't be read whole, so that what it forbids isn't known.
    """
    return Authorities(
        keys=_lines(settings, settings.user_ca_file),
        revoked=_lines(settings, settings.revoked_keys_file),
    )


def _lines(settings: Settings, name: Path | None) -> tuple[str, ...]:
    """Without blank lines and comments."""
    if name is None:
        return ()
    path = settings.data_dir / name
    try:
        lines = [line.strip() for line in _text(path).splitlines()]
    except (OSError, ValueError) as error:
        # Whoever logs in hears of it too, and the path is none of their business.
        log.error("login.unreadable", path=str(path), cause=str(error))
        raise VibeError(
            "What certificates and keys are accepted can't be told now.",
            "The cause is in the server's log.",
        ) from error
    return tuple(line for line in lines if line and not line.startswith("#"))


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST >> 20} MiB")
    if data.startswith(_KRL):
        raise ValueError("it is a binary revocation list; give the text that it was made from")
    return data.decode()
