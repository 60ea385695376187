"""What people have logged in with, or tried to, is written down nowhere."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pyotp
import pytest

from tests.server import Server
from vibetui.core.logins import hash_code, hash_password, new_invite_code, new_totp_secret
from vibetui.model import Invite, new_id
from vibetui.store import Store

pytestmark = pytest.mark.e2e

PASSWORD = "correct-horse-battery-staple"
WRONG = "incorrect-horse-battery-staple"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(
        tmp_path,
        VIBETUI_PASSWORD_LOGIN="true",
        VIBETUI_REGISTRATION="invite",
        VIBETUI_LOG_LEVEL="DEBUG",
    )
    running.start()
    try:
        yield running
    finally:
        running.stop()
        running.remove_everything()


class Answers(asyncssh.SSHClient):
    """Somebody who answers what they are asked, in this order, and then no more.

    A key is offered again for each step of the login, as OpenSSH does.
    """

    def __init__(self, key: asyncssh.SSHKey | None, *answers: Sequence[str]) -> None:
        self._offers = [key, None, key]  # None: that was all for this step.
        self._answers = list(answers)

    def public_key_auth_requested(self) -> asyncssh.SSHKey | None:
        return self._offers.pop(0) if self._offers else None

    def kbdint_auth_requested(self) -> str:
        return ""

    def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Any
    ) -> Sequence[str] | None:
        if not prompts:
            return []
        return self._answers.pop(0) if self._answers else None


@asynccontextmanager
async def opened_store(server: Server) -> AsyncIterator[Store]:
    store = await Store.open(server.data_dir / "vibetui.db")
    try:
        yield store
    finally:
        await store.close()


async def whoami(
    server: Server,
    account: str,
    *answers: Sequence[str],
    key: asyncssh.SSHKey | None = None,
    **options: Any,
) -> str:
    """What the lobby says once they are in. Raises `asyncssh.PermissionDenied`."""
    async with asyncio.timeout(30):
        connected = asyncssh.connect(
            "127.0.0.1",
            server.port,
            username=account,
            known_hosts=None,
            config=None,
            agent_path=None,
            client_factory=lambda: Answers(key, *answers),
            client_keys=None,
            **options,
        )
        async with connected as connection:
            return str((await connection.run("whoami", check=True)).stdout).strip()


async def test_no_secret_of_a_login_is_written_down(server: Server, tmp_path: Path) -> None:
    secret, code, unknown = new_totp_secret(), new_invite_code(), new_invite_code()
    async with opened_store(server) as store:
        ada = await store.add_user("ada")
        await store.set_password_hash(ada.user_id, hash_password(PASSWORD))
        await store.set_totp_secret(ada.user_id, secret)
        now = datetime.now(UTC)
        invite = Invite(new_id(), now, now + timedelta(hours=1), 1, 0, "ada")
        await store.add_invite(invite, hash_code(code))
    totp = pyotp.TOTP(secret).now()

    with pytest.raises(asyncssh.PermissionDenied):
        await whoami(server, "ada", [WRONG], password=WRONG)
    by_password = {"preferred_auth": "password,keyboard-interactive", "password": PASSWORD}
    assert "ada" in await whoami(server, "ada", [totp], **by_password)
    with pytest.raises(asyncssh.PermissionDenied):
        await whoami(server, "ada", [totp], **by_password)
    key = asyncssh.generate_private_key("ssh-ed25519")
    answers = [["", ""], [unknown, "bob"], [code, "bob"]]
    assert "bob" in await whoami(server, "vibe", *answers, key=key)
    key = asyncssh.generate_private_key("ssh-ed25519")
    answers = [["", ""], *[[code, "carl"]] * 3]
    with pytest.raises((asyncssh.PermissionDenied, asyncssh.DisconnectError)):
        await whoami(server, "vibe", *answers, key=key)
    assert server.stop() == 0

    secrets = [PASSWORD, WRONG, secret, code, code.replace("-", ""), unknown]
    written = {
        path: path.read_bytes()
        for path in server.data_dir.rglob("*")
        if path.is_file() and not path.name.startswith("vibetui.db")
    }
    written[Path("output")] = server.output.encode()
    log = server.data_dir / "vibetui.log"
    assert {log, server.data_dir / "audit.jsonl"} <= written.keys()
    found = [
        (path.name, word)
        for path, data in written.items()
        for word in secrets
        if word.encode() in data
    ]
    assert found == []
    digits = re.compile(rf"(?<![\d.]){totp}(?!\d)".encode())
    assert [path.name for path, data in written.items() if digits.search(data)] == []
    assert b"Traceback" not in written[log]
    dump = dumped(server.data_dir / "vibetui.db")
    assert "bob" in dump
    assert [word for word in secrets if word in dump] == []


def dumped(database: Path) -> str:
    """All of it as SQL, but for the secrets that it needs to check codes."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE users SET totp_secret = NULL")
        return "\n".join(connection.iterdump())
