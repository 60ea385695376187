"""Searching in a pane: as the query is typed, over all of the history, while output comes."""

from __future__ import annotations

import asyncio
import time

import pytest
from textual import events

from tests.pane_support import Stage, numbered, pane_stage
from tests.terminal_support import EMULATORS
from vibetui.terminals.protocol import CellStyle
from vibetui.terminals.reader import Mark
from vibetui.ui.widgets.terminal_marks import _CHANGES

pytestmark = pytest.mark.parametrize("kind", EMULATORS)

MATCH = _CHANGES[Mark.MATCH](CellStyle())
CURRENT = _CHANGES[Mark.CURRENT](CellStyle())


async def search(at: Stage, query: str) -> None:
    at.pane.copy_mode(searching=True)
    await at.until(lambda: "Search:" in at.bar())
    await at.pilot.press(*query)


def current(at: Stage) -> list[str]:
    return [row.rstrip() for row in at.marked(lambda style: style.bold)]


async def test_matches_are_shown_as_the_query_is_typed(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(b"\x1b[?25lone two\r\nthree two\r\nfour t")
        await search(at, "t")
        await at.until(lambda: "1 of 4" in at.bar())
        await at.pilot.press("w")
        await at.until(lambda: "1 of 2" in at.bar())
        assert at.styles(0)[4:7] != [MATCH] * 3
        assert [style == MATCH for style in at.styles(0)[:7]] == [False] * 4 + [True, True, False]
        assert at.styles(1)[7].bold
        await at.pilot.press("x")
        await at.until(lambda: "no match" in at.bar())
        await at.pilot.press("backspace")
        await at.until(lambda: "1 of 2" in at.bar())


async def test_the_newest_comes_first_and_n_goes_up(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60))
        await search(at, "line 3")
        await at.until(lambda: "1 of 11" in at.bar())
        await at.until(lambda: at.offset > 0)
        assert current(at) == ["line 3"]
        await at.pilot.press("enter", "n", "n")
        await at.until(lambda: "3 of 11" in at.bar())
        await at.pilot.press("N")
        await at.until(lambda: "2 of 11" in at.bar())
        await at.pilot.press(*"n" * 9)
        await at.until(lambda: "11 of 11" in at.bar())
        assert "line 3" in [row.partition(" ↑")[0].rstrip() for row in at.rows()]
        await at.pilot.press("n")
        await at.until(lambda: "1 of 11" in at.bar())
        await at.pilot.press("escape")
        await at.until(lambda: at.offset == 0 and at.marked(lambda style: style.bold) == [])


async def test_up_and_down_while_typing(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60))
        await search(at, "line 3")
        await at.until(lambda: "1 of 11" in at.bar())
        await at.pilot.press("up", "up", "down")
        await at.until(lambda: "2 of 11" in at.bar())


async def test_downwards_from_the_cursor(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60))
        at.pane.copy_mode()
        await at.pilot.press("g", "slash", *"line 1")
        await at.until(lambda: "11 of 11" in at.bar())
        await at.pilot.press("enter", "n")
        await at.until(lambda: "10 of 11" in at.bar())


async def test_giving_up_goes_back(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60))
        await search(at, "line 3")
        await at.until(lambda: at.offset > 0)
        await at.pilot.press("escape")
        await at.until(lambda: at.offset == 0 and "Search" not in at.bar())
        await at.pilot.press("x")
        await at.typed(b"x")
        at.pane.copy_mode()
        await at.pilot.press("pageup", "slash", *"line 3")
        await at.until(lambda: "of 11" in at.bar())
        await at.pilot.press("escape")
        await at.until(lambda: "Copy mode" in at.bar())
        assert at.offset == 9


async def test_the_last_query_is_kept(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60))
        await search(at, "line 3")
        await at.pilot.press("enter", "q")
        at.pane.copy_mode()
        await at.pilot.press("n")
        await at.until(lambda: "1 of 11" in at.bar())


async def test_what_is_found_is_marked_by_going_there(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60))
        at.pane.copy_mode()
        await at.pilot.press("k", "V", "question_mark", *"line 57", "enter")
        await at.until(lambda: "1 of 1" in at.bar())
        await at.pilot.press("y")
        await at.until(lambda: at.app.clipboard == "line 57\nline 58\nline 59")


async def test_keys_typed_ahead_act_on_what_is_found(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(b"mark\r\n" + numbered(2_000))
        await search(at, "mark")
        for key in ("enter", "V", "j", "y"):
            at.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await at.until(lambda: at.app.clipboard == "mark\nline 0")


async def test_a_pasted_query(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(60))
        await search(at, "")
        at.pane.paste("line 4\nline 5")
        await at.until(lambda: "1 of 11" in at.bar())


async def test_matches_stay_on_their_lines_while_output_comes(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(numbered(40))
        await search(at, "line 12")
        await at.until(lambda: "1 of 1" in at.bar())
        before = current(at)
        for _ in range(5):
            await at.output(b"other\r\n" * 100)
        assert current(at) == before == ["line 12"]
        await at.output(b"line 12\r\n")
        await at.until(lambda: "2 of 2" in at.bar())


@pytest.mark.usefixtures("heap_of_an_app")
async def test_a_flood_is_searched_without_holding_the_loop(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 10_000 if kind == "ghostty" else 3_000
    async with pane_stage(kind) as at:
        await at.output(numbered(count))
        await search(at, "")
        expected = sum(str(n).count("9") for n in range(count))
        callbacks: list[float] = []
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            before = time.thread_time()
            run(handle)
            callbacks.append(time.thread_time() - before)

        monkeypatch.setattr(asyncio.Handle, "_run", timed)
        await at.pilot.press("9")
        await at.until(lambda: f"1 of {expected}" in at.bar())
        monkeypatch.undo()
        # Found in steps of 4 ms; the rest is room for painting. At once it would take 100.
        assert max(callbacks) < 0.05
