"""The very first start: the operator's own public keys become the first account."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import structlog

from sshd.client_keys import make_client_key
from vibetui.cli.accounts import opened_store
from vibetui.core.accounts import add_account, operator_name, parse_public_keys
from vibetui.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FirstUser:
    """Who was added, and with what."""

    name: str
    identity: Path | None
    """The private key that was made because the operator had none; None where they had one."""
    keys: int


def made_identity(settings: Settings) -> Path:
    """Where a client key is made for an operator who has none."""
    return settings.data_dir / "client_keys" / "id_ed25519"


async def ensure_first_user(settings: Settings) -> FirstUser | None:
    """Make the first account from the operator's keys; None where there are accounts with keys.

    The local account may exist already (``python -m vibetui`` makes it without a key): it then
    gets the keys, so that both ways in show the same sessions.
    """
    async with opened_store(settings) as store:
        for user in await store.list_users():
            if await store.keys_of(user.user_id):
                return None
        lines = _agent_keys() + _key_files()
        identity = None
        if not parse_public_keys("\n".join(lines), "", skip_unusable=True):
            identity = made_identity(settings)
            lines = [make_client_key(identity, comment=f"{operator_name()}@vibetui")]
        user, keys = await add_account(store, operator_name(), "\n".join(lines), skip_unusable=True)
        return FirstUser(user.name, identity, len(keys))


def _key_files() -> list[str]:
    found = sorted(Path.home().glob(".ssh/id_*.pub"))
    return [line for file in found for line in file.read_text(errors="replace").splitlines()]


def _agent_keys() -> list[str]:
    if "SSH_AUTH_SOCK" not in os.environ:
        return []
    try:
        listed = subprocess.run(["ssh-add", "-L"], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("first_user.no_agent", cause=str(error))
        return []
    return listed.stdout.splitlines() if listed.returncode == 0 else []
