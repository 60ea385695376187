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
        # Frames that wait on the way are old when they are seen: the way is short.
        assert 64 << 10 < seen[-1] - seen[0] < 1 << 20
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
