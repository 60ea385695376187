"""Recordings of real programs end on the screen that Alacritty shows, in every emulator.

Where ours is of another opinion stands in `DIFFERS`, and in docs/terminal-references.md at length.
"""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from tests.terminal_support import EMULATORS
from vibetui.terminals.dump import dump
from vibetui.terminals.emulators import make_emulator

REFS = Path(__file__).parent / "refs"
NAMES = sorted(path.parent.name for path in REFS.glob("*/alacritty.recording"))
HUES = ("Black", "Red", "Green", "Yellow", "Blue", "Magenta", "Cyan", "White")
PALETTE = {name: index for index, name in enumerate((*HUES, *(f"Bright{hue}" for hue in HUES)))}


class Differs(Enum):
    """How far a screen may be from Alacritty's; what is marked so must really differ so."""

    TEXT = "text"
    STYLE = "style"


GRAPHICS = (Differs.TEXT, "`_` of the DEC graphics stays `_`; a VT100 shows a blank")
DIFFERS: dict[str, dict[str, tuple[Differs, str]]] = {
    "deccolm_reset": dict.fromkeys(
        EMULATORS, (Differs.TEXT, "DECCOLM without mode 40 does nothing, as in xterm")
    ),
    "erase_in_line": {
        "ghostty": (Differs.TEXT, "EL erases the last column also while a wrap is due, as in xterm")
    },
    "saved_cursor": {"ghostty": GRAPHICS},
    "saved_cursor_alt": {"ghostty": GRAPHICS},
    "selective_erasure": dict.fromkeys(
        EMULATORS,
        (Differs.TEXT, "DECSED and DECSEL erase what DECSCA left open; Alacritty has none"),
    ),
    "underline": dict.fromkeys(
        EMULATORS, (Differs.STYLE, "SGR 21 is a double underline, as in ECMA-48")
    ),
}


def replay(kind: str, name: str, piece: int) -> dict[str, Any]:
    size = json.loads((REFS / name / "size.json").read_text())
    data = (REFS / name / "alacritty.recording").read_bytes()
    emulator = make_emulator(kind, size["screen_lines"], size["columns"])
    try:
        for start in range(0, len(data), piece):
            emulator.feed(data[start : start + piece])
        return dump(emulator)
    finally:
        emulator.close()


def wanted(name: str) -> list[list[list[Any]]]:
    rows: list[list[list[Any]]] = json.loads((REFS / name / "screen.json").read_text())["rows"]
    return rows


def texts(rows: list[list[list[Any]]]) -> list[list[str]]:
    """The character of every cell."""
    return [[run[0] for run in row for _ in range(run[4])] for row in rows]


def styles(rows: list[list[list[Any]]]) -> list[list[tuple[Any, ...]]]:
    """The look of every cell. Alacritty tells SGR 31 from 38;5;1; on a screen they are the same."""
    return [
        [
            (PALETTE.get(run[1], run[1]), PALETTE.get(run[2], run[2]), run[3])
            for run in row
            for _ in range(run[4])
        ]
        for row in rows
    ]


def test_all_recordings_are_played() -> None:
    assert len(NAMES) == 29
    assert set(DIFFERS) <= set(NAMES)


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.parametrize("name", NAMES)
def test_a_recording_ends_on_the_known_screen(kind: str, name: str) -> None:
    rows, want = replay(kind, name, 1 << 20)["rows"], wanted(name)
    mark, reason = DIFFERS.get(name, {}).get(kind, (None, ""))
    same_text = texts(rows) == texts(want)
    if mark is Differs.TEXT:
        assert not same_text, f"now the same, though marked: {reason}"
        assert [len(row) for row in texts(rows)] == [len(row) for row in texts(want)]
        return
    assert texts(rows) == texts(want)
    if mark is Differs.STYLE:
        assert styles(rows) != styles(want), f"now the same, though marked: {reason}"
    else:
        assert styles(rows) == styles(want)


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.parametrize("name", NAMES)
def test_where_a_recording_is_cut_changes_nothing(kind: str, name: str) -> None:
    whole = replay(kind, name, 1 << 20)
    for piece in (1, 7, 4096):
        assert replay(kind, name, piece) == whole
