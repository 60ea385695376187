"""A session, and all that a client other than OpenSSH's needs to know for getting into it."""

from __future__ import annotations

import contextlib
import shlex
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import openssh
from tests.server import Server
from tests.sshd_support import eventually

HOST = "127.0.0.1"
ECHO_PORT = 7007
_ECHO = f"""
import socket, threading
def echo(peer):
    with peer:
        while data := peer.recv(65536):
            peer.sendall(data)
listener = socket.create_server(("127.0.0.1", {ECHO_PORT}))
print("listening", flush=True)
while True:
    threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()
"""
"""Echoes to the end of what it is told, and then ends its own side."""


@dataclass(frozen=True)
class Reach:
    """How to get into one session of a running server."""

    server: Server
    session: str

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def login(self) -> str:
        """The login name that names the session."""
        return f"vibe+{self.session}"

    @property
    def key(self) -> Path:
        """The private key of the server's first account, in OpenSSH's form."""
        line = shlex.split(self.server.ssh())
        return Path(line[line.index("-i") + 1])

    @property
    def host_key(self) -> Path:
        """The public half of the server's ed25519 key."""
        return self.server.directory / "host_keys" / "ssh_host_ed25519_key.pub"

    def openssh(self, *rest: str, options: tuple[str, ...] = ()) -> list[str]:
        """As `openssh.words`, into the session."""
        return openssh.words(self.server, *rest, login=self.login, options=options)

    def add_key(self, public: Path) -> None:
        """Let this key in as well, as the same account."""
        name = openssh.run(openssh.words(self.server, "whoami")).stdout.decode().strip()
        added = self.server.vibetui("user", "add", name, "--key", str(public))
        assert added.returncode == 0, added.stderr


def at_home(home: Path) -> dict[str, str]:
    """An environment in which a client keeps what it remembers in `home`."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A client in the background, killed at the end."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


@contextmanager
def echo_inside(reach: Reach) -> Iterator[None]:
    """Something that echoes on port `ECHO_PORT` of the session's own loopback."""
    line = reach.openssh(f"exec python3 -u -c {shlex.quote(_ECHO)}")
    with running(line) as echo:
        assert echo.stdout is not None
        assert echo.stdout.readline() == b"listening\n"
        yield


def free_port() -> int:
    """A port of this machine's loopback that nobody listens on now."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def connected(port: int) -> socket.socket:
    """A connection to a port of this machine, once it is listened on."""
    found: list[socket.socket] = []

    def connect() -> bool:
        try:
            found.append(socket.create_connection((HOST, port), timeout=30))
        except ConnectionRefusedError:
            return False
        return True

    eventually(connect, f"port {port} to be listened on")
    return found[0]


def spoken(peer: socket.socket, given: bytes) -> bytes:
    """Say all of `given`, end that direction, and hear the other to its end."""

    def say() -> None:
        peer.sendall(given)
        peer.shutdown(socket.SHUT_WR)

    saying = threading.Thread(target=say)
    saying.start()
    heard = b"".join(iter(lambda: peer.recv(65536), b""))
    saying.join(30)
    return heard


def echoed(port: int, given: bytes) -> bytes:
    """What comes back from a port of this machine that leads to `ECHO_PORT`."""
    with connected(port) as peer:
        return spoken(peer, given)
