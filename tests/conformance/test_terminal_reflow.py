"""A resize wraps lines anew and loses nothing, in every emulator."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.terminal_support import EMULATORS, emulator, screen, style_at
from vibetui.terminals.protocol import CellStyle, Emulator


@pytest.fixture(params=EMULATORS)
def terminal(request: pytest.FixtureRequest) -> Emulator:
    return emulator(request.param, rows=6, columns=20)


def logical_lines(terminal: Emulator) -> list[str]:
    """The lines of history and screen as the program wrote them."""
    joined, goes_on = [""], True
    first = terminal.first_line
    for line in terminal.texts(first, first + terminal.history_lines + terminal.rows):
        if not goes_on:
            joined.append("")
        joined[-1] += line.text
        goes_on = line.wrapped
    while joined and not joined[-1]:
        joined.pop()
    return joined


def test_a_long_line_is_wrapped_anew(terminal: Emulator) -> None:
    terminal.feed(b"abcdefghijklmnopqrstuvwxyz\r\n$ ")
    assert screen(terminal) == ["abcdefghijklmnopqrst", "uvwxyz", "$"]
    terminal.resize(6, 10)
    assert screen(terminal) == ["abcdefghij", "klmnopqrst", "uvwxyz", "$"]
    terminal.resize(6, 40)
    assert screen(terminal) == ["abcdefghijklmnopqrstuvwxyz", "$"]
    assert (terminal.cursor.row, terminal.cursor.column) == (1, 2)


def test_lines_that_the_program_ended_stay_apart(terminal: Emulator) -> None:
    terminal.feed(b"one\r\ntwo\r\n" + b"x" * 20 + b"\r\nthree")
    terminal.resize(6, 40)
    assert screen(terminal) == ["one", "two", "x" * 20, "three"]


def test_wide_characters_are_never_halved(terminal: Emulator) -> None:
    terminal.feed("界界界界界".encode())
    terminal.resize(6, 5)
    assert screen(terminal) == ["界界", "界界", "界"]
    terminal.resize(6, 9)
    assert screen(terminal) == ["界界界界", "界"]


def test_styles_and_links_move_with_their_text(terminal: Emulator) -> None:
    terminal.feed(b"x" * 8 + b"\x1b[31;4mred\x1b[0m\x1b]8;;http://e.org\x07link\x1b]8;;\x07")
    terminal.resize(6, 9)
    assert screen(terminal) == ["xxxxxxxxr", "edlink"]
    assert style_at(terminal, 0, 8) == style_at(terminal, 1, 1)
    assert style_at(terminal, 1, 0).foreground == 1
    assert style_at(terminal, 1, 2) == CellStyle(link="http://e.org")


def test_the_cursor_stays_on_its_character(terminal: Emulator) -> None:
    terminal.feed(b"abcdefghijklmno\x1b[1;13H")
    terminal.resize(6, 10)
    assert (terminal.cursor.row, terminal.cursor.column) == (1, 2)
    terminal.resize(6, 20)
    assert (terminal.cursor.row, terminal.cursor.column) == (0, 12)


def test_the_alternate_screen_is_not_wrapped(terminal: Emulator) -> None:
    terminal.feed(b"main\x1b[?1049h\x1b[Habcdefghijklmno\r\nsecond")
    terminal.resize(6, 10)
    assert screen(terminal) == ["abcdefghij", "second"]
    terminal.feed(b"\x1b[?1049l")
    assert screen(terminal) == ["main"]


def test_history_is_wrapped_anew_too(terminal: Emulator) -> None:
    wanted = [f"{number}" * 25 for number in range(1, 9)]
    terminal.feed("\r\n".join(wanted).encode())
    for columns in (7, 33, 20):
        terminal.resize(6, columns)
        assert logical_lines(terminal) == wanted
        terminal.scroll_to(terminal.history_lines)
        assert screen(terminal)[0] == wanted[0][:columns]


LINES = st.lists(st.text("abc界é🦀xyz", min_size=1, max_size=70), min_size=1, max_size=12)
SIZES = st.lists(st.tuples(st.integers(1, 12), st.integers(2, 60)), max_size=6)


@pytest.mark.parametrize("kind", EMULATORS)
@settings(max_examples=100, deadline=None)
@given(lines=LINES, sizes=SIZES)
def test_no_resize_loses_or_joins_a_line(
    kind: str, lines: list[str], sizes: list[tuple[int, int]]
) -> None:
    terminal = emulator(kind, rows=6, columns=20)
    terminal.feed("\r\n".join(lines).encode())
    for rows, columns in sizes:
        terminal.resize(rows, columns)
        assert logical_lines(terminal) == lines
    terminal.close()
