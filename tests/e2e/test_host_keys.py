"""How clients learn of new host keys: OpenSSH's own known_hosts tells."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.server import Server
from tests.sshd_support import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def connected(server: Server) -> Iterator[subprocess.Popen[str]]:
    """A user's client, for a while, that updates what it knows of hosts."""
    line = shlex.split(server.ssh())
    line[line.index("StrictHostKeyChecking=no")] = "StrictHostKeyChecking=yes"
    line[1:1] = ["-N", "-o", "UpdateHostKeys=yes", "-o", "HashKnownHosts=no"]
    client = subprocess.Popen(line, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield client
    finally:
        client.kill()
        client.communicate(timeout=10)


def learns(server: Server, keys: set[str]) -> bool:
    """Whether a client that connects comes to know these keys of the host, and no others."""
    with connected(server) as client:
        eventually(lambda: known(server) == keys or client.poll() is not None, "a change")
        return client.poll() is None


def known(server: Server) -> set[str]:
    """The keys in the client's known_hosts, base64."""
    file = server.directory / "known_hosts"
    lines = file.read_text().splitlines() if file.exists() else []
    return {line.split()[2] for line in lines}


def public(server: Server, ending: str) -> set[str]:
    """The keys of the server whose files have this ending."""
    names = ("ssh_host_ed25519_key", "ssh_host_rsa_key")
    files = [server.directory / "host_keys" / f"{name}{ending}.pub" for name in names]
    return {file.read_text().split()[1] for file in files}


def used(server: Server) -> set[str]:
    """The keys that the server proves itself with in the handshake."""
    scan = ["ssh-keyscan", "-p", str(server.port), "-t", "ed25519,rsa", "127.0.0.1"]
    shown = subprocess.run(scan, capture_output=True, text=True, timeout=30, check=True).stdout
    return {line.split()[2] for line in shown.splitlines() if line[0] != "#"}


def again(server: Server) -> None:
    """Restart it on the same port, as known_hosts has it."""
    server.environment["VIBETUI_LISTEN_PORT"] = str(server.port)
    server.stop()
    server.start()


def test_a_client_learns_the_next_keys_before_they_are_used_and_is_never_warned(
    server: Server,
) -> None:
    first = public(server, "")
    # A client that takes the host's word asks nothing more of it at once.
    subprocess.run(shlex.split(server.ssh("whoami")), capture_output=True, check=True, timeout=60)
    assert learns(server, first)

    rotated = server.vibetui("hostkey", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    assert rotated.stdout.count("(next)") == 2
    assert "wait for their turn" in server.vibetui("hostkey", "rotate").stderr
    again(server)
    following = public(server, ".next")
    assert used(server) == first, "the next ones are announced, and not used yet"
    assert learns(server, first | following)

    finished = server.vibetui("hostkey", "rotate", "--finish", "--yes")
    assert finished.returncode == 0, finished.stderr
    again(server)
    assert public(server, "") == following
    assert public(server, ".old") == first
    assert learns(server, following), "it forgets the old keys"

    listed = json.loads(server.vibetui("hostkey", "--json").stdout)
    assert [key["next"] for key in listed] == [False, False]
    assert server.vibetui("hostkey", "rotate", "--finish").returncode == 1
