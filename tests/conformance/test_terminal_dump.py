"""`vibetui terminal-dump` prints what an emulator makes of bytes, through the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.terminal_support import EMULATORS

REFS = Path(__file__).parent / "refs"


def run(*arguments: str, data: bytes = b"", config: Path | None = None) -> tuple[int, bytes, str]:
    """Exit status, standard output and standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "vibetui", "terminal-dump", *arguments],
        input=data,
        capture_output=True,
        timeout=30,
        check=False,
        env={**os.environ, "XDG_CONFIG_HOME": str(config)} if config else None,
    )
    return done.returncode, done.stdout, done.stderr.decode()


def dumped(data: bytes, *options: str, kind: str = "auto") -> dict[str, Any]:
    status, out, error = run("--emulator", kind, *options, "-", data=data)
    assert (status, error) == (0, "")
    screen: dict[str, Any] = json.loads(out)
    return screen


@pytest.mark.parametrize("kind", EMULATORS)
def test_a_screen_has_the_form_of_the_references(kind: str) -> None:
    data = "a\x1b[1;31mb\x1b[0;38;5;200;48;2;1;2;3;3;9m界\x1b[0m".encode()
    screen = dumped(data, "--columns", "6", "--rows", "2", kind=kind)
    assert screen["rows"] == [
        [
            ["a", "Foreground", "Background", "", 1],
            ["b", "Red", "Background", "BOLD", 1],
            ["界", 200, "#010203", "ITALIC | WIDE_CHAR | STRIKEOUT", 1],
            ["", 200, "#010203", "ITALIC | WIDE_CHAR_SPACER | STRIKEOUT", 1],
            [" ", "Foreground", "Background", "", 2],
        ],
        [[" ", "Foreground", "Background", "", 6]],
    ]
    assert (screen["columns"], screen["screen_lines"]) == (6, 2)


@pytest.mark.parametrize("kind", EMULATORS)
def test_what_goes_with_the_screen_is_told(kind: str) -> None:
    screen = dumped(
        b"\x1b[?2004;1002;1006h\x1b[5 q\x1b[?25l\x1b]2;a title\x07\x07\x07"
        b"\x1b]52;c;aGVsbG8=\x07\x1b[5n\x1b[2;3H\x1b[6n"
        b"\x1b]8;;http://example.org/\x1b\\link\x1b]8;;\x1b\\",
        kind=kind,
    )
    assert screen["cursor"] == {
        "row": 1,
        "column": 6,
        "visible": False,
        "shape": "bar",
        "blinking": True,
    }
    assert screen["modes"]["bracketed_paste"] is True
    assert screen["modes"]["alternate_screen"] is False
    assert screen["modes"]["mouse"] == "button"
    assert screen["modes"]["mouse_encoding"] == "sgr"
    assert screen["title"] == "a title"
    assert screen["replies"] == "\x1b[0n\x1b[2;3R"
    assert screen["bells"] == 2
    assert screen["clipboard"] == "hello"
    assert screen["links"] == [{"row": 1, "start": 2, "end": 6, "uri": "http://example.org/"}]


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.parametrize(
    ("sgr", "flags"),
    [
        ("7;1;3;4;2;8;9", "INVERSE | BOLD | ITALIC | UNDERLINE | DIM | HIDDEN | STRIKEOUT"),
        ("4:2", "DOUBLE_UNDERLINE"),
        ("4:3;9", "STRIKEOUT | UNDERCURL"),
        ("4:4", "DOTTED_UNDERLINE"),
        ("4:5", "DASHED_UNDERLINE"),
    ],
)
def test_flags_are_named_and_ordered_as_in_the_references(kind: str, sgr: str, flags: str) -> None:
    rows = dumped(f"\x1b[{sgr}mx".encode(), kind=kind)["rows"]
    assert rows[0][0] == ["x", "Foreground", "Background", flags, 1]


@pytest.mark.parametrize("kind", EMULATORS)
def test_a_line_that_goes_on_in_the_next_one_is_marked_at_its_end(kind: str) -> None:
    rows = dumped(b"abcdef\r\nabcd\r\n", "--columns", "4", kind=kind)["rows"]
    assert [row[-1][3] for row in rows[:4]] == ["WRAPLINE", "", "", ""]


def test_a_file_is_read_and_the_pieces_make_no_difference() -> None:
    folder = REFS / "tmux_git_log"
    options = ("--columns", "105", "--rows", "29", str(folder / "alacritty.recording"))
    status, whole, _ = run(*options)
    assert status == 0
    assert json.loads(whole)["rows"] == json.loads((folder / "screen.json").read_text())["rows"]
    assert run("--chunk", "1", *options) == (0, whole, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no such file",), "'no such file'"),
        ((".",), "'.' can't be read"),
        (("--columns", "0", "-"), "--columns"),
        (("--rows", "many", "-"), "--rows"),
        (("--rows", "100000", "-"), "--rows"),
        (("--chunk", "-1", "-"), "--chunk"),
        (("--emulator", "vt52", "-"), "'vt52'"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    status, out, error = run(*arguments)
    assert (status, out) == (1, b"")
    assert error.startswith("vibetui: ")
    assert said in error.splitlines()[0]
    assert "Traceback" not in error


def test_a_broken_settings_file_is_no_hindrance(tmp_path: Path) -> None:
    settings = tmp_path / "vibetui" / "vibetui.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("not toml = [")
    assert run("-", data=b"x", config=tmp_path)[0] == 0


def test_help_tells_the_form() -> None:
    status, out, _ = run("--help")
    assert status == 0
    for word in (b"--emulator", b"--chunk", b"replies", b"cursor", b"script(1)"):
        assert word in out
