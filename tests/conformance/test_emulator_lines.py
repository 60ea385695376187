"""Lines by number: what is kept, what it says and how it looks, in every emulator."""

from __future__ import annotations

import time

import pytest

from tests.terminal_support import EMULATORS, emulator, line, screen
from vibetui.terminals.protocol import CellStyle, Emulator, LineText


@pytest.fixture(params=EMULATORS)
def terminal(request: pytest.FixtureRequest) -> Emulator:
    return emulator(request.param)


def lines(count: int, start: int = 0) -> bytes:
    return b"".join(b"line %d\r\n" % number for number in range(start, start + count))


def text_of(terminal: Emulator, number: int) -> str:
    return "".join(run.text for run in terminal.line(number)).rstrip()


def all_texts(terminal: Emulator) -> list[str]:
    first = terminal.first_line
    stop = first + terminal.history_lines + terminal.rows
    return [found.text for found in terminal.texts(first, stop)]


def test_lines_are_numbered_from_the_first_one(terminal: Emulator) -> None:
    terminal.feed(lines(30))
    assert terminal.first_line == 0
    assert [text_of(terminal, number) for number in (0, 1, 17, 29)] == [
        "line 0",
        "line 1",
        "line 17",
        "line 29",
    ]
    assert all_texts(terminal) == [f"line {number}" for number in range(30)] + [""]


def test_lines_outside_of_what_is_kept_are_blank(terminal: Emulator) -> None:
    terminal.feed(lines(30))
    for number in (-1, 31, 10_000):
        runs = terminal.line(number)
        assert "".join(run.text for run in runs) == " " * 20
        assert runs[-1].end == 20
    assert [found.text for found in terminal.texts(-5, 2)] == ["line 0", "line 1"]
    assert [found.text for found in terminal.texts(29, 99)] == ["line 29", ""]
    assert list(terminal.texts(40, 50)) == []
    assert list(terminal.texts(7, 7)) == []


def test_a_line_has_the_styles_of_its_row(terminal: Emulator) -> None:
    terminal.feed("a\x1b[31mred\x1b[0m界\x1b[1mx\x1b[0m\r\n".encode() + lines(20))
    styled = terminal.line(0)
    assert [(run.start, run.text) for run in styled[:4]] == [
        (0, "a"),
        (1, "red"),
        (4, "界"),
        (6, "x"),
    ]
    assert styled[1].style == CellStyle(foreground=1)
    assert styled[-1].end == 20
    terminal.scroll_to(terminal.history_lines)
    assert terminal.row(0) == styled


def test_reading_lines_leaves_the_viewport_and_its_marks_alone(terminal: Emulator) -> None:
    terminal.feed(lines(60))
    terminal.scroll_to(20)
    terminal.dirty_rows()
    before = screen(terminal)
    terminal.feed(b"\x1b[Hfirst")
    assert [text_of(terminal, number) for number in (0, 50, 59)] == ["line 0", "line 50", "line 59"]
    terminal.texts(0, 60)
    assert terminal.scroll_offset == 20
    assert screen(terminal) == before
    terminal.scroll_to(0)
    terminal.dirty_rows()
    terminal.feed(b"\x1b[3;1Hx")
    terminal.line(3)
    terminal.texts(3, 9)
    assert 2 in terminal.dirty_rows()
    assert line(terminal, 2).startswith("x")


def test_lines_written_later_are_read(terminal: Emulator) -> None:
    terminal.feed(lines(30))
    assert text_of(terminal, 3) == "line 3"
    terminal.feed(lines(30, 30))
    assert text_of(terminal, 25) == "line 25"
    assert text_of(terminal, 55) == "line 55"
    terminal.feed(b"more")
    assert text_of(terminal, 60) == "more"


def test_lines_of_the_screen_are_read_anew_while_the_viewport_is_elsewhere(
    terminal: Emulator,
) -> None:
    terminal.feed(lines(30))
    terminal.scroll_to(terminal.history_lines)
    top = terminal.first_line + terminal.history_lines
    for number in range(4):
        terminal.feed(b"\x1b[H\x1b[K%d" % number)
        terminal.dirty_rows()
        assert text_of(terminal, top) == str(number)
        assert terminal.texts(top, top + 1)[0].text == str(number)


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.parametrize("piece", [17, 5000, 1_000_000])
def test_a_number_stays_with_its_line_when_old_ones_are_dropped(kind: str, piece: int) -> None:
    terminal = emulator(kind, history=2000)
    data = lines(12_000)
    for start in range(0, len(data), piece):
        terminal.feed(data[start : start + piece])
    first = terminal.first_line
    assert first > 5000
    top = first + terminal.history_lines
    assert top + terminal.rows == 12_001
    for number in (first, first + 1, top - 1, top, 11_999):
        assert text_of(terminal, number) == f"line {number}"
    assert all_texts(terminal) == [f"line {number}" for number in range(first, 12_000)] + [""]
    assert text_of(terminal, first - 1) == ""
    assert list(terminal.texts(0, 3)) == []
    assert [found.text for found in terminal.texts(0, first + 1)] == [f"line {first}"]


