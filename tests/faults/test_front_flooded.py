"""A thousand connections that never log in, and somebody who does."""

from __future__ import annotations

import resource
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.e2e.test_front_gate import IN, run
from tests.sshd_support import FrontUnderTest

_CONNECTIONS = 1000
_HALF_OPEN = 300
_ADDRESSES = 50
_LOGIN = 5.0
"""Seconds in which a login has to succeed meanwhile."""
_ALLOWED_GROWTH = 48 << 20
_REFUSED = (b"Too many connections are logging in", b"Too many connections from your address")


@contextmanager
def many_descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def heard(socks: list[socket.socket], deadline: float = 20.0) -> list[bytes]:
    """What each has been sent so far; of those that were hung up on, everything."""
    said = dict.fromkeys(socks, b"")
    waiting = selectors.DefaultSelector()
    for sock in socks:
        sock.setblocking(False)
        waiting.register(sock, selectors.EVENT_READ)
    end = time.monotonic() + deadline
    # Those that are let in are sent the version line alone: there is no more to wait for.
    while any(not text for text in said.values()) and time.monotonic() < end:
        for key, _ in waiting.select(0.5):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            data = sock.recv(4096)
            said[sock] += data
            if not data:
                waiting.unregister(sock)
    return list(said.values())


def test_of_a_thousand_connections_the_excess_is_told_and_a_login_goes_through(
    tmp_path: Path,
) -> None:
    with (
        many_descriptors(),
        FrontUnderTest(tmp_path, login_timeout=60, max_unauthenticated=120) as front,
    ):
        assert IN in run(front.ssh_words()).stderr
        process = psutil.Process(front.front.pid)
        before = process.memory_full_info().uss
        socks: list[socket.socket] = []
        try:
            for number in range(_CONNECTIONS):
                source = (f"127.0.1.{number % _ADDRESSES + 1}", 0)
                address = (front.settings.listen_host, front.port)
                sock = socket.create_connection(address, timeout=10, source_address=source)
                socks.append(sock)
                if number < _HALF_OPEN:
                    sock.send(b"SSH-2.0-half")
            said = heard(socks)
            assert all(text.startswith(b"SSH-2.0-vibetui_") for text in said)
            refused = sum(any(why in text for why in _REFUSED) for text in said)
            assert refused == _CONNECTIONS - 120
            assert process.memory_full_info().uss - before < _ALLOWED_GROWTH
            began = time.monotonic()
            assert IN in run(front.ssh_words()).stderr
            assert time.monotonic() - began < _LOGIN
        finally:
            for sock in socks:
                sock.close()
        assert "Traceback" not in front.log()
        assert front.log().count("front.refused") < 10
