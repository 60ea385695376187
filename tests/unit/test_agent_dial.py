"""Connections from inside the container: TCP and Unix sockets, each direction on its own."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.agent_support import DEADLINE, Agent, rest_of, running_agent, wait_for
from vibetui.agent import AgentRefused, DialStream, ErrorCode, Role


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


async def dial(agent: Agent, host: str, port: int) -> DialStream:
    return await (await agent.connect()).dial(host, port)


async def _upper(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers once it has heard all."""
    writer.write((await reader.read()).upper())
    await writer.drain()
    writer.close()


@asynccontextmanager
async def peer(host: str = "127.0.0.1") -> AsyncIterator[int]:
    server = await asyncio.start_server(_upper, host, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_each_direction_ends_on_its_own(agent: Agent, host: str) -> None:
    async with peer() as port:
        stream = await dial(agent, host, port)
        stream.send(b"hello ")
        stream.send(b"there")
        stream.send_eof()
        assert await rest_of(stream) == b"HELLO THERE"
        await asyncio.wait_for(stream.wait_closed(), DEADLINE)


async def test_megabytes_pass_unchanged(agent: Agent) -> None:
    data = os.urandom(8 << 20).lower()
    async with peer() as port:
        stream = await dial(agent, "127.0.0.1", port)

        async def feed() -> None:
            for start in range(0, len(data), 1 << 20):
                stream.send(data[start : start + (1 << 20)])
                await stream.drain()
            stream.send_eof()

        feeding = asyncio.create_task(feed())
        assert await rest_of(stream) == data.upper()
        await feeding


async def test_a_unix_socket_is_dialled_by_its_path(agent: Agent, tmp_path: Path) -> None:
    path = tmp_path / "peer.sock"
    async with await asyncio.start_unix_server(_upper, path):
        stream = await dial(agent, str(path), 0)
        stream.send(b"by path")
        stream.send_eof()
        assert await rest_of(stream) == b"BY PATH"


@pytest.mark.parametrize(
    ("host", "why"), [("127.0.0.1", "refused"), ("no.such.host.invalid", ""), ("/none.sock", "")]
)
async def test_who_cannot_be_reached_costs_an_error_and_not_the_connection(
    agent: Agent, host: str, why: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    connection = await agent.connect()
    with pytest.raises(AgentRefused) as refused:
        await connection.dial(host, 0 if host.startswith("/") else port)
    assert refused.value.number == ErrorCode.UNREACHABLE
    assert why in refused.value.message.lower()
    async with peer() as there:
        stream = await connection.dial("127.0.0.1", there)
        stream.send_eof()
        assert await rest_of(stream) == b""


async def test_a_reset_is_told(agent: Agent) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = await dial(agent, "127.0.0.1", listener.getsockname()[1])
        accepted, _ = listener.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        accepted.close()
        with pytest.raises(AgentRefused, match="reset"):
            await asyncio.wait_for(stream.read(), DEADLINE)


async def test_a_client_that_leaves_ends_the_peers_connection(agent: Agent) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = await dial(agent, "127.0.0.1", listener.getsockname()[1])
        accepted, _ = listener.accept()
        accepted.settimeout(DEADLINE)
        stream.close()
        assert await asyncio.to_thread(accepted.recv, 1) == b""
        accepted.close()


async def test_a_client_that_leaves_while_it_is_dialled_leaves_nothing(agent: Agent) -> None:
    # A listener whose backlog is full lets nobody in: connecting waits.
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        connection = await agent.connect()
        dialling = asyncio.create_task(connection.dial(*listener.getsockname()))
        children = psutil.Process(agent.process.pid).children
        await asyncio.to_thread(wait_for, lambda: bool(children()), "a dialler is there")
        dialling.cancel()
        await asyncio.gather(dialling, return_exceptions=True)
        wait_for(lambda: not children(), "the dialler is gone", alive=agent.process)


async def test_viewers_dial_nobody(agent: Agent) -> None:
    connection = await agent.connect()
    await connection.bind(Role.VIEWER, "bob")
    async with peer() as port:
        with pytest.raises(AgentRefused) as refused:
            await connection.dial("127.0.0.1", port)
    assert refused.value.number == ErrorCode.DENIED
    connection.close()


async def test_beyond_the_limit_a_dialling_is_refused(agent: Agent) -> None:
    async with peer() as port:
        streams = [await dial(agent, "127.0.0.1", port) for _ in range(128)]
        with pytest.raises(AgentRefused) as refused:
            await dial(agent, "127.0.0.1", port)
        assert refused.value.number == ErrorCode.LIMIT
        for stream in streams:
            stream.close()
