"""A client key for an operator who has none."""

from __future__ import annotations

import os
from pathlib import Path

import asyncssh


def make_client_key(path: Path, *, comment: str) -> str:
    """The public key line of the ed25519 key at `path`, which is made (0600) if it is missing."""
    if path.exists():
        key = asyncssh.read_private_key(path)
    else:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
        temporary = path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.export_private_key())
        temporary.replace(path)
    line = key.export_public_key().decode().strip()
    path.with_suffix(".pub").write_text(line + "\n")
    return line
