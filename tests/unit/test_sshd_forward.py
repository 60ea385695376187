"""How long a forwarded connection lives: between a client and an agent that the test plays."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from sshd.channels import forward
from sshd.channels.forward import Forward
from vibetui.agent import FrameType
from vibetui.agent.dial import DialStream
from vibetui.agent.frames import encode


class Channel:
    """Keeps what the client would get."""

    def __init__(self) -> None:
        self.heard = b""
        self.closed = asyncio.Event()

    def write(self, data: bytes) -> None:
        self.heard += data

    def write_eof(self) -> None:
        self.heard += b"<eof>"

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None:
        self.closed.set()


class Joined:
    """A forward under way."""

    def __init__(self, ours: DialStream, agent: socket.socket) -> None:
        self.agent = agent
        self.channel = Channel()
        self._tasks: set[asyncio.Task[None]] = set()
        visit: Any = SimpleNamespace(services=SimpleNamespace(background=self._background))
        self.forward = Forward(visit, ours)
        self.forward.connection_made(self.channel)
        self.forward.session_started()

    def _background(self, work: Any) -> None:
        self._tasks.add(asyncio.create_task(work))

    async def over(self) -> None:
        async with asyncio.timeout(10):
            await asyncio.gather(*self._tasks)

    async def agent_hears(self) -> bytes:
        """All that the peer is to be told."""
        loop, heard = asyncio.get_running_loop(), b""
        async with asyncio.timeout(10):
            while not heard.endswith(END):
                data = await loop.sock_recv(self.agent, 65536)
                assert data, "there was no end"
                heard += data
        return heard


@pytest.fixture
async def joined(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Joined]:
    monkeypatch.setattr(forward, "_LINGER", 0.05)
    ours, agent = socket.socketpair()
    agent.setblocking(False)
    with agent:
        yield Joined(await DialStream.begin(ours), agent)


SAID = encode(FrameType.INPUT, bytes(60_000))
MUCH = 420_000
END = encode(FrameType.INPUT_END)


async def end_both_directions(joined: Joined) -> None:
    """With more said than a socket holds but no more than is buffered here; nobody takes it."""
    joined.forward.data_received(bytes(MUCH), None)
    joined.forward.eof_received()
    joined.agent.send(encode(FrameType.OUTPUT, b"bye") + encode(FrameType.OUTPUT_END))
    async with asyncio.timeout(10):
        while not joined.channel.heard.endswith(b"<eof>"):  # noqa: ASYNC110 - a stand-in
            await asyncio.sleep(0)


async def test_a_peer_that_is_slow_is_waited_for_as_long_as_the_client_stays(
    joined: Joined,
) -> None:
    await end_both_directions(joined)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(4 * forward._LINGER):
            await joined.channel.closed.wait()
    assert (await joined.agent_hears()).count(0) >= MUCH
    joined.agent.close()
    await joined.over()
    assert joined.channel.closed.is_set()


async def test_a_client_that_has_left_is_not_waited_for_longer_than_a_moment(
    joined: Joined,
) -> None:
    await end_both_directions(joined)
    joined.forward.connection_lost(None)
    await joined.over()
    assert joined.forward.finished


async def test_what_a_client_says_right_before_it_leaves_reaches_the_peer(joined: Joined) -> None:
    joined.forward.data_received(bytes(60_000), None)
    joined.forward.connection_lost(None)
    assert await joined.agent_hears() == SAID + END
    await joined.over()


async def test_a_peer_that_breaks_off_ends_the_channel_at_once(joined: Joined) -> None:
    joined.agent.close()
    await joined.over()
    assert joined.channel.closed.is_set()
    assert joined.channel.heard == b""
