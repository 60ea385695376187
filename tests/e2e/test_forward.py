"""Connections into sessions: what -L, -D and -J are made of, by a real OpenSSH client."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import openssh
from tests.e2e.openssh import make_session, run
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
    line = openssh.words(server, login="vibe+web")
    echo = subprocess.Popen(
        [*line, f"exec python3 -u -c {shlex.quote(_ECHO)}"], stdout=subprocess.PIPE
    )
    try:
        assert echo.stdout is not None
        assert echo.stdout.readline() == b"listening\n"
        yield server
    finally:
        echo.kill()
        echo.wait(10)


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
