"""Copy mode: scrolling, marking and copying by keys, and where output goes meanwhile."""

from __future__ import annotations

import pytest

from tests.pane_support import ROWS, Stage, numbered, pane_stage, reversed_
from tests.terminal_support import EMULATORS
from vibetui.ui.widgets.key_bar import KeyBar

pytestmark = pytest.mark.parametrize("kind", EMULATORS)

TEXT = b"one two three\r\nsee /etc/hosts, ok\r\n\r\nlast"


async def copy_mode(at: Stage) -> None:
    at.pane.copy_mode()
    await at.until(lambda: "Copy mode" in at.bar())


def cursor(at: Stage) -> tuple[int, int]:
    """Row and column in the pane."""
    return at.pane._cursor.row, at.pane._cursor.column


async def pressed(at: Stage, *keys: str) -> None:
    await at.pilot.press(*keys)
    await at.pilot.pause(0.03)  # A frame.


async def test_no_key_reaches_the_program_till_it_is_left(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await copy_mode(at)
        await at.pilot.press("x", "1", "tab", "f5", "h", "ctrl+u", "alt+x")
        await at.pilot.press("q")
        await at.until(lambda: "Copy mode" not in at.bar())
        await at.pilot.press("z")
        await at.typed(b"z")


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (("h",), (3, 3)),
        (("left", "left", "k"), (2, 2)),
        (("0",), (3, 0)),
        (("k", "k"), (1, 4)),
        (("k", "k", "$"), (1, 17)),
        (("k", "k", "0", "w"), (1, 4)),
        (("k", "k", "0", "e", "e"), (1, 4)),
        (("b",), (3, 0)),
        (("b", "b"), (1, 16)),
        (("g",), (0, 4)),
        (("g", "G"), (9, 4)),
        (("home", "up", "up", "end"), (1, 17)),
        (("g", "0", "l", "l", "right"), (0, 3)),
        (("H",), (0, 4)),
        (("k", "k", "^"), (1, 0)),
    ],
)
async def test_motions(kind: str, keys: tuple[str, ...], place: tuple[int, int]) -> None:
    names = {"$": "dollar_sign", "^": "circumflex_accent"}
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await copy_mode(at)
        assert cursor(at) == (3, 4)
        await pressed(at, *(names.get(key, key) for key in keys))
        assert cursor(at) == place


async def test_pages_and_ends(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60))
        await copy_mode(at)
        for key, offset in (
            ("pageup", 9),
            ("ctrl+b", 18),
            ("ctrl+f", 9),
            ("ctrl+u", 13),
            ("ctrl+d", 9),
            ("g", 51),
            ("pagedown", 42),
            ("G", 0),
        ):
            await at.pilot.press(key)
            assert at.offset == offset, key


async def test_output_does_not_move_what_is_read(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(30))
        await copy_mode(at)
        await pressed(at, "k", "k")
        before, place = at.rows(), cursor(at)
        await at.output(numbered(500))
        await at.until(lambda: at.offset == 500)
        assert [row.partition(" ↑")[0].rstrip() for row in at.rows()][:9] == before[:9]
        assert at.rows()[0].endswith("↑ 500/521")
        assert cursor(at) == place
        await at.pilot.press("q")
        await at.until(lambda: at.rows()[8] == "line 499")


