"""Pictures of what lies over a terminal: copy mode, search, the selection, the paste warning."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual import events
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
from vibetui.ui.widgets.terminal_pane import TerminalPane

PREFIX = "ctrl+right_square_bracket"
Compare = Callable[..., bool]
Drive = Callable[[Pilot[Any]], Awaitable[None]]

TEXT = (
    "for n in $(seq 40); do echo $n: see /usr/share/doc and https://example.org/$n; done; echo end"
)
# Nothing of the time it took, and no line that wraps at one width only.
CLEAN = "stty -echo; PS1=; clear"


async def _in_a_shell(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await until(pilot, lambda: app.feed.loaded and "vibetui" in shown(app))
    await pilot.press("enter")
    await until(pilot, lambda: "$" in pane_text(app))
    terminal = app.screen.query_one(TerminalPane).terminal
    terminal.write(f"{CLEAN}\r".encode())
    await until(pilot, lambda: pane_text(app).strip() == "")
    terminal.write(f"{TEXT}\r".encode())
    await until(pilot, lambda: pane_text(app).rstrip().endswith("end"))


def after(*keys: str, then: str) -> Drive:
    """Fill a shell's screen, press, and wait for some text."""

    async def drive(pilot: Pilot[Any]) -> None:
        await _in_a_shell(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: then in shown(pilot.app))  # type: ignore[arg-type]
        await pilot.pause(0.05)

    return drive


def _brackets(pilot: Pilot[Any]) -> bool:
    terminal = pilot.app.screen.query_one(TerminalPane).terminal
    return terminal is not None and terminal.emulator.modes.bracketed_paste


async def pasting(pilot: Pilot[Any]) -> None:
    await _in_a_shell(pilot)
    await pilot.press(*"cat", "enter")  # Which asks for no brackets, as the shell does.
    await until(pilot, lambda: not _brackets(pilot))
    lines = "".join(f"echo line {n} of what is pasted\n" for n in range(12))
    pilot.app.post_message(events.Paste(lines))
    await until(pilot, lambda: "Paste 12 lines?" in shown(pilot.app))  # type: ignore[arg-type]


MOMENTS: dict[str, Drive] = {
    "copy-mode": after(PREFIX, "left_square_bracket", "pageup", then="↑ 21/"),
    "selection": after(PREFIX, "left_square_bracket", *"kkkk0wvjjw", then="Copy mode"),
    "block": after(PREFIX, "left_square_bracket", *"kkkk0", "ctrl+v", *"jjjeee", then="Copy mode"),
    "search": after(PREFIX, "slash", *"see", then="1 of 40"),
    "found": after(PREFIX, "slash", *"see", "enter", *"nnn", then="4 of 40"),
    "no-match": after(PREFIX, "slash", *"nowhere", then="no match"),
    "paste": pasting,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_over_a_terminal(snap_compare: Compare, moment: str) -> None:
    with running_agent() as socket:
        core = StagedCore(opening=up_to(OpenStep.READY), agent_socket=socket)
        core.finish.set()
        app = staged_app(core)
        assert snap_compare(app, terminal_size=(80, 24), run_before=MOMENTS[moment])
