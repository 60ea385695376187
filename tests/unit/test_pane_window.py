"""A pane over a terminal of somebody else's size: what of it is shown, and where the mouse is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.pane_support import COLUMNS, ROWS, Stage, numbered, pane_stage, reversed_
from vibetui.ui.widgets.terminal_window import Window


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with pane_stage("ghostty") as made:
        yield made


async def resized(stage: Stage, rows: int, columns: int) -> None:
    """Somebody else has given the terminal a size, and the pane has seen it."""
    await stage.agent.resized(rows, columns)
    await stage.until(lambda: stage.pane.has_other_size and len(stage.pane._rows) == rows)
    await stage.pilot.pause()


async def test_of_a_higher_screen_the_part_with_the_cursor_is_shown(stage: Stage) -> None:
    await resized(stage, 30, COLUMNS)
    await stage.output(b"\x1b[2J\x1b[H" + numbered(29) + b"$ ")
    assert stage.rows() == [*(f"line {n}" for n in range(20, 29)), "$"]
    await stage.output(b"\x1b[3;1Hhere")
    assert stage.rows()[0].startswith("here")
    await stage.output(b"\x1b[4;1Hthere")
    assert stage.rows()[1].startswith("there"), "no farther than needed"


async def test_what_stands_above_the_cursor_is_shown_with_it(stage: Stage) -> None:
    await stage.output(numbered(5) + b"$ ")
    await resized(stage, 30, COLUMNS)
    assert stage.rows() == [*(f"line {n}" for n in range(5)), "$", "", "", "", ""]


async def test_a_wider_screen_follows_the_cursor_to_the_right_and_back(stage: Stage) -> None:
    await resized(stage, ROWS, 100)
    await stage.output(b"a" * 38 + "界".encode() + b"b" * 20)
    assert stage.rows()[0] == "a" * 17 + "界" + "b" * 20
    await stage.output(b"c")
    assert stage.rows()[0] == "a" * 16 + "界" + "b" * 20 + "c"
    await stage.output(b"\r")
    assert stage.rows()[0] == "a" * 38 + "界"


async def test_half_a_character_at_the_edge_is_blank(stage: Stage) -> None:
    await resized(stage, ROWS, 100)
    await stage.output(b"a" * 39 + "界".encode() + b"\r")
    assert stage.rows()[0] == "a" * 39
    await stage.output(b"\x1b[80G")
    assert stage.rows()[0] == ""
    await stage.output("\x1b[3;1H界x\r".encode())
    await stage.output(b"\x1b[3;41H")
    assert stage.rows()[2] == " x"


async def test_a_smaller_screen_stands_at_the_top_left_and_the_rest_is_inert(stage: Stage) -> None:
    await resized(stage, 5, 20)
    await stage.output(b"\x1b[2J\x1b[Hhello")
    rows = stage.rows()
    assert rows[0] == "hello".ljust(20) + "│" + "·" * 19
    assert rows[5] == "─" * 20 + "┘" + "·" * 19
    assert rows[9] == "·" * 40
    assert all(style.dim for style in stage.styles(0)[20:])
    await stage.agent.resized(ROWS, COLUMNS)
    await stage.until(lambda: not stage.pane.has_other_size)
    assert stage.rows()[5:] == [""] * 5


async def test_whoever_leads_never_sees_where_the_screen_ends(stage: Stage) -> None:
    await stage.output(b"hello")
    stage.agent.leads = False  # Until the agent has answered.
    await stage.pilot.resize_terminal(30, 8)
    await stage.agent.resized(7, 30)
    await stage.until(lambda: stage.terminal.size == (7, 30))
    await stage.pilot.resize_terminal(100, 24)
    await stage.until(lambda: stage.pane.size.width == COLUMNS)
    assert not stage.pane.has_other_size
    assert stage.rows() == ["hello"] + [""] * 9
    await stage.until(lambda: stage.pane.has_other_size)
    assert stage.rows()[0] == "hello".ljust(30) + "│" + "·" * 9


async def test_what_is_above_the_part_shown_is_reached_and_left_again(stage: Stage) -> None:
    await resized(stage, 15, COLUMNS)
    await stage.output(b"\x1b[2J\x1b[H" + numbered(24) + b"$ ")
    assert stage.rows()[0] == "line 15"
    await stage.pilot.press("ctrl+shift+up")
    await stage.pilot.pause()
    assert (stage.rows()[0], stage.offset) == ("line 14", 0)
    await stage.output(b"more\r\n$ ")
    assert stage.rows()[0] == "line 15", "the screen scrolls, what is looked at stays in place"
    await stage.pilot.press("ctrl+shift+home")
    await stage.pilot.pause()
    assert stage.rows()[0].startswith("line 0")
    await stage.pilot.press("ctrl+shift+end")
    await stage.pilot.pause()
    assert stage.rows()[-1] == "$"
    await stage.pilot.press("shift+pageup")
    await stage.pilot.press("x")
    await stage.until(lambda: stage.rows()[-1] == "$")
    await stage.typed(b"x")


async def test_copy_mode_moves_the_part_that_is_shown(stage: Stage) -> None:
    await resized(stage, 15, 60)
    await stage.output(
        b"\x1b[2J\x1b[H" + b"".join(b"%d" % (n % 10) * 55 + b"\r\n" for n in range(14))
    )
    stage.pane.copy_mode()
    for key in ("H", "$"):
        await stage.pilot.press(key)
    await stage.pilot.pause()
    assert stage.rows()[0] == "0" * 40
    await stage.pilot.press("q")
    await stage.until(lambda: stage.rows()[-2].startswith("3"))


async def test_a_selection_by_the_mouse_is_of_what_is_seen(stage: Stage) -> None:
    await resized(stage, 15, 60)
    await stage.output(b"\x1b[2J\x1b[H" + numbered(14) + b"x" * 30 + b"abcdefghijklmnopqrst")
    await stage.drag((30, 9), (35, 9))
    assert stage.marked(reversed_) == ["lmnopq "], "the cursor is set off too"
    assert stage.app.clipboard == "lmnopq"


async def test_the_program_hears_of_the_mouse_where_it_is_on_its_own_screen(stage: Stage) -> None:
    await resized(stage, 30, 60)
    await stage.output(b"\x1b[?1000h\x1b[?1006h\x1b[30;55H")
    await stage.click(2, 1)
    await stage.typed(b"\x1b[<0;18;22M\x1b[<0;18;22m")
    await resized(stage, 5, 20)
    await stage.click(30, 2)
    await stage.click(3, 2)
    await stage.typed(b"\x1b[<0;4;3M\x1b[<0;4;3m")


async def test_the_cursor_is_painted_where_the_part_shown_has_it(stage: Stage) -> None:
    await resized(stage, 30, 60)
    await stage.output(b"\x1b[30;55H")
    marked = [x for x, style in enumerate(stage.styles(9)) if style.reverse]
    assert marked == [39]


def test_a_pane_without_room_shows_nothing_and_raises_nothing() -> None:
    window = Window()
    window.fit((5, 20), (0, 0))
    window.follow(4, 19)
    assert window.pan(9, 4) > 0
    assert window.cell(5, 5) == (window.top, window.left)
    assert not window.shows(0, 0)
    assert window.beyond(0) == ()
