"""``vibetui replay`` on a real terminal: what is shown, what keys do, and how it is left."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.tmux import Tmux
from vibetui.cli import main
from vibetui.recording import Header, Recording, Source

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    with Tmux(tmp_path, columns=80, rows=24) as running:
        yield running


def record(path: Path, *events: tuple[float, str], columns: int = 80, rows: int = 24) -> Path:
    header = Header(columns, rows, 1000)
    made = Recording.begin(path, Source("run", 1), header, began=1000.0, offset=0, limit=1 << 20)
    offset = 0
    for at, text in events:
        data = text.encode()
        offset += len(data)
        made.output(1000 + at, data, offset)
    made.close()
    return path


def play(tmux: Tmux, path: Path, *options: str) -> None:
    words = [sys.executable, "-m", "vibetui", "replay", str(path), *options]
    tmux.line(f"cd {shlex.quote(str(CHECKOUT))}; clear; {shlex.join(words)}; echo over-$?")


def test_the_screen_at_the_end_is_what_the_program_printed(tmux: Tmux, tmp_path: Path) -> None:
    text = "".join(f"\x1b[3{n % 8}mline {n} 日本\x1b[0m\r\n" for n in range(40))
    play(
        tmux,
        record(tmp_path / "a.cast", (0.5, text[:300]), (60, text[300:])),
        "--idle-limit",
        "0.1",
    )
    screen = tmux.wait_for("over-0")
    lines = [line.rstrip() for line in screen.splitlines()]
    end = lines.index("over-0")
    assert lines[:end] == [f"line {n} 日本" for n in range(40 - end + 1, 40)] + [""]


def test_ctrl_c_leaves_the_terminal_as_it_was(tmux: Tmux, tmp_path: Path) -> None:
    wild = "\x1b[?1049h\x1b[?25l\x1b[?1000;1006h\x1b[?2004h\x1b=\x1b[5;10r\x1b(0\x1b[41mfull screen"
    play(tmux, record(tmp_path / "a.cast", (0, wild), (600, "never")))
    form = "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag} #{scroll_region_upper}"
    tmux.wait_until(lambda _: tmux.facts(form).startswith("1 0"), "it plays")
    # What the recorded program wanted of mouse and keyboard is nothing to a replay.
    assert tmux.facts(form) == "1 0 0 1 4"
    tmux.press("C-c")
    screen = tmux.wait_for("over-0")
    assert tmux.facts(form) == "0 1 0 0 0"
    assert "never" not in screen
    tmux.line("echo sane-$((6*7))")
    tmux.wait_for("sane-42")


def test_space_pauses_and_the_arrows_go_through_time(tmux: Tmux, tmp_path: Path) -> None:
    steps = [(at, f"at-{at}\r\n") for at in (1, 4, 8, 12, 100, 200, 300)]
    play(tmux, record(tmp_path / "a.cast", (0, "begin\r\n"), *steps))
    tmux.wait_for("begin")
    tmux.press("Space", "Right", "Right")
    assert "at-12" not in tmux.wait_for("at-8")
    tmux.press(".")
    tmux.wait_for("at-12")
    tmux.press("Left")
    tmux.wait_gone("at-8")
    assert "at-4" in tmux.screen()
    tmux.press("q")
    tmux.wait_for("over-0")


def test_a_terminal_that_is_too_small_is_said_so_first(tmux: Tmux, tmp_path: Path) -> None:
    play(tmux, record(tmp_path / "a.cast", (0, "hello"), columns=132, rows=50))
    tmux.wait_for("takes 132 columns and 50 rows; this terminal has 80")
    tmux.press("x")
    assert "hello" in tmux.wait_for("over-0")


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello\n")
    for name in (path, tmp_path / "missing"):
        done = CliRunner().invoke(main, ["replay", str(name)])
        assert done.exit_code == 1
        assert done.output.startswith("vibetui: ")
