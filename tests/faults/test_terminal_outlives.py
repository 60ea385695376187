"""Nothing printed or typed is lost or doubled, whatever dies but the container."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.steps import LIST, menu
from tests.faults.outliving import COUNTER, DEADLINE, Kills, Person, Typist
from tests.server import Server
from tests.sshd_support import eventually
from tests.tmux import Tmux
from vibetui.agent import TerminalSpec
from vibetui.core.client import CoreClient
from vibetui.model import Session

pytestmark = pytest.mark.e2e

_FAULTS = (
    *("cut", "cut", "core", "cut", "cut", "zygote", "cut", "cut", "everything", "cut"),
    *("cut", "front", "cut", "cut", "core", "cut", "cut", "everything", "cut", "cut"),
)
"""Each is a disconnect; most are nothing else."""

_ENOUGH = 300
"""Lines that are read between two of them."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("outlives"))
    running.start()
    try:
        yield running
    finally:
        running.stop()
        running.remove_everything()


@pytest.fixture
async def core(server: Server) -> AsyncIterator[CoreClient]:
    client = CoreClient(server.data_dir / "run" / "core.sock")
    yield client
    await client.close()


async def open_session(core: CoreClient, name: str) -> Session:
    session = await core.create_session(name)
    async with asyncio.timeout(60):
        async for _ in core.open_session(session.session_id):
            pass
    return session


async def start(core: CoreClient, session: Session, *argv: str) -> int:
    """A program on a terminal of its own."""
    connection = await core.attach(session.session_id)
    try:
        return await connection.open_terminal(TerminalSpec(argv=argv))
    finally:
        connection.close()


async def run(core: CoreClient, session: Session, script: str) -> list[str]:
    """The lines that a shell script prints."""
    person = Person(core, session.session_id, await start(core, session, "sh", "-c", script))
    await person.connect()
    with suppress(AssertionError):
        await person.read_until(lambda: False)
    assert person.stream.exit is not None
    return person.lines


async def test_a_counter_and_a_typist_through_twenty_disconnects_and_kills(
    server: Server, core: CoreClient
) -> None:
    kills = Kills(server)
    session = await open_session(core, "outlives")
    counter = await start(core, session, "python3", "-c", COUNTER)
    file = await start(core, session, "sh", "-c", "cat > /workspace/typed")
    reader = Person(core, session.session_id, counter)
    typist = Typist(core, session.session_id, file)
    await reader.connect()
    await typist.connect()

    missed = 0
    for fault in _FAULTS:
        have = len(reader.lines)
        await reader.read_until(lambda have=have: len(reader.lines) > have + _ENOUGH)  # type: ignore[misc]
        await typist.type(3)
        if fault not in ("cut", "everything"):
            kills.kill(fault)
            # Terminals don't notice: their bytes pass by all of them.
            have = len(reader.lines)
            await reader.read_until(lambda have=have: len(reader.lines) > have + _ENOUGH)  # type: ignore[misc]
            await typist.type(1)
        last = typist.type_unread()
        await asyncio.gather(reader.cut(), typist.cut())
        if fault == "everything":
            await asyncio.to_thread(kills.everything)
        await typist.come_back(last)
        await reader.connect()
        missed += reader.replayed

    await run(core, session, "touch /tmp/stop")
    await reader.read_until(lambda: reader.lines[-1].startswith("end "))
    *numbers, end = reader.lines
    assert numbers == [str(number) for number in range(len(numbers))]
    assert end == f"end {len(numbers)}"
    assert len(numbers) > len(_FAULTS) * _ENOUGH
    assert missed > 10_000, "something was printed while nobody was connected"

    typist.stream.send(b"\x04")
    with pytest.raises(AssertionError, match="ended"):
        await typist.read_until(lambda: False)
    everything = [f"line {number}" for number in range(typist.typed)]
    assert sorted(typist.lines) == sorted(everything)
    assert await run(core, session, "cat /workspace/typed") == typist.lines


def numbers(screen: str) -> list[int]:
    return [int(line) for line in re.findall(r"^\s*(\d+)[\s│▐█┃]*$", screen, re.MULTILINE)]


def counted_on(screen: str) -> bool:
    """The screen is full of numbers without a gap or a double."""
    seen = numbers(screen)
    return len(seen) > 15 and seen == list(range(seen[0], seen[0] + len(seen)))


def enter(tmux: Tmux, server: Server, name: str, after: int) -> int:
    """By ssh, into the session, until it shows more than before; the last number on the screen."""
    tmux.line(f"clear; {server.ssh()}")
    tmux.wait_for("vibetui")
    tmux.wait_for(LIST)
    tmux.wait_for(name)
    tmux.press("Enter")  # The one that was used last is the first.
    screen = tmux.wait_until(
        lambda screen: counted_on(screen) and numbers(screen)[-1] > after,
        f"a screen without a gap, after {after}",
        DEADLINE,
    )
    return numbers(screen)[-1]


async def test_by_ssh_the_screen_and_what_is_above_it_have_no_gap(
    server: Server, core: CoreClient, tmp_path: Path
) -> None:
    session = await open_session(core, "shown")
    await start(core, session, "sh", "-c", 'python3 -c "$0"; exec cat', COUNTER)
    with Tmux(tmp_path, columns=80, rows=24) as tmux:
        await asyncio.to_thread(_through_every_death, tmux, server)
        await run(core, session, "touch /tmp/stop")
        await asyncio.to_thread(_look_back, tmux)


def _through_every_death(tmux: Tmux, server: Server) -> None:
    kills = Kills(server)
    last = enter(tmux, server, "shown", -1)
    for fault in ("ui", "front", "everything"):
        if fault == "ui":
            (app,) = kills.ui_processes()
            app.kill()
            tmux.wait_for("The app stopped unexpectedly")
        elif fault == "front":
            kills.kill("front")
            tmux.wait_for("outer$")
        else:
            kills.everything()
        tmux.wait_for("outer$")
        eventually(lambda: _answers(server), "ssh is answered", DEADLINE)
        last = enter(tmux, server, "shown", last)
    kills.kill("core")
    tmux.wait_until(
        lambda screen: counted_on(screen) and numbers(screen)[-1] > last + 1000, "it goes on"
    )


def _answers(server: Server) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        try:
            sock.connect(("127.0.0.1", server.port))
            return sock.recv(8).startswith(b"SSH-")
        except OSError:
            return False


def _look_back(tmux: Tmux) -> None:
    """What the app keeps above the screen, a page after the other in copy mode."""
    tmux.wait_for("end ")
    menu(tmux, "[")
    tmux.wait_gone("Back to your sessions")
    seen: set[int] = set()
    top = 1 << 60
    for _ in range(12):
        screen = tmux.wait_until(
            lambda screen, top=top: counted_on(screen) and numbers(screen)[0] < top,  # type: ignore[misc]
            "a page further up without a gap",
        )
        page = numbers(screen)
        seen |= set(page)
        top = page[0]
        tmux.press("PageUp")
    assert seen == set(range(min(seen), max(seen) + 1))
    assert len(seen) > 200
