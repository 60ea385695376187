"""A second connection of the same user: what is offered, and what each answer does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.ui_support import NOW, StagedCore, shown, staged_app, until
from vibetui.model import Presence
from vibetui.ui.screens.session_list import SessionListScreen
from vibetui.ui.screens.take_over import TakeOverDialog

DESK = Presence("desk", "192.0.2.7", NOW - timedelta(minutes=12), "idthesis")
LOCAL = Presence("local", "", NOW - timedelta(hours=3))


async def test_taking_over_goes_to_where_the_other_was() -> None:
    core = StagedCore(others=(DESK,))
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.screen, TakeOverDialog))
        assert "From 192.0.2.7 for 12 min, in thesis." in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: ("open", "idthesis") in core.calls)
        assert core.calls[0] == ("take over", "desk", "")
        await until(pilot, lambda: core.moves == [("idthesis", None)])


@pytest.mark.parametrize("key", ["b", "escape"])
async def test_both_leaves_the_other_alone(key: str) -> None:
    core = StagedCore(others=(DESK,))
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.screen, TakeOverDialog))
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, SessionListScreen))
        assert core.calls == []


async def test_of_several_one_or_all_may_be_taken_over() -> None:
    core = StagedCore(others=(LOCAL, DESK))
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.screen, TakeOverDialog))
        assert "From this machine for 3 h" in shown(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: ("open", "idthesis") in core.calls)
        assert [call for call in core.calls if call[0] == "take over"] == [
            ("take over", "desk", "")
        ]
    core = StagedCore(others=(LOCAL, DESK))
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.screen, TakeOverDialog))
        await pilot.press("a")
        await until(pilot, lambda: ("open", "idthesis") in core.calls)
        assert {call[1] for call in core.calls if call[0] == "take over"} == {"desk", "local"}


async def test_nobody_else_means_no_question() -> None:
    core = StagedCore()
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app._has_heard_of_others)
        await pilot.pause()
        assert isinstance(app.screen, SessionListScreen)


async def test_whoever_is_taken_over_leaves_with_a_sentence() -> None:
    core = StagedCore()
    app = staged_app(core)
    last_words: list[str] = []
    app.hang_up = last_words.append
    async with app.run_test() as pilot:
        await until(pilot, lambda: app._has_heard_of_others)
        core.taken_by.put_nowait("203.0.113.9")
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == "Taken over from 203.0.113.9."
    assert last_words == [app.return_value]
    assert app.return_code == 0
