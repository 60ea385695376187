"""Several terminals in a session, as tabs and splits, over the real agent."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui_support import (
    NOW,
    STILL,
    StagedCore,
    pane_text,
    running_agent,
    session,
    shown,
    staged_app,
    until,
    up_to,
)
from vibetui.agent import AgentRefused, Listing, TerminalSpec
from vibetui.events import OpenStep
from vibetui.model import Access, SessionStatus
from vibetui.ui import VibeApp
from vibetui.ui.screens.session_list import SessionListScreen
from vibetui.ui.widgets.pane_divider import PaneDivider
from vibetui.ui.widgets.tab_strip import TabStrip, visible
from vibetui.ui.widgets.terminal_pane import TerminalPane
from vibetui.ui.world import World

PREFIX = "ctrl+right_square_bracket"


@pytest.fixture
def agent() -> Iterator[Path]:
    with running_agent() as path:
        yield path


def core_of(agent: Path, access: Access = Access.OWNER) -> StagedCore:
    row = session("api", SessionStatus.RUNNING, timedelta(seconds=20))
    row = replace(row, access=access, owner="" if access is Access.OWNER else "ada")
    core = StagedCore(sessions=[row], opening=up_to(OpenStep.READY), agent_socket=agent)
    core.finish.set()
    return core


@asynccontextmanager
async def in_a_session(
    agent: Path, *, size: tuple[int, int] = (80, 24), world: World = STILL
) -> AsyncIterator[tuple[Pilot[str], VibeApp]]:
    app = staged_app(core_of(agent), world=world)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        yield pilot, app


async def listing(agent: Path) -> Listing:
    connection = await core_of(agent).attach("idapi")
    try:
        return await connection.listing()
    finally:
        connection.close()


async def names(agent: Path) -> list[str]:
    return [info.name for info in (await listing(agent)).terminals if info.running]


def top(app: VibeApp) -> str:
    """The line with the session's name and its tabs."""
    return shown(app).splitlines()[0]


def has_prompt(app: VibeApp, said: str = "") -> bool:
    return pane_text(app).replace(said, "", 1).rstrip().endswith("$")


async def ran(pilot: Pilot[str], app: VibeApp, command: str, answer: str) -> None:
    await pilot.press(*command, "enter")
    await until(pilot, lambda: f"\n{answer}" in f"\n{pane_text(app)}")


async def test_one_terminal_has_no_tabs_and_two_share_the_line_of_the_name(agent: Path) -> None:
    async with in_a_session(agent) as (pilot, app):
        assert "1 shell" not in top(app)
        rows = app.screen.query_one(TerminalPane).size.height
        await ran(pilot, app, "echo first-$((1+1))", "first-2")
        await pilot.press(PREFIX, "c")
        await until(pilot, lambda: "2 shell" in top(app) and "first-2" not in pane_text(app))
        assert top(app).startswith(" api ●   1 shell  2 shell")
        assert list(app.screen.query(TerminalPane))[-1].size.height == rows
        await pilot.press(PREFIX, "1")
        await until(pilot, lambda: "first-2" in pane_text(app))
        await pilot.press(PREFIX, "n")
        await until(pilot, lambda: "first-2" not in pane_text(app))
        await pilot.press(PREFIX, "p")
        await until(pilot, lambda: "first-2" in pane_text(app))


async def test_what_is_typed_behind_the_key_goes_to_the_new_terminal(agent: Path) -> None:
    async with in_a_session(agent) as (pilot, app):
        await pilot.press(PREFIX, "c", *"echo $((40+2))", "enter")
        await until(pilot, lambda: "\n42" in pane_text(app))
        await pilot.press(PREFIX, "p")
        await until(pilot, lambda: "Welcome" in pane_text(app))
        assert "echo" not in pane_text(app)


async def test_names_and_order_are_everybodys_and_what_is_looked_at_is_ones_own(
    agent: Path,
) -> None:
    async with in_a_session(agent) as (pilot, app), in_a_session(agent) as (other, others_app):
        await pilot.press(PREFIX, "c")
        await until(other, lambda: "2 shell" in top(others_app))
        assert "Welcome" in pane_text(others_app)
        await until(pilot, lambda: has_prompt(app) and "Welcome" not in pane_text(app))
        await pilot.press(PREFIX, "comma")
        await until(pilot, lambda: "Rename this terminal" in shown(app))
        await pilot.press(*"build", "enter")
        await until(other, lambda: "2 build" in top(others_app))
        await pilot.press(PREFIX, "less_than_sign")
        await until(other, lambda: "1 build  2 shell" in top(others_app))
        assert "Welcome" in pane_text(others_app)
        await other.press(PREFIX, "greater_than_sign")
        await until(pilot, lambda: "1 build  2 shell" in top(app))
        await other.press(PREFIX, "1", PREFIX, "greater_than_sign")
        await until(pilot, lambda: "1 shell  2 build" in top(app))


