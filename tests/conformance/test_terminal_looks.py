"""Underlines, colours, links, titles, the clipboard and the cursor's shape, in every emulator."""

from __future__ import annotations

import base64

import pytest

from tests.terminal_support import EMULATORS, emulator, screen, style_at
from vibetui.terminals.protocol import CellStyle, Color, Emulator, Underline

OPEN, CLOSE = "\x1b]8;;http://example.org/a;b\x1b\\", "\x1b]8;;\x07"


@pytest.fixture(params=EMULATORS)
def terminal(request: pytest.FixtureRequest) -> Emulator:
    return emulator(request.param, rows=6, columns=20)


@pytest.mark.parametrize(
    ("sgr", "underline"),
    [
        ("4", Underline.SINGLE),
        ("4:0", Underline.NONE),
        ("4:1", Underline.SINGLE),
        ("4:2", Underline.DOUBLE),
        ("4:4", Underline.DOTTED),
        ("4:5", Underline.DASHED),
        ("21", Underline.DOUBLE),
        ("4:2;24", Underline.NONE),
        ("4:3;4:0", Underline.NONE),
        ("1;4:3;22", Underline.CURLY),
        ("4;4:2", Underline.DOUBLE),
        ("4:3;0", Underline.NONE),
    ],
)
def test_underlines(terminal: Emulator, sgr: str, underline: Underline) -> None:
    terminal.feed(f"\x1b[{sgr}mx".encode())
    assert style_at(terminal, 0, 0).underline is underline


@pytest.mark.parametrize(
    ("sgr", "color"),
    [
        ("58:5:9", 9),
        ("58;5;200", 200),
        ("58:2::1:2:3", (1, 2, 3)),
        ("58:2:1:2:3", (1, 2, 3)),
        ("58;2;1;2;3", (1, 2, 3)),
        ("58:5:9;59", None),
        ("58:5:9;0", None),
        ("58:5:9;24", 9),
    ],
)
def test_an_underline_may_have_a_colour(terminal: Emulator, sgr: str, color: Color) -> None:
    terminal.feed(f"\x1b[4;{sgr};4mx".encode())
    assert style_at(terminal, 0, 0).underline_color == color


@pytest.mark.parametrize(
    ("sgr", "style"),
    [
        ("53", CellStyle(overline=True)),
        ("53;55", CellStyle()),
        ("6", CellStyle(blink=True)),
        ("5;25", CellStyle()),
        ("3;23", CellStyle()),
        ("7;27", CellStyle()),
        ("8;28", CellStyle()),
        ("9;29", CellStyle()),
        ("1;2;22", CellStyle()),
        ("90;107", CellStyle(foreground=8, background=15)),
        ("31;41;39", CellStyle(background=1)),
        ("31;41;49", CellStyle(foreground=1)),
        ("38:5:9", CellStyle(foreground=9)),
        ("38:2:1:2:3", CellStyle(foreground=(1, 2, 3))),
        ("48:2:0:1:2:3", CellStyle(background=(1, 2, 3))),
        ("38;5;1;4", CellStyle(foreground=1, underline=Underline.SINGLE)),
        ("1;38;2;1;2;3;3", CellStyle(foreground=(1, 2, 3), bold=True, italic=True)),
        (";31", CellStyle(foreground=1)),
        ("1;;3", CellStyle(italic=True)),
        ("31:1", CellStyle()),
        ("1:2", CellStyle()),
        ("1000;3", CellStyle(italic=True)),
    ],
)
def test_attributes(terminal: Emulator, sgr: str, style: CellStyle) -> None:
    terminal.feed(f"\x1b[{sgr}mx".encode())
    assert style_at(terminal, 0, 0) == style
    assert screen(terminal) == ["x"]


@pytest.mark.parametrize("sequence", ["\x1b[>4;2m", "\x1b[?4m", "\x1b[>4m", "\x1b[=1m", "\x1b[1 m"])
def test_what_only_looks_like_an_attribute_is_none(terminal: Emulator, sequence: str) -> None:
    terminal.feed(f"{sequence}x".encode())
    assert style_at(terminal, 0, 0) == CellStyle()


@pytest.mark.parametrize(
    ("erasing", "rows"),
    [
        ("\x1b[J", (0, 1, 5)),
        ("\x1b[2J", (0, 5)),
        ("\x1b[K", (0,)),
        ("\x1b[20X", (0,)),
        ("\x1b[20@", (0,)),
        ("\x1b[20P", (0,)),
        ("\x1b[L", (0,)),
        ("\x1b[M", (5,)),
        ("\x1b[S", (5,)),
        ("\x1b[T", (0,)),
        ("\x1bM", (0,)),
        ("\x1b[6;1H\n", (5,)),
    ],
)
def test_what_is_erased_has_the_background(
    terminal: Emulator, erasing: str, rows: tuple[int, ...]
) -> None:
    terminal.feed(f"\x1b[1;7;32;44m{erasing}".encode())
    for row in rows:
        assert style_at(terminal, row, 19) == CellStyle(background=4)


def test_saving_the_cursor_keeps_its_style(terminal: Emulator) -> None:
    terminal.feed(b"\x1b[1;31m\x1b7\x1b[0;4m\x1b8x")
    assert style_at(terminal, 0, 0) == CellStyle(foreground=1, bold=True)


