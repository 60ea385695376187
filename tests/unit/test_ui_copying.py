"""Copy mode, search and pasting as the workspace offers them, over a real shell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui_support import (
    StagedCore,
    pane_text,
    running_agent,
    shown,
    staged_app,
    until,
    up_to,
)
from vibetui.events import OpenStep
from vibetui.ui import VibeApp
from vibetui.ui.screens.paste_warning import PasteWarning
from vibetui.ui.screens.session_list import SessionListScreen

PREFIX = "ctrl+right_square_bracket"


@pytest.fixture
def agent() -> Iterator[Path]:
    with running_agent() as path:
        yield path


@asynccontextmanager
async def in_a_shell(agent: Path) -> AsyncIterator[tuple[VibeApp, Pilot[str], StagedCore]]:
    core = StagedCore(opening=up_to(OpenStep.READY), agent_socket=agent)
    core.finish.set()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        yield app, pilot, core


async def menu(app: VibeApp, pilot: Pilot[str], key: str) -> None:
    await pilot.press(PREFIX)
    await until(pilot, lambda: "Tabs and panes" in shown(app))
    await pilot.press(key)


async def test_lines_are_found_marked_and_copied(agent: Path) -> None:
    async with in_a_shell(agent) as (app, pilot, _):
        await pilot.press(*"seq 1000 1200", "enter")
        await until(pilot, lambda: "\n1200" in pane_text(app))
        await menu(app, pilot, "left_square_bracket")
        await until(pilot, lambda: "Copy mode" in shown(app))
        await pilot.press("question_mark", *"1042", "enter", "V", "j", "y")
        await until(pilot, lambda: app.clipboard == "1042\n1043")
        await until(pilot, lambda: "Copied 2 lines" in shown(app))
        assert "Copy mode" not in shown(app)
        await pilot.press(*"echo a-$((1+1))", "enter")
        await until(pilot, lambda: "\na-2" in pane_text(app))


async def test_what_was_copied_goes_along_to_another_session(agent: Path) -> None:
    async with in_a_shell(agent) as (app, pilot, _):
        await pilot.press(*r"printf '\033]52;c;aGVsbG8=\007'", "enter")
        await until(pilot, lambda: app.clipboard == "hello")
        await menu(app, pilot, "d")
        await until(pilot, lambda: isinstance(app.screen, SessionListScreen))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "$" in pane_text(app))
        await pilot.press(*"echo to-")
        await menu(app, pilot, "v")
        await until(pilot, lambda: "echo to-hello" in pane_text(app))


async def test_a_program_that_asks_for_no_brackets_is_spared_a_paste(agent: Path) -> None:
    async with in_a_shell(agent) as (app, pilot, _):
        app.copy_to_clipboard("one\ntwo")
        await pilot.press(*"echo go; cat", "enter")
        await until(pilot, lambda: "\ngo" in pane_text(app))
        await menu(app, pilot, "v")
        await until(pilot, lambda: isinstance(app.screen, PasteWarning))
        await until(pilot, lambda: "Paste 2 lines?" in shown(app))
        await pilot.press("escape", "o", "k")
        await until(pilot, lambda: pane_text(app).rstrip().endswith("ok"))
        assert "one" not in pane_text(app)


async def test_the_end_of_a_container_ends_copy_mode(agent: Path) -> None:
    async with in_a_shell(agent) as (app, pilot, core):
        await menu(app, pilot, "slash")
        await until(pilot, lambda: "Search:" in shown(app))
        core.kill_agent()
        core.attach_error = None
        core.agent_socket = None
        await until(pilot, lambda: "has stopped" in shown(app))
        assert "Search:" not in shown(app)
        assert "esc Your sessions" in shown(app)
