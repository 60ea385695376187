"""What only the ghostty emulator needs: its library has gaps and says things that aren't so."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal_support import emulator, line, screen
from vibetui.terminals.protocol import Emulator, MouseEncoding


@pytest.fixture
def terminal() -> Emulator:
    return emulator("ghostty")


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 100])
def test_a_program_cannot_make_the_pane_wider(terminal: Emulator, size: int) -> None:
    data = b"old\x1b[2;4r\x1b[?40h\x1b[?3h" + b"x" * 25
    for start in range(0, len(data), size):
        terminal.feed(data[start : start + size])
    assert screen(terminal) == ["x" * 20, "x" * 5]
    assert terminal.row(0)[-1].end == 20
    terminal.feed(b"\x1b[?3l")
    assert screen(terminal) == []
    terminal.feed(b"1\n2\n3\n4\n5\n6")
    assert terminal.history_lines == 1


def test_other_ways_to_change_the_width_leave_it_too(terminal: Emulator) -> None:
    terminal.feed(b"\x1b[?1;40;3h" + b"x" * 19)
    assert terminal.row(0)[-1].end == 20
    assert [found.text for found in terminal.texts(0, 1)] == [line(terminal, 0)]


def test_the_width_is_left_alone_where_a_program_may_not_change_it(terminal: Emulator) -> None:
    terminal.feed(b"kept\x1b[?3h\x1b[?40h\x1b[?40l\x1b[?3l!")
    assert screen(terminal) == ["kept!"]


def test_deleted_characters_are_no_text(terminal: Emulator) -> None:
    terminal.feed(b"a\x7f\x7fb\x1b[\x7f1mc")
    assert line(terminal, 0) == "abc"


def test_it_is_not_mistaken_for_a_terminal_that_shows_pictures(terminal: Emulator) -> None:
    terminal.feed(b"\x1b[>q")
    assert terminal.take_replies() == b"\x1bP>|vibetui\x1b\\"
    terminal.feed(b"\x1b_Gi=1,a=q,s=1,v=1,t=d,f=24;AAAA\x1b\\\x1b[c")
    assert terminal.take_replies() == b"\x1b[?62;22c"


def test_it_names_the_terminal_that_programs_are_told_of(terminal: Emulator) -> None:
    terminal.feed(b"\x1bP+q544e\x1b\\")
    name = b"xterm-256color".hex().upper().encode()
    assert terminal.take_replies() == b"\x1bP1+r544E=" + name + b"\x1b\\"


def test_mouse_reports_in_pixels_are_not_offered(terminal: Emulator) -> None:
    terminal.feed(b"\x1b[?1016$p\x1b[?1006$p")
    assert terminal.take_replies() == b"\x1b[?1016;0$y\x1b[?1006;2$y"
    terminal.feed(b"\x1b[?1006h")
    assert terminal.modes.mouse_encoding is MouseEncoding.SGR


def test_a_program_that_asked_is_told_of_a_new_size(terminal: Emulator) -> None:
    terminal.feed(b"\x1b[?2048h")
    terminal.take_replies()
    terminal.resize(7, 30)
    assert terminal.take_replies() == b"\x1b[48;7;30;112;240t"


def test_a_long_history_is_small_once_the_output_pauses() -> None:
    before = resident_megabytes()
    terminal = emulator("ghostty", rows=50, columns=200, history=10_000)
    for start in range(0, 11_000, 500):
        terminal.feed(b"".join(b"-rw-r--r-- 1 me %d\r\n" % n for n in range(start, start + 500)))
    steps = 0
    while terminal.rest():
        steps += 1
        assert steps < 100
    assert resident_megabytes() - before <= 6
    first = terminal.first_line
    assert terminal.texts(10_500, 10_501)[0].text == "-rw-r--r-- 1 me 10500"
    assert terminal.line(first)[0].text.startswith(f"-rw-r--r-- 1 me {first}")


ONE_ROW = """
from vibetui.terminals.emulators import make_emulator
for history in (0, 100, 1000):
    for before, after in ((1, 10), (1, 50)), ((5, 50), (1, 10)), ((1, 80), (1, 81)):
        terminal = make_emulator("ghostty", *before, history)
        for place in "abc":
            terminal.feed(f"\\x1b]8;;{place}\\x1b\\\\x".encode())
        terminal.resize(*after)
        terminal.feed(b"x" * 200_000)
        terminal.resize(5, 40)
        terminal.feed(b"x" * 200_000)
        assert terminal.row(0)[0].text == "x" * 40
"""


def test_links_on_a_screen_of_one_row_do_not_crash_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", ONE_ROW], timeout=60)
    assert done.returncode == 0


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6