def test_a_soft_reset_ends_every_style(terminal: Emulator) -> None:
    terminal.feed(b"\x1b[1;31;4:3;58:5:9m\x1b[!px")
    assert style_at(terminal, 0, 0) == CellStyle()


def test_the_screen_can_be_reversed(terminal: Emulator) -> None:
    terminal.feed(b"a\x1b[7mb\x1b[?5h")
    reversed_screen = style_at(terminal, 0, 0).reverse, style_at(terminal, 0, 1).reverse
    terminal.feed(b"\x1b[?5l")
    assert (style_at(terminal, 0, 0).reverse, style_at(terminal, 0, 1).reverse) == (False, True)
    assert reversed_screen in ((True, False), (False, True))


def test_links_are_kept_with_their_text(terminal: Emulator) -> None:
    terminal.feed(f"a{OPEN}b\x1b[1mc\x1b[0m{CLOSE}d".encode())
    links = [style_at(terminal, 0, column).link for column in range(4)]
    assert links == ["", "http://example.org/a;b", "http://example.org/a;b", ""]


def test_a_link_goes_on_in_the_next_line(terminal: Emulator) -> None:
    terminal.feed(f"\x1b[1;19H{OPEN}abcd{CLOSE}e".encode())
    assert style_at(terminal, 1, 1).link == "http://example.org/a;b"
    assert style_at(terminal, 1, 2).link == ""


def test_a_link_with_an_id_is_a_link(terminal: Emulator) -> None:
    terminal.feed(b"\x1b]8;id=x1:foo=bar;file:///tmp/x\x07a")
    assert style_at(terminal, 0, 0).link == "file:///tmp/x"


def test_erasing_ends_a_link(terminal: Emulator) -> None:
    terminal.feed(f"{OPEN}abc{CLOSE}\r\x1b[K".encode())
    assert style_at(terminal, 0, 0).link == ""


def test_a_reset_ends_a_link(terminal: Emulator) -> None:
    terminal.feed(f"{OPEN}a\x1bcb".encode())
    assert style_at(terminal, 0, 0).link == ""


@pytest.mark.parametrize(
    ("feed", "title"),
    [
        ("\x1b]2;a;b\x1b\\", "a;b"),
        ("\x1b]2;\x07", ""),
        ("\x1b]2;old\x07\x1b]0;new\x07", "new"),
        ("\x1b]2;kept\x07\x1b]1;icon\x07", "kept"),
        ("\x1b]2;kept\x07\x1b]2;cut\x18", "kept"),
        ("\x1b]2;kept\x07\x1b[!p", "kept"),
        ("\x1b]2;gone\x07\x1bc", ""),
        ("\x1b]2;✜ 界\x07", "✜ 界"),
        ("\x1b]2;a\nb\tc\x07", "abc"),
        ("\x1b]2;a\u202eb\u2066c\x07", "abc"),
    ],
)
def test_titles(terminal: Emulator, feed: str, title: str) -> None:
    terminal.feed(feed.encode())
    assert terminal.title == title


@pytest.mark.parametrize("target", ["c", "p", ""])
def test_the_clipboard_is_written_whatever_its_name(terminal: Emulator, target: str) -> None:
    data = base64.b64encode(b"zwei\nZeilen").decode()
    terminal.feed(f"\x1b]52;{target};{data}\x1b\\".encode())
    assert terminal.take_clipboard() == "zwei\nZeilen"


def test_a_large_clipboard_comes_whole_and_a_huge_one_not_at_all(terminal: Emulator) -> None:
    terminal.feed(b"\x1b]52;c;" + base64.b64encode(b"x" * 300_000) + b"\x07")
    assert terminal.take_clipboard() == "x" * 300_000
    terminal.feed(b"\x1b]52;c;" + base64.b64encode(b"x" * 3_000_000) + b"\x07after")
    assert terminal.take_clipboard() is None
    assert screen(terminal) == ["after"]


def test_a_cancelled_clipboard_is_none(terminal: Emulator) -> None:
    terminal.feed(b"\x1b]52;c;aGVsbG8=\x18")
    assert terminal.take_clipboard() is None


@pytest.mark.parametrize(
    ("feed", "shape", "blinking"),
    [
        ("\x1b[1 q", "block", True),
        ("\x1b[2 q", "block", False),
        ("\x1b[3 q", "underline", True),
        ("\x1b[4 q", "underline", False),
        ("\x1b[5 q", "bar", True),
        ("\x1b[6 q", "bar", False),
        ("\x1b[6 q\x1b[9 q", None, None),
        ("\x1b[6 q\x1bc", "block", None),
        ("\x1b[2 q\x1b[?12h", "block", True),
        ("\x1b[1 q\x1b[?12l", "block", False),
    ],
)
def test_the_cursor_has_shapes(
    terminal: Emulator, feed: str, shape: str | None, blinking: bool | None
) -> None:
    terminal.feed(feed.encode())
    cursor = terminal.cursor
    assert shape is None or cursor.shape == shape
    assert blinking is None or cursor.blinking is blinking
    assert screen(terminal) == []
