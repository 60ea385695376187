"""A pane for whoever may only look on, and what isn't typing in one for whoever may type."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from textual import events

from tests.pane_support import Stage, numbered, pane_stage
from vibetui.ui.widgets.terminal_pane import WATCHING


@pytest.fixture
async def watching() -> AsyncIterator[Stage]:
    async with pane_stage("ghostty", read_only=True) as made:
        await made.agent.resized(10, 40)
        yield made


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with pane_stage("ghostty") as made:
        yield made


async def test_a_viewer_sends_nothing_and_is_told_so_once(watching: Stage) -> None:
    await watching.output(b"\x1b[?1003;1006;1004;2004h\x1b[c\x1b[6nhello")
    await watching.pilot.press("a", "enter", "f5")
    watching.pane.paste("text\nand more")
    await watching.click(3, 3)
    await watching.move(5, 5, button=0)
    watching.pane.blur()
    watching.pane.focus()
    await watching.pilot.resize_terminal(60, 12)
    await watching.output(b"\r\nbye")
    # Asked again after all of it the agent has heard nothing.
    assert not watching.agent.typed
    assert not watching.agent.sizes
    assert watching.app.notes == [WATCHING]


async def test_a_viewer_reads_and_copies_and_has_the_prefix(watching: Stage) -> None:
    await watching.output(numbered(30) + b"\x1b[?1000h")
    watching.pane.post_message(events.MouseScrollUp(None, 1, 1, 0, 0, 0, False, False, False))
    await watching.until(lambda: watching.offset > 0)
    await watching.pilot.press("shift+end")
    await watching.until(lambda: watching.offset == 0)
    await watching.drag((0, 0), (5, 0))
    assert watching.app.clipboard == watching.rows()[0][:6]
    await watching.pilot.press("ctrl+right_square_bracket")
    await watching.pilot.pause()
    assert not watching.app.notes[1:], "the prefix isn't typing"


async def test_what_a_program_copies_is_no_viewers(watching: Stage) -> None:
    watching.app.copy_to_clipboard("mine")
    await watching.output(b"\x1b]52;c;dGhlaXJz\x07")
    assert watching.app.clipboard == "mine"


async def test_what_a_program_copies_is_every_writers(stage: Stage) -> None:
    await stage.output(b"\x1b]52;c;dGhlaXJz\x07")
    assert stage.app.clipboard == "theirs"


async def test_answers_the_focus_and_the_moving_mouse_are_no_typing(stage: Stage) -> None:
    await stage.output(b"\x1b[?1003;1006;1004h\x1b[5n")
    await stage.move(5, 5, button=0)
    stage.pane.blur()
    await stage.until(lambda: not stage.pane.has_focus)
    stage.pane.focus()
    replied = b"\x1b[0n\x1b[<35;6;6M\x1b[O\x1b[I"
    await stage.until(lambda: bytes(stage.agent.replied) == replied)
    assert stage.agent.typed == stage.agent.replied
    await stage.click(5, 5)
    await stage.until(lambda: stage.agent.typed.endswith(b"\x1b[<0;6;6m"))
    assert bytes(stage.agent.replied) == replied
