"""What text, colours and the cursor look like, in every emulator."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.terminal_support import EMULATORS, emulator, line, screen, style_at
from vibetui.terminals.protocol import CellStyle, Emulator, Underline


@pytest.fixture(params=EMULATORS)
def terminal(request: pytest.FixtureRequest) -> Emulator:
    return emulator(request.param)


def test_text_stands_where_it_was_written(terminal: Emulator) -> None:
    terminal.feed(b"one\r\n  two\x1b[4;3Hfour")
    assert screen(terminal) == ["one", "  two", "", "  four"]


def test_runs_cover_all_columns(terminal: Emulator) -> None:
    terminal.feed("a\x1b[31mb\x1b[0m界\x1b[1mx".encode())
    runs = terminal.row(0)
    assert runs[0].start == 0
    assert runs[-1].end == 20
    assert all(left.end == right.start for left, right in pairwise(runs))


def test_long_text_wraps_only_when_the_next_character_comes(terminal: Emulator) -> None:
    terminal.feed(b"x" * 20)
    assert (terminal.cursor.row, terminal.cursor.column) == (0, 19)
    terminal.feed(b"y")
    assert screen(terminal) == ["x" * 20, "y"]


def test_without_autowrap_the_last_column_is_overwritten(terminal: Emulator) -> None:
    terminal.feed(b"\x1b[?7l" + b"a" * 19 + b"bcd")
    assert screen(terminal) == ["a" * 19 + "d"]


def test_a_wide_character_takes_two_columns_and_stands_once(terminal: Emulator) -> None:
    terminal.feed("a界b".encode())
    assert line(terminal, 0) == "a界b"
    assert terminal.cursor.column == 4
    assert terminal.row(0)[-1].end == 20


def test_a_wide_character_that_does_not_fit_wraps_whole(terminal: Emulator) -> None:
    terminal.feed(b"x" * 19 + "界".encode())
    assert screen(terminal) == ["x" * 19, "界"]


def test_overwriting_half_a_wide_character_blanks_the_other(terminal: Emulator) -> None:
    terminal.feed("界界\x1b[2Gz".encode())
    assert line(terminal, 0) == " z界"


def test_combining_marks_join_the_character_before(terminal: Emulator) -> None:
    terminal.feed("e\u0301x".encode())
    assert line(terminal, 0) == "e\u0301x"
    assert terminal.cursor.column == 2


@pytest.mark.parametrize("before", ["", "\0", "\x1b[m", "\r\x1b[C"])
def test_a_combining_mark_that_comes_later_changes_its_row(terminal: Emulator, before: str) -> None:
    terminal.feed(b"\r\ne")
    terminal.dirty_rows()
    terminal.feed(f"{before}\u0301".encode())
    assert list(terminal.dirty_rows()) == [1]
    assert line(terminal, 1) == "e\u0301"


def test_text_may_be_cut_anywhere(terminal: Emulator) -> None:
    for byte in "é界\x1b[1;38;5;9mred\x1b]2;name\x1b\\".encode():
        terminal.feed(bytes([byte]))
    assert line(terminal, 0) == "é界red"
    assert style_at(terminal, 0, 3) == CellStyle(foreground=9, bold=True)
    assert terminal.title == "name"


def test_controls_never_reach_a_row(terminal: Emulator) -> None:
    terminal.feed("a\u009b31mb\u0085c\x7fd\x00e".encode())
    text = "".join(run.text for run in terminal.row(0))
    assert not [char for char in text if ord(char) < 32 or 127 <= ord(char) < 160]


@pytest.mark.parametrize(
    ("sgr", "style"),
    [
        ("31", CellStyle(foreground=1)),
        ("97;44", CellStyle(foreground=15, background=4)),
        ("38;5;200", CellStyle(foreground=200)),
        ("48;5;3", CellStyle(background=3)),
        ("38;2;1;2;3", CellStyle(foreground=(1, 2, 3))),
        ("38:2::9:8:7", CellStyle(foreground=(9, 8, 7))),
        ("48:5:17", CellStyle(background=17)),
        (
            "1;2;3;4;5;7;9",
            CellStyle(
                bold=True,
                dim=True,
                italic=True,
                underline=Underline.SINGLE,
                blink=True,
                reverse=True,
                strike=True,
            ),
        ),
        ("8", CellStyle(conceal=True)),
        ("4:3", CellStyle(underline=Underline.CURLY)),
        ("4:0", CellStyle()),
        ("4:1", CellStyle(underline=Underline.SINGLE)),
        ("4:2", CellStyle(underline=Underline.DOUBLE)),
        ("21", CellStyle(underline=Underline.DOUBLE)),
        ("4:4", CellStyle(underline=Underline.DOTTED)),
        ("4:5", CellStyle(underline=Underline.DASHED)),
        ("4:3;24", CellStyle()),
        ("53", CellStyle(overline=True)),
        ("53;55", CellStyle()),
        ("58:2::1:2:3;31", CellStyle(foreground=1, underline_color=(1, 2, 3))),
        ("58;2;1;2;3;4", CellStyle(underline=Underline.SINGLE, underline_color=(1, 2, 3))),
        ("58;5;9;1", CellStyle(bold=True, underline_color=9)),
        ("58:5:9;59;1", CellStyle(bold=True)),
        ("31;0", CellStyle()),
        ("1;22", CellStyle()),
        ("31;39;1", CellStyle(bold=True)),
    ],
)
def test_sgr(terminal: Emulator, sgr: str, style: CellStyle) -> None:
    terminal.feed(f"\x1b[{sgr}mx".encode())
    assert style_at(terminal, 0, 0) == style


def links_of(terminal: Emulator, y: int) -> list[tuple[str, str]]:
    """The texts of a row that lead somewhere, and where."""
    return [(run.text, run.style.link) for run in terminal.row(y) if run.style.link]


@pytest.mark.parametrize("end", ["\x1b\\", "\x07"])
def test_text_may_be_a_link(terminal: Emulator, end: str) -> None:
    first, second, none = (f"\x1b]8;{place}{end}" for place in (";http://a/1", "id=x;b:2", ";"))
    terminal.feed(f"no {first}one{second}two{none} {first}界\r\nnext{none}".encode())
    assert links_of(terminal, 0) == [("one", "http://a/1"), ("two", "b:2"), ("界", "http://a/1")]
    assert links_of(terminal, 1) == [("next", "http://a/1")]
    assert line(terminal, 0) == "no onetwo 界"


def test_a_link_keeps_the_style_of_its_text(terminal: Emulator) -> None:
    terminal.feed(b"\x1b]8;;x:y\x1b\\\x1b[1;31mred\x1b[0mplain\x1b]8;;\x1b\\")
    assert style_at(terminal, 0, 0) == CellStyle(foreground=1, bold=True, link="x:y")
    assert style_at(terminal, 0, 3) == CellStyle(link="x:y")


@pytest.mark.parametrize(
    "uri", ["http://a/" + "b" * 2100, "http://a/\u0085b", "http://a/\u009b31mb", "http://a/\u202eb"]
)
def test_a_link_that_is_too_long_or_has_controls_is_none(terminal: Emulator, uri: str) -> None:
    terminal.feed(f"\x1b]8;;{uri}\x1b\\text\x1b]8;;\x1b\\".encode())
    assert line(terminal, 0) == "text"
    assert links_of(terminal, 0) == []


def test_a_long_link_is_whole(terminal: Emulator) -> None:
    uri = "http://a/" + "b" * 2000
    terminal.feed(f"\x1b]8;;{uri}\x1b\\text\x1b]8;;\x1b\\".encode())
    assert links_of(terminal, 0) == [("text", uri)]


def test_erasing_keeps_the_background_alone(terminal: Emulator) -> None:
    terminal.feed(b"full\x1b[H\x1b[1;4;44m\x1b[K")
    assert line(terminal, 0) == ""
    assert style_at(terminal, 0, 10) == CellStyle(background=4)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ("\x1b[2K", ""),
        ("\x1b[1K", "     fghij"),
        ("\x1b[K", "abcd"),
        ("\x1b[2P", "abcdghij"),
        ("\x1b[2@", "abcd  efghij"),
        ("\x1b[3X", "abcd   hij"),
        ("\x1b[4h12\x1b[4l", "abcd12efghij"),
    ],
)
def test_editing_a_line(terminal: Emulator, commands: str, expected: str) -> None:
    terminal.feed(f"abcdefghij\x1b[5G{commands}".encode())
    assert line(terminal, 0) == expected


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ("\x1b[2;1H\x1b[L", ["1", "", "2", "3", "4"]),
        ("\x1b[2;1H\x1b[2M", ["1", "4", "5"]),
        ("\x1b[2S", ["3", "4", "5"]),
        ("\x1b[T", ["", "1", "2", "3", "4"]),
        ("\x1b[2;4r\x1b[4;1H\n", ["1", "3", "4", "", "5"]),
        ("\x1b[2;4r\x1b[2;1H\x1bM", ["1", "", "2", "3", "5"]),
        ("\x1b[3;1H\x1b[J", ["1", "2"]),
        ("\x1b[3;1H\x1b[1J", ["", "", "", "4", "5"]),
        ("\x1b[2J", []),
    ],
)
def test_moving_lines(terminal: Emulator, commands: str, expected: list[str]) -> None:
    terminal.feed(f"1\r\n2\r\n3\r\n4\r\n5{commands}".encode())
    assert screen(terminal) == expected


@pytest.mark.parametrize(
    ("commands", "row", "column"),
    [
        ("\x1b[3;4H", 2, 3),
        ("\x1b[3;4H\x1b[A\x1b[2D", 1, 1),
        ("\x1b[B\x1b[5C", 1, 5),
        ("\x1b[99;99H", 4, 19),
        ("\x1b[2;2H\x1b[99A\x1b[99D", 0, 0),
        ("ab\t", 0, 8),
        ("\t\t\x1b[Z", 0, 8),
        ("\x1b[4d\x1b[7G", 3, 6),
        ("\x1b[3;3H\x1b7\x1b[H\x1b8", 2, 2),
        ("\x1b[2;4r\x1b[?6h\x1b[2;1H", 2, 0),
        ("\x1b[3;3H\x1b[E", 3, 0),
    ],
)
def test_moving_the_cursor(terminal: Emulator, commands: str, row: int, column: int) -> None:
    terminal.feed(commands.encode())
    assert (terminal.cursor.row, terminal.cursor.column) == (row, column)


def test_cursor_shape_and_visibility(terminal: Emulator) -> None:
    assert terminal.cursor.visible
    terminal.feed(b"\x1b[?25l\x1b[6 q")
    assert not terminal.cursor.visible
    terminal.feed(b"\x1b[?25h")
    assert (terminal.cursor.visible, terminal.cursor.shape) == (True, "bar")
    terminal.feed(b"\x1b[4 q")
    assert terminal.cursor.shape == "underline"
    terminal.feed(b"\x1b[2 q")
    assert terminal.cursor.shape == "block"


def test_line_drawing_characters(terminal: Emulator) -> None:
    terminal.feed(b"\x1b(0lqk\x1b(Bq")
    assert line(terminal, 0) == "┌─┐q"


def test_repeat(terminal: Emulator) -> None:
    terminal.feed(b"-\x1b[5b|")
    assert line(terminal, 0) == "------|"


def test_full_reset_empties_the_screen(terminal: Emulator) -> None:
    terminal.feed(b"text\x1b[?1049h\x1b[31m\x1b[2;3r\x1bcx")
    assert screen(terminal) == ["x"]
    assert style_at(terminal, 0, 0) == CellStyle()
    assert not terminal.modes.alternate_screen
