"""A session on terminals of many kinds: the cursor, the keyboard and the styles of its programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.played_terminal import KITTY, LINUX, OLD_XTERM, SILENT, XTERM, Kind, PlayedTerminal
from tests.terminal_support import EMULATORS, style_at
from tests.ui_support import running_agent
from vibetui.terminals.protocol import Cursor, Underline

PREFIX = b"\x1d"


@pytest.fixture
def agent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An agent's socket; the parameter is the emulator that the app is to use."""
    monkeypatch.setenv("VIBETUI_EMULATOR", getattr(request, "param", "auto"))
    with running_agent() as socket:
        yield socket


both_emulators = pytest.mark.parametrize("agent", EMULATORS, indirect=True)


class Session(PlayedTerminal):
    """A terminal with the app on it and its first session opened, at a prompt."""

    def __init__(self, agent: Path, kind: Kind) -> None:
        super().__init__(["-m", "tests.client_app", str(agent)], kind)

    def __enter__(self) -> Session:
        super().__enter__()
        self.shows("Quit")
        self.live(0.1)
        self.type(b"\r")
        self.shows("Welcome to api")
        self.until(lambda: self.row_with("$") > 0)
        self.run("clear")
        self.until(lambda: self.screen.splitlines()[1].strip() == "$")
        return self

    def run(self, command: str) -> None:
        """Type a command into the shell."""
        self.type(f"{command}\r".encode())

    def row_with(self, text: str) -> int:
        """The first row that begins with `text`; -1 where none does."""
        rows = self.screen.splitlines()
        return next((y for y, row in enumerate(rows) if row.startswith(text)), -1)

    def cursor_is(self, accept: Callable[[Cursor], bool]) -> None:
        """Wait for the terminal's own cursor to be so."""
        self.until(lambda: accept(self.emulator.cursor))


def test_the_terminal_shows_the_cursor_itself_where_the_program_has_it(agent: Path) -> None:
    with Session(agent, XTERM) as at:
        at.cursor_is(lambda cursor: cursor.visible and (cursor.row, cursor.column) == (1, 2))
        assert not style_at(at.emulator, 1, 2).reverse, "and nothing else is painted there"
        at.type(b"abc")
        at.cursor_is(lambda cursor: cursor.visible and (cursor.row, cursor.column) == (1, 5))


@both_emulators
def test_the_cursor_has_the_shape_that_the_program_asks_for_and_then_the_users(agent: Path) -> None:
    with Session(agent, XTERM) as at:
        assert b" q" not in at.written, "nobody has asked for any"
        at.run(r"printf '\033[5 q'")
        at.cursor_is(lambda cursor: (cursor.shape, cursor.blinking) == ("bar", True))
        at.type(PREFIX)
        at.shows("Back to your sessions")
        at.cursor_is(lambda cursor: not cursor.visible and cursor.shape == "block")
        at.type(b"\x1b")
        at.cursor_is(lambda cursor: cursor.visible and cursor.shape == "bar")
        at.type(PREFIX)
        at.shows("Disconnect")
        at.type(b"q")
        assert at.leaves() == 0
        assert at.state.restore() == b""
        assert at.emulator.cursor.visible


@both_emulators
def test_a_hidden_cursor_is_hidden(agent: Path) -> None:
    with Session(agent, XTERM) as at:
        at.run(r"printf '\033[?25l'; read -r; printf '\033[?25h'")
        at.cursor_is(lambda cursor: not cursor.visible)
        at.run("")
        at.cursor_is(lambda cursor: cursor.visible)


def test_the_cursor_is_hidden_while_a_frame_is_painted(agent: Path) -> None:
    with Session(agent, XTERM) as at:
        at.written.clear()
        at.run("seq 100")
        at.shows("100")
        at.cursor_is(lambda cursor: cursor.visible)
        shown = True
        for found in re.finditer(rb"\x1b\[\?25([hl])|\x1b\[[^@-~]*[@-~]|(seq|\d\d)", at.written):
            if found[1]:
                shown = found[1] == b"h"
            elif found[2]:
                assert not shown


