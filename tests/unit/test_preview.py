"""The screen of the session under the cursor, beside the list."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui_support import StagedCore, running_agent, session, shown, staged_app, until
from vibetui.agent import AgentConnection, TerminalInfo, TerminalSpec, TerminalStream
from vibetui.errors import OpenError
from vibetui.model import Access, SessionStatus
from vibetui.terminals.layout import Layout
from vibetui.ui import preview_feed
from vibetui.ui.app import VibeApp
from vibetui.ui.screens.session_list import SessionListScreen
from vibetui.ui.widgets.preview import Preview

WIDE = (120, 30)

_COUNTS_WINCH = """
import signal, sys
signal.signal(signal.SIGWINCH, lambda *_: print("resized", end="\\r\\n", flush=True))
print("\\x1b[?1049hfull screen", end="\\r\\n", flush=True)
for line in sys.stdin:
    print("heard", line.strip(), end="\\r\\n", flush=True)
"""


@pytest.fixture
def agent() -> Iterator[Path]:
    with running_agent() as path:
        yield path


async def connect(agent: Path) -> AgentConnection:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(agent))
    return await AgentConnection.greet(sock, deadline=5)


async def run(agent: Path, *argv: str, name: str = "") -> int:
    """A program of 20x60 in the session behind `agent`."""
    connection = await connect(agent)
    environment = {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color"}
    spec = TerminalSpec(argv=list(argv), rows=20, columns=60, name=name, env=environment)
    terminal = await connection.open_terminal(spec)
    connection.close()
    return terminal


async def attach(agent: Path, terminal: int) -> TerminalStream:
    return await (await connect(agent)).attach(terminal, quiet=True)


async def write(agent: Path, terminal: int, data: bytes) -> None:
    """Type into it, as somebody who leaves at once."""
    stream = await attach(agent, terminal)
    stream.send(data)
    await stream.drain()
    while data.strip() not in bytes(await stream.read()):  # type: ignore[arg-type]
        pass
    stream.close()
    await stream.wait_closed()


async def terminals(agent: Path) -> list[TerminalInfo]:
    connection = await connect(agent)
    try:
        return await connection.list_terminals()
    finally:
        connection.close()


async def lookers(agent: Path) -> int:
    """How many are attached to anything in the session."""
    return sum(len(info.viewers) for info in await terminals(agent))


async def until_lookers(agent: Path, pilot: Pilot[str], count: int) -> None:
    async with asyncio.timeout(10):
        while await lookers(agent) != count:
            await pilot.pause()


@asynccontextmanager
async def listed(
    agent: Path, size: tuple[int, int] = WIDE
) -> AsyncIterator[tuple[VibeApp, StagedCore, Pilot[str]]]:
    """The list, the cursor on api."""
    core = StagedCore(agent_socket=agent)
    core.finish.set()
    app = staged_app(core)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "api" in shown(app))
        yield app, core, pilot


def preview_text(app: VibeApp) -> str:
    """What the preview shows, frame included; empty while it is hidden."""
    preview = app.screen.query_one(Preview)
    region = preview.region
    rows = shown(app).splitlines()[region.y : region.bottom] if preview.display else []
    return "\n".join(row[region.x : region.right] for row in rows)


async def test_what_a_program_prints_is_shown_as_it_prints_it(agent: Path) -> None:
    terminal = await run(agent, "/bin/sh", "-c", "printf 'ready '; cat")
    async with listed(agent) as (app, _, pilot):
        await until(pilot, lambda: "ready" in preview_text(app))
        assert "60×20" in preview_text(app)
        await write(agent, terminal, b"and more\r")
        await until(pilot, lambda: preview_text(app).count("and more") == 2)


async def test_another_session_shows_another_screen(agent: Path) -> None:
    with running_agent() as other:
        await run(agent, "/bin/sh", "-c", "printf 'one screen'; cat")
        await run(other, "/bin/sh", "-c", "printf 'another one'; cat")
        async with listed(agent) as (app, core, pilot):
            core.agents["idweb-frontend"] = other
            await until(pilot, lambda: "one screen" in preview_text(app))
            await pilot.press("down")
            await until(pilot, lambda: "another one" in preview_text(app))
            await pilot.press("up")
            # The last picture is there at once, before anything is attached to again.
            assert "one screen" in preview_text(app)
            await until_lookers(other, pilot, 0)


async def test_a_full_screen_program_notices_nothing(agent: Path) -> None:
    terminal = await run(agent, "/usr/bin/env", "python3", "-c", _COUNTS_WINCH)
    async with listed(agent) as (app, _, pilot):
        await until(pilot, lambda: "full screen" in preview_text(app))
        await write(agent, terminal, b"hello\r")
        await until(pilot, lambda: "heard hello" in preview_text(app))
        assert "resized" not in preview_text(app)
        (info,) = await terminals(agent)
        assert (info.rows, info.columns) == (20, 60)


async def test_a_query_is_not_answered_by_who_only_looks(agent: Path) -> None:
    script = "stty raw -echo; printf 'asked \\033[5n'; read -r answer; printf 'got answer'"
    await run(agent, "/bin/sh", "-c", f"{script}; cat")
    async with listed(agent) as (app, _, pilot):
        await until(pilot, lambda: "asked" in preview_text(app))
        await until_lookers(agent, pilot, 1)
        await pilot.pause(0.2)
        assert "got" not in preview_text(app)


async def test_the_preview_follows_the_size_of_the_terminal(agent: Path) -> None:
    terminal = await run(agent, "/bin/sh", "-c", "printf 'ready '; cat")
    async with listed(agent) as (app, _, pilot):
        await until(pilot, lambda: "60×20" in preview_text(app))
        stream = await attach(agent, terminal)
        stream.resize(10, 40)
        await until(pilot, lambda: "40×10" in preview_text(app))
        assert "ready" in preview_text(app)
        stream.close()


async def test_of_several_terminals_the_one_that_somebody_types_into_is_shown(agent: Path) -> None:
    first = await run(agent, "/bin/sh", "-c", "printf 'the first one'; cat", name="server")
    await run(agent, "/bin/sh", "-c", "printf 'the second one'; cat", name="logs")
    async with listed(agent) as (app, _, pilot):
        await until(pilot, lambda: "the second one" in preview_text(app))
        assert "server  logs" in preview_text(app)
        stream = await attach(agent, first)
        await until(pilot, lambda: "the first one" in preview_text(app))
        stream.close()


async def test_a_session_without_a_terminal_says_so_until_one_is_opened(agent: Path) -> None:
    async with listed(agent) as (app, _, pilot):
        await until(pilot, lambda: "No terminal is open" in preview_text(app))
        await run(agent, "/bin/sh", "-c", "printf 'here it is'; cat")
        await until(pilot, lambda: "here it is" in preview_text(app), seconds=1.5)


async def test_a_session_that_cannot_be_reached_says_why_and_is_tried_again(
    agent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_feed, "_RETRY", 0.05)
    await run(agent, "/bin/sh", "-c", "printf 'back again'; cat")
    core = StagedCore(agent_socket=agent)
    core.attach_error = OpenError("The container isn't running.", "Open the session first.")
    app = staged_app(core)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "The container isn't running." in shown(app))
        core.attach_error = None
        await until(pilot, lambda: "back again" in preview_text(app))


async def test_a_session_that_stops_shows_its_screen_no_longer(agent: Path) -> None:
    await run(agent, "/bin/sh", "-c", "printf 'still here'; cat")
    async with listed(agent) as (app, core, pilot):
        await until(pilot, lambda: "still here" in preview_text(app))
        core.change("idapi", status=SessionStatus.STOPPED)
        await until(pilot, lambda: "Stopped." in preview_text(app))
        assert "still here" not in preview_text(app)
        await until_lookers(agent, pilot, 0)


async def test_passing_over_sessions_attaches_to_none(
    agent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_feed, "REST", 0.7)
    await run(agent, "/bin/sh", "-c", "printf 'ready'; cat")
    names = [f"session-{number}" for number in range(6)]
    rows = [
        session(name, SessionStatus.RUNNING, timedelta(minutes=number))
        for number, name in enumerate(names)
    ]
    core = StagedCore(sessions=rows, agent_socket=agent)
    app = staged_app(core)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "ready" in preview_text(app))
        await until(pilot, lambda: len(app.terminal_watch.heard) == len(names))
        core.attached.clear()
        await pilot.press(*["down"] * 5)
        await until(pilot, lambda: bool(core.attached))
        await until(pilot, lambda: "ready" in preview_text(app))
        assert core.attached == ["idsession-5"]


async def test_nothing_is_attached_to_while_the_list_is_not_in_front(agent: Path) -> None:
    await run(agent, "/bin/sh", "-c", "printf 'ready'; cat")
    async with listed(agent) as (app, _, pilot):
        await until_lookers(agent, pilot, 1)
        await pilot.press("question_mark")
        await until_lookers(agent, pilot, 0)
        await pilot.press("escape")
        await until_lookers(agent, pilot, 1)
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, SessionListScreen))
        await until_lookers(agent, pilot, 1)  # The workspace's own.
    assert await lookers(agent) == 0


async def test_the_app_leaves_no_connection(agent: Path) -> None:
    await run(agent, "/bin/sh", "-c", "printf 'ready'; cat")
    async with listed(agent) as (_, _, pilot):
        await until_lookers(agent, pilot, 1)
        await pilot.press("q")
    connection = await connect(agent)
    watch = await connection.watch()
    async with asyncio.timeout(5):
        async for listing in watch:
            if not any(info.viewers for info in listing.terminals):
                break
    watch.close()


async def test_v_hides_the_preview_and_shows_it_where_there_is_no_room_beside(agent: Path) -> None:
    await run(agent, "/bin/sh", "-c", "printf 'ready'; cat")
    async with listed(agent, size=(80, 24)) as (app, _, pilot):
        assert preview_text(app) == ""
        await pilot.press("v")
        await until(pilot, lambda: "ready" in preview_text(app))
        await pilot.press("v")
        assert preview_text(app) == ""
        await until_lookers(agent, pilot, 0)
        await pilot.resize_terminal(*WIDE)
        assert preview_text(app) == "", "what was hidden stays hidden"


async def test_a_flood_is_not_held_up_and_its_end_is_shown(agent: Path) -> None:
    script = "read -r line; yes | head -c 3000000; printf 'the flood is over'; cat"
    terminal = await run(agent, "/bin/sh", "-c", script)
    async with listed(agent) as (app, core, pilot):
        await until_lookers(agent, pilot, 1)
        core.attached.clear()
        stream = await attach(agent, terminal)
        stream.send(b"go\r")
        await stream.drain()
        while b"go" not in bytes(await stream.read()):  # type: ignore[arg-type]
            pass
        stream.close()
        await until(pilot, lambda: "the flood is over" in preview_text(app))
        assert core.attached, "it looked away at least once"


async def test_whoever_only_looks_on_is_told_who_starts_a_session() -> None:
    shared = replace(session("theirs"), access=Access.VIEWER, owner="bob")
    app = staged_app(StagedCore(sessions=[shared]))
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: "You only look on; bob starts it." in preview_text(app))


async def test_tabs_are_named_in_the_order_in_which_they_were_put(agent: Path) -> None:
    terminals = [await run(agent, "/bin/cat", name=name) for name in ("server", "logs", "vim")]
    connection = await connect(agent)
    await connection.arrange(Layout.read("", terminals).moved(terminals[2], -2).text())
    connection.close()
    async with listed(agent) as (app, _, pilot):
        await until(pilot, lambda: "vim  server  logs" in preview_text(app))
