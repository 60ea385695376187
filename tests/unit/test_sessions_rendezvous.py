"""Meeting the agent in a directory that the container can write to."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from vibetui.agent import AgentConnection, AgentOutdated, FrameType
from vibetui.agent.frames import encode
from vibetui.errors import AgentError, Remedy
from vibetui.sessions import problems
from vibetui.sessions.proof import ReadyContainer
from vibetui.sessions.rendezvous import SOCKET_NAME, Rendezvous
from vibetui.sessions.watch import DirectoryWatch


@pytest.fixture
async def rendezvous(tmp_path: Path) -> AsyncIterator[Rendezvous]:
    watch = DirectoryWatch()
    meeting = Rendezvous(tmp_path / "run", "session", watch)
    meeting.prepare()
    try:
        yield meeting
    finally:
        await watch.close()


def listener(path: Path) -> socket.socket:
    """As the agent does it: bind under another name, listen, rename."""
    made = socket.socket(socket.AF_UNIX)
    draft = path.with_name("draft")
    made.bind(str(draft))
    made.listen()
    draft.rename(path)
    return made


def test_the_directory_is_for_the_core_alone(tmp_path: Path) -> None:
    Rendezvous(tmp_path, "s", DirectoryWatch()).prepare()
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700


async def test_nobody_there_is_said_at_once(rendezvous: Rendezvous) -> None:
    async with asyncio.timeout(1):
        with pytest.raises(AgentError, match="not there"):
            await rendezvous.greet(30)


async def test_an_agent_of_another_version_is_named_at_once_with_a_way_on(
    rendezvous: Rendezvous,
) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = struct.pack(">HIH", 1, 1, 5) + b"0.1.0"
        writer.write(encode(FrameType.HELLO_AGENT, hello))
        await writer.drain()

    async with await asyncio.start_unix_server(greet, rendezvous.directory / SOCKET_NAME):
        with pytest.raises(AgentOutdated, match="another version") as caught:
            await rendezvous.await_greeting(30)
    told = problems.outdated(caught.value)
    assert "Stop it and start it again" in told.hint
    assert Remedy.RECREATE in told.remedies


async def test_a_symbolic_link_planted_from_inside_is_not_followed(
    rendezvous: Rendezvous, tmp_path: Path
) -> None:
    with listener(tmp_path / "other.sock") as other:
        (rendezvous.directory / SOCKET_NAME).symlink_to(tmp_path / "other.sock")
        with pytest.raises(AgentError):
            await rendezvous.greet(1)
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.accept()


async def test_a_link_in_the_directorys_own_place_is_not_followed(
    tmp_path: Path, rendezvous: Rendezvous
) -> None:
    (tmp_path / "elsewhere").mkdir()
    rendezvous.directory.rmdir()
    rendezvous.directory.symlink_to(tmp_path / "elsewhere")
    with listener(tmp_path / "elsewhere" / SOCKET_NAME), pytest.raises(AgentError):
        await rendezvous.greet(1)


async def test_something_else_in_the_sockets_place_is_refused(rendezvous: Rendezvous) -> None:
    os.mkfifo(rendezvous.directory / SOCKET_NAME)
    with pytest.raises(AgentError, match="something else"):
        await rendezvous.greet(1)


async def test_a_socket_left_by_a_dead_agent_is_waited_out(rendezvous: Rendezvous) -> None:
    listener(rendezvous.directory / SOCKET_NAME).close()
    waiting = asyncio.create_task(rendezvous.await_greeting(10))
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    with listener(rendezvous.directory / SOCKET_NAME) as alive:
        alive.setblocking(False)
        async with asyncio.timeout(5):
            accepted, _ = await loop.sock_accept(alive)
        accepted.close()
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_silence_ends_after_the_time_that_was_given(rendezvous: Rendezvous) -> None:
    with listener(rendezvous.directory / SOCKET_NAME), pytest.raises(TimeoutError):
        await rendezvous.await_greeting(0.2)


async def test_many_directories_share_one_inotify_instance(tmp_path: Path) -> None:
    # 128 instances is what a user may have; 200 sessions may be starting.
    watch = DirectoryWatch()
    meetings = [Rendezvous(tmp_path, f"s{number}", watch) for number in range(200)]
    for meeting in meetings:
        meeting.prepare()
    results = await asyncio.gather(
        *(meeting.await_greeting(0.3) for meeting in meetings), return_exceptions=True
    )
    assert all(isinstance(result, TimeoutError) for result in results)
    await watch.close()


def test_readiness_cannot_be_claimed_without_a_greeting() -> None:
    with pytest.raises(TypeError, match="greeted"):
        ReadyContainer("session", "container", "1.0", object())
    with pytest.raises(TypeError):
        AgentConnection(socket.socket(), None, maker=object())  # type: ignore[arg-type]
