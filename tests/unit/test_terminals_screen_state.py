"""What is undone in a client's terminal: all that an app left on, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibetui.terminals.screen_state import ScreenState

TEXTUAL_STARTS = (
    b"\x1b[?1049h\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h\x1b[?25l\x1b[?1004h\x1b[>25u"
    b"\x1b[?2026$p\x1b[?2048$p\x1b[?2004h\x1b[?7l\x1b[?2026hframe\x1b[?2026l"
)
TEXTUAL_ENDS = (
    b"\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[<u"
    b"\x1b[?1049l\x1b[?25h\x1b[?1004l"
)


def after(*chunks: bytes) -> bytes:
    state = ScreenState()
    for chunk in chunks:
        state.feed(chunk)
    return state.restore()


def test_an_app_that_tidied_up_needs_nothing() -> None:
    assert after(TEXTUAL_STARTS, TEXTUAL_ENDS) == b""


def test_plain_output_needs_nothing() -> None:
    assert after(b"hello \x1b[31mred\x1b[0m\r\n\x1b]0;title\x07") == b""


def test_an_app_that_died_is_undone_completely() -> None:
    undone = after(TEXTUAL_STARTS)
    for mode in (1000, 1003, 1004, 1006, 1015, 1049, 2004):
        assert b"\x1b[?%dl" % mode in undone
    assert b"\x1b[?7h" in undone
    assert undone.endswith(b"\x1b[?25h")
    assert b"\x1b[0m" in undone


def test_undoing_is_complete_by_its_own_measure() -> None:
    state = ScreenState()
    state.feed(TEXTUAL_STARTS)
    state.feed(state.restore())
    assert state.restore() == b""


def test_keyboard_flags_are_popped_while_still_on_the_alternate_screen() -> None:
    undone = after(b"\x1b[?1049h\x1b[>1u\x1b[>25u")
    assert undone.index(b"\x1b[<2u") < undone.index(b"\x1b[?1049l")


def test_a_synchronised_update_that_was_begun_is_ended() -> None:
    assert b"\x1b[?2026l" in after(b"\x1b[?2026hhalf a frame")


def test_a_sequence_that_was_cut_is_cancelled_first() -> None:
    assert after(b"\x1b[?1049h\x1b[38;2;1").startswith(b"\x18")


@pytest.mark.parametrize(
    ("shaped", "undone"), [(b"\x1b[6 q", True), (b"\x1b[6 q\x1b[0 q", False), (b"\x1b[ q", False)]
)
def test_the_cursor_gets_its_shape_back(shaped: bytes, undone: bool) -> None:
    assert (b"\x1b[0 q" in after(shaped)) == undone


def test_a_pushed_title_is_popped() -> None:
    assert b"\x1b[23;0t" in after(b"\x1b[22;0;0t\x1b]2;other\x07")
    assert after(b"\x1b[22;0;0t\x1b[23;0;0t") == b""


def test_several_modes_in_one_sequence_count_each() -> None:
    undone = after(b"\x1b[?1000;1006h")
    assert b"\x1b[?1000l" in undone
    assert b"\x1b[?1006l" in undone


@pytest.mark.parametrize(
    ("switched", "undone", "tidied"),
    [
        (b"\x1b[3;20r", b"\x1b[r", b"\x1b[r"),
        (b"\x1b[?6h", b"\x1b[?6l", b"\x1b[?6l"),
        (b"\x1b[4h", b"\x1b[4l", b"\x1b[4l"),
        (b"\x1b=", b"\x1b>", b"\x1b>"),
        (b"\x1b(0", b"\x1b(B", b"\x1b(B"),
        (b"\x0e", b"\x0f", b"\x0f"),
        (b"\x1b[>4;2m", b"\x1b[>4m", b"\x1b[>4;m"),
        (b"\x1b[=5u", b"\x1b[=0u", b"\x1b[=0u"),
        (b"\x1b]8;id=a;http://x\x1b\\", b"\x1b]8;;\x1b\\", b"\x1b]8;;\x07"),
    ],
)
def test_what_a_full_screen_program_switches_on_is_undone_once(
    switched: bytes, undone: bytes, tidied: bytes
) -> None:
    assert undone in after(switched)
    assert after(switched, tidied) == b""


@pytest.mark.parametrize(
    ("coloured", "undone"),
    [
        (b"\x1b]4;1;rgb:ff/00/00\x07", b"\x1b]104\x1b\\"),
        (b"\x1b]11;#102030\x1b\\", b"\x1b]111\x1b\\"),
        (b"\x1b]12;red\x07", b"\x1b]112\x1b\\"),
    ],
)
def test_the_terminals_own_colours_come_back(coloured: bytes, undone: bytes) -> None:
    assert undone in after(coloured)
    assert after(coloured, undone) == b""


@pytest.mark.parametrize("asked", [b"\x1b]4;1;?\x07", b"\x1b]11;?\x1b\\", b"\x1b[?1049$p"])
def test_a_question_changes_nothing(asked: bytes) -> None:
    assert after(asked) == b""


def test_each_screens_keyboard_flags_are_popped_on_that_screen() -> None:
    undone = after(b"\x1b[>1u\x1b[?1049h\x1b[>5u\x1b[>7u")
    left = undone.index(b"\x1b[?1049l")
    assert undone.index(b"\x1b[<2u") < left < undone.index(b"\x1b[<1u")


def test_a_hard_reset_leaves_nothing_to_undo() -> None:
    assert after(TEXTUAL_STARTS, b"\x1b[3;20r\x1b(0\x1bc") == b""


def test_its_modes_bring_an_empty_terminal_to_the_same_state() -> None:
    state, copy = ScreenState(), ScreenState()
    state.feed(TEXTUAL_STARTS.replace(b"\x1b[>25u", b"") + b"\x1b=")
    copy.feed(state.modes())
    assert copy.restore() == state.restore()


@given(st.lists(st.integers(1, 12), max_size=40))
def test_where_the_chunks_are_cut_makes_no_difference(cuts: list[int]) -> None:
    data = b"text" + TEXTUAL_STARTS + b"\x1b[6 q\x1b[22;0t\x1b]11;#123\x07\x1b(0\x1b]4;7;red\x07"
    data += b"\x1b]8;;http://a.b\x07\x1b[>4;2m\x1b[2;9r\x1b="
    chunks, rest = [], data
    for cut in cuts:
        chunks.append(rest[:cut])
        rest = rest[cut:]
    assert after(*chunks, rest) == after(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_taken(data: bytes) -> None:
    after(data, b"\x1b[" + data, data)
