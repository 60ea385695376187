"""Pictures of every screen. Time stands still, chance takes the first, nothing moves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui_support import (
    NOW,
    StagedCore,
    happened,
    pane_text,
    running_agent,
    session,
    shown,
    staged_app,
    until,
    up_to,
)
from tests.unit.test_ui_take_over import DESK, LOCAL
from vibetui.agent import AgentConnection, TerminalSpec
from vibetui.errors import CoreUnavailable, ImageUnavailable, OpenError, Remedy
from vibetui.events import OpenEvent, OpenStep, StepState
from vibetui.model import Access, Presence, SessionStatus, Share
from vibetui.ui.terminal_watch import Heard
from vibetui.ui.widgets.preview import Preview

SMALL, LARGE = (80, 24), (200, 50)
SIZES = (SMALL, (120, 30), LARGE)
PREFIX = "ctrl+right_square_bracket"
Compare = Callable[..., bool]


def previewed(app: Any) -> bool:
    """No preview is to be seen, or it has come to something."""
    return all(
        any(child.display for child in preview.children)
        for preview in app.screen.query(Preview)
        if preview.is_on_screen
    )


def after(*keys: str, then: str = "") -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Wait for the list, press, and wait for some text."""

    async def drive(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await until(pilot, lambda: app.feed.loaded and "vibetui" in shown(app))
        await until(pilot, lambda: previewed(app))
        await pilot.press(*keys)
        await until(pilot, lambda: then in shown(app))

    return drive


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_session_list(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = staged_app(StagedCore())
    assert snap_compare(app, terminal_size=size, run_before=after(then="2 running"))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_session_list_with_bells_and_titles(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = staged_app(StagedCore())

    async def drive(pilot: Pilot[Any]) -> None:
        await after(then="2 running")(pilot)
        app.terminal_watch.heard |= {
            "idapi": Heard(rang=True, title="make test", tabs=("server", "logs", "vim")),
            "idweb-frontend": Heard(title="vim: a file of a rather long name, for its title"),
        }
        app.feed.put(session("api", SessionStatus.RUNNING, timedelta(seconds=20)))
        await until(pilot, lambda: "♪" in shown(app))

    assert snap_compare(app, terminal_size=size, run_before=drive)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x30", "200x50"])
@pytest.mark.parametrize("what", ["running", "stopped", "starting", "failed", "tabs"])
def test_preview(snap_compare: Compare, what: str, size: tuple[int, int]) -> None:
    pulling = happened(OpenStep.IMAGE, StepState.RUNNING, 3.0, 0.42)
    core = StagedCore(opening=[*up_to(OpenStep.IMAGE), pulling])
    if what == "failed":
        core.open_error = FAILURES["long"]

    async def drive(pilot: Pilot[Any]) -> None:
        keys, then = PREVIEWS[what]
        await after(then="2 running")(pilot)
        if size == SMALL:
            await pilot.press("v")
        await pilot.press(*keys)
        await until(pilot, lambda: then in shown(app))

    with running_agent() as path:
        core.agent_socket = path
        asyncio.run(colour_bars(path, 3 if what == "tabs" else 1))
        app = staged_app(core)
        assert snap_compare(app, terminal_size=size, run_before=drive)


PREVIEWS = {
    "running": ((), "the end"),
    "tabs": ((), "logs"),
    "stopped": (("down",) * 3, "starts it"),
    "starting": (("end", "s"), "Handshake"),
    "failed": (("end", "s"), "tries again"),
}
BARS = r"""
for n in 1 2 3 4 5 6 7; do
    printf '\033[3%dmcolour %d \033[1mbold\033[0m  \033[4%dm  ground  \033[0m\n' $n $n $n
done
printf '\033[7mreversed\033[0m \033[4munderlined\033[0m 日本語 the end'; exec cat
"""


async def colour_bars(agent: Path, terminals: int) -> None:
    """Terminals of 20x100 with something in them."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(agent))
    connection = await AgentConnection.greet(sock, deadline=5)
    for name in ("server", "logs", "editor")[:terminals]:
        spec = TerminalSpec(argv=["/bin/sh", "-c", BARS], rows=20, columns=100, name=name)
        await connection.open_terminal(spec)
    connection.close()


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_empty_list(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = staged_app(StagedCore(sessions=[]))
    assert snap_compare(app, terminal_size=size, run_before=after(then="No sessions yet"))


def test_filter(snap_compare: Compare) -> None:
    drive = after("slash", "e", then="4 of 6")
    assert snap_compare(staged_app(StagedCore()), run_before=drive)


def test_filter_without_a_match(snap_compare: Compare) -> None:
    drive = after("slash", "z", "z", then="No session matches")
    assert snap_compare(staged_app(StagedCore()), run_before=drive)


def test_core_unreachable(snap_compare: Compare) -> None:
    async def drive(pilot: Pilot[Any]) -> None:
        await after(then="2 running")(pilot)
        core.go_away()
        await until(pilot, lambda: "Trying again" in shown(app))

    core = StagedCore()
    app = staged_app(core)
    assert snap_compare(app, run_before=drive)


def test_background_start(snap_compare: Compare) -> None:
    pulling = happened(OpenStep.IMAGE, StepState.RUNNING, 3.0, 0.42)
    core = StagedCore(opening=[*up_to(OpenStep.IMAGE), pulling])
    assert snap_compare(staged_app(core), run_before=after("end", "s", then="Image 42%"))


def test_background_start_failed(snap_compare: Compare) -> None:
    error = ImageUnavailable("The image could not be pulled.", "Check the network, then try again.")
    core = StagedCore(opening=up_to(OpenStep.IMAGE), open_error=error)
    assert snap_compare(staged_app(core), run_before=after("end", "s", then="failed to start"))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_new_session(snap_compare: Compare, size: tuple[int, int]) -> None:
    drive = after("n", then="New session")
    assert snap_compare(staged_app(StagedCore()), terminal_size=size, run_before=drive)


def test_new_session_with_a_taken_name(snap_compare: Compare) -> None:
    drive = after("n", *"api", then="already")
    assert snap_compare(staged_app(StagedCore()), run_before=drive)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_shared_sessions(snap_compare: Compare, size: tuple[int, int]) -> None:
    core = StagedCore()
    core.sessions[0] = replace(core.sessions[0], shared_with=2)
    core.sessions[1] = replace(core.sessions[1], owner="alice", access=Access.VIEWER)
    core.sessions[3] = replace(core.sessions[3], owner="bob", access=Access.WRITER)
    drive = after("down", then="· view")
    assert snap_compare(staged_app(core), terminal_size=size, run_before=drive)


def test_share(snap_compare: Compare) -> None:
    core = StagedCore()
    for name, access in (("bob", Access.VIEWER), ("carol", Access.WRITER)):
        core.shared.setdefault("idapi", []).append(Share("idapi", name, name, access, NOW))
    drive = after("S", then="carol")
    assert snap_compare(staged_app(core), run_before=drive)


def test_share_with_nobody(snap_compare: Compare) -> None:
    assert snap_compare(staged_app(StagedCore()), run_before=after("S", then="Nobody else"))


def recorded_core(**changes: bool) -> StagedCore:
    core = StagedCore()
    core.sessions[0] = replace(core.sessions[0], recording=True, recorded=True, **changes)
    return core


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_a_recorded_session(snap_compare: Compare, size: tuple[int, int]) -> None:
    drive = after(then="REC full")
    core = recorded_core(recording_full=True)
    assert snap_compare(staged_app(core), terminal_size=size, run_before=drive)


def test_record(snap_compare: Compare) -> None:
    assert snap_compare(staged_app(StagedCore()), run_before=after("R", then="Record api?"))


def test_delete_with_its_recordings(snap_compare: Compare) -> None:
    drive = after("d", then="Type api to delete it")
    assert snap_compare(staged_app(recorded_core()), run_before=drive)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_a_workspace_that_is_recorded(snap_compare: Compare, size: tuple[int, int]) -> None:
    with running_agent() as socket:
        core = recorded_core()
        core.opening, core.agent_socket = up_to(OpenStep.READY), socket
        core.finish.set()
        keys, then = SHELL["prompt"]
        drive = in_a_shell(*keys, then=then)
        assert snap_compare(staged_app(core), terminal_size=size, run_before=drive)


def test_rename(snap_compare: Compare) -> None:
    assert snap_compare(staged_app(StagedCore()), run_before=after("r", then="Rename api"))


def test_delete(snap_compare: Compare) -> None:
    drive = after("d", "a", "p", then="Type api to delete it")
    assert snap_compare(staged_app(StagedCore()), run_before=drive)


def test_stop(snap_compare: Compare) -> None:
    assert snap_compare(staged_app(StagedCore()), run_before=after("x", then="Stop api?"))


@pytest.mark.parametrize("others", [(DESK,), (LOCAL, DESK)], ids=["one", "several"])
def test_take_over(snap_compare: Compare, others: tuple[Presence, ...]) -> None:
    drive = after(then="You are connected already")
    assert snap_compare(staged_app(StagedCore(others=others)), run_before=drive)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_help(snap_compare: Compare, size: tuple[int, int]) -> None:
    drive = after("question_mark", then="esc closes")
    assert snap_compare(staged_app(StagedCore()), terminal_size=size, run_before=drive)


@pytest.mark.parametrize("step", list(OpenStep))
def test_startup_at_each_step(snap_compare: Compare, step: OpenStep) -> None:
    app = staged_app(StagedCore(opening=up_to(step)))
    assert snap_compare(app, run_before=after("end", "enter", then="Starting scratch"))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_startup_pulling(snap_compare: Compare, size: tuple[int, int]) -> None:
    detail = "Pulling vibetui/base:latest, 42 of 100 MB"
    pulling = happened(OpenStep.IMAGE, StepState.RUNNING, 12.7, 0.42, detail)
    app = staged_app(StagedCore(opening=[*up_to(OpenStep.IMAGE), pulling]))
    drive = after("end", "enter", then="42%")
    assert snap_compare(app, terminal_size=size, run_before=drive)


def test_startup_with_steps_skipped(snap_compare: Compare) -> None:
    steps = (OpenStep.LOOKUP, OpenStep.IMAGE, OpenStep.CREATE)
    events: list[OpenEvent] = [happened(step, StepState.SKIPPED, 0.1) for step in steps]
    app = staged_app(
        StagedCore(opening=[*events, happened(OpenStep.START, StepState.RUNNING, 0.1)])
    )
    assert snap_compare(app, run_before=after("end", "enter", then="nothing to do"))


FAILURES = {
    "retry": OpenError("Docker can't be reached.", "Start dockerd, then try again."),
    "recreate": OpenError(
        "The container could not be started.",
        remedies=(Remedy.RECREATE, Remedy.RETRY, Remedy.BACK),
    ),
    "all": OpenError(
        "The container stopped as soon as it started (exit status 1).",
        "See its log, or recreate it: /workspace stays.",
        remedies=(Remedy.SEE_LOG, Remedy.RECREATE, Remedy.RETRY, Remedy.BACK),
    ),
    "final": OpenError("This session has been deleted.", retryable=False, remedies=(Remedy.BACK,)),
    "core": CoreUnavailable("The core can't be reached.", "It is being started again."),
    "long": OpenError(
        "Another container is named vibecode-abcdefghijkm-npqrstuvwxyz, and it isn't ours.",
        "Rename it or remove it (docker rename vibecode-abcdefghijkm-npqrstuvwxyz NEW-NAME), "
        "then try again.",
    ),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_startup_failed(snap_compare: Compare, kind: str) -> None:
    core = StagedCore(opening=up_to(OpenStep.START), open_error=FAILURES[kind])
    assert snap_compare(staged_app(core), run_before=after("end", "enter", then="Back"))


def test_startup_cancelled(snap_compare: Compare) -> None:
    app = staged_app(StagedCore(opening=up_to(OpenStep.CREATE)))

    async def drive(pilot: Pilot[Any]) -> None:
        await after("end", "enter", then="Starting scratch")(pilot)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "was cancelled" in shown(app))

    assert snap_compare(app, run_before=drive)


def test_log(snap_compare: Compare) -> None:
    core = StagedCore(
        opening=up_to(OpenStep.START),
        open_error=OpenError("It stopped.", remedies=(Remedy.SEE_LOG, Remedy.BACK)),
        log_text="Traceback (most recent call last):\n  …\nValueError: no such port\n",
    )
    app = staged_app(core)

    async def drive(pilot: Pilot[Any]) -> None:
        await after("end", "enter", then="See log")(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "ValueError" in shown(app))

    assert snap_compare(app, run_before=drive)


def in_a_shell(*keys: str, then: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Open the first session, wait for its prompt, press, and wait for some text."""

    async def drive(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await after("enter", then="$")(pilot)
        await until(pilot, lambda: "$" in pane_text(app))
        await pilot.press(*keys)
        await until(pilot, lambda: then in shown(app))

    return drive


SHELL = {
    "prompt": ((), "$"),
    "menu": ((PREFIX,), "Tabs and panes"),
    "ended": (("e", "x", "i", "t", "enter"), "The shell ended"),
}


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
@pytest.mark.parametrize("moment", SHELL)
def test_workspace(snap_compare: Compare, moment: str, size: tuple[int, int]) -> None:
    keys, then = SHELL[moment]
    with running_agent() as socket:
        core = StagedCore(opening=up_to(OpenStep.READY), agent_socket=socket)
        core.finish.set()
        drive = in_a_shell(*keys, then=then)
        assert snap_compare(staged_app(core), terminal_size=size, run_before=drive)


TABS = {
    "three-tabs": (("c",), "3 shell"),
    "columns": (("vertical_line",), "shell│shell"),
    "rows": (("minus",), "shell─shell"),
    "rename": (("comma",), "Rename this terminal"),
}


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
@pytest.mark.parametrize("moment", TABS)
def test_tabs(snap_compare: Compare, moment: str, size: tuple[int, int]) -> None:
    keys, then = TABS[moment]
    with running_agent() as socket:
        core = StagedCore(opening=up_to(OpenStep.READY), agent_socket=socket)
        core.finish.set()

        async def drive(pilot: Pilot[Any]) -> None:
            app: Any = pilot.app
            await in_a_shell(PREFIX, "c", then="2 shell")(pilot)
            await until(pilot, lambda: pane_text(app).strip() == "$")
            await pilot.press(PREFIX, *keys)
            await until(pilot, lambda: then in shown(app))
            await until(pilot, lambda: pane_text(app).strip() in ("$", ""))

        assert snap_compare(staged_app(core), terminal_size=size, run_before=drive)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_close_warning(snap_compare: Compare, size: tuple[int, int]) -> None:
    with running_agent() as socket:
        core = StagedCore(opening=up_to(OpenStep.READY), agent_socket=socket)
        core.finish.set()

        async def drive(pilot: Pilot[Any]) -> None:
            app: Any = pilot.app
            await in_a_shell(PREFIX, "c", then="2 shell")(pilot)
            await until(pilot, lambda: pane_text(app).strip() == "$")
            await pilot.press(*"cat", "enter")
            await until(pilot, lambda: "2 cat" in shown(app))
            await pilot.press(PREFIX, "w")
            await until(pilot, lambda: "cat runs in it" in shown(app))

        assert snap_compare(staged_app(core), terminal_size=size, run_before=drive)
