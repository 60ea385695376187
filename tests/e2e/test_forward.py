"""Connections into sessions: what -L, -D and -J are made of, by a real OpenSSH client."""

from __future__ import annotations

import shlex
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko
import pytest

from tests.e2e import openssh
from tests.e2e.openssh import connected, make_session, run, tunnel
from tests.server import Server

_ECHO = """
import socket
listener = socket.create_server(("127.0.0.1", 7007))
print("listening", flush=True)
while True:
    peer, _ = listener.accept()
    with peer:
        while data := peer.recv(65536):
            peer.sendall(data)
"""
"""Echoes to the end of what it is told, and then ends its own side."""


@pytest.fixture(scope="module")
def web(server: Server) -> Iterator[Server]:
    """A session that echoes on its own loopback."""
    make_session(server, "web")
    with inside(server, f"exec python3 -u -c {shlex.quote(_ECHO)}"):
        yield server


@contextmanager
def inside(server: Server, command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the session that has said that it listens."""
    line = openssh.words(server, command, login="vibe+web")
    program = subprocess.Popen(line, stdout=subprocess.PIPE)
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == b"listening\n"
        yield program
    finally:
        program.kill()
        program.wait(10)


@contextmanager
def through_openssh(server: Server, to: str) -> Iterator[socket.socket]:
    """A connection through an ``ssh -L`` of OpenSSH's."""
    with tunnel(words(server), to) as path, connected(path) as sock:
        yield sock


@contextmanager
def through_paramiko(server: Server, to: str) -> Iterator[Any]:
    """A ``direct-tcpip`` channel of paramiko's, which is used as a socket is."""
    line = words(server)
    host, _, port = to.partition(":")
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(
            "127.0.0.1",
            server.port,
            "vibe+web",
            key_filename=line[line.index("-i") + 1],
            allow_agent=False,
            look_for_keys=False,
        )
        transport = client.get_transport()
        assert transport is not None
        channel = transport.open_channel("direct-tcpip", (host, int(port)), ("127.0.0.1", 0))
        channel.settimeout(20)
        yield channel


def words(server: Server, *options: str, login: str = "vibe+web") -> list[str]:
    return openssh.words(server, login=login, options=options, level="INFO")


def test_a_megabyte_goes_there_and_back_and_each_direction_ends_on_its_own(web: Server) -> None:
    given = bytes(range(256)) * 4096
    done = run(words(web, "-W", "127.0.0.1:7007"), given)
    assert done.stdout == given
    assert done.returncode == 0, done.stderr


def test_what_cannot_be_reached_inside_is_refused(web: Server) -> None:
    done = run(words(web, "-W", "127.0.0.1:7999"))
    assert done.returncode != 0
    assert done.stdout == b""


def test_another_session_is_refused_in_the_words_for_one_that_is_not_there(web: Server) -> None:
    done = run(words(web, "-W", "127.0.0.1:7007", login="vibe+nowhere"))
    assert done.returncode != 0
    assert b"There is no such session." in done.stderr


def test_without_a_session_in_the_login_name_nothing_is_forwarded(web: Server) -> None:
    done = run(words(web, "-W", "127.0.0.1:7007", login="vibe"))
    assert done.returncode != 0
    assert b"No session was named." in done.stderr


def test_a_setting_says_no(web: Server, tmp_path: Path) -> None:
    other = Server(tmp_path / "closed", VIBETUI_ALLOW_LOCAL_FORWARDING="false")
    other.start()
    try:
        make_session(other, "web")
        done = run(words(other, "-W", "127.0.0.1:7007"))
        assert done.returncode != 0
        assert b"Forwarding is not allowed here." in done.stderr
    finally:
        other.stop()
        other.remove_everything()


_ENDS_FIRST = """
import socket, time
listener = socket.create_server(("127.0.0.1", 7008))
print("listening", flush=True)
peer, _ = listener.accept()
peer.sendall(b"all that I say")
peer.shutdown(socket.SHUT_WR)
taken = 0
while data := peer.recv(16384):
    taken += len(data)
    time.sleep(0.001)
print(taken, flush=True)
"""
"""Has said its all before it hears anything, and then listens slowly to the end."""


@pytest.mark.parametrize("client", ["-L", "direct-tcpip"])
def test_a_peer_that_has_said_its_all_still_hears_everything(web: Server, client: str) -> None:
    """OpenSSH's own -W gives up here, with any server; its -L and other clients don't."""
    given = bytes(range(256)) * 4096 * 3
    command = f"exec python3 -u -c {shlex.quote(_ENDS_FIRST)}"
    with inside(web, command) as peer:
        join: Any = through_openssh if client == "-L" else through_paramiko
        with join(web, "127.0.0.1:7008") as channel:
            assert channel.recv(1 << 16) == b"all that I say"
            assert channel.recv(1 << 16) == b""
            channel.sendall(given)
            channel.shutdown(socket.SHUT_WR)
            assert peer.stdout is not None
            assert int(peer.stdout.readline()) == len(given)


_ENDS_LAST = """
import socket, time
listener = socket.create_server(("127.0.0.1", 7009))
print("listening", flush=True)
peer, _ = listener.accept()
taken = 0
while data := peer.recv(16384):
    taken += len(data)
peer.sendall(str(taken).encode() + bytes(3 << 20))
peer.shutdown(socket.SHUT_WR)
"""
"""Answers at length once it has heard everything."""


@pytest.mark.parametrize("client", ["-L", "direct-tcpip"])
def test_a_client_that_has_said_its_all_still_hears_everything(web: Server, client: str) -> None:
    with inside(web, f"exec python3 -u -c {shlex.quote(_ENDS_LAST)}"):
        join: Any = through_openssh if client == "-L" else through_paramiko
        with join(web, "127.0.0.1:7009") as channel:
            channel.sendall(b"all that I say")
            channel.shutdown(socket.SHUT_WR)
            heard = b""
            while data := channel.recv(1 << 16):
                heard += data
                time.sleep(0.001)
    assert heard == b"14" + bytes(3 << 20)


def test_a_unix_socket_inside_is_reached(web: Server) -> None:
    served = _ECHO.replace(
        'socket.create_server(("127.0.0.1", 7007))',
        'socket.socket(socket.AF_UNIX); listener.bind("/tmp/echo.sock"); listener.listen()',
    )
    with (
        inside(web, f"exec python3 -u -c {shlex.quote(served)}"),
        through_openssh(web, "/tmp/echo.sock") as sock,
    ):
        sock.sendall(b"through a path")
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b"through a path"
        assert sock.recv(100) == b""