async def test_characters_are_marked_and_copied(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await copy_mode(at)
        await pressed(at, "g", "0", "w", "v", "e")
        # The last character is under the cursor, which sets it off again.
        assert at.marked(reversed_) == ["tw"]
        await pressed(at, "y")
        assert at.app.clipboard == "two"
        assert at.app.notes == ["Copied 3 characters"]
        assert "Copy mode" not in at.bar()


@pytest.mark.parametrize(
    ("keys", "copied"),
    [
        (("V", "j", "enter"), "one two three\nsee /etc/hosts, ok"),
        (("l", "l", "l", "l", "ctrl+v", "j", "l", "l", "y"), "two\n/et"),
        (("w", "space", "w", "o", "b", "y"), "one two t"),
        (("v", "l", "l", "V", "y"), "one two three"),
        (("v", "v", "l", "y"), ""),
        (("v", "l", "escape"), ""),
    ],
)
async def test_ways_to_mark(kind: str, keys: tuple[str, ...], copied: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await copy_mode(at)
        await pressed(at, "g", "0", *keys)
        assert at.app.clipboard == copied
        assert "Copy mode" not in at.bar()


async def test_the_history_is_marked_beyond_what_is_seen(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60))
        await copy_mode(at)
        await pressed(at, "k", "V", "g", "y")
        assert at.app.clipboard.splitlines() == [f"line {n}" for n in range(60)]


async def test_wide_characters_are_one_step(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output("a界👩\u200d👩\u200d👧b".encode())
        await copy_mode(at)
        columns = []
        for _ in range(4):
            await pressed(at, "h")
            columns.append(cursor(at)[1])
        assert columns == [9, 3, 1, 0]
        await pressed(at, "l", "l")
        assert cursor(at)[1] == 3


async def test_what_the_mouse_marked_before_is_not_extended(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.drag((0, 0), (2, 0))
        await copy_mode(at)
        assert at.marked(lambda style: style.reverse) == [" "]
        await pressed(at, "V", "y")
        assert at.app.clipboard == "last"


async def test_the_wheel_and_the_mouse_work_in_it(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60) + b"\x1b[?1000h")
        await copy_mode(at)
        at.pane.scroll_back(6)
        await at.until(lambda: at.offset == 6)
        assert cursor(at)[0] == ROWS - 1
        await at.click(3, 2)
        await at.until(lambda: cursor(at) == (2, 3))
        assert bytes(at.agent.typed) == b""
        await at.drag((0, 1), (5, 1))
        assert at.app.clipboard == "line 4"
        assert "Copy mode" in at.bar()


async def test_the_end_of_the_history_holds(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(5))
        await copy_mode(at)
        await pressed(at, "g", "k", "h", "b", "pageup", "ctrl+u")
        assert cursor(at) == (0, 0)
        await pressed(at, "G", "j", "w", "e", "pagedown", "l")
        assert cursor(at)[0] == ROWS - 1


async def test_a_new_size_leaves_it_in_order(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60))
        await copy_mode(at)
        await pressed(at, "g", "v", "j")
        await at.pilot.resize_terminal(20, 6)
        await at.until(lambda: at.terminal.emulator.columns == 20)
        await pressed(at, "j", "y")
        assert cursor(at)[0] < 5
        await at.pilot.press("x")


async def test_a_full_screen_program_can_be_copied_from(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(30) + b"\x1b[?1049h\x1b[Hfull screen\x1b[5;1Hend")
        await copy_mode(at)
        await pressed(at, "g", "0", "v", "$", "y")
        assert at.app.clipboard == "full screen"
        await copy_mode(at)
        await at.output(b"\x1b[?1049l")
        await pressed(at, "k", "j")
        assert at.rows()[8] == "line 29"


async def test_a_link_under_the_cursor_is_shown_and_copied(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(b"see http://a.bc/d")
        await copy_mode(at)
        await at.pilot.press("b")
        await at.until(lambda: "http:" in at.bar())
        await at.pilot.press("f")
        await at.until(lambda: at.app.clipboard == "http://a.bc/d")


async def test_the_key_bar_can_be_clicked(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await copy_mode(at)
        bar = at.app.query_one(KeyBar)
        await at.pilot.click(KeyBar, offset=(at.bar().index("Search"), 0))
        await at.until(lambda: "Search:" in at.bar())
        await at.pilot.click(bar, offset=(at.bar().index("Cancel"), 0))
        await at.until(lambda: "Copy mode" in at.bar())
        await at.pilot.click(bar, offset=(at.bar().index("Leave"), 0))
        await at.until(lambda: "Copy mode" not in at.bar())
        assert at.pane.has_focus


async def test_scrolling_by_keys_without_it(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60))
        for key, offset in (
            ("shift+pageup", 9),
            ("ctrl+shift+up", 10),
            ("shift+home", 51),
            ("shift+pagedown", 42),
            ("shift+end", 0),
        ):
            await at.pilot.press(key)
            assert at.offset == offset, key
        await at.pilot.press("shift+end")
        await at.typed(b"\x1b[1;2F")
