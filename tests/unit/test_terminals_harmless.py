"""What is played on somebody's terminal draws there, and does nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibetui.terminals.harmless import HarmlessOutput

HARMFUL = (
    b"\x1b[c",
    b"\x1b[>0c",
    b"\x1b[=c",
    b"\x1b[6n",
    b"\x1b[?6n",
    b"\x1b[5n",
    b"\x1bZ",
    b"\x05",
    b"\x1b[>q",
    b"\x1b[?u",
    b"\x1b[>1u",
    b"\x1b[=5;1u",
    b"\x1b[<u",
    b"\x1b[>4;2m",
    b"\x1b[?2026$p",
    b"\x1b[4$p",
    b"\x1b[18t",
    b"\x1b[8;10;10t",
    b"\x1b[?1000h",
    b"\x1b[?1002;1006h",
    b"\x1b[?2004h",
    b"\x1b]52;c;aGk=\x07",
    b"\x1b]52;c;?\x1b\\",
    b"\x1b]11;?\x07",
    b"\x1b]4;1;?\x1b\\",
    b"\x1bP$qm\x1b\\",
    b"\x1bP+q544e\x1b\\",
    b"\x1b_Gi=1,a=q;\x1b\\",
)
HARMLESS = (
    b"\x1b[m",
    b"\x1b[1;31m",
    b"\x1b[?25l",
    b"\x1b[?1049h",
    b"\x1b[2J",
    b"\x1b[H",
    b"\x1b(0",
    b"\x1b[5;10r",
    b"\x1b]0;title\x07",
    b"\x1b]8;;http://a/\x1b\\",
    b"\x1b[22;0t",
    b"\x1b[2 q",
    "日本".encode(),
    b"text",
    b"\x1b[?2026h",
    b"\x1b]11;#000000\x07",
)


@pytest.mark.parametrize("harmful", HARMFUL)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_what_reaches_past_the_screen_is_left_out_wherever_it_is_cut(
    harmful: bytes, size: int
) -> None:
    output = HarmlessOutput()
    data = b"before" + harmful + b"after"
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert b"".join(map(output.feed, pieces)) == b"beforeafter"


@given(st.lists(st.sampled_from(HARMLESS)), st.integers(1, 9))
def test_what_draws_is_kept(words: list[bytes], size: int) -> None:
    output = HarmlessOutput()
    data = b"".join(words)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert b"".join(map(output.feed, pieces)) == data


def test_of_several_modes_only_those_of_the_mouse_go() -> None:
    assert HarmlessOutput().feed(b"\x1b[?1049;1000;25h") == b"\x1b[?1049;25h"
