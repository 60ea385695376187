"""The app on terminals of many kinds: a PTY whose other end answers as they do."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.played_terminal import (
    ALACRITTY,
    KITTY,
    LINUX,
    OLD_XTERM,
    SCREEN,
    SILENT,
    TMUX,
    VT100,
    XTERM,
    Kind,
    PlayedTerminal,
)
from vibetui.terminals.protocol import Color
from vibetui.ui.client import Client, Colors

APP = ["-m", "tests.client_app"]


def true_color(color: Color) -> bool:
    return isinstance(color, tuple)


def of_the_palette(color: Color) -> bool:
    return isinstance(color, int) and color >= 16


def of_sixteen(color: Color) -> bool:
    return isinstance(color, int) and color < 16


def colors_shown(terminal: PlayedTerminal) -> set[Color]:
    """All colours on the screen but the terminal's own."""
    emulator = terminal.emulator
    styles = {run.style for y in range(emulator.rows) for run in emulator.row(y)}
    return {color for style in styles for color in (style.foreground, style.background)} - {None}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (XTERM, true_color),
        (KITTY, true_color),
        (ALACRITTY, true_color),
        (TMUX, true_color),
        (Kind("xterm-direct"), true_color),
        (Kind("alacritty"), true_color),
        (OLD_XTERM, of_the_palette),
        (SCREEN, of_the_palette),
        (SILENT, of_the_palette),
        (LINUX, of_sixteen),
    ],
    ids=lambda value: value.term if isinstance(value, Kind) else value.__name__,
)
def test_everything_is_painted_in_the_colours_that_there_are(
    kind: Kind, expected: Callable[[Color], bool]
) -> None:
    with PlayedTerminal(APP, kind, late=0.2) as terminal:
        terminal.shows("Quit")
        terminal.until(lambda: all(map(expected, colors_shown(terminal))))
        assert len(colors_shown(terminal)) > 3
        # What is painted later is painted so too.
        terminal.type(b"d")
        terminal.shows("Delete api?")
        assert all(map(expected, colors_shown(terminal)))


def test_a_terminal_without_colours_gets_none() -> None:
    with PlayedTerminal(APP, VT100) as terminal:
        terminal.shows("Quit")
        terminal.type(b"n")
        terminal.shows("New session")
        assert colors_shown(terminal) == set()
        emulator = terminal.emulator
        runs = [run for y in range(emulator.rows) for run in emulator.row(y)]
        assert any(run.style.reverse for run in runs), "where one types is to be seen"


def test_the_first_frame_does_not_wait_for_an_answer() -> None:
    with PlayedTerminal(APP, XTERM, late=30) as terminal:
        terminal.shows("Quit")
        assert all(map(of_the_palette, colors_shown(terminal)))


@pytest.mark.parametrize("kind", [XTERM, KITTY], ids=["xterm", "kitty"])
@pytest.mark.parametrize("pieces", [1, 3])
def test_answers_late_in_pieces_and_twice_are_never_taken_for_keys(kind: Kind, pieces: int) -> None:
    with PlayedTerminal(APP, kind, pieces=pieces, late=0.3, twice=True) as terminal:
        terminal.shows("Quit")
        terminal.until(lambda: all(map(true_color, colors_shown(terminal))))
        terminal.until(lambda: not terminal.owes)
        terminal.live(0.3)
        assert "2 sessions" in terminal.screen
        assert "New session" not in terminal.screen
        terminal.type(b"?")
        terminal.shows("esc closes")


def test_a_piece_of_an_answer_after_all_patience_is_no_key_either() -> None:
    with PlayedTerminal(APP, SILENT) as terminal:
        terminal.shows("Quit")
        terminal.live(5.2)
        for piece in (b"\x1bP1", b"$r0;4;48:2::1:2:3", b"m\x1b", b"\\", b"\x1b[?6", b"4;1c"):
            terminal.type(piece)
            terminal.live(0.08)
        terminal.until(lambda: all(map(true_color, colors_shown(terminal))))
        assert "2 sessions" in terminal.screen


@pytest.mark.parametrize("kind", [XTERM, KITTY, TMUX, LINUX, VT100], ids=lambda kind: kind.term)
def test_the_terminal_is_left_as_it_was(kind: Kind) -> None:
    with PlayedTerminal(APP, kind) as terminal:
        terminal.shows("Quit")
        terminal.type(b"q")
        assert terminal.leaves() == 0
        assert terminal.state.restore() == b""
        pushed = re.findall(rb"\x1b\[>\d+u", terminal.written)
        assert len(pushed) == terminal.written.count(b"\x1b[<u")


@pytest.mark.parametrize(
    ("environment", "colors"),
    [
        ({"TERM": "xterm-256color"}, Colors.PALETTE),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Colors.TRUE),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, Colors.TRUE),
        ({"TERM": "screen-256color", "LC_TERMINAL": "iTerm2"}, Colors.PALETTE),
        ({"TERM": "xterm-kitty"}, Colors.TRUE),
        ({"TERM": "foot"}, Colors.TRUE),
        ({"TERM": "xterm-ghostty"}, Colors.TRUE),
        ({"TERM": "wezterm"}, Colors.TRUE),
        ({"TERM": "xterm"}, Colors.SIXTEEN),
        ({"TERM": "linux"}, Colors.SIXTEEN),
        ({"TERM": "vt220"}, Colors.NONE),
        ({}, Colors.NONE),
    ],
)
def test_a_name_says_what_it_says(environment: dict[str, str], colors: Colors) -> None:
    assert Client.of(environment).colors is colors


def test_a_plain_answer_takes_nothing_back() -> None:
    client = Client.of({"TERM": "xterm-kitty"})
    assert client.after("\x1bP1$r0m") == client.after("\x1bP0+r524742") == client
    assert client.after("\x1b[?62;4c").answered
