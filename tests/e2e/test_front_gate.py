"""What a client hears that isn't let in, and that those who may come in get in all the same."""

from __future__ import annotations

import socket
import struct
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from tests.sshd_support import FrontUnderTest, eventually

DISCONNECT, TOO_MANY_CONNECTIONS = 1, 12
IN = "vibetui needs a terminal"
"""What a login without one ends with."""


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
    )


def knock(front: FrontUnderTest, source: str = "127.0.0.1") -> socket.socket:
    """A connection that says nothing."""
    address = (front.settings.listen_host, front.port)
    return socket.create_connection(address, timeout=10, source_address=(source, 0))


def let_in(sock: socket.socket) -> bool:
    """Whether the server goes on: with its version, and not with a farewell behind it."""
    sock.settimeout(10)
    line = sock.makefile("rb").readline()
    assert line.startswith(b"SSH-2.0-vibetui_"), line
    sock.settimeout(0.2)
    try:
        return sock.recv(1, socket.MSG_PEEK) != b""
    except TimeoutError:
        return True


def farewell(sock: socket.socket) -> tuple[int, str]:
    """The reason and the sentence of the unencrypted disconnect message that ends `sock`."""
    sock.settimeout(10)
    with sock, sock.makefile("rb") as file:
        said = file.read()
    line, _, packet = said.partition(b"\r\n")
    assert line.startswith(b"SSH-2.0-vibetui_"), said
    length, padding, kind, reason, size = struct.unpack_from(">IBBII", packet)
    assert (4 + length) % 8 == 0
    assert padding >= 4
    assert len(packet) == 4 + length
    assert kind == DISCONNECT
    return reason, packet[14 : 14 + size].decode()


def test_one_more_connection_than_may_log_in_from_one_address_is_told_so_by_openssh(
    tmp_path: Path,
) -> None:
    with FrontUnderTest(tmp_path, max_unauthenticated_per_address=2) as front:
        waiting = [knock(front) for _ in range(2)]
        assert all(let_in(sock) for sock in waiting)
        refused = run(front.ssh_words())
        assert refused.returncode == 255
        assert "Too many connections from your address haven't logged in." in refused.stderr
        waiting[0].close()
        eventually(lambda: IN in run(front.ssh_words()).stderr, "there is room again")
        waiting[1].close()


def test_who_fills_every_place_is_refused_and_those_inside_are_not_disturbed(
    tmp_path: Path,
) -> None:
    with FrontUnderTest(tmp_path, max_unauthenticated=3) as front, ExitStack() as stack:
        waiting = [stack.enter_context(knock(front, f"127.0.0.{number}")) for number in range(2, 5)]
        assert all(let_in(sock) for sock in waiting)
        reason, sentence = farewell(knock(front, "127.0.0.9"))
        assert reason == TOO_MANY_CONNECTIONS
        assert sentence == "Too many connections are logging in just now. Try again in a moment."
        for sock in waiting:
            sock.sendall(b"SSH-2.0-still_here\r\n")
            sock.settimeout(10)
            # The server's key exchange begins.
            assert sock.recv(4096)


def test_a_user_with_too_many_connections_is_told_so(tmp_path: Path) -> None:
    with FrontUnderTest(tmp_path, max_connections_per_user=1) as front:
        command = front.ssh_words()
        with subprocess.Popen(
            [*command[:-1], "-N", command[-1]], stdin=subprocess.DEVNULL
        ) as first:
            eventually(lambda: '"event": "login"' in front.log(), "the first is in")
            refused = run(command)
            assert refused.returncode == 255
            assert "Too many of your connections are open. Close some" in refused.stderr
            first.terminate()
        eventually(lambda: IN in run(command).stderr, "there is room again")


def test_an_address_that_fails_too_often_waits_then_is_banned_and_that_is_audited_once(
    tmp_path: Path,
) -> None:
    with FrontUnderTest(tmp_path, login_failures=4, ban_time=600) as front:
        wrong = front.make_key("wrong")
        took = []
        for _ in range(4):
            began = time.monotonic()
            assert "Permission denied" in run(front.ssh_words(key=wrong)).stderr
            took.append(time.monotonic() - began)
        # Three have failed: half a second more, whatever else it takes.
        assert took[3] >= 0.5
        eventually(lambda: "address.banned" in front.log(), "the ban begins")
        for _ in range(2):
            refused = run(front.ssh_words())
            assert refused.returncode == 255
            assert (
                "Too many logins from your address have failed. Try again in 10 minutes."
                in refused.stderr
            )
        bans = [entry for entry in front.core.audited if entry["code"] == "address.banned"]
        assert [(ban["address"], ban["detail"]) for ban in bans] == [
            ("127.0.0.1", {"seconds": 600.0})
        ]
        with knock(front, "127.0.0.2") as other:
            assert let_in(other)


def test_whoever_does_not_log_in_in_time_is_sent_away_wherever_they_are(tmp_path: Path) -> None:
    stages = (b"", b"SSH-2.0-half", b"SSH-2.0-whole\r\n", b"SSH-2.0-x\r\n\0\0")
    with FrontUnderTest(tmp_path, login_timeout=1) as front:
        began = time.monotonic()
        waiting = [knock(front) for _ in stages]
        for sock, said in zip(waiting, stages, strict=True):
            sock.sendall(said)
        for sock in waiting:
            sock.settimeout(10)
            with sock, sock.makefile("rb") as file:
                assert b"You didn't log in in time" in file.read()
        assert time.monotonic() - began >= 0.9


def test_with_no_descriptors_left_the_front_waits_for_one_and_says_so_once(
    tmp_path: Path,
) -> None:
    prepared = FrontUnderTest(tmp_path)
    prepared.run_by = ("sh", "-c", 'ulimit -n 48; exec "$@"', "sh")
    with prepared as front:
        process = psutil.Process(front.front.pid)
        # Other addresses: that there is no room is to come before any limit of ours.
        waiting = [knock(front, f"127.0.0.{2 + number % 4}") for number in range(64)]
        eventually(lambda: "front.no_descriptors" in front.log(), "it has run out of them")
        used = sum(process.cpu_times()[:2])
        time.sleep(2.5)  # More than two tries: that nothing happens has no signal.
        assert sum(process.cpu_times()[:2]) - used < 0.5
        assert front.log().count("front.no_descriptors") == 1
        for sock in waiting:
            sock.close()
        eventually(lambda: IN in run(front.ssh_words()).stderr, "clients are let in again")
