"""One protocol, two carriers: the agent's socket, and ``vibe-agent attach`` over stdio."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.agent_support import DEADLINE, Agent, read_to_end, read_until, running_agent, wait_for
from vibetui.agent import (
    AgentConnection,
    AgentRefused,
    Err,
    ExecSpec,
    ExitStatus,
    Out,
    Resized,
    Role,
    TerminalSpec,
    Typed,
)
from vibetui.errors import AgentError

Connect = Callable[[], Awaitable[AgentConnection]]


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


@pytest.fixture(params=["socket", "relay"])
async def connect(request: pytest.FixtureRequest, agent: Agent) -> AsyncIterator[Connect]:
    """Makes greeted connections to `agent` by one of the carriers."""
    relays: list[subprocess.Popen[bytes]] = []

    async def by_relay() -> AgentConnection:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [str(agent.binary), "attach", "--socket", str(agent.socket)]
            relays.append(subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno()))  # noqa: ASYNC220
        return await AgentConnection.greet(ours, deadline=DEADLINE)

    yield agent.connect if request.param == "socket" else by_relay
    for relay in relays:
        assert relay.wait(DEADLINE) == 0


async def test_hello_is_the_agents_own(connect: Connect, agent: Agent) -> None:
    connection = await connect()
    assert connection.hello.pid == agent.process.pid
    again = await AgentConnection.greet(connection.release(), deadline=DEADLINE, ask=True)
    assert again.hello.pid == agent.process.pid
    again.close()


async def test_a_terminal_is_opened_listed_used_and_closed(connect: Connect) -> None:
    connection = await connect()
    spec = TerminalSpec(argv=["sh", "-c", "read x; stty size; exit $x"], banner=b"hello\r\n")
    number = await connection.open_terminal(spec)
    assert [info.terminal for info in await connection.list_terminals()] == [number]
    stream = await connection.attach(number)
    stream.resize(40, 120)
    stream.send(b"42\r")
    output = await read_to_end(stream)
    assert b"hello\r\n" in output
    assert b"40 120\r\n" in output
    assert stream.exit == ExitStatus(42, None)
    stream.close()
    connection = await connect()
    await connection.close_terminal(number)
    assert await connection.list_terminals() == []
    connection.close()


async def test_an_error_leaves_the_connection_usable(connect: Connect) -> None:
    connection = await connect()
    with pytest.raises(AgentRefused):
        await connection.attach(99)
    assert await connection.list_terminals() == []
    connection.close()


async def test_two_people_share_a_terminal_that_a_third_watches(connect: Connect) -> None:
    watch = await (await connect()).watch()
    assert (await anext(watch)).terminals == ()
    ada, eve, control = await connect(), await connect(), await connect()
    await ada.bind(Role.OWNER, "ada")
    await eve.bind(Role.VIEWER, "eve")
    script = "stty raw -echo; printf ready; while read -r x; do stty size; done"
    number = await ada.open_terminal(TerminalSpec(argv=["sh", "-c", script], name="one"))
    await ada.rename(number, "two")
    await ada.arrange("alone")
    writing = await ada.attach(number, size=(30, 90))
    await read_until(writing, b"ready")
    looking = await eve.attach(number, quiet=True, last=0)
    hearing = await control.attach(number, typed=True, read_only=True, last=0)
    writing.resize(31, 91)
    writing.send(b"\n")
    assert await looking.read() == Resized(31, 91)
    await read_until(looking, b"31 91")
    assert Typed(b"\n") in [await hearing.read() for _ in range(2)]
    writing.reply(b"\n")
    await read_until(looking, b"31 91")
    async for listing in watch:
        (info,) = listing.terminals
        if len(info.viewers) == 3:
            break
    assert (info.name, listing.layout, info.rows) == ("two", "alone", 31)
    assert {viewer.who: viewer.leads for viewer in info.viewers} == {
        "ada": True,
        "eve": False,
        "": False,
    }
    control = await connect()
    assert await control.evict("eve") == 1
    with pytest.raises(AgentRefused, match="shared with you no more"):
        await read_to_end(looking)
    for closing in (watch, writing, hearing, control):
        closing.close()


async def test_megabytes_pass_both_ways_unchanged(connect: Connect) -> None:
    connection = await connect()
    script = "stty raw -echo; echo ready; head -c 3000000"
    number = await connection.open_terminal(TerminalSpec(argv=["sh", "-c", script]))
    stream = await connection.attach(number, from_offset=0)
    await read_until(stream, b"ready\n")
    start = stream.offset
    data = bytes(range(256)) * (3_000_000 // 256 + 1)
    stream.send(data[:3_000_000])
    received = bytearray()
    while piece := await stream.read():
        received += piece
    assert received == data[:3_000_000]
    assert stream.offset == start + 3_000_000
    stream.close()


async def test_leaving_and_resuming_has_no_gap_and_no_double(connect: Connect) -> None:
    connection = await connect()
    number = await connection.open_terminal(TerminalSpec(argv=["seq", "50000"]))
    seen = bytearray()
    while True:
        stream = await connection.attach(number, from_offset=len(seen))
        assert not stream.replay.reset
        seen += stream.replay.data + await stream.read()
        ended = stream.exit is not None
        stream.close()
        if ended:
            break
        connection = await connect()
    assert bytes(seen) == "".join(f"{n}\r\n" for n in range(1, 50_001)).encode()


async def test_the_end_of_the_agent_is_noticed(connect: Connect, agent: Agent) -> None:
    connection = await connect()
    assert agent.stop() == 0
    with pytest.raises(AgentError, match="broke"):
        await connection.list_terminals()


async def test_a_relay_started_first_waits_for_the_agent(tmp_path: Path) -> None:
    with running_agent(tmp_path) as other:
        binary = str(other.binary)
    ours, theirs = socket.socketpair()
    with theirs:
        command = [binary, "attach", "--socket", str(tmp_path / "agent.sock")]
        relay = subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno())  # noqa: ASYNC220
    watches = Path(f"/proc/{relay.pid}/fdinfo")
    wait_for(lambda: _watches(watches), "the relay waits for the name")
    with running_agent(tmp_path) as agent:
        connection = await AgentConnection.greet(ours, deadline=DEADLINE)
        assert connection.hello.pid == agent.process.pid
        connection.close()
        assert relay.wait(DEADLINE) == 0


def _watches(fdinfo: Path) -> bool:
    with contextlib.suppress(OSError):
        return any("inotify wd:" in entry.read_text() for entry in fdinfo.iterdir())
    return False


async def test_a_relay_without_an_agent_says_so(tmp_path: Path, agent: Agent) -> None:
    command = [str(agent.binary), "attach", "--socket", str(tmp_path / "none.sock"), "--wait", "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: ASYNC221
    assert done.returncode == 1
    assert done.stderr == "vibe-agent: can't reach the agent: No such file or directory\n"


async def test_a_commands_streams_come_apart(connect: Connect) -> None:
    command = await (await connect()).execute(ExecSpec(["sh", "-c", "cat; echo no >&2; exit 3"]))
    command.send(b"yes\n")
    command.send_eof()
    pieces = []
    while (piece := await command.read()) is not None:
        pieces.append(piece)
    assert sorted(pieces, key=repr) == [Err(b"no\n"), Out(b"yes\n")]
    assert command.exit == ExitStatus(3, None)
    await command.wait_closed()


async def test_a_dialled_peer_hears_and_answers(connect: Connect) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"heard " + await reader.read())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        stream = await (await connect()).dial(host, port)
        stream.send(b"hello")
        stream.send_eof()
        said = b""
        while piece := await stream.read():
            said += piece
        assert said == b"heard hello"
        await stream.wait_closed()
