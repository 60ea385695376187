"""A late client's screen becomes the early one's: real full-screen programs, real emulators."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.agent_support import DEADLINE, wait_for
from tests.conftest import BASE_IMAGE
from vibetui.agent import AgentConnection, TerminalSpec, TerminalStream, binary_path
from vibetui.agent.build import build
from vibetui.terminals.emulators import make_emulator
from vibetui.terminals.protocol import Emulator

ROWS, COLUMNS = 30, 100
SHOWS = {
    "vim /etc/passwd": "root:x:0:0",
    "less /etc/passwd": "root:x:0:0",
    "htop --readonly": "vibe-agent",
}
"""Programs that draw all of the screen, and a text by which they are known to have begun."""


@pytest.fixture
def agent_socket(tmp_path: Path) -> Iterator[Path]:
    """Of an agent that is PID 1 of a container."""
    build([os.uname().machine])
    with contextlib.closing(docker.from_env()) as engine:
        container = engine.containers.run(
            BASE_IMAGE,
            entrypoint=["/vibe-agent", "serve", "--socket", "/run/vibetui/agent.sock"],
            name=f"vibetui-test-agent-{uuid.uuid4().hex[:8]}",
            labels={"vibetui.test": "agent"},
            detach=True,
            network_mode="none",
            volumes={
                str(tmp_path): {"bind": "/run/vibetui", "mode": "rw"},
                str(binary_path()): {"bind": "/vibe-agent", "mode": "ro"},
            },
        )
        try:
            name = tmp_path / "agent.sock"
            wait_for(name.exists, "the socket appears")
            yield name
        finally:
            container.remove(force=True, v=True)


async def connect(name: Path) -> AgentConnection:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(name))
    return await AgentConnection.greet(sock, deadline=DEADLINE)


def screen(emulator: Emulator) -> list[str]:
    return ["".join(run.text for run in emulator.row(y)).rstrip() for y in range(ROWS)]


async def follow(stream: TerminalStream, emulator: Emulator, changed: asyncio.Event) -> None:
    emulator.feed(stream.replay.data)
    emulator.take_replies()
    while data := await stream.read():
        if not isinstance(data, bytes):
            continue
        emulator.feed(data)
        if (answers := emulator.take_replies()) and not stream.replaying:
            stream.reply(answers)
        changed.set()


@pytest.mark.docker
@pytest.mark.parametrize("kind", ["ghostty", "pyte"])
@pytest.mark.parametrize("program", SHOWS)
async def test_a_late_client_sees_what_the_early_one_sees(
    agent_socket: Path, program: str, kind: str
) -> None:
    connection = await connect(agent_socket)
    spec = TerminalSpec(
        argv=program.split(),
        env={"TERM": "xterm-256color"},
        rows=ROWS,
        columns=COLUMNS,
    )
    number = await connection.open_terminal(spec)
    early, late = (make_emulator(kind, ROWS, COLUMNS) for _ in range(2))
    changed = asyncio.Event()
    first = await connection.attach(number)
    tasks = [asyncio.create_task(follow(first, early, changed))]
    try:
        async with asyncio.timeout(DEADLINE):
            while not any(SHOWS[program] in row for row in screen(early)):
                changed.clear()
                await changed.wait()
            # Ten bytes of history: all the rest must come from the modes and the redraw.
            second = await (await connect(agent_socket)).attach(number, last=10)
            tasks.append(asyncio.create_task(follow(second, late, changed)))
            while (screen(late), late.modes, late.cursor) != (
                screen(early),
                early.modes,
                early.cursor,
            ):
                changed.clear()
                await changed.wait()
        assert late.modes.alternate_screen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        first.close()