async def test_tabs_are_there_again_after_leaving(agent: Path) -> None:
    async with in_a_session(agent) as (pilot, app):
        await pilot.press(PREFIX, "c")
        await until(pilot, lambda: "2 shell" in top(app) and has_prompt(app))
        await pilot.press(PREFIX, "vertical_line")
        await until(pilot, lambda: "2 shell│shell" in top(app) and has_prompt(app))
        await ran(pilot, app, "echo here-$((1+1))", "here-2")
        await pilot.press(PREFIX, "d")
        await until(pilot, lambda: isinstance(app.screen, SessionListScreen))
        await pilot.press("enter")
        await until(pilot, lambda: "2 shell│shell" in top(app) and "here-2" in pane_text(app))
    async with in_a_session(agent) as (pilot, app):
        await until(pilot, lambda: "2 shell│shell" in top(app))


@pytest.mark.parametrize(
    ("key", "axis"), [("vertical_line", "width"), ("minus", "height")], ids=["columns", "rows"]
)
async def test_a_split_shows_both_and_its_divider_moves(agent: Path, key: str, axis: str) -> None:
    async with in_a_session(agent) as (pilot, app):
        await ran(pilot, app, "echo left-$((1+1))", "left-2")
        whole = getattr(app.screen.query_one(TerminalPane).size, axis)
        await pilot.press(PREFIX, key)
        await until(pilot, lambda: has_prompt(app) and "left-2" not in pane_text(app))
        await ran(pilot, app, "echo right-$((1+1))", "right-2")
        assert "left-2" in shown(app)
        assert "right-2" in shown(app)
        first, second = list(app.screen.query(TerminalPane))
        assert getattr(first.size, axis) + 1 + getattr(second.size, axis) == whole
        before = getattr(first.size, axis)
        await pilot.press(PREFIX, "right_curly_bracket", "right", "escape")
        await until(pilot, lambda: getattr(first.size, axis) > before + 1)
        await ran(pilot, app, "stty size", f"{second.size.height} {second.size.width}")
        await pilot.press(PREFIX, "o")
        await until(pilot, lambda: first.has_focus)
        await ran(pilot, app, "stty size", f"{first.size.height} {first.size.width}")


async def test_the_divider_is_dragged_and_a_click_takes_the_keyboard(agent: Path) -> None:
    async with in_a_session(agent) as (pilot, app):
        await pilot.press(PREFIX, "percent_sign")
        await until(pilot, lambda: has_prompt(app) and "Welcome" not in pane_text(app))
        first, second = list(app.screen.query(TerminalPane))
        divider = app.screen.query_one(PaneDivider)
        assert second.has_focus
        await pilot.mouse_down(divider, offset=(0, 5))
        await pilot.hover(first, offset=(20, 5))
        await pilot.mouse_up(first, offset=(20, 5))
        await until(pilot, lambda: first.size.width == 20)
        await pilot.click(first, offset=(3, 3))
        await until(pilot, lambda: first.has_focus)
        await pilot.press(PREFIX, "m")
        await until(pilot, lambda: first.size.width == 80 and "2 shell" in top(app))


async def test_a_shell_closes_at_once_and_a_program_only_when_one_is_sure(agent: Path) -> None:
    async with in_a_session(agent) as (pilot, app):
        await pilot.press(PREFIX, "c")
        await until(pilot, lambda: "2 shell" in top(app) and has_prompt(app))
        await pilot.press(*"cat", "enter")
        await until(pilot, lambda: "2 cat" in top(app))
        await pilot.press(PREFIX, "w")
        await until(pilot, lambda: "cat runs in it" in shown(app))
        await pilot.press("escape")
        await pilot.press(PREFIX, "w")
        await until(pilot, lambda: "cat runs in it" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: "2 cat" not in top(app) and "Welcome" in pane_text(app))
        await pilot.press(PREFIX, "minus")
        await until(pilot, lambda: has_prompt(app) and "Welcome" not in pane_text(app))
        await pilot.press(PREFIX, "w")
        await until(pilot, lambda: len(app.screen.query(TerminalPane)) == 1)
        assert "Welcome" in pane_text(app)


