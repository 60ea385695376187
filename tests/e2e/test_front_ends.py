"""How it ends: the server's shutdown, an app that hangs, and processes that are killed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.test_front_app import CRASHED, enter, flat, left, terminal
from tests.sshd_support import FrontUnderTest
from tests.tmux import Tmux


@pytest.fixture
def front(tmp_path: Path) -> Iterator[FrontUnderTest]:
    with FrontUnderTest(tmp_path) as running:
        yield running


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    with Tmux(tmp_path, columns=80, rows=24) as running:
        yield running


def test_a_shutdown_gives_the_terminal_back_and_says_so(front: FrontUnderTest, tmux: Tmux) -> None:
    before = terminal(tmux)
    enter(tmux, front)
    (process,) = front.ui_processes()
    front.stop()
    assert "The server is shutting down; your sessions keep running." in left(tmux, 1)
    assert terminal(tmux) == before
    assert front.front.returncode == 0
    assert front.zygote.returncode == 0
    _gone(process)
    assert "Traceback" not in front.log()


def test_an_app_that_hangs_does_not_hold_a_shutdown_up(front: FrontUnderTest, tmux: Tmux) -> None:
    before = terminal(tmux)
    enter(tmux, front)
    (process,) = front.ui_processes()
    process.suspend()
    front.stop()
    assert "The server is shutting down; your sessions keep running." in left(tmux, 1)
    assert terminal(tmux) == before
    _gone(process)


def test_nothing_outlives_a_killed_front(front: FrontUnderTest, tmux: Tmux) -> None:
    enter(tmux, front)
    (process,) = front.ui_processes()
    front.front.kill()
    front.zygote.wait(10)
    _gone(process)
    left(tmux, 255)


def test_a_killed_zygote_ends_its_apps_and_then_the_front(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    before = terminal(tmux)
    enter(tmux, front)
    (process,) = front.ui_processes()
    front.zygote.send_signal(signal.SIGKILL)
    assert front.front.wait(10) != 0
    _gone(process)
    screen = flat(tmux.wait_for("status=1\n"))
    assert CRASHED in screen or "The server is shutting down" in screen
    assert terminal(tmux) == before


def _gone(process: psutil.Process) -> None:
    psutil.wait_procs([process], timeout=5)
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
