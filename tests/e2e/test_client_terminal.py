"""OpenSSH inside tmux inside a terminal: colours as far as they go all the way."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.played_terminal import KITTY, SILENT, PlayedTerminal
from tests.server import Server
from vibetui.terminals.protocol import Color

pytestmark = pytest.mark.e2e

RUN = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str]]:
    """The command line of a tmux of our own."""
    command = ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null"]
    yield command
    subprocess.run([*command, "kill-server"], capture_output=True, timeout=20)


def colors_shown(terminal: PlayedTerminal) -> set[Color]:
    emulator = terminal.emulator
    # The last row is tmux's own.
    styles = {run.style for y in range(emulator.rows - 1) for run in emulator.row(y)}
    return {color for style in styles for color in (style.foreground, style.background)} - {None}


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (["-T", "RGB"], lambda color: isinstance(color, tuple)),
        ([], lambda color: isinstance(color, int) and color >= 16),
    ],
    ids=["with RGB", "without"],
)
def test_in_tmux_colours_are_true_where_the_terminal_around_it_has_them(
    server: Server, tmux: list[str], features: list[str], expected: Callable[[Color], bool]
) -> None:
    run = [*tmux, *features, "new-session", shlex.join(["sh", "-c", server.ssh()])]
    with PlayedTerminal(["-c", RUN, *run], SILENT) as terminal:
        terminal.shows("Quit")
        terminal.until(lambda: len(colors_shown(terminal)) >= 3)
        terminal.until(lambda: all(map(expected, colors_shown(terminal))))
        terminal.type(b"n")
        terminal.shows("New session")
        assert all(map(expected, colors_shown(terminal)))
        terminal.type(b"\x1b")
        terminal.until(lambda: "New session" not in terminal.screen)
        terminal.type(b"q")
        terminal.leaves()


def test_plain_openssh_without_colorterm_gets_what_its_terminal_says(server: Server) -> None:
    with PlayedTerminal(["-c", RUN, *shlex.split(server.ssh())], KITTY, late=0.1) as terminal:
        terminal.shows("Quit")
        terminal.until(lambda: len(colors_shown(terminal)) >= 3)
        terminal.until(lambda: all(isinstance(color, tuple) for color in colors_shown(terminal)))
        terminal.type(b"\x1b[113;;113u")
        assert terminal.leaves() == 0
        assert terminal.state.restore() == b""