async def test_a_shell_that_ends_closes_its_tab_and_the_last_says_so(agent: Path) -> None:
    ticks = itertools.count(step=10)
    world = World(now=lambda: NOW, monotonic=lambda: float(next(ticks)), choose=lambda w: w[0])
    async with in_a_session(agent, world=world) as (pilot, app):
        await pilot.press(PREFIX, "c")
        await until(pilot, lambda: "2 shell" in top(app) and has_prompt(app))
        await pilot.press(*"exit 3", "enter")
        await until(pilot, lambda: "2 shell" not in top(app) and "Welcome" in pane_text(app))
        await pilot.press(*"exit 4", "enter")
        await until(pilot, lambda: "The shell ended (exit 4)" in shown(app))


async def test_last_words_of_what_fails_at_once_stay_until_they_are_read(agent: Path) -> None:
    async with in_a_session(agent) as (pilot, app):
        await pilot.press(PREFIX, "c")
        await until(pilot, lambda: "2 shell" in top(app) and has_prompt(app))
        await pilot.press(*"echo last words; exit 3", "enter")
        await until(pilot, lambda: "The program ended (exit 3)" in shown(app))
        assert "\nlast words" in pane_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "2 shell" not in top(app) and "Welcome" in pane_text(app))


async def test_a_bell_in_a_tab_that_is_not_shown_marks_it(agent: Path) -> None:
    async with in_a_session(agent) as (pilot, app):
        await pilot.press(PREFIX, "c")
        await until(pilot, lambda: "2 shell" in top(app) and has_prompt(app))
        await pilot.press(*"read x; printf '\\a'; cat", "enter", PREFIX, "1")
        await until(pilot, lambda: "Welcome" in pane_text(app))
        connection = await core_of(agent).attach("idapi")
        stream = await connection.attach(2)
        stream.send(b"\r")
        await until(pilot, lambda: "♪" in top(app))
        await pilot.press(PREFIX, "n")
        await until(pilot, lambda: "♪" not in top(app))
        stream.close()


async def test_a_tab_is_chosen_with_the_mouse(agent: Path) -> None:
    async with in_a_session(agent) as (pilot, app):
        await pilot.press(PREFIX, "c")
        await until(pilot, lambda: "2 shell" in top(app) and has_prompt(app))
        x = top(app).index("1 shell") - app.screen.query_one(TabStrip).region.x
        await pilot.click(TabStrip, offset=(x, 0))
        await until(pilot, lambda: "Welcome" in pane_text(app))


async def test_too_many_terminals_are_one_sentence(agent: Path) -> None:
    async with in_a_session(agent) as (pilot, app):
        connection = await core_of(agent).attach("idapi")
        with contextlib.suppress(AgentRefused):
            while True:
                await connection.open_terminal(TerminalSpec(argv=["cat"]))
        connection.close()
        await pilot.press(PREFIX, "c")
        await until(pilot, lambda: "as many terminals" in shown(app))
        assert "Welcome" in pane_text(app)
        await ran(pilot, app, "echo on-$((1+1))", "on-2")


async def test_a_viewer_is_offered_nothing_that_changes_anything(agent: Path) -> None:
    connection = await core_of(agent).attach("idapi")
    await connection.open_terminal(TerminalSpec(name="watched"))
    connection.close()
    app = staged_app(core_of(agent, Access.VIEWER))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        await pilot.press(PREFIX)
        await until(pilot, lambda: "Tabs and panes" in shown(app))
        for absent in ("New tab", "Rename", "Close", "Split", "Paste", "Stop"):
            assert absent not in shown(app)
        await pilot.press("c")
        await until(pilot, lambda: "You are watching" in shown(app))
        await pilot.press("escape")
        assert await names(agent) == ["watched"]


@pytest.mark.parametrize("shown_tab", range(5))
@pytest.mark.parametrize("room", range(8, 40))
def test_the_tab_that_is_looked_at_is_always_among_those_that_fit(
    shown_tab: int, room: int
) -> None:
    widths = [6, 5, 6, 4, 6]
    seen = visible(widths, shown_tab, room)
    assert shown_tab in seen
    assert sum(widths[at] for at in seen) + 2 <= room