def test_clearing_the_history_keeps_the_numbers_of_the_screen(terminal: Emulator) -> None:
    terminal.feed(lines(30))
    assert terminal.first_line == 0
    terminal.feed(b"\x1b[3J")
    assert terminal.first_line + terminal.history_lines == 26
    assert text_of(terminal, 27) == "line 27"
    terminal.feed(lines(30, 30))
    assert text_of(terminal, 50) == "line 50"


def test_the_alternate_screen_is_numbered_by_itself(terminal: Emulator) -> None:
    terminal.feed(lines(30) + b"\x1b[?1049h\x1b[Hfull screen")
    top = terminal.first_line + terminal.history_lines
    assert text_of(terminal, top) == "full screen"
    assert [found.text for found in terminal.texts(top, top + 2)] == ["full screen", ""]
    terminal.feed(b"\x1b[?1049l")
    assert terminal.first_line == 0
    assert text_of(terminal, 12) == "line 12"


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.parametrize("columns", [7, 20, 33])
@pytest.mark.parametrize("alternate", [False, True])
def test_lines_can_be_read_after_a_resize(kind: str, columns: int, alternate: bool) -> None:
    terminal = emulator(kind, history=2000)
    terminal.feed(lines(3000))
    if alternate:
        terminal.feed(b"\x1b[?1049h")
    terminal.resize(9, columns)
    assert terminal.first_line >= 0
    if alternate:
        terminal.feed(b"\x1b[?1049l")
    terminal.feed(b"last")
    first = terminal.first_line
    top = first + terminal.history_lines
    assert first >= 0
    assert screen(terminal) == [text_of(terminal, top + y) for y in range(len(screen(terminal)))]
    kept = [text for text in all_texts(terminal) if text.startswith("line")]
    assert kept[-1] in ("line 2999", "line 29")


def test_a_long_line_is_said_to_wrap(terminal: Emulator) -> None:
    terminal.feed(b"x" * 45 + b"\r\nshort\r\n" + b"y" * 20 + b"\r\nend")
    assert list(terminal.texts(0, 6)) == [
        LineText("x" * 20, wrapped=True),
        LineText("x" * 20, wrapped=True),
        LineText("x" * 5, wrapped=False),
        LineText("short", wrapped=False),
        LineText("y" * 20, wrapped=False),
        LineText("end", wrapped=False),
    ]
    terminal.feed(b"\r\n" * 20)
    assert [found.wrapped for found in terminal.texts(0, 4)] == [True, True, False, False]


def test_texts_say_what_rows_say(terminal: Emulator) -> None:
    terminal.feed("  界é e\u0301\U0001f469\u200d\U0001f4bb\tx \r\n\r\n".encode())
    terminal.feed(b"a\x1b[10Gb\x1b[44m   \x1b[0m\r\n\x1b(0lqk\x1b(B\r\n\r\n")
    terminal.feed("a\u009bb\x7fc".encode() + b"\r\n" * 20)
    found = terminal.texts(0, 10)
    assert [text.text for text in found] == [text_of(terminal, number) for number in range(10)]
    assert not [char for text in found for char in text.text if ord(char) in range(127, 160)]


def test_a_closed_terminal_reads_its_last_screen(terminal: Emulator) -> None:
    terminal.feed(lines(30) + b"last")
    terminal.close()
    top = terminal.first_line + terminal.history_lines
    assert text_of(terminal, top + 4) == "last"
    assert [found.text for found in terminal.texts(top + 3, top + 9)] == ["line 29", "last"]
    assert text_of(terminal, top + 99) == ""


@pytest.mark.parametrize("kind", EMULATORS)
def test_ten_thousand_texts_take_no_longer_than_a_blink(kind: str) -> None:
    terminal = emulator(kind, rows=50, columns=200, history=10_000)
    for start in range(0, 11_000, 500):
        terminal.feed(lines(500, start))
    first = terminal.first_line
    took = []
    for _ in range(3):
        started = time.perf_counter()
        found = terminal.texts(first, first + 10_000)
        took.append(time.perf_counter() - started)
    assert len(found) > 9_000
    assert min(took) < 0.1
