"""What is stopped on purpose stays stopped, though clients come back to it by themselves."""

from __future__ import annotations

import json
import shlex
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.openssh import connected, make_session, run, tool, tunnel, words
from tests.server import Server

pytestmark = pytest.mark.e2e

_ECHO = """
import os, socket
listener = socket.create_server(("127.0.0.1", 7007))
if os.fork():
    os._exit(0)
while True:
    peer, _ = listener.accept()
    with peer:
        while data := peer.recv(65536):
            peer.sendall(data)
"""
_SERVE = f"python3 -c {shlex.quote(_ECHO)} </dev/null >/dev/null 2>&1"
_SCRIPT = b"echo it runs; exec sleep 1000\n"
_REFUSED = b" s ago; this looks like an automatic reconnect. Start it: ssh vibe@HOST start "


def status_of(server: Server, name: str) -> str:
    listed = json.loads(run(words(server, "ls", "--json")).stdout)
    (status,) = (each["status"] for each in listed if each["name"] == name)
    assert isinstance(status, str)
    return status


def do(server: Server, *verb: str) -> None:
    done = run(words(server, *verb))
    assert done.returncode == 0, done.stderr


def echoes(path: Path) -> bool:
    """Whether a connection through a tunnel reaches the program in the session."""
    with connected(path) as sock, suppress(ConnectionResetError, BrokenPipeError):
        sock.sendall(b"hello")
        sock.shutdown(socket.SHUT_WR)
        return sock.recv(100) == b"hello"
    return False


def be_cut_off(server: Server, name: str) -> None:
    """As an editor: run the shell, with what it is to do by stdin; somebody stops the session."""
    line = words(server, "bash", login=f"vibe+{name}", options=("-T",))
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(_SCRIPT)
        client.stdin.close()
        try:
            assert client.stdout.readline() == b"it runs\n"
            do(server, "stop", name)
            client.wait(20)
        finally:
            client.kill()


def test_a_tunnel_does_not_start_again_what_was_stopped(server: Server) -> None:
    make_session(server, "web")
    line = words(server, login="vibe+web")
    do(server, "web", "--", _SERVE)
    with tunnel(line, "127.0.0.1:7007") as path:
        assert echoes(path)
        do(server, "stop", "web")
        assert not echoes(path), "the connection that stayed"
    with tunnel(line, "127.0.0.1:7007") as path:
        assert not echoes(path), "the connection that came back"
        assert status_of(server, "web") == "stopped"
        do(server, "stop", "web")
        assert not echoes(path), "stopping it twice changes nothing"
        assert status_of(server, "web") == "stopped"

        do(server, "start", "web")
        do(server, "web", "--", _SERVE)
        assert echoes(path), "somebody has started it"
    told = run(words(server, login="vibe+web", options=("-W", "127.0.0.1:7007")), b"hello")
    assert told.stdout == b"hello"


def test_an_editor_that_comes_back_hears_in_one_sentence_how_to_start_it(server: Server) -> None:
    make_session(server, "code")
    be_cut_off(server, "code")
    for _ in range(2):
        again = run(words(server, "bash", login="vibe+code", options=("-T",)), _SCRIPT)
        assert (again.returncode, again.stdout) == (255, b"")
        assert again.stderr.startswith(b"vibetui: code was stopped ")
        assert again.stderr.endswith(_REFUSED + b"code\n")
    assert status_of(server, "code") == "stopped"
    refusals = [line for line in server.log().splitlines() if '"access.refused"' in line]
    assert any('"reconnect": true' in line and '"purpose": "bash"' in line for line in refusals)


def test_files_that_come_back_are_served_without_starting_it(server: Server) -> None:
    make_session(server, "files")
    options, host = tool(server, "vibe+files")
    line = ["sftp", "-b", "-", *options, host]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        try:
            client.stdin.write(b"pwd\n")
            client.stdin.flush()
            assert b"/workspace" in client.stdout.readline() + client.stdout.readline()
            do(server, "stop", "files")
            client.stdin.close()
            client.wait(20)
        finally:
            client.kill()
    again = run(line, b"pwd\n")
    assert again.returncode == 0, again.stderr
    assert b"looks like an automatic reconnect" in again.stderr
    assert b"/workspace" in again.stdout
    assert status_of(server, "files") == "stopped"


@pytest.mark.parametrize("who", ["another command", "another machine", "a person"])
def test_whoever_was_not_in_it_starts_it_as_ever(server: Server, who: str) -> None:
    name = who.replace(" ", "-")
    make_session(server, name)
    be_cut_off(server, name)
    command, options = {
        "another command": ("true", ("-T",)),
        "another machine": ("bash", ("-T", "-b", "127.0.0.2")),
        "a person": ("bash", ("-tt",)),
    }[who]
    done = run(words(server, command, login=f"vibe+{name}", options=options), b"exit\n")
    assert done.returncode == 0, done.stderr
    assert status_of(server, name) == "running"
