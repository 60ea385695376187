"""What a resize leaves as it was: prompts, pending wraps, full and cleared screens."""

from __future__ import annotations

import pytest

from tests.terminal_support import emulator, line, screen
from vibetui.terminals.protocol import Emulator


def fresh(rows: int = 5, columns: int = 10, history: int = 100) -> Emulator:
    return emulator("pyte", rows, columns, history)


def output(terminal: Emulator) -> list[str]:
    """All that is kept, with what was wrapped in one piece again."""
    lines, joined = [], ""
    stop = terminal.first_line + terminal.history_lines + terminal.rows
    for text in terminal.texts(terminal.first_line, stop):
        joined += text.text
        if not text.wrapped:
            lines.append(joined)
            joined = ""
    while lines and not lines[-1]:
        lines.pop()
    return lines


def cursor(terminal: Emulator) -> tuple[int, int]:
    return terminal.cursor.row, terminal.cursor.column


def test_the_history_is_wrapped_anew_too_and_loses_nothing() -> None:
    terminal = fresh(history=100)
    wanted = [f"line {number} with more than ten columns" for number in range(20)]
    terminal.feed("\r\n".join(wanted).encode())
    for columns in (40, 7, 3, 23, 10):
        terminal.resize(5, columns)
        assert output(terminal) == wanted


@pytest.mark.parametrize("columns", [4, 7, 9, 11, 25])
def test_the_cursor_stays_on_its_character(columns: int) -> None:
    terminal = fresh()
    terminal.feed(b"first\r\nabcdefghijklmno\x1b[D\x1b[D")
    terminal.resize(5, columns)
    row, column = cursor(terminal)
    assert line(terminal, row)[column] == "n"
    terminal.feed(b"X")
    assert output(terminal) == ["first", "abcdefghijklmXo"]


def test_a_prompt_stays_where_it_is_when_the_width_goes_down_and_up() -> None:
    terminal = fresh(rows=6, columns=20)
    terminal.feed(b"a line of output\r\n$ ")
    for columns in (10, 5, 30, 20):
        terminal.resize(6, columns)
    assert screen(terminal) == ["a line of output", "$"]
    assert cursor(terminal) == (1, 2)


def test_a_full_line_that_waits_to_wrap_still_does() -> None:
    terminal = fresh()
    terminal.feed(b"abcdefghij")
    terminal.resize(5, 5)
    terminal.feed(b"k")
    assert screen(terminal) == ["abcde", "fghij", "k"]
    terminal.resize(5, 20)
    assert screen(terminal) == ["abcdefghijk"]
    assert cursor(terminal) == (0, 11)


def test_a_full_screen_stays_full() -> None:
    terminal = fresh(rows=3)
    terminal.feed("\r\n".join(f"{number} abcdefghijk" for number in range(6)).encode())
    assert screen(terminal) == ["ijk", "5 abcdefgh", "ijk"]
    terminal.resize(3, 20)
    assert screen(terminal) == ["3 abcdefghijk", "4 abcdefghijk", "5 abcdefghijk"]
    terminal.resize(5, 20)
    assert screen(terminal)[0] == "1 abcdefghijk"
    assert terminal.history_lines == 1


def test_a_cleared_screen_stays_clear() -> None:
    terminal = fresh()
    terminal.feed(b"x\r\n" * 20 + b"\x1b[H\x1b[2J$ abcdefghijkl")
    terminal.resize(5, 5)
    assert screen(terminal) == ["$ abc", "defgh", "ijkl"]
    terminal.resize(5, 10)
    assert screen(terminal) == ["$ abcdefgh", "ijkl"]


def test_wide_characters_stay_whole() -> None:
    terminal = fresh()
    terminal.feed("a界界界界界x".encode())
    assert screen(terminal) == ["a界界界界", "界x"]
    terminal.resize(5, 20)
    assert screen(terminal) == ["a界界界界界x"]
    terminal.resize(5, 4)
    assert screen(terminal) == ["a界", "界界", "界界", "x"]
    terminal.resize(5, 1)
    terminal.resize(5, 20)
    assert line(terminal, 0).startswith("a")


def test_combining_marks_stay_on_their_character() -> None:
    terminal = fresh()
    terminal.feed("abcdefghe\u0301jk".encode())
    terminal.resize(5, 4)
    assert screen(terminal) == ["abcd", "efgh", "e\u0301jk"]


def test_the_alternate_screen_is_cropped_and_the_first_one_wrapped() -> None:
    terminal = fresh()
    terminal.feed(b"abcdefghijklmno\x1b[?1049h\x1b[Hfull screen")
    terminal.resize(5, 6)
    assert screen(terminal) == ["full s", "n"]
    terminal.feed(b"\x1b[?1049l!")
    assert screen(terminal) == ["abcdef", "ghijkl", "mno!"]


def test_margins_go_with_a_resize() -> None:
    terminal = fresh()
    terminal.feed(b"\x1b[2;3r\x1b[?69h\x1b[3;5s")
    terminal.resize(6, 12)
    terminal.feed(b"\x1b[6;1Hx\r\n\x1b[1;99H")
    assert line(terminal, 4) == "x"
    assert terminal.cursor.column == 11


def test_a_moment_of_narrowness_costs_no_history() -> None:
    terminal = fresh(columns=40, history=100)
    wanted = [f"line {number} of some length" for number in range(90)]
    terminal.feed("\r\n".join(wanted).encode())
    terminal.resize(5, 8)
    terminal.resize(5, 40)
    assert output(terminal) == wanted


@pytest.mark.parametrize("columns", [5, 40])
def test_a_viewport_that_is_scrolled_back_stays_on_its_line(columns: int) -> None:
    terminal = fresh(columns=20)
    terminal.feed("\r\n".join(f"{number:02} of the lines" for number in range(40)).encode())
    terminal.scroll_to(17)
    first = line(terminal, 0)
    terminal.resize(5, columns)
    assert first.startswith(line(terminal, 0))
    terminal.resize(7, 20)
    assert line(terminal, 0) == first


def test_the_first_screen_loses_nothing_behind_an_alternate_one() -> None:
    terminal = fresh()
    terminal.feed(b"1\r\n2\r\n3\r\n4\x1b[?47h\x1b[H")
    terminal.resize(2, 10)
    terminal.feed(b"\x1b[?47l")
    assert output(terminal) == ["1", "2", "3", "4"]
