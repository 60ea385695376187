"""Back-pressure: an app that floods, a client that doesn't read, a client that floods."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.test_front_app import enter, left
from tests.sshd_support import FrontUnderTest, eventually
from tests.tmux import Tmux

_ALLOWED_GROWTH = 24 << 20
"""A client's window is 2 MiB, plus some buffers; a flood would be past this in seconds."""

_WINDOW = 2 << 20
"""What OpenSSH's client takes before it says that it has read any (CHAN_SES_WINDOW_DEFAULT)."""

_BUFFERS = 512 << 10
"""The front's own write buffer, a PTY, and what else a process reads."""

_UNSENT = 512 << 10
"""Without a limit of ours the kernel takes up to 4 MiB that the client has no room for."""

_CALM = 25
"""Polls in a row, 20 ms apart, without a byte."""


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontUnderTest]:
    with FrontUnderTest(tmp_path_factory.mktemp("front")) as running:
        yield running


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    with Tmux(tmp_path, columns=200, rows=50) as running:
        yield running


def _passed(process: psutil.Process) -> int:
    """Bytes read from pseudo-terminals; sockets are not counted."""
    return int(process.io_counters().read_chars)


def _unsent(port: int) -> int:
    """Bytes that the kernel keeps for the clients of a port: proc(5), ``/proc/net/tcp``."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(row[4].split(":")[0], 16) for row in rows if row[1].endswith(f":{port:04X}"))


def test_a_client_that_does_not_read_stops_the_app_and_not_the_front(
    front: FrontUnderTest, tmux: Tmux, tmp_path: Path
) -> None:
    # Else the outer shell would take the terminal from a client that is stopped.
    tmux.line("set +m")
    pid_file = tmp_path / "pid"
    enter(tmux, front, f"sh -c 'echo $$ > {pid_file}; exec {front.ssh()}'")
    server = psutil.Process(front.front.pid)
    before = server.memory_info().rss
    client = int(pid_file.read_text())
    tmux.type("F")
    tmux.wait_for("flood ")
    os.kill(client, signal.SIGSTOP)
    try:
        # No byte passes the front any more: everything behind it is full.
        seen: list[int] = []

        def stalled() -> bool:
            seen.append(_passed(server))
            return len(seen) > _CALM and len(set(seen[-_CALM:])) == 1

        eventually(stalled, "the flow stops", 30)
        # How much of its window a client's kernel has room for is the client's affair.
        assert 64 << 10 < seen[-1] - seen[0] < _WINDOW + _BUFFERS
        # Frames that wait on our side are old when they are seen: few do.
        assert _unsent(front.port) < _UNSENT
        assert server.memory_info().rss - before < _ALLOWED_GROWTH
    finally:
        os.kill(client, signal.SIGCONT)
    tmux.type("Q")
    left(tmux, 0)


def test_a_client_that_types_faster_than_the_app_reads_loses_nothing(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    enter(tmux, front)
    (app,) = front.ui_processes()
    app.suspend()
    for _ in range(10):
        tmux.type("x" * 1000)
    app.resume()
    tmux.wait_for("count=10000\n", 60)
    tmux.type("Q")
    left(tmux, 0)
