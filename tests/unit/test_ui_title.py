"""The line above a terminal: recorded is said, and who else is here, with tabs and without."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from textual.app import App, ComposeResult

from vibetui.model import Access, Session, SessionStatus
from vibetui.ui.theme import VIBE_THEME
from vibetui.ui.widgets.workspace_title import WorkspaceTitle

SESSION = Session(
    session_id="s",
    user_id="u",
    name="build",
    template="base",
    container_id="c",
    status=SessionStatus.RUNNING,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    last_used_at=None,
)


class _App(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.register_theme(VIBE_THEME)
        self.theme = VIBE_THEME.name

    def compose(self) -> ComposeResult:
        yield WorkspaceTitle()


async def shown(session: Session, title: str | None, *others: str) -> str:
    app = _App()
    async with app.run_test(size=(80, 3)) as pilot:
        line = app.query_one(WorkspaceTitle)
        line.show(session, SessionStatus.RUNNING, title, others=others)
        await pilot.pause()
        return str(line.visual)


@pytest.mark.parametrize("title", [None, "vim"], ids=["tabs", "one"])
async def test_a_recorded_session_says_so(title: str | None) -> None:
    assert "● REC" in await shown(replace(SESSION, recording=True), title)
    assert "REC" not in await shown(SESSION, title)


async def test_who_else_is_here_is_named_where_there_is_room() -> None:
    assert "with ada, bob" in await shown(SESSION, "vim", "ada", "bob")
    many = [f"colleague-{number}" for number in range(5)]
    assert "+5" in await shown(SESSION, "vim", *many)
    assert "+2" in await shown(SESSION, None, "ada", "bob")
    assert "with" not in await shown(SESSION, "vim")


async def test_a_viewer_sees_whose_session_it_is() -> None:
    theirs = replace(SESSION, access=Access.VIEWER, owner="ada")
    assert "ada" in await shown(theirs, None)
    assert "ada" in await shown(theirs, "vim")
