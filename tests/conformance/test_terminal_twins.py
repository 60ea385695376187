"""Two emulators that share no code show the same: what they agree on is hardly wrong.

Left out is what they are known to see differently: erasing or going back while a wrap is due, the
background of half a wide character that was overwritten, and a cursor far behind its text when the
screen gets narrower.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.terminal_support import emulator, screen
from vibetui.terminals.columns import split_run
from vibetui.terminals.protocol import Emulator

SMALL = st.integers(1, 7)
TEXT = st.sampled_from(("a", "bc", "def", "x" * 9, "y" * 21, "hello world"))
WIDE = st.sampled_from(("界", "世界", "a界b", "e\u0301", "🦀"))
LAYOUT = st.sampled_from(("\r", "\n", "\r\n", "\b", "\t", "\x1bD", "\x1bE", "\r\x1bM", "\x1bH"))
PLACE = st.builds(lambda row, column: f"\x1b[{row};{column}H", SMALL, st.integers(1, 20))
MOVE = st.builds(lambda count, final: f"\x1b[{count}{final}", SMALL, st.sampled_from("ABCDEFGd`ae"))
ERASE = st.builds(
    lambda kind, final: f"\x1b[5G\x1b[{kind}{final}", st.integers(0, 2), st.sampled_from("JK")
)
EDIT = st.builds(lambda count, final: f"\x1b[{count}{final}", SMALL, st.sampled_from("@PXLMSTbI"))
MARGIN = st.builds(lambda top, bottom: f"\x1b[{top};{bottom}r", SMALL, SMALL)
SAVED = st.sampled_from(("\x1b7", "\x1b8", "\x1b[?1049h", "\x1b[?1049l", "\x1b[?47h", "\x1b[?47l"))
MODE = st.sampled_from(
    ("\x1b[4h", "\x1b[4l", "\x1b[?6h", "\x1b[?6l", "\x1b[?7l", "\x1b[?7h", "\x1b[20h", "\x1b[20l")
)
SIDES = st.sampled_from(("\x1b[?69h", "\x1b[?69h\x1b[3;9s", "\x1b[?69h\x1b[5;15s", "\x1b[?69l"))
CHARSET = st.sampled_from(("\x1b(0", "\x1b(B", "\x1b)0", "\x0e", "\x0f"))
STYLE = st.sampled_from(
    ("\x1b[1m", "\x1b[31m", "\x1b[44m", "\x1b[0m", "\x1b[7m", "\x1b[4:3m", "\x1b[48;5;100m")
)


def cells(terminal: Emulator) -> list[Any]:
    return [
        (cell.text, cell.end, cell.style)
        for y in range(terminal.rows)
        for run in terminal.row(y)
        for cell in split_run(run)
    ]


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param((TEXT, LAYOUT, PLACE, MOVE, ERASE, EDIT, STYLE), id="editing"),
        pytest.param((TEXT, WIDE, PLACE, ERASE, EDIT, MODE), id="wide"),
        pytest.param((TEXT, LAYOUT, PLACE, EDIT, MARGIN, SIDES, STYLE), id="margins"),
        pytest.param((TEXT, LAYOUT, PLACE, EDIT, MARGIN, SAVED, MODE), id="screens"),
        pytest.param((TEXT, CHARSET, LAYOUT, PLACE, SAVED), id="charsets"),
    ],
)
def test_both_show_the_same(pieces: tuple[st.SearchStrategy[str], ...]) -> None:
    # The same examples in every run: a difference of opinion found by chance is nobody's fault.
    @settings(
        derandomize=True,
        max_examples=300,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.lists(st.one_of(*pieces), max_size=12))
    def agree(sequence: list[str]) -> None:
        ghostty, pyte = emulator("ghostty", rows=6), emulator("pyte", rows=6)
        for terminal in (ghostty, pyte):
            for piece in sequence:
                terminal.feed(piece.encode())
        assert screen(ghostty) == screen(pyte)
        assert cells(ghostty) == cells(pyte)
        assert ghostty.cursor == pyte.cursor
        ghostty.close()

    agree()
