"""Modes, history, replies and the marks of changed rows, in every emulator."""

from __future__ import annotations

import base64

import pytest

from tests.terminal_support import EMULATORS, emulator, line, screen, style_at
from vibetui.terminals.protocol import (
    CellStyle,
    Cursor,
    Emulator,
    Modes,
    MouseEncoding,
    MouseTracking,
)


@pytest.fixture(params=EMULATORS)
def terminal(request: pytest.FixtureRequest) -> Emulator:
    return emulator(request.param)


def lines(count: int) -> bytes:
    return b"".join(b"line %d\r\n" % number for number in range(count))


def test_a_fresh_terminal_has_nothing_switched_on(terminal: Emulator) -> None:
    assert terminal.modes == Modes()


@pytest.mark.parametrize(
    ("number", "field"),
    [
        (1, "application_cursor"),
        (66, "application_keypad"),
        (2004, "bracketed_paste"),
        (1004, "focus_events"),
        (2026, "synchronized_output"),
        (1007, "alternate_scroll"),
        (47, "alternate_screen"),
        (1047, "alternate_screen"),
        (1049, "alternate_screen"),
    ],
)
def test_private_modes_go_on_and_off(terminal: Emulator, number: int, field: str) -> None:
    terminal.feed(b"\x1b[?%dh" % number)
    assert getattr(terminal.modes, field)
    terminal.feed(b"\x1b[?%dl" % number)
    assert not getattr(terminal.modes, field)


def test_mouse_modes(terminal: Emulator) -> None:
    for number in MouseTracking:
        if number:
            terminal.feed(b"\x1b[?%dh" % number)
            assert terminal.modes.mouse is number
            terminal.feed(b"\x1b[?%dl" % number)
            assert terminal.modes.mouse is MouseTracking.NONE
    terminal.feed(b"\x1b[?1002;1006h")
    assert terminal.modes.mouse is MouseTracking.BUTTON
    assert terminal.modes.mouse_encoding is MouseEncoding.SGR


def test_the_alternate_screen_gives_the_first_one_back(terminal: Emulator) -> None:
    terminal.feed(b"shell$ \x1b[?1049h\x1b[Hfull screen")
    assert screen(terminal) == ["full screen"]
    terminal.feed(b"\x1b[?1049l")
    assert screen(terminal) == ["shell$"]
    assert (terminal.cursor.row, terminal.cursor.column) == (0, 7)


def test_the_alternate_screen_keeps_no_history(terminal: Emulator) -> None:
    terminal.feed(lines(10))
    before = terminal.history_lines
    terminal.feed(b"\x1b[?1049h" + lines(30) + b"\x1b[?1049l")
    assert terminal.history_lines == before


def test_lines_that_leave_the_top_can_be_scrolled_back_to(terminal: Emulator) -> None:
    terminal.feed(lines(30))
    assert terminal.history_lines == 26
    terminal.scroll_to(10)
    assert terminal.scroll_offset == 10
    assert screen(terminal)[0] == "line 16"
    terminal.scroll_to(10_000)
    assert terminal.scroll_offset == 26
    assert screen(terminal)[0] == "line 0"
    terminal.scroll_to(-5)
    assert terminal.scroll_offset == 0
    assert screen(terminal) == ["line 26", "line 27", "line 28", "line 29"]


def test_the_cursor_is_out_of_sight_when_scrolled_back(terminal: Emulator) -> None:
    terminal.feed(lines(30))
    terminal.scroll_to(3)
    assert terminal.cursor.visible is False or terminal.cursor.row < 5
    terminal.scroll_to(20)
    assert not terminal.cursor.visible


def test_a_scrolled_viewport_stays_on_its_lines_while_output_goes_on(terminal: Emulator) -> None:
    terminal.feed(lines(30))
    terminal.scroll_to(10)
    before = screen(terminal)
    terminal.feed(b"more\r\nand more\r\n")
    assert screen(terminal) == before


@pytest.mark.parametrize("kind", EMULATORS)
def test_history_is_bounded(kind: str) -> None:
    terminal = emulator(kind, history=100)
    terminal.feed(lines(5000))
    # ghostty prunes whole pages, so a limit smaller than a page is met only roughly.
    assert terminal.history_lines <= 1000
    terminal.scroll_to(terminal.history_lines)
    assert screen(terminal)[0].startswith("line ")


def test_clear_with_history(terminal: Emulator) -> None:
    terminal.feed(lines(30) + b"\x1b[H\x1b[2J\x1b[3J")
    assert terminal.history_lines == 0 or screen(terminal) == []


def test_growing_and_shrinking_keep_what_is_on_screen(terminal: Emulator) -> None:
    terminal.feed(b"first\r\nsecond")
    for rows, columns in ((8, 40), (3, 30), (2, 10), (5, 20)):
        terminal.resize(rows, columns)
        assert (terminal.rows, terminal.columns) == (rows, columns)
        assert [text for text in screen(terminal) if text] == ["first", "second"]
        assert line(terminal, terminal.cursor.row) == "second"
        assert terminal.cursor.column == 6
        assert terminal.row(0)[-1].end == columns


def test_lines_pushed_out_by_a_smaller_screen_are_in_history(terminal: Emulator) -> None:
    terminal.feed(b"1\r\n2\r\n3\r\n4\r\n5")
    terminal.resize(2, 20)
    assert screen(terminal) == ["4", "5"]
    assert terminal.history_lines == 3
    terminal.resize(5, 20)
    terminal.feed(b"!")
    assert "5!" in screen(terminal)


