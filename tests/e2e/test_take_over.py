"""One person twice: the second connection takes over from the first, or goes on beside it."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.steps import LIST, PROMPT, connect, create, disconnect, menu, shell
from tests.faults.outliving import Kills
from tests.server import Server
from tests.tmux import Tmux
from vibetui.core.client import CoreClient
from vibetui.model import Presence
from vibetui.ui.streams import closing

pytestmark = pytest.mark.e2e

_OFFER = "You are connected already"
_MODES = "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag}"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Tmux]:
    (tmp_path / "desk").mkdir()
    with Tmux(tmp_path / "desk", columns=80, rows=24) as tmux:
        yield tmux


@pytest.fixture
def train(tmp_path: Path) -> Iterator[Tmux]:
    (tmp_path / "train").mkdir()
    with Tmux(tmp_path / "train", columns=80, rows=24) as tmux:
        yield tmux


def connect_again(terminal: Tmux, server: Server) -> None:
    """Until the question."""
    terminal.line(server.ssh())
    terminal.wait_for(_OFFER)


async def known_to_be_in(server: Server, terminal: int) -> None:
    """Return once the core has heard that the only app is there."""
    core = CoreClient(server.data_dir / "run" / "core.sock")
    visitor = Presence("visitor", "", datetime.now(UTC))
    async with asyncio.timeout(10), closing(core.be_present(visitor)) as notices:
        async for notice in notices:
            if [other.terminal for other in notice.others] == [terminal]:
                break
    await core.close()


def test_taking_over_shows_the_same_screen_and_ends_the_other_politely(
    server: Server, desk: Tmux, train: Tmux
) -> None:
    before = desk.facts(_MODES)
    connect(desk, server, "; echo status=$?")
    create(desk, "taken")
    shell(desk, "clear; echo first-tab-$((1+1))", "first-tab-2")
    menu(desk, "c")
    desk.wait_gone("first-tab-2")
    desk.wait_for_match(PROMPT)
    shell(desk, "clear; echo from-the-$((40+2))", "from-the-42")
    asyncio.run(known_to_be_in(server, 2))
    connect_again(train, server)
    assert "in taken." in train.screen()
    train.press("Enter")
    train.wait_for_match(r"^\s*from-the-42")
    left = desk.wait_for("status=0")
    assert "Taken over from 127.0.0.1." in left
    assert desk.facts(_MODES) == before
    shell(train, "echo goes-on-$((1+1))", "goes-on-2")
    disconnect(train)


def test_both_leaves_the_other_as_it_is(server: Server, desk: Tmux, train: Tmux) -> None:
    connect(desk, server)
    create(desk, "both")
    connect_again(train, server)
    train.press("b")
    train.wait_gone(_OFFER)
    train.wait_for(LIST)
    shell(desk, "echo still-$((1+1))", "still-2")
    train.press("q")
    train.wait_for("outer$")
    shell(desk, "echo still-$((1+2))", "still-3")
    disconnect(desk)


@pytest.mark.parametrize("state", ["idle", "flooded", "zoomed"])
def test_a_client_that_sleeps_is_taken_over_from_at_once(
    server: Server, desk: Tmux, train: Tmux, tmp_path: Path, state: str
) -> None:
    before = desk.facts(_MODES)
    desk.line("set +m")
    desk.line(f"sh -c 'echo $$ > {tmp_path / 'pid'}; exec {server.ssh()}'; echo status=$?")
    desk.wait_for("vibetui")
    desk.wait_for(LIST)
    create(desk, state)
    shell(desk, "clear; echo before-$((1+1))", "before-2")
    if state == "zoomed":
        menu(desk, "z")
        desk.wait_gone("ctrl+]")
    if state != "idle":
        desk.line("yes $(seq 100)")
        desk.wait_for("98 99 100")
    client = int((tmp_path / "pid").read_text())
    os.kill(client, signal.SIGSTOP)
    try:
        connect_again(train, server)
        train.press("Enter")
        # As quickly as from one that is awake; it would be given up after two minutes.
        train.wait_for("before-2" if state == "idle" else "98 99 100", 5)
        train.press("C-c")
        shell(train, "clear; echo awake-$((1+1))", "awake-2")
    finally:
        os.kill(client, signal.SIGCONT)
    assert "Taken over from 127.0.0.1." in desk.wait_for("status=0")
    assert desk.facts(_MODES) == before
    disconnect(train)


def test_an_app_that_hangs_is_hung_up(server: Server, desk: Tmux, train: Tmux) -> None:
    connect(desk, server, "; echo status=$?")
    create(desk, "hangs")
    shell(desk, "clear; echo kept-$((1+1))", "kept-2")
    (app,) = Kills(server).ui_processes()
    app.suspend()
    connect_again(train, server)
    train.press("Enter")
    train.wait_for_match(r"^\s*kept-2")
    desk.wait_for("status=1")
    disconnect(train)


def test_the_local_app_takes_part(server: Server, desk: Tmux, train: Tmux) -> None:
    variables = [f"{k}={v}" for k, v in server.environment.items() if k.startswith("VIBETUI_")]
    where = f"cd {Path.cwd()} && env HOME={server.home} {' '.join(variables)}"
    desk.line("clear")
    desk.line(f"{where} {shlex.quote(sys.executable)} -m vibetui; echo status=$?")
    desk.wait_for(LIST)
    create(desk, "local")
    connect_again(train, server)
    assert "From this machine" in train.screen()
    train.press("Enter")
    train.wait_for("Welcome to local")
    assert "Taken over from 127.0.0.1." in desk.wait_for("status=0")
    disconnect(train)
