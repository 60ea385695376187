"""Styles of cells as SGR and links as OSC 8, as far as the user's terminal takes them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem

from tests.terminal_support import EMULATORS, emulator, style_at
from vibetui.terminals.protocol import CellStyle, Run, Underline
from vibetui.ui.widgets.terminal_styles import RESET, link_ends, painted, sgr

TRUE, PALETTE, SIXTEEN = ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT, ColorSystem.STANDARD

colors = st.one_of(
    st.none(), st.integers(0, 255), st.tuples(*[st.integers(0, 255) for _ in range(3)])
)
styles = st.builds(
    CellStyle,
    foreground=colors,
    background=colors,
    bold=st.booleans(),
    italic=st.booleans(),
    underline=st.sampled_from(Underline),
    blink=st.booleans(),
    reverse=st.booleans(),
    strike=st.booleans(),
    overline=st.booleans(),
)


@settings(deadline=None)
@given(styles, styles)
@pytest.mark.parametrize("kind", EMULATORS)
def test_a_style_arrives_whatever_was_before(
    kind: str, before: CellStyle, style: CellStyle
) -> None:
    terminal = emulator(kind)
    terminal.feed(f"{sgr(before, TRUE, True)}x{sgr(style, TRUE, True)}y{RESET}z".encode())
    assert style_at(terminal, 0, 1) == style
    assert style_at(terminal, 0, 2) == CellStyle()


@pytest.mark.parametrize(
    ("system", "all_underlines", "expected"),
    [
        (TRUE, True, "\x1b[0;4:3;38;2;255;0;0;58:2::0:0:255m"),
        (PALETTE, True, "\x1b[0;4:3;38;5;196;58:5:21m"),
        (SIXTEEN, False, "\x1b[0;4;31m"),
        (TRUE, False, "\x1b[0;4;38;2;255;0;0m"),
    ],
)
def test_a_style_goes_as_far_as_the_terminal(
    system: ColorSystem, all_underlines: bool, expected: str
) -> None:
    style = CellStyle(
        foreground=(255, 0, 0), underline=Underline.CURLY, underline_color=(0, 0, 255)
    )
    assert sgr(style, system, all_underlines) == expected


def test_a_link_is_opened_and_closed_around_its_text() -> None:
    run = Run(0, 2, "ab", CellStyle(link="https://example.org/ä b"))
    assert painted(run, TRUE, True) == (
        "\x1b]8;id=v4eb5643b;https://example.org/%C3%A4%20b\x1b\\\x1b[0mab\x1b]8;;\x1b\\"
    )
    assert painted(run, SIXTEEN, False) == "\x1b[0mab"


@pytest.mark.parametrize(
    "bad", ["http://a\x1b\\", "http://a\x07", "http://\x9c", "x" * 3000, "a\n"]
)
def test_a_link_that_could_do_harm_leads_nowhere(bad: str) -> None:
    assert link_ends(bad) == ("", "")


@settings(deadline=None)
@given(st.text(min_size=1))
def test_no_control_character_leaves_in_a_link(link: str) -> None:
    before, after = link_ends(link)
    body = before.removeprefix("\x1b]8;").removesuffix("\x1b\\")
    assert all(" " < char <= "~" for char in body)
    assert bool(before) == bool(after)
