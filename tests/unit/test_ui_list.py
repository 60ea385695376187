"""The session list, driven as a person drives it."""

from __future__ import annotations

from dataclasses import replace

from tests.ui_support import StagedCore, happened, shown, staged_app, until, up_to
from vibetui.errors import EngineUnavailable
from vibetui.events import OpenStep, StepState
from vibetui.model import Access, SessionStatus
from vibetui.ui.screens.session_list import SessionListScreen
from vibetui.ui.screens.workspace import WorkspaceScreen


async def test_a_new_session_is_made_with_the_suggested_name_and_opened() -> None:
    core = StagedCore(opening=up_to(OpenStep.CREATE))
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("n", "enter")
        await until(pilot, lambda: isinstance(app.screen, WorkspaceScreen))
        await until(pilot, lambda: ("open", "idamber-badger") in core.calls)
        assert ("create", "amber-badger", "base") in core.calls


async def test_a_name_that_cannot_be_is_explained_while_it_is_typed() -> None:
    core = StagedCore()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("n", *"api")
        assert "You have a session called api already." in shown(app)
        await pilot.press("enter")
        assert core.calls == []
        await pilot.press("space", "x")
        assert "Use letters, digits" in shown(app)


async def test_another_template_is_chosen_with_the_arrows() -> None:
    core = StagedCore()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("n", "tab", "down", "enter")
        await until(pilot, lambda: ("create", "amber-badger", "science") in core.calls)


async def test_renaming_starts_from_the_old_name() -> None:
    core = StagedCore()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("r", "end", *"-2", "enter")
        await until(pilot, lambda: "api-2" in shown(app))
        assert core.calls == [("rename", "idapi", "api-2")]


async def test_a_copy_says_how_far_it_is_and_then_stands_in_the_list() -> None:
    core = StagedCore()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("c", "enter")
        await until(pilot, lambda: "copying 25%" in shown(app))
        core.finish.set()
        await until(pilot, lambda: "api-copy" in shown(app) and "copying" not in shown(app))
        assert core.calls == [("copy", "idapi", "api-copy")]


async def test_deleting_takes_the_whole_name() -> None:
    core = StagedCore()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("d", *"ap", "enter")
        assert "/workspace" in shown(app)
        assert core.calls == []
        await pilot.press("i", "enter")
        await until(pilot, lambda: "web-frontend" in shown(app) and "api" not in shown(app))
        assert core.calls == [("delete", "idapi")]


async def test_escape_leaves_a_dialog_without_doing_anything() -> None:
    core = StagedCore()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        for key in ("n", "r", "c", "d", "x", "question_mark"):
            await pilot.press(key, "escape")
            assert isinstance(app.screen, SessionListScreen)
        assert core.calls == []


async def test_the_filter_narrows_the_list_and_escape_widens_it() -> None:
    app = staged_app(StagedCore())
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("slash", *"web")
        assert "web-frontend" in shown(app)
        assert "thesis" not in shown(app)
        await pilot.press("escape")
        assert "thesis" in shown(app)


async def test_stopping_asks_first() -> None:
    core = StagedCore()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("x", "enter")
        assert core.calls == []
        await pilot.press("x", "y")
        await until(pilot, lambda: ("stop", "idapi") in core.calls)


async def test_recording_asks_first_and_is_then_seen_in_the_row() -> None:
    core = StagedCore()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("R")
        await until(pilot, lambda: "recordings/idapi" in shown(app))
        await pilot.press("enter")
        assert core.calls == []
        await pilot.press("R", "y")
        await until(pilot, lambda: "● REC" in shown(app))
        assert core.calls == [("record", "idapi", "True")]
        await pilot.press("R", "y")
        await until(pilot, lambda: ("record", "idapi", "False") in core.calls)
        await until(pilot, lambda: "● REC" not in shown(app))


async def test_a_session_of_somebody_else_is_not_to_be_recorded() -> None:
    core = StagedCore()
    core.sessions[0] = replace(core.sessions[0], owner="bob", access=Access.WRITER)
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("R")
        await until(pilot, lambda: "bob" in shown(app) and "Record api?" not in shown(app))
        assert core.calls == []


async def test_a_start_in_the_background_shows_its_progress_in_the_row() -> None:
    pulling = happened(OpenStep.IMAGE, StepState.RUNNING, 3.0, 0.42)
    core = StagedCore(opening=[*up_to(OpenStep.IMAGE), pulling])
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("end", "s")
        await until(pilot, lambda: "starting · Image 42%" in shown(app))
        core.finish.set()
        await until(pilot, lambda: "42%" not in shown(app))
        assert core.find("idscratch").status is SessionStatus.RUNNING
        assert isinstance(app.screen, SessionListScreen)


async def test_a_failed_start_says_why_and_what_to_do() -> None:
    error = EngineUnavailable("Docker can't be reached.", "Start dockerd, then try again.")
    app = staged_app(StagedCore(open_error=error))
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("end", "s")
        await until(pilot, lambda: "failed to start" in shown(app))
        assert "Docker can't be reached." in shown(app)
        assert "Start dockerd" in shown(app)


async def test_changes_made_elsewhere_appear_under_a_cursor_that_stays() -> None:
    core = StagedCore()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("down", "down", "down")
        core.change("idthesis", name="dissertation", status=SessionStatus.RUNNING)
        await until(pilot, lambda: "dissertation" in shown(app))
        await pilot.press("r")
        await until(pilot, lambda: "Rename dissertation" in shown(app))


async def test_a_core_that_restarts_is_found_again() -> None:
    core = StagedCore()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        core.go_away()
        await until(pilot, lambda: "The core can't be reached." in shown(app))
        assert "thesis" in shown(app)
        core.unreachable = False
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "can't be reached" not in shown(app))


async def test_without_a_core_the_app_says_so_and_goes_on_trying() -> None:
    core = StagedCore(unreachable=True)
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "The core can't be reached." in shown(app))
        core.unreachable = False
        await until(pilot, lambda: "api" in shown(app))


async def test_a_click_selects_and_a_second_click_opens() -> None:
    core = StagedCore(opening=up_to(OpenStep.CREATE))
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.click("#rows", offset=(4, 3))
        await pilot.press("r", "escape")
        assert isinstance(app.screen, SessionListScreen)
        await pilot.click("#rows", offset=(4, 3))
        await until(pilot, lambda: ("open", "idthesis") in core.calls)


async def test_a_click_on_a_key_does_what_the_key_does() -> None:
    app = staged_app(StagedCore())
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.click("KeyBar", offset=(11, 0))
        await until(pilot, lambda: "New session" in shown(app))


async def test_an_empty_list_says_what_to_do() -> None:
    app = staged_app(StagedCore(sessions=[]))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "Press n to make the first one." in shown(app))
        await pilot.press("enter", "s", "x", "r", "d")
        assert isinstance(app.screen, SessionListScreen)


async def test_quitting_says_what_keeps_running() -> None:
    app = staged_app(StagedCore())
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("q")
    assert app.return_value == (
        "Goodbye. 2 sessions keep running; come back with the same command."
    )
