"""The workspace: from the start-up panel to the shell and out again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from textual import events

from tests.ui_support import (
    StagedCore,
    pane_text,
    running_agent,
    shown,
    staged_app,
    until,
    up_to,
)
from vibetui.errors import OpenError, Remedy
from vibetui.events import OpenStep
from vibetui.ui.screens.session_list import SessionListScreen
from vibetui.ui.screens.session_screen import NOW_RUNNING
from vibetui.ui.screens.workspace import WorkspaceScreen
from vibetui.ui.widgets.choice_row import Choice, ChoiceRow, Offer
from vibetui.ui.widgets.ended_panel import EndedPanel
from vibetui.ui.widgets.startup_panel import StartupPanel

PREFIX = "ctrl+right_square_bracket"


@pytest.fixture
def agent() -> Iterator[Path]:
    with running_agent() as path:
        yield path


def ready_core(agent: Path) -> StagedCore:
    core = StagedCore(opening=up_to(OpenStep.READY), agent_socket=agent)
    core.finish.set()
    return core


async def test_ready_becomes_a_shell_with_a_welcome(agent: Path) -> None:
    app = staged_app(ready_core(agent))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$ " in shown(app))
        assert "Welcome to api" in shown(app)
        assert NOW_RUNNING in shown(app)
        assert "ctrl+] menu" in shown(app)


async def test_keys_reach_the_shell_and_never_the_app(agent: Path) -> None:
    app = staged_app(ready_core(agent))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        await pilot.press(*"stty raw -echo; echo go; cat -v", "enter")
        await until(pilot, lambda: "\ngo" in pane_text(app))
        await pilot.press(*"qnd?l", "ctrl+q", "ctrl+c", "ctrl+p", "escape", "shift+tab", "f1")
        await until(pilot, lambda: "qnd?l^Q^C^P^[^[[Z^[OP" in pane_text(app))
        assert isinstance(app.screen, WorkspaceScreen)


async def test_the_prefix_twice_sends_it(agent: Path) -> None:
    app = staged_app(ready_core(agent))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        await pilot.press(*"cat -v", "enter", PREFIX)
        await until(pilot, lambda: "Tabs and panes" in shown(app))
        await pilot.press(PREFIX, "enter")
        await until(pilot, lambda: "^]" in pane_text(app).partition("cat -v")[2])


async def test_going_back_leaves_the_shell_as_it_was(agent: Path) -> None:
    app = staged_app(ready_core(agent))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        await pilot.press(*"kept=yes", "enter", PREFIX, "d")
        await until(pilot, lambda: isinstance(app.screen, SessionListScreen))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        await pilot.press(*"echo it-is-$kept", "enter")
        await until(pilot, lambda: "\nit-is-yes" in pane_text(app))


async def test_a_shell_that_ends_says_how_and_enter_opens_another(agent: Path) -> None:
    app = staged_app(ready_core(agent))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        await pilot.press(*"exit 3", "enter")
        await until(pilot, lambda: "The shell ended (exit 3)" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in shown(app) and "The shell ended" not in shown(app))
        await pilot.press(*"exit", "enter")
        await until(pilot, lambda: "The shell ended (exit 0)" in shown(app))
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, SessionListScreen))


async def test_enter_counts_from_the_moment_that_the_end_is_said(
    agent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = staged_app(ready_core(agent))
    say = EndedPanel.say

    def say_and_press(panel: EndedPanel, title: str, text: str, offers: Sequence[Offer]) -> None:
        say(panel, title, text, offers)
        # Before the buttons are there to take the focus.
        app.post_message(events.Key("enter", "\r"))

    monkeypatch.setattr(EndedPanel, "say", say_and_press)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        await pilot.press(*"echo old; exit 3", "enter")
        await until(pilot, lambda: "old" not in pane_text(app) and "$" in pane_text(app))


async def test_a_container_that_stops_is_told_apart_and_can_be_started_again() -> None:
    with running_agent() as first:
        core = ready_core(first)
        app = staged_app(core)
        async with app.run_test() as pilot:
            await until(pilot, lambda: "api" in shown(app))
            await pilot.press("enter")
            await until(pilot, lambda: "$" in pane_text(app))
            core.attach_error = OpenError("The container isn't running.")
            core.kill_agent()
            await until(pilot, lambda: "The container has stopped" in shown(app))
            with running_agent() as second:
                core.attach_error, core.agent_socket = None, second
                await pilot.press("enter")
                await until(pilot, lambda: "$" in shown(app) and "stopped" not in shown(app))


async def test_stopping_from_the_menu_asks_and_says_who_stopped_it(agent: Path) -> None:
    core = ready_core(agent)
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        await pilot.press(PREFIX, "x")
        await until(pilot, lambda: "Stop api?" in shown(app))
        await pilot.press("y")
        await until(pilot, lambda: ("stop", "idapi") in core.calls)
        core.kill_agent()
        await until(pilot, lambda: "You stopped api." in shown(app))


async def test_disconnecting_says_that_the_session_goes_on(agent: Path) -> None:
    app = staged_app(ready_core(agent))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        await pilot.press(PREFIX, "q")
    assert app.return_value == (
        "Detached. Session api keeps running; come back with the same command."
    )


async def test_until_it_is_ready_nothing_can_be_typed_into_the_container() -> None:
    core = StagedCore(opening=up_to(OpenStep.HANDSHAKE))
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Starting…" in shown(app))
        await pilot.press(*"cat x", "enter")
        assert [call[0] for call in core.calls] == ["open"]
        assert "Starting api" in shown(app)


async def test_a_failure_offers_its_remedies_the_best_first() -> None:
    core = StagedCore(
        opening=up_to(OpenStep.START),
        open_error=OpenError(
            "The container stopped as soon as it started.",
            remedies=(Remedy.RECREATE, Remedy.RETRY, Remedy.SEE_LOG, Remedy.BACK),
        ),
        log_text="python: can't open file\x1b[31m 'main.py'\n",
    )
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "stopped as soon as" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: ("open", "idapi", "recreate") in core.calls)
        await until(pilot, lambda: "See log" in shown(app))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "can't open file 'main.py'" in shown(app))
        await pilot.press("escape")
        await until(pilot, lambda: "stopped as soon as" in shown(app))
        await pilot.press("escape")
        assert isinstance(app.screen, SessionListScreen)


async def test_a_start_can_be_cancelled_and_begun_again() -> None:
    core = StagedCore(opening=up_to(OpenStep.IMAGE))
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Cancel" in shown(app))
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "was cancelled" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Starting api" in shown(app))
        assert [call[0] for call in core.calls] == ["open", "cancel", "open"]


async def test_a_cancel_that_comes_too_late_leaves_the_session_open(agent: Path) -> None:
    core = ready_core(agent)
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        # Pressed while it was starting, and looked at only now.
        app.screen.post_message(ChoiceRow.Chosen(Choice.CANCEL))
        await pilot.pause()
        await pilot.press(*"echo on-$((1+1))", "enter")
        await until(pilot, lambda: "on-2" in pane_text(app))
        assert "running" in shown(app)
        assert not app.screen.query_one(StartupPanel).display


async def test_leaving_a_start_does_not_stop_it() -> None:
    core = StagedCore(opening=up_to(OpenStep.IMAGE))
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Starting api" in shown(app))
        await pilot.press("escape")
        assert isinstance(app.screen, SessionListScreen)
        assert ("cancel", "idapi") not in core.calls
