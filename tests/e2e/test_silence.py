"""A person's client sleeps while their program goes on. Seconds stand for minutes."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.steps import LIST, connect, create, shell
from tests.server import Server
from tests.sshd_support import eventually
from tests.tmux import Tmux
from vibetui.core.client import CoreClient

pytestmark = pytest.mark.e2e

_LIMIT = 6.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    patience = {"VIBETUI_CLIENT_ALIVE_INTERVAL": str(_LIMIT / 4)}
    running = Server(tmp_path_factory.mktemp("server"), **patience)
    running.start()
    try:
        yield running
    finally:
        running.stop()
        running.remove_everything()


def viewers(server: Server) -> int:
    """Clients attached to the terminals of the server's only session, as its agent says."""

    async def count() -> int:
        core = CoreClient(server.data_dir / "run" / "core.sock")
        try:
            (session,) = await core.list_sessions()
            connection = await core.attach(session.session_id)
            listing = await connection.listing()
            connection.close()
        finally:
            await core.close()
        return sum(len(info.viewers) for info in listing.terminals)

    return asyncio.run(count())


def test_what_was_printed_while_the_client_slept_is_there(
    server: Server, small_terminal: Tmux, tmp_path: Path
) -> None:
    tmux = small_terminal
    tmux.line("set +m")
    tmux.line(f"sh -c 'echo $$ > {tmp_path / 'pid'}; exec {server.ssh()}'; echo status=$?")
    tmux.wait_for(LIST)
    create(tmux, "sleeper")
    shell(tmux, "clear; (echo; for i in $(seq 15); do echo tick $i; sleep .1; done) &", "tick 2$")
    client = int((tmp_path / "pid").read_text())
    os.kill(client, signal.SIGSTOP)
    time.sleep(_LIMIT / 2)  # The sleep itself; well before it is too long.
    tmux.type("echo typed-asleep\n")
    os.kill(client, signal.SIGCONT)
    screen = tmux.wait_for_match(r"tick 15$")
    assert [screen.count(f"tick {number}\n") for number in range(1, 16)] == [1] * 15
    tmux.wait_for_match(r"^typed-asleep")

    assert viewers(server) == 1
    shell(tmux, "clear; KEPT=$((40+2)); echo kept-$KEPT", "kept-42")
    os.kill(client, signal.SIGSTOP)
    eventually(lambda: viewers(server) == 0, "the agent's client is gone", _LIMIT + 10)
    lines = [line for line in server.log().splitlines() if "client.lost" in line]
    assert len(lines) == 1
    assert "nothing was heard from the client for 6 s" in lines[0]
    os.kill(client, signal.SIGCONT)
    tmux.wait_for("status=255")

    tmux.line("clear")
    connect(tmux, server)
    tmux.press("Enter")
    tmux.wait_for_match(r"^kept-42")
    shell(tmux, "echo and-$KEPT", "and-42")
