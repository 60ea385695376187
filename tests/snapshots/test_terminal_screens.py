"""Pictures of what lies over a terminal: copy mode, search, the selection, the paste warning."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
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
from vibetui.agent import Role
from vibetui.agent.requests import encode_attach, encode_bind, encode_input
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


def in_somebody_elses_size(agent: Path, other: socket.socket) -> Drive:
    """Fill a shell's screen of 80x24 or more; then somebody types in one of 60x15."""

    async def drive(pilot: Pilot[Any]) -> None:
        await _in_a_shell(pilot)
        # Which doesn't draw anew for another size, as the shell does.
        await pilot.press(*"cat", "enter")
        await until(pilot, lambda: not _brackets(pilot))
        other.connect(str(agent))
        other.sendall(encode_bind(Role.WRITER, "bob") + encode_attach(1, last=0, size=(15, 60)))
        other.sendall(encode_input(b"from 60 columns\r"))
        pane = pilot.app.screen.query_one(TerminalPane)
        await until(pilot, lambda: pane.has_other_size and "columns" in pane_text(pilot.app))
        await until(pilot, lambda: "with bob" in shown(pilot.app))
        await pilot.pause(0.05)

    return drive


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
def test_a_terminal_of_somebody_elses_size(snap_compare: Compare, size: tuple[int, int]) -> None:
    with running_agent() as agent, socket.socket(socket.AF_UNIX) as other:
        core = StagedCore(opening=up_to(OpenStep.READY), agent_socket=agent)
        core.finish.set()
        drive = in_somebody_elses_size(agent, other)
        assert snap_compare(staged_app(core), terminal_size=size, run_before=drive)