STYLED = (
    r"printf '\033[4:3;58;2;9;8;7mcurly\033[0m \033[21mdouble\033[0m \033[53mover\033[0m "
    r"\033]8;;https://example.org/a\033\\link\033]8;;\033\\ end\n'"
)


@both_emulators
def test_every_underline_and_link_where_the_terminal_has_them(agent: Path) -> None:
    with Session(agent, KITTY) as at:
        at.run(STYLED)
        at.until(lambda: at.row_with("curly") > 0)
        y = at.row_with("curly")
        curly = style_at(at.emulator, y, 0)
        assert (curly.underline, curly.underline_color) == (Underline.CURLY, (9, 8, 7))
        assert style_at(at.emulator, y, 6).underline is Underline.DOUBLE
        assert style_at(at.emulator, y, 13).overline
        assert style_at(at.emulator, y, 18).link == "https://example.org/a"
        assert style_at(at.emulator, y, 23).link == ""


@pytest.mark.parametrize("kind", [OLD_XTERM, LINUX], ids=["xterm", "linux"])
def test_one_underline_stands_for_all_where_there_is_no_other(agent: Path, kind: Kind) -> None:
    with Session(agent, kind) as at:
        at.run(STYLED)
        at.until(lambda: at.row_with("curly") > 0)
        y = at.row_with("curly")
        assert style_at(at.emulator, y, 0).underline is Underline.SINGLE
        assert style_at(at.emulator, y, 6).underline is Underline.SINGLE
        assert not re.search(rb"\x1b\[[\d;]*4:3", at.written.replace(b"\x1b[0;4:3m", b""))
        assert (style_at(at.emulator, y, 18).link == "") == (kind is LINUX)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(XTERM, (10, 200, 30)), (SILENT, 40), (LINUX, 2)],
    ids=["true", "palette", "sixteen"],
)
def test_a_programs_own_colours_come_as_far_as_the_terminal_goes(
    agent: Path, kind: Kind, expected: object
) -> None:
    with Session(agent, kind) as at:
        at.run(r"printf '\033[38;2;10;200;30mgreen\033[0m\n'")
        at.until(lambda: at.row_with("green") > 0)
        assert style_at(at.emulator, at.row_with("green"), 0).foreground == expected


def test_what_is_on_the_screen_is_painted_anew_when_the_terminal_has_answered(agent: Path) -> None:
    with Session(agent, replace(KITTY, answers={})) as at:
        at.run(STYLED + r"; printf '\033[38;2;10;200;30mgreen\033[0m\n'")
        at.until(lambda: at.row_with("green") > 0)
        assert style_at(at.emulator, at.row_with("green"), 0).foreground == 40
        for answer in KITTY.answers.values():
            at.type(answer)
        at.until(lambda: style_at(at.emulator, at.row_with("green"), 0).foreground == (10, 200, 30))
        assert style_at(at.emulator, at.row_with("curly"), 0).underline is Underline.CURLY
        assert isinstance(style_at(at.emulator, 0, 1).foreground, tuple), "the title line too"


SHOW_KEYS = (
    "stty raw -echo; printf '%s'; all=; printf '\\033[2J\\033[Hready:'; while :; do "
    "all=$all$(dd bs=1024 count=1 2>/dev/null | od -An -v -tx1 | tr -d ' \\n'); "
    "printf '\\033[2J\\033[Hready:%%s' $all; done"
)


def show_keys(at: Session, switch_on: str) -> None:
    """Run a program that shows what it reads."""
    at.run(SHOW_KEYS % switch_on)
    at.until(lambda: at.row_with("ready:") == 1)


def read_by_program(at: Session) -> bytes:
    """All that it has read."""
    rows = at.screen.partition("ready:")[2].partition("ctrl+]")[0]
    return bytes.fromhex("".join(rows.split()))


FULL = r"\033[>31u"
PRESSED_AND_LET_GO = b"\x1b[97:65;2;65u\x1b[97:65;2:3u"


@both_emulators
def test_the_terminal_reports_keys_as_the_program_wants_them(agent: Path) -> None:
    with Session(agent, KITTY) as at:
        show_keys(at, FULL)
        at.until(lambda: at.written.endswith(b"\x1b[?25h") and b"\x1b[>31u" in at.written)
        at.type(PRESSED_AND_LET_GO)
        at.until(lambda: read_by_program(at) == PRESSED_AND_LET_GO)


