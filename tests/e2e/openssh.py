"""OpenSSH's tools against a running server: the printed line, and what it becomes for scripts."""

from __future__ import annotations

import asyncio
import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.server import Server
from tests.sshd_support import eventually
from vibetui.core.client import CoreClient
from vibetui.model import Access


def words(
    server: Server,
    *rest: str,
    login: str = "vibe",
    options: tuple[str, ...] = (),
    key: Path | None = None,
    level: str = "ERROR",
) -> list[str]:
    """An ``ssh`` command without ``-t``: `options` go before the host, `rest` behind it.

    Args:
        key: Somebody else's.
        level: At ERROR the client keeps to itself why a channel was refused.
    """
    line = [word for word in shlex.split(server.ssh()) if word != "-t"]
    if key is not None:
        line[line.index("-i") + 1] = str(key)
    program, *middle, host = [word.replace("LogLevel=ERROR", f"LogLevel={level}") for word in line]
    return [program, *options, *middle, host.replace("vibe@", f"{login}@"), *rest]


def tool(server: Server, login: str, key: Path | None = None) -> tuple[list[str], str]:
    """Options for ``scp`` and ``sftp``, and the host as they take it."""
    _, *options, host = words(server, login=login, key=key)
    return ["-P" if word == "-p" else word for word in options], host


def run(
    command: list[str], given: bytes = b"", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """To its end."""
    return subprocess.run(command, input=given, capture_output=True, timeout=60, env=environment)


def make_session(server: Server, name: str) -> None:
    """One of the server's first account; no container yet."""
    done = run(words(server, "new", name))
    assert done.returncode == 0, done.stderr


def add_user(server: Server, name: str, directory: Path) -> Path:
    """Another account; its key."""
    key = directory / name
    made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(made, check=True, timeout=20)
    added = server.vibetui("user", "add", name, "--key", f"{key}.pub")
    assert added.returncode == 0, added.stderr + added.stdout
    return key


def share(server: Server, session: str, user: str, access: Access) -> None:
    """Let another account into a session of the server's first one."""

    async def let_in() -> None:
        core = CoreClient(server.data_dir / "run" / "core.sock")
        try:
            found = await core.find_session(session)
            await core.share_session(found.session_id, user, access)
        finally:
            await core.close()

    asyncio.run(let_in())


@contextmanager
def tunnel(line: list[str], to: str) -> Iterator[Path]:
    """``ssh -N -L`` to `to`, as `words` has it; the path of the socket on which it listens."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "here"
        program, *rest = line
        forward = ("-N", "-o", "ExitOnForwardFailure=yes", "-L", f"{path}:{to}")
        client = subprocess.Popen([program, *forward, *rest])
        try:
            eventually(path.exists, "ssh listens")
            yield path
        finally:
            client.kill()
            client.wait(10)


@contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    """A connection to a Unix socket, on which nothing takes longer than 20 s."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(path))
        yield sock
