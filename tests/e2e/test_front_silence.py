"""A client that says nothing: asleep for a moment, or gone for good. Seconds stand for minutes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.test_front_app import enter, left
from tests.network import Laptop
from tests.sshd_support import FrontUnderTest, eventually
from tests.tmux import Tmux

_INTERVAL, _QUESTIONS = 0.8, 3
_LIMIT = _INTERVAL * (_QUESTIONS + 1)
_NAP = _LIMIT / 2
"""Longer than it takes to be asked, and well before the limit on a machine that is busy."""

_PATIENCE = {"client_alive_interval": _INTERVAL, "client_alive_count_max": _QUESTIONS}
_LOGGED = "nothing was heard from the client for 3.2 s"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes network namespaces")


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontUnderTest]:
    with FrontUnderTest(tmp_path_factory.mktemp("front"), **_PATIENCE) as running:
        yield running


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    with Tmux(tmp_path, columns=80, rows=24) as running:
        yield running


@pytest.fixture
def client(front: FrontUnderTest, tmux: Tmux, tmp_path: Path) -> int:
    """The pid of an OpenSSH client that shows the app."""
    # Else the outer shell would take the terminal from a client that is stopped.
    tmux.line("set +m")
    enter(tmux, front, f"sh -c 'echo $$ > {tmp_path / 'pid'}; exec {front.ssh()}'")
    return int((tmp_path / "pid").read_text())


def given_up(front: FrontUnderTest) -> int:
    """How many clients, by the log: a line for each."""
    return sum("client.lost" in line and _LOGGED in line for line in front.log().splitlines())


def left_behind(tmux: Tmux) -> None:
    """The client has ended by itself; nobody has cleaned its terminal up."""
    left(tmux, 255)
    tmux.line("clear")
    tmux.wait_gone("typed=")


def sleep_for(seconds: float) -> None:
    """The client's sleep is a time and nothing else."""
    time.sleep(seconds)


def expect_to_be_given_up(front: FrontUnderTest, fall_silent: Callable[[], None]) -> None:
    """The app's process ends in time, not before its time, and the log says why, once."""
    (process,) = front.ui_processes()
    before = given_up(front)
    began = time.monotonic()
    fall_silent()
    process.wait(_LIMIT + 8)
    assert time.monotonic() - began > _LIMIT - _INTERVAL
    eventually(lambda: front.ui_processes() == [], "its process is gone")
    assert given_up(front) == before + 1, front.log()


def test_a_client_that_is_merely_quiet_stays(
    front: FrontUnderTest, client: int, tmux: Tmux
) -> None:
    sleep_for(_LIMIT * 1.5)
    tmux.type("here|")
    tmux.wait_for("typed=here||")
    tmux.type("Q")
    left(tmux, 0)
    assert given_up(front) == 0


def test_a_client_that_sleeps_for_a_moment_goes_on(
    front: FrontUnderTest, client: int, tmux: Tmux
) -> None:
    os.kill(client, signal.SIGSTOP)
    sleep_for(_NAP)
    tmux.type("typed asleep")
    os.kill(client, signal.SIGCONT)
    tmux.wait_for("typed asleep|")
    tmux.type("Q")
    left(tmux, 0)
    assert given_up(front) == 0


def test_a_client_that_sleeps_too_long_is_given_up_and_comes_back(
    front: FrontUnderTest, client: int, tmux: Tmux
) -> None:
    expect_to_be_given_up(front, lambda: os.kill(client, signal.SIGSTOP))
    os.kill(client, signal.SIGCONT)
    left_behind(tmux)
    enter(tmux, front)
    tmux.type("Q")
    left(tmux, 0)


def test_a_client_that_stops_reading_in_a_flood_is_given_up(
    front: FrontUnderTest, client: int, tmux: Tmux
) -> None:
    tmux.type("F")
    tmux.wait_for("flood ")
    expect_to_be_given_up(front, lambda: os.kill(client, signal.SIGSTOP))
    os.kill(client, signal.SIGCONT)
    left(tmux, 255)


@needs_root
@pytest.mark.parametrize("flooded", [False, True], ids=["idle", "flooded"])
def test_a_cable_may_be_out_for_a_moment_and_not_for_long(
    tmp_path: Path, tmux: Tmux, flooded: bool
) -> None:
    with (
        Laptop() as laptop,
        FrontUnderTest(tmp_path, listen_host=laptop.server, **_PATIENCE) as front,
    ):
        enter(tmux, front, laptop.command(front.ssh()))
        laptop.unplug()
        sleep_for(_NAP)
        tmux.type("sent-in-the-tunnel")
        laptop.plug_in()
        tmux.wait_for("sent-in-the-tunnel|")
        if flooded:
            tmux.type("F")
            tmux.wait_for("flood ")
        expect_to_be_given_up(front, laptop.unplug)
        laptop.plug_in()
        # The client hears of it when it says something.
        tmux.line("")
        left_behind(tmux)
        enter(tmux, front, laptop.command(front.ssh()))
        tmux.type("Q")
        left(tmux, 0)
