"""What a user's terminal that reads nothing does to the app, and to the program behind it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.played_terminal import XTERM, PlayedTerminal
from tests.terminal_support import EMULATORS
from tests.ui_support import running_agent

_COUNTER = """
import os, signal, sys

def stop(*_):
    with open(sys.argv[1] + "/stopped", "w") as file:
        file.write(str(number))
    os._exit(0)

signal.signal(signal.SIGINT, stop)
number = 0
with open(sys.argv[1] + "/count", "r+b", buffering=0) as count:
    while True:
        number += 1
        os.write(1, b"\\x1b[3%dm%07d%s\\x1b[0m\\n" % (number % 8, number, b" colour" * 20))
        os.pwrite(count.fileno(), b"%07d" % number, 0)
"""
_CALM = 25
"""Polls in a row, 20 ms apart, without a line more."""
_ALLOWED_GROWTH = 48 << 20
"""Ten thousand lines of history, and some buffers; all that is printed would soon be past it."""


@pytest.fixture
def agent() -> Iterator[Path]:
    with running_agent() as socket:
        yield socket


@pytest.fixture
def place(agent: Path) -> Path:
    """Where the program of the test, which runs as somebody else, writes."""
    directory = agent.parent / "flow"
    directory.mkdir()
    directory.chmod(0o777)
    (directory / "counter.py").write_text(_COUNTER)
    (directory / "count").touch()
    (directory / "count").chmod(0o666)
    return directory


@pytest.fixture(params=EMULATORS)
def terminal(
    agent: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PlayedTerminal]:
    """In a workspace of 200x48, its prompt there."""
    monkeypatch.setenv("VIBETUI_EMULATOR", request.param)
    command = ["-m", "tests.client_app", str(agent)]
    with PlayedTerminal(command, XTERM, rows=50, columns=200) as played:
        played.shows("thesis")
        played.type(b"\r")
        played.shows("$")
        yield played


def stands_still(place: Path) -> Callable[[], bool]:
    """Asked again and again: whether the program prints nothing any more."""
    seen: list[bytes] = []

    def calm() -> bool:
        seen.append((place / "count").read_bytes())
        return len(seen) > _CALM and len(set(seen[-_CALM:])) == 1

    return calm


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for it, and read nothing from the app meanwhile."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def numbers(terminal: PlayedTerminal) -> list[int]:
    return [int(found) for found in re.findall(r"^(\d{7}) colour", terminal.screen, re.MULTILINE)]


def test_a_terminal_that_does_not_read_stops_the_program_and_no_key(
    terminal: PlayedTerminal, place: Path
) -> None:
    # Else the kernel would throw away what is printed but not read, as ctrl+c makes it do.
    terminal.type(f"stty noflsh; python3 {place}/counter.py {place}\r".encode())
    terminal.until(lambda: len(numbers(terminal)) > 40)
    app = psutil.Process(terminal.pid)
    before = app.memory_info().rss
    eventually(stands_still(place))
    assert app.memory_info().rss - before < _ALLOWED_GROWTH

    terminal.type(b"\x03")
    eventually(lambda: (place / "stopped").exists())

    terminal.until(lambda: "$" in terminal.screen.rstrip().rsplit("\n", 2)[-2])
    last = int((place / "stopped").read_text())
    shown = numbers(terminal)
    assert len(shown) > 40
    assert shown == list(range(shown[0], shown[0] + len(shown)))
    assert shown[-1] in (last - 1, last)


def test_what_is_painted_while_the_terminal_does_not_read_is_there_when_it_does(
    terminal: PlayedTerminal, place: Path
) -> None:
    terminal.type(f"python3 {place}/counter.py {place}\r".encode())
    terminal.until(lambda: len(numbers(terminal)) > 40)
    eventually(stands_still(place))
    terminal.type(b"\x1d")
    terminal.shows("Back to your sessions")
    terminal.type(b"q")
    assert terminal.leaves() == 0
    assert terminal.state.restore() == b""
