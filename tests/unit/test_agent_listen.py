"""Listening inside the container for a client elsewhere: who is let in, and what is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from tests.agent_support import DEADLINE, Agent, RawClient, rest_of, running_agent, wait_for
from vibetui.agent import (
    Accepted,
    AgentConnection,
    AgentRefused,
    AgentTooOld,
    DialStream,
    ErrorCode,
    FrameType,
    Listener,
    Role,
)
from vibetui.agent.frames import encode
from vibetui.agent.listen import encode_listen
from vibetui.agent.requests import encode_bind

WAITING = 16


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


async def listen(agent: Agent, host: str = "", port: int = 0, **how: bool) -> Listener:
    return await (await agent.connect()).listen(host, port, **how)


async def accepted(listener: Listener) -> Accepted:
    async with asyncio.timeout(DEADLINE):
        return await anext(aiter(listener))


def owner(path: str) -> int:
    return Path(path).stat().st_uid


def everything_in(directory: Path) -> set[Path]:
    return set(directory.rglob("*"))


async def leave(listener: Listener) -> None:
    listener.close()
    await asyncio.wait_for(listener.wait_closed(), DEADLINE)


async def take(agent: Agent, token: int) -> DialStream:
    return await (await agent.connect()).take(token)


def caller(where: int | str, host: str = "127.0.0.1") -> socket.socket:
    """Connected to a listener, as a program in the container would be."""
    if isinstance(where, str):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(DEADLINE)
        sock.connect(where)
        return sock
    return socket.create_connection((host, where), DEADLINE)


@contextlib.asynccontextmanager
async def bound(agent: Agent, role: Role, who: str) -> AsyncIterator[AgentConnection]:
    connection = await agent.connect()
    await connection.bind(role, who)
    try:
        yield connection
    finally:
        connection.close()


@pytest.mark.parametrize("host", ["", "localhost", "*", "127.0.0.1"])
async def test_who_connects_is_told_and_each_direction_ends_on_its_own(
    agent: Agent, host: str
) -> None:
    listener = await listen(agent, host)
    assert listener.port > 0
    assert listener.path == ""
    with caller(listener.port) as sock:
        told = await accepted(listener)
        assert (told.host, told.port) == sock.getsockname()
        stream = await take(agent, told.token)
        sock.sendall(b"to the client")
        sock.shutdown(socket.SHUT_WR)
        assert await rest_of(stream) == b"to the client"
        stream.send(b"to the program")
        stream.send_eof()
        await asyncio.wait_for(stream.wait_closed(), DEADLINE)
        assert sock.recv(100) == b"to the program"
        assert sock.recv(1) == b""


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_the_loopback_is_listened_on_by_both_families(agent: Agent) -> None:
    listener = await listen(agent)
    with caller(listener.port, "::1") as sock:
        told = await accepted(listener)
        assert (told.host, told.port) == sock.getsockname()[:2]


async def test_megabytes_pass_unchanged_both_ways(agent: Agent) -> None:
    data = os.urandom(4 << 20)
    listener = await listen(agent)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    stream = await take(agent, (await accepted(listener)).token)

    async def send() -> None:
        stream.send(data)
        await stream.drain()
        stream.send_eof()

    async def echo() -> None:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    tasks = [asyncio.create_task(send()), asyncio.create_task(echo())]
    assert await rest_of(stream) == data
    await asyncio.gather(*tasks)


async def test_a_unix_socket_is_the_users_own_and_goes_with_its_listener(
    agent: Agent, tmp_path: Path
) -> None:
    path = tmp_path / "own.sock"
    listener = await listen(agent, str(path))
    assert (listener.port, listener.path) == (0, str(path))
    about = path.stat()
    assert stat.S_IMODE(about.st_mode) == 0o600
    assert about.st_uid == os.getuid()
    with caller(str(path)) as sock:
        told = await accepted(listener)
        assert (told.host, told.port) == ("", 0)
        stream = await take(agent, told.token)
        await leave(listener)
        wait_for(lambda: not path.exists(), "the socket is removed", alive=agent.process)
        sock.sendall(b"outlives it")
        sock.shutdown(socket.SHUT_WR)
        assert await rest_of(stream) == b"outlives it"


async def test_a_secret_socket_has_a_directory_of_its_own_and_both_go(agent: Agent) -> None:
    first, second = await listen(agent, secret=True), await listen(agent, secret=True)
    assert first.path != second.path
    directory = Path(first.path).parent
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    caller(first.path).close()
    await accepted(first)
    await leave(first)
    wait_for(lambda: not directory.exists(), "the directory is removed", alive=agent.process)
    caller(second.path).close()


async def test_the_agents_own_end_removes_its_sockets(tmp_path: Path) -> None:
    path = tmp_path / "own.sock"
    with running_agent(tmp_path) as agent:
        listener, secret = await listen(agent, str(path)), await listen(agent, secret=True)
        assert agent.stop() == 0
    assert not path.exists()
    assert not Path(secret.path).parent.exists()
    with pytest.raises(AgentRefused, match="stopping"):
        await accepted(listener)


async def test_what_is_there_already_stays_and_costs_an_error_and_not_the_connection(
    agent: Agent, tmp_path: Path
) -> None:
    path = tmp_path / "taken"
    path.write_text("precious")
    connection = await agent.connect()
    with socket.create_server(("127.0.0.1", 0)) as other:
        for host, port in ((str(path), 0), ("", other.getsockname()[1]), ("example.com", 0)):
            with pytest.raises(AgentRefused) as refused:
                await connection.listen(host, port)
            assert refused.value.number == ErrorCode.FAILED
    assert path.read_text() == "precious"
    (await connection.listen(str(tmp_path / "free"), 0)).close()


async def test_in_place_the_newest_is_reached_and_the_older_ones_end_leaves_it_there(
    agent: Agent, tmp_path: Path
) -> None:
    path = tmp_path / "own" / "agent.sock"
    first = await listen(agent, str(path), in_place=True)
    second = await listen(agent, str(path), in_place=True)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    children = psutil.Process(agent.process.pid).children
    await leave(first)
    wait_for(lambda: len(children()) == 1, "the first one's helper is gone", alive=agent.process)
    with caller(str(path)):
        await accepted(second)
    await leave(second)
    wait_for(lambda: not path.exists(), "the socket is removed", alive=agent.process)


async def test_in_place_nothing_but_a_socket_is_replaced_and_only_in_the_users_directory(
    agent: Agent, tmp_path: Path
) -> None:
    path = tmp_path / "precious"
    path.write_text("precious")
    everybodys = tmp_path / "everybodys"
    everybodys.mkdir()
    everybodys.chmod(0o777)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    before = everything_in(tmp_path)
    for place in (path, everybodys / "agent.sock", link / "agent.sock"):
        with pytest.raises(AgentRefused) as refused:
            await listen(agent, str(place), in_place=True)
        assert refused.value.number == ErrorCode.FAILED
    assert path.read_text() == "precious"
    assert everything_in(tmp_path) == before


async def test_somebody_elses_file_in_the_sockets_place_is_left_alone(
    agent: Agent, tmp_path: Path
) -> None:
    path = tmp_path / "own.sock"
    listener = await listen(agent, str(path))
    path.unlink()
    path.write_text("precious")
    children = psutil.Process(agent.process.pid).children
    await leave(listener)
    wait_for(lambda: not children(), "the helper is gone", alive=agent.process)
    assert path.read_text() == "precious"


async def test_a_port_is_free_again_once_its_listener_is_closed(agent: Agent) -> None:
    listener = await listen(agent)
    with caller(listener.port) as waiting:
        await accepted(listener)
        await leave(listener)
        assert waiting.recv(1) == b"", "nobody can take it any more"
    (await listen(agent, "", listener.port)).close()


async def test_a_connection_is_taken_once_and_only_by_the_person_who_listens(
    agent: Agent,
) -> None:
    async with bound(agent, Role.WRITER, "ada") as ada:
        listener = await ada.listen("", 0)
    with caller(listener.port) as sock:
        token = (await accepted(listener)).token
        others = [(Role.WRITER, "eve"), (Role.OWNER, "ada")]
        for role, who in others:
            async with bound(agent, role, who) as other:
                with pytest.raises(AgentRefused) as refused:
                    await other.take(token)
                assert refused.value.number == ErrorCode.UNREACHABLE
        async with bound(agent, Role.WRITER, "ada") as again:
            with pytest.raises(AgentRefused):
                await again.take(token + 1)
            stream = await again.take(token)
        async with bound(agent, Role.WRITER, "ada") as late:
            with pytest.raises(AgentRefused):
                await late.take(token)
        sock.close()
        assert await rest_of(stream) == b""


async def test_an_evicted_persons_listener_is_closed(agent: Agent) -> None:
    async with bound(agent, Role.WRITER, "ada") as ada:
        listener = await ada.listen("", 0)
    core = await agent.connect()
    assert await core.evict("ada") == 1
    with pytest.raises(AgentRefused) as refused:
        await accepted(listener)
    assert refused.value.number == ErrorCode.DENIED
    with pytest.raises(ConnectionRefusedError):
        caller(listener.port)
    core.close()


async def test_viewers_neither_listen_nor_take(agent: Agent) -> None:
    async with bound(agent, Role.VIEWER, "bob") as bob:
        for asked in (bob.listen("", 0), bob.take(1)):
            with pytest.raises(AgentRefused) as refused:
                await asked
            assert refused.value.number == ErrorCode.DENIED


async def test_more_than_sixteen_wait_outside_until_some_are_taken(agent: Agent) -> None:
    listener = await listen(agent)
    callers = [caller(listener.port) for _ in range(WAITING + 1)]
    tokens = [(await accepted(listener)).token for _ in range(WAITING)]
    late = asyncio.create_task(accepted(listener))
    (await agent.connect()).close()
    assert not late.done()
    stream = await take(agent, tokens[0])
    told = await late
    assert (told.host, told.port) == callers[WAITING].getsockname()
    stream.close()
    for sock in callers:
        sock.close()


async def test_whom_nobody_takes_is_sent_away_after_ten_seconds(agent: Agent) -> None:
    listener = await listen(agent)
    with caller(listener.port) as sock:
        token = (await accepted(listener)).token
        assert await asyncio.to_thread(sock.recv, 1) == b""
    with pytest.raises(AgentRefused) as refused:
        await take(agent, token)
    assert refused.value.number == ErrorCode.UNREACHABLE


async def test_beyond_the_limit_a_listener_is_refused(agent: Agent) -> None:
    listeners = [await listen(agent) for _ in range(16)]
    connection = await agent.connect()
    with pytest.raises(AgentRefused) as refused:
        await connection.listen("", 0)
    assert refused.value.number == ErrorCode.LIMIT
    await leave(listeners[3])
    (await connection.listen("", 0)).close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
async def test_it_listens_with_the_users_rights(tmp_path: Path) -> None:
    with running_agent(tmp_path, "--uid", "65534", "--gid", "65534") as agent:
        with pytest.raises(AgentRefused, match="ermission"):
            await listen(agent, "/root/not-theirs.sock")
        listener = await listen(agent, secret=True)
        assert owner(listener.path) == owner(listener.path.rpartition("/")[0]) == 65534


async def test_who_leaves_while_it_is_being_opened_leaves_nothing(
    agent: Agent, tmp_path: Path
) -> None:
    path = tmp_path / "own.sock"
    children = psutil.Process(agent.process.pid).children
    for _ in range(20):
        client = RawClient(agent.plain_socket())
        client.sock.sendall(encode_listen(str(path), 0))
        client.sock.close()
    (await agent.connect()).close()
    wait_for(lambda: not children(), "the helpers are gone", alive=agent.process)
    assert not path.exists()


async def test_an_agent_that_knows_no_listeners_is_told_from_a_refusal() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with theirs:
        theirs.sendall(encode(FrameType.HELLO_AGENT, b"\0\2\0\0\0\1\0\0050.0.9"))
        connection = await AgentConnection.greet(ours, deadline=DEADLINE)
        theirs.sendall(encode(FrameType.ERROR, b"\0\2\0\3bad"))
        with pytest.raises(AgentTooOld, match="older vibetui"):
            await connection.listen("", 0)


async def test_who_says_anything_to_a_listener_ends_it(agent: Agent) -> None:
    client = RawClient(agent.plain_socket())
    client.sock.sendall(encode_bind(Role.OWNER, "ada") + encode_listen("", 0))
    assert [client.frame() for _ in range(2)][1] == (FrameType.BOUND, b"\3")
    kind, payload = client.frame() or (0, b"")
    assert kind == FrameType.LISTENING
    client.send(FrameType.INPUT, b"x")
    assert client.rest()[0][0] == FrameType.ERROR
    with pytest.raises(ConnectionRefusedError):
        caller(int.from_bytes(payload[:2], "big"))