def test_resizing_the_alternate_screen_resizes_the_first_one_too(terminal: Emulator) -> None:
    terminal.feed(b"$ \x1b[?1049hvim")
    terminal.resize(3, 10)
    terminal.feed(b"\x1b[?1049l\x1b[99;99H")
    assert (terminal.cursor.row, terminal.cursor.column) == (2, 9)
    assert screen(terminal) == ["$"]


def test_title(terminal: Emulator) -> None:
    terminal.feed(b"\x1b]0;both\x07")
    assert terminal.title == "both"
    terminal.feed("\x1b]2;naïve\x1b\\".encode())
    assert terminal.title == "naïve"
    terminal.feed("\x1b]2;a\u009b1mb\x07".encode())
    assert terminal.title == "a1mb"


def test_bells_are_counted_once(terminal: Emulator) -> None:
    terminal.feed(b"\x07\x07\x1b]2;x\x07")
    assert terminal.take_bells() == 2
    assert terminal.take_bells() == 0


def test_programs_may_write_the_clipboard_and_not_read_it(terminal: Emulator) -> None:
    terminal.feed(b"\x1b]52;c;" + base64.b64encode("größe".encode()) + b"\x07")
    assert terminal.take_clipboard() == "größe"
    assert terminal.take_clipboard() is None
    terminal.feed(b"\x1b]52;c;?\x07\x1b]52;c;!!!\x07")
    assert terminal.take_clipboard() is None
    assert b"52;" not in terminal.take_replies()


@pytest.mark.parametrize(
    ("query", "reply"),
    [
        (b"\x1b[5n", b"\x1b[0n"),
        (b"\x1b[3;7H\x1b[6n", b"\x1b[3;7R"),
        (b"\x1b[c", b"\x1b[?62;22c"),
        (b"\x1b[>c", b"\x1b[>1;0;0c"),
        (b"\x1b[?2004$p", b"\x1b[?2004;2$y"),
        (b"\x1b[?2004h\x1b[?2004$p", b"\x1b[?2004;1$y"),
        (b"\x1b[?31337$p", b"\x1b[?31337;0$y"),
        (b"\x1b[18t", b"\x1b[8;5;20t"),
    ],
)
def test_queries_are_answered(terminal: Emulator, query: bytes, reply: bytes) -> None:
    terminal.feed(query)
    assert terminal.take_replies() == reply
    assert terminal.take_replies() == b""


def test_only_changed_rows_are_dirty(terminal: Emulator) -> None:
    assert list(terminal.dirty_rows()) == []
    terminal.feed(b"\x1b[3;1Hx")
    assert 2 in terminal.dirty_rows()
    terminal.feed(b"y")
    assert list(terminal.dirty_rows()) == [2]
    assert list(terminal.dirty_rows()) == []


def test_reading_a_row_does_not_lose_its_mark(terminal: Emulator) -> None:
    terminal.feed(b"x")
    assert line(terminal, 0) == "x"
    assert list(terminal.dirty_rows()) == [0]


def test_scrolling_marks_every_row(terminal: Emulator) -> None:
    terminal.feed(lines(10))
    terminal.dirty_rows()
    terminal.scroll_to(2)
    assert list(terminal.dirty_rows()) == [0, 1, 2, 3, 4]


def test_soft_reset_leaves_the_screen(terminal: Emulator) -> None:
    terminal.feed(b"text\x1b[!p!")
    assert screen(terminal) == ["text!"]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_soft_reset_undoes_what_programs_leave_behind(terminal: Emulator, size: int) -> None:
    setting = (
        b"\x1b[2;4r\x1b[?6h\x1b[4h\x1b[?1;25l\x1b[?1h\x1b=\x1b[?7l\x1b[1;31m\x1b(0\x1b[2;3H\x1b7"
    )
    data = setting + b"\x1b[!p"
    for start in range(0, len(data), size):
        terminal.feed(data[start : start + size])
    assert terminal.cursor == Cursor(2, 2, visible=True)
    assert not terminal.modes.application_cursor
    assert not terminal.modes.application_keypad
    terminal.feed(b"q\x1b[3;2Hx\x1b[3;2Hy\x1b[H" + b"z" * 21)
    assert screen(terminal) == ["z" * 20, "z", " yq"]
    assert style_at(terminal, 2, 2) == CellStyle()
    terminal.feed(b"\x1b8")
    assert (terminal.cursor.row, terminal.cursor.column) == (0, 0)
    terminal.feed(b"\x1b[5;1H\n")
    assert screen(terminal) == ["z", " yq"]


def test_a_closed_terminal_keeps_its_last_screen_and_takes_no_more(terminal: Emulator) -> None:
    terminal.feed(lines(10) + b"last\x1b]2;name\x07\x1b[?2004h")
    terminal.close()
    terminal.close()
    terminal.feed(b"ignored")
    terminal.resize(3, 3)
    terminal.scroll_to(3)
    assert terminal.title == "name"
    assert terminal.modes.bracketed_paste
    assert terminal.history_lines >= 0
    assert terminal.scroll_offset >= 0
    assert terminal.cursor is not None
    assert len(terminal.row(0)) >= 1
    assert terminal.take_replies() == b""
    assert isinstance(list(terminal.dirty_rows()), list)
