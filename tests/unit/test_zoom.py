"""Zoom: a real app on a terminal that the test plays, and the real agent behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.played_terminal import XTERM, PlayedTerminal
from tests.ui_support import running_agent

PREFIX = b"\x1d"
BACK = "running"
"""In the title bar of a workspace."""


@pytest.fixture
def agent() -> Iterator[Path]:
    with running_agent() as socket:
        yield socket


@pytest.fixture
def terminal(agent: Path) -> Iterator[PlayedTerminal]:
    """In a workspace, its prompt there."""
    with PlayedTerminal(["-m", "tests.client_app", str(agent)], XTERM) as played:
        played.shows("thesis")
        played.type(b"\r")
        played.shows("$")
        yield played


def zoom_in(terminal: PlayedTerminal) -> None:
    terminal.type(PREFIX)
    terminal.shows("Zoom")
    terminal.type(b"z")
    terminal.until(lambda: not terminal.state.alternate_screen)
    terminal.shows("$")


def test_the_container_has_the_whole_terminal_and_the_app_comes_back(
    terminal: PlayedTerminal,
) -> None:
    zoom_in(terminal)
    assert BACK not in terminal.screen
    terminal.type(b"stty size\r")
    terminal.shows("24 80")
    terminal.type(PREFIX)
    terminal.shows(BACK)
    assert terminal.state.alternate_screen
    terminal.type(b"clear; stty size\r")
    terminal.shows("22 80")