@both_emulators
def test_the_prefix_works_in_the_programs_encoding_and_hands_the_keyboard_back(agent: Path) -> None:
    with Session(agent, KITTY) as at:
        show_keys(at, FULL)
        at.until(lambda: b"\x1b[>31u" in at.written)
        at.type(b"\x1b[57442;5u\x1b[93;5u\x1b[93;5:3u")
        at.shows("Back to your sessions")
        assert at.written.count(b"\x1b[<u") == 1, "the app's own flags are in force again"
        at.type(b"\x1b[27u\x1b[27;1:3u")
        at.until(lambda: "Back to your sessions" not in at.screen)
        at.until(lambda: at.written.count(b"\x1b[>31u") == 2)
        at.type(b"\x1b[93;5u")
        at.shows("Back to your sessions")
        at.type(b"\x1b[100;;100u")
        at.shows("Quit")
        at.type(b"\x1b[113;;113u")
        assert at.leaves() == 0
        pushed = re.findall(rb"\x1b\[>\d+u", at.written)
        assert len(pushed) == at.written.count(b"\x1b[<u") == 3


def test_keys_are_spelt_for_the_program_where_the_terminal_cannot(agent: Path) -> None:
    with Session(agent, OLD_XTERM) as at:
        show_keys(at, r"\033[>1u")
        at.type(b"a\x01\x1b[A\r\x1bx")
        expected = b"a\x1b[97;5u\x1b[A\r\x1b[120;3u"
        at.until(lambda: read_by_program(at) == expected)
        at.type(b"\x1b")
        at.until(lambda: read_by_program(at) == expected + b"\x1b[27u")
        assert b"\x1b[>1u" not in at.written


def test_ctrl_c_is_ctrl_c_on_a_cyrillic_keyboard(agent: Path) -> None:
    with Session(agent, KITTY) as at:
        assert b"\x1b[=29u" in at.written
        show_keys(at, "")
        at.type(b"\x1b[1089::99;5u")
        at.until(lambda: read_by_program(at) == b"\x03")


@pytest.mark.parametrize(
    ("switched_on", "typed", "expected"),
    [
        ("1000h", b"\x1b[<0;4;3M\x1b[<0;4;3m", b"\x1b[<0;4;2M\x1b[<0;4;2m"),
        ("1000h", b"\x1b[<16;4;3M\x1b[<16;4;3m", b"\x1b[<16;4;2M\x1b[<16;4;2m"),
        ("1000h", b"\x1b[<65;4;3M", b"\x1b[<65;4;2M"),
        ("1000h", b"\x1b[<66;4;3M\x1b[<67;4;3M", b"\x1b[<66;4;2M\x1b[<67;4;2M"),
        ("1003h", b"\x1b[<35;9;5M", b"\x1b[<35;9;4M"),
    ],
    ids=["click", "ctrl", "wheel", "sideways", "motion"],
)
def test_the_mouse_reaches_the_program(
    agent: Path, switched_on: str, typed: bytes, expected: bytes
) -> None:
    with Session(agent, XTERM) as at:
        show_keys(at, rf"\033[?{switched_on}\033[?1006h")
        at.type(typed)
        at.until(lambda: read_by_program(at) == expected)


def test_a_drag_that_leaves_the_pane_is_held_at_its_edge(agent: Path) -> None:
    with Session(agent, XTERM) as at:
        show_keys(at, r"\033[?1002h\033[?1006h")
        expected = b""
        for typed, reported in (
            (b"\x1b[<0;4;3M", b"\x1b[<0;4;2M"),
            (b"\x1b[<32;5;3M", b"\x1b[<32;5;2M"),
            (b"\x1b[<32;6;24M", b"\x1b[<32;6;22M"),
            (b"\x1b[<0;6;24m", b"\x1b[<0;6;22m"),
        ):
            at.type(typed)
            expected += reported
            at.until(lambda expected=expected: read_by_program(at) == expected)  # type: ignore[misc]
