"""Ways to log in, for tests: keys, certificates, codes, and a client that is asked for answers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pyotp

from tests.e2e import openssh
from tests.server import Server
from vibetui.core.accounts import add_account
from vibetui.core.logins import hash_code, hash_password, new_invite_code, new_totp_secret
from vibetui.model import Invite, User, new_id
from vibetui.store import Store

_Result = TypeVar("_Result")


def make_key(path: Path, *more: str) -> Path:
    """A private key at `path`; `more` are words for ``ssh-keygen``."""
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, *more]
    subprocess.run([*words, "-f", str(path)], check=True, timeout=30)
    return path


def certify(ca: Path, key: Path, *words: str) -> Path:
    """Sign `key`; `words` are for ``ssh-keygen``. The certificate, which ``ssh -i`` also finds."""
    command = ["ssh-keygen", "-q", "-s", str(ca), *words, f"{key}.pub"]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return key.with_name(f"{key.name}-cert.pub")


def with_store(server: Server, work: Callable[[Store], Awaitable[_Result]]) -> _Result:
    """What `work` returns, done on the database of a running server."""

    async def run() -> _Result:
        store = await Store.open(server.data_dir / "vibetui.db")
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def invite(server: Server, **changed: Any) -> str:
    """The code of a new invitation, for one account, good for an hour."""
    code, now = new_invite_code(), datetime.now(UTC)
    made = Invite(new_id(), now, now + timedelta(hours=1), uses=1, used=0, made_by="ada")
    with_store(server, lambda store: store.add_invite(replace(made, **changed), hash_code(code)))
    return code


def add_user(server: Server, name: str, directory: Path) -> Path:
    """Another account; its key."""
    key = make_key(directory / name)
    line = Path(f"{key}.pub").read_text()
    with_store(server, lambda store: add_account(store, name, line))
    return key


def user_named(server: Server, name: str) -> User | None:
    """The account."""
    return with_store(server, lambda store: store.user_by_name(name))


def give_password(server: Server, name: str, password: str) -> None:
    """From now on the account has this one."""
    user = user_named(server, name)
    assert user is not None
    hashed = hash_password(password)
    with_store(server, lambda store: store.set_password_hash(user.user_id, hashed))


def give_second_factor(server: Server, name: str) -> Codes:
    """From now on the account is asked for these codes."""
    user, secret = user_named(server, name), new_totp_secret()
    assert user is not None
    with_store(server, lambda store: store.set_totp_secret(user.user_id, secret))
    return Codes(secret)


class Codes:
    """An authenticator app: two different codes that are both good now."""

    def __init__(self, secret: str) -> None:
        self._totp = pyotp.TOTP(secret)

    @property
    def now(self) -> str:
        return self._totp.now()

    @property
    def next(self) -> str:
        return self._totp.at(int(time.time()) + self._totp.interval)


class Asked:
    """A user at their OpenSSH client, who is asked in a window and has these answers.

    Args:
        thinks: Seconds before each answer.

    Attributes:
        prompts: What was asked, in order.
    """

    def __init__(self, directory: Path, *answers: str, thinks: float = 0.0) -> None:
        self._answers, self._prompts = directory / "answers", directory / "prompts"
        self._answers.write_text("".join(f"{answer}\n" for answer in answers))
        self._prompts.write_text("")
        self._program = directory / "askpass"
        self._program.write_text(
            "#!/bin/sh\n"
            f"printf '%s\\n' \"$1\" >> {self._prompts}\n"
            f"sleep {thinks}\n"
            f"[ -s {self._answers} ] || exit 1\n"
            f"head -n 1 {self._answers}\n"
            f"sed -i 1d {self._answers}\n"
        )
        self._program.chmod(0o755)

    @property
    def prompts(self) -> list[str]:
        """Without the ``(user@host)`` that OpenSSH puts before what a server asks."""
        return [line.partition(") ")[2] or line for line in self._prompts.read_text().splitlines()]

    def environment(self) -> dict[str, str]:
        """For the client."""
        return os.environ | {
            "SSH_ASKPASS": str(self._program),
            "SSH_ASKPASS_REQUIRE": "force",
            "DISPLAY": ":0",
        }


def log_in(
    server: Server,
    *rest: str,
    login: str = "vibe",
    key: Path | None = None,
    address: str = "127.0.0.1",
    options: Sequence[str] = (),
    asked: Asked | None = None,
) -> subprocess.CompletedProcess[str]:
    """Log in by ssh and run `rest`, by default ``whoami``, which prints the account.

    Args:
        key: None: no key is offered at all.
        address: That the client connects from: failed logins are counted by it.
        options: For ``-o``.
        asked: Answers what is asked; None: nobody is there.
    """
    given = [f"BindAddress={address}", *options]
    if key is None:
        given.append("PubkeyAuthentication=no")
    if asked is None:
        given.append("BatchMode=yes")
    command = openssh.words(
        server,
        *(rest or ("whoami",)),
        login=login,
        key=key,
        options=tuple(word for option in given for word in ("-o", option)),
        level="INFO",
    )
    done = openssh.run(command, environment=None if asked is None else asked.environment())
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
