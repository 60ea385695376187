"""Sessions that run and aren't looked at: whether they rang, and what they are called."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot

from tests.terminal_support import EMULATORS, emulator
from tests.ui_support import StagedCore, pane_text, running_agent, shown, staged_app, until
from vibetui.agent import AgentConnection, TerminalSpec
from vibetui.errors import OpenError
from vibetui.model import SessionStatus
from vibetui.settings import Bell
from vibetui.terminals.bells import BellEar
from vibetui.ui.app import VibeApp
from vibetui.ui.screens.session_list import SessionListScreen
from vibetui.ui.terminal_watch import MOST, TerminalWatch
from vibetui.ui.widgets.workspace_title import WorkspaceTitle

PREFIX = "ctrl+right_square_bracket"


@pytest.fixture
def agent() -> Iterator[Path]:
    with running_agent() as socket:
        yield socket


@asynccontextmanager
async def opened(
    agent: Path, bell: Bell = Bell.BOTH
) -> AsyncIterator[tuple[VibeApp, StagedCore, Pilot[str]]]:
    """The app with its first session, api, open at a prompt."""
    core = StagedCore(agent_socket=agent)
    core.finish.set()
    app = staged_app(core)
    app.settings.bell = bell
    async with app.run_test() as pilot:
        await until(pilot, lambda: "api" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: "$" in pane_text(app))
        yield app, core, pilot


async def type_in(pilot: Pilot[str], text: str) -> None:
    await pilot.press(*["space" if char == " " else char for char in text], "enter")


async def leave(app: VibeApp, pilot: Pilot[str]) -> None:
    """Back to the list."""
    await pilot.press(PREFIX)
    await until(pilot, lambda: "Back to your sessions" in shown(app))
    await pilot.press("d")
    await until(pilot, lambda: isinstance(app.screen, SessionListScreen))


def row_of(app: VibeApp, name: str) -> str:
    return next((row for row in shown(app).splitlines() if row.strip().startswith(name)), "")


async def test_a_session_that_rings_after_it_was_left_is_marked_until_it_is_opened(
    agent: Path,
) -> None:
    async with opened(agent) as (app, _, pilot):
        await type_in(pilot, r"read -r; printf '\a'; read -r")
        await leave(app, pilot)
        assert "♪" not in row_of(app, "api")
        await until(pilot, lambda: "idapi" in app.terminal_watch.heard)
        await typed_by_another(agent, b"\r")
        await until(pilot, lambda: "♪" in row_of(app, "api"))
        await pilot.press("enter")
        await until(pilot, lambda: "printf" in pane_text(app))
        await leave(app, pilot)
        assert "♪" not in row_of(app, "api")


async def test_the_title_of_a_session_that_was_left_stands_beside_its_name(agent: Path) -> None:
    async with opened(agent) as (app, _, pilot):
        await type_in(pilot, r"printf '\033]2;tests\a'; read -r; printf '\033]2;done\a'; read -r")
        await leave(app, pilot)
        await until(pilot, lambda: row_of(app, "api").split()[:2] == ["api", "tests"])
        await typed_by_another(agent, b"\r")
        await until(pilot, lambda: row_of(app, "api").split()[:2] == ["api", "done"])
        assert "♪" not in shown(app), "the end of a title is no bell"


async def test_a_session_that_stopped_has_nothing_to_say(agent: Path) -> None:
    async with opened(agent) as (app, core, pilot):
        await type_in(pilot, r"printf '\033]2;tests\a'; read -r")
        await leave(app, pilot)
        await until(pilot, lambda: "tests" in row_of(app, "api"))
        core.change("idapi", status=SessionStatus.STOPPED)
        await until(pilot, lambda: "tests" not in row_of(app, "api"))


async def typed_by_another(agent: Path, data: bytes) -> None:
    """Type into the terminal from another connection."""
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(agent))
    connection = await AgentConnection.greet(sock, deadline=5)
    (info,) = await connection.list_terminals()
    stream = await connection.attach(info.terminal, from_offset=info.offset)
    stream.send(data)
    await stream.drain()
    while not await stream.read():
        pass
    stream.close()
    await stream.wait_closed()


@pytest.mark.parametrize(
    ("bell", "flashes", "rings"),
    [
        (Bell.BOTH, True, 1),
        (Bell.VISUAL, True, 0),
        (Bell.AUDIBLE, False, 1),
        (Bell.NONE, False, 0),
    ],
)
async def test_the_bell_of_the_session_in_front_does_what_the_setting_says(
    agent: Path, monkeypatch: pytest.MonkeyPatch, bell: Bell, flashes: bool, rings: int
) -> None:
    heard: list[bool] = []
    async with opened(agent, bell) as (app, _, pilot):
        monkeypatch.setattr(app, "bell", lambda: heard.append(True))
        title = app.screen.query_one(WorkspaceTitle)
        usual = title.styles.background
        await type_in(pilot, r"printf '\a'; echo rang")
        if flashes:
            await until(pilot, lambda: title.styles.background != usual)
            await until(pilot, lambda: title.styles.background == usual)
        await until(pilot, lambda: "\nrang" in shown(app))
        await pilot.pause()
        assert title.styles.background == usual
        assert len(heard) == rings


async def test_the_most_recently_used_are_watched_and_no_others(agent: Path) -> None:
    watch = TerminalWatch(StagedCore(agent_socket=agent))
    names = [f"id{number}" for number in range(MOST + 3)]
    watch.looked_at("id0")
    watch.keep(names)
    assert watch.watched == names[1 : MOST + 1]
    watch.keep(names[3:])
    assert set(watch.watched) == set(names[3:])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(watch.run(), 0.01)
    assert watch.watched == [], "nobody watches without an owner"


async def test_only_the_session_that_rang_is_marked(agent: Path) -> None:
    with running_agent() as another:
        async with opened(agent) as (app, core, pilot):
            core.agents["idweb-frontend"] = another
            core.change("idweb-frontend", status=SessionStatus.STOPPED)
            core.change("idweb-frontend", status=SessionStatus.RUNNING)
            await type_in(pilot, r"read -r; printf '\a'; read -r")
            await leave(app, pilot)
            await until(pilot, lambda: "idapi" in app.terminal_watch.heard)
            await typed_by_another(agent, b"\r")
            await until(pilot, lambda: "♪" in row_of(app, "api"))
            assert "♪" not in row_of(app, "web-frontend")


async def test_a_session_that_was_never_opened_here_is_watched_too(agent: Path) -> None:
    async with opened(agent) as (app, _, pilot):
        await type_in(pilot, r"read -r; printf '\a'; read -r")
        # It is one agent behind all sessions here.
        await until(pilot, lambda: "idweb-frontend" in app.terminal_watch.heard)
        await leave(app, pilot)
        await typed_by_another(agent, b"\r")
        await until(pilot, lambda: "♪" in row_of(app, "web-frontend"))


async def test_several_terminals_are_counted_in_the_row(agent: Path) -> None:
    async with opened(agent) as (app, _, pilot):
        await leave(app, pilot)
        assert "▤" not in shown(app)
        await open_another(agent)
        await until(pilot, lambda: "▤2" in row_of(app, "api"))


async def test_what_could_not_be_watched_is_watched_once_it_can_be(agent: Path) -> None:
    core = StagedCore(agent_socket=agent)
    core.attach_error = OpenError("The container isn't running.", "Open the session first.")
    app = staged_app(core)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "idapi" in core.attached)
        await until(pilot, lambda: app.terminal_watch.watched == [])
        core.attach_error = None
        core.change("idapi", status=SessionStatus.RUNNING)
        await until(pilot, lambda: "idapi" in app.terminal_watch.heard)


async def open_another(agent: Path) -> None:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(agent))
    connection = await AgentConnection.greet(sock, deadline=5)
    await connection.open_terminal(TerminalSpec(argv=["/bin/cat"]))
    connection.close()


PIECES = (
    *(b"\x07", b"a\x07b", b"\x1b]2;tea\x07", b"\x1b]0;ca\x1b\\", b"\x1b[31m", b"\x1bPq\x1b\\"),
    *(b"text", b"\x1b]8;;http://x\x07", b"\x1b]52;c;aGk=\x07", "é".encode(), b"\x1b(B"),
)


@settings(deadline=None)
@given(st.data())
@pytest.mark.parametrize("kind", EMULATORS)
def test_the_ear_hears_what_an_emulator_hears(kind: str, data: st.DataObject) -> None:
    output = b"".join(data.draw(st.lists(st.sampled_from(PIECES), max_size=12)))
    size = data.draw(st.integers(1, 7))
    ear, screen = BellEar(), emulator(kind)
    for start in range(0, len(output), size):
        ear.feed(output[start : start + size])
        screen.feed(output[start : start + size])
    assert ear.rang == bool(screen.take_bells())
    assert ear.title == screen.title


async def test_a_title_can_do_nothing_to_the_list(agent: Path) -> None:
    async with opened(agent) as (app, _, pilot):
        await type_in(pilot, r"printf '\033]2;te\302\205\001\342\200\256st\a'; read -r")
        await leave(app, pilot)
        await until(pilot, lambda: "idapi" in app.terminal_watch.heard)
        assert app.terminal_watch.heard["idapi"].title == "test"


async def test_a_bell_in_a_flood_is_heard(agent: Path) -> None:
    async with opened(agent) as (app, _, pilot):
        await type_in(pilot, r"read -r; timeout 1 yes; printf '\a'; read -r")
        await leave(app, pilot)
        await until(pilot, lambda: "idapi" in app.terminal_watch.heard)
        await typed_by_another(agent, b"\r")
        await until(pilot, lambda: "♪" in row_of(app, "api"))
