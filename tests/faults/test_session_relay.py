"""Sessions whose agent is reached through the engine, as on a machine that isn't this one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.agent_support import read_to_end
from tests.session_support import Place, a_place
from vibetui.agent import ExecSpec, ExitStatus, Out, Role, TerminalSpec
from vibetui.agent.frames import FrameType, encode
from vibetui.agent.requests import encode_attach
from vibetui.engines import DockerEngine
from vibetui.errors import AgentError, EngineError, NotFound, OpenError, VibeError
from vibetui.model import Session, new_id
from vibetui.sessions.carrier import relays
from vibetui.settings import AgentCarrier

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with a_place(tmp_path, agent_carrier=AgentCarrier.RELAY) as place:
        yield place


def processes(place: Place, session: Session) -> list[str]:
    """What runs in the container besides the agent itself."""
    rows = place.docker.top(place.name(session), "-o pid,args")["Processes"]
    return [row[-1] for row in rows if " serve " not in row[-1]]


async def nothing_is_left(place: Place, session: Session) -> None:
    async with asyncio.timeout(20):
        while left := await asyncio.to_thread(processes, place, session):
            assert left


async def container(place: Place, session: Session) -> str:
    container_id = (await place.row(session)).container_id
    assert container_id is not None
    return container_id


async def test_a_session_opens_works_stops_and_opens_again_with_nothing_of_ours_mounted(
    place: Place,
) -> None:
    session = await place.opened()
    await place.works(session)
    made = await asyncio.to_thread(place.docker.inspect_container, place.name(session))
    assert [mount["Destination"] for mount in made["Mounts"]] == ["/workspace"]
    await place.manager.stop(session.session_id)
    with pytest.raises(OpenError, match="isn't running"):
        await place.manager.attach(session.session_id)
    await place.open(session)
    await place.works(session)
    await place.open(session)  # it runs: nothing but the handshake
    await place.works(session)
    assert len(await place.containers()) == 1
    await place.manager.delete(session.session_id)
    assert await place.containers() == []


async def test_commands_and_roles_are_as_over_the_socket(place: Place) -> None:
    session = await place.opened()
    connection = await place.manager.attach(session.session_id)
    assert connection.hello.pid == 1
    await connection.bind(Role.WRITER, "bob")
    stream = await connection.execute(ExecSpec(argv=["cat"]))
    data = bytes(range(256)) * 12_000
    stream.send(data)
    stream.send_eof()
    said = b""
    while (piece := await stream.read()) is not None:
        assert isinstance(piece, Out)
        said += piece.data
    assert said == data
    assert stream.exit == ExitStatus(0, None)
    stream.close()
    await nothing_is_left(place, session)


async def test_a_container_that_is_removed_breaks_its_streams_and_is_made_anew(
    place: Place,
) -> None:
    session = await place.opened()
    connection = await place.manager.attach(session.session_id)
    terminal = await connection.open_terminal(TerminalSpec(argv=["cat"]))
    stream = await connection.attach(terminal)
    await asyncio.to_thread(place.remove_by_hand, session)
    with pytest.raises(AgentError, match="broke"):
        await asyncio.wait_for(read_to_end(stream), 20)
    with pytest.raises(VibeError):
        await place.manager.attach(session.session_id)
    await place.open(session)
    await place.works(session)


async def produced(place: Place, session: Session, terminal: int) -> int:
    connection = await place.manager.attach(session.session_id)
    try:
        listed = await connection.list_terminals()
    finally:
        connection.close()
    return next(info.offset for info in listed if info.terminal == terminal)


async def test_a_client_that_does_not_read_stops_the_program_and_not_the_others(
    place: Place,
) -> None:
    session = await place.opened()
    connection = await place.manager.attach(session.session_id)
    spec = TerminalSpec(argv=["sh", "-c", "stty -opost; exec cat /dev/zero"])
    terminal = await connection.open_terminal(spec)
    lazy = await connection.attach(terminal)  # it reads 256 KiB ahead, and no more
    seen = -1
    async with asyncio.timeout(30):
        while seen != (seen := await produced(place, session, terminal)) or seen == 0:  # noqa: ASYNC110 (standing still is no event)
            await asyncio.sleep(0.3)
    assert seen < 4_000_000, "all that engine, core and sockets hold"
    await place.works(session)
    got = 0
    while got < 6_000_000:
        got += len(await lazy.read())  # type: ignore[arg-type]
    lazy.close()


async def test_a_program_that_does_not_read_stops_whoever_sends(place: Place) -> None:
    session = await place.opened()
    connection = await place.manager.attach(session.session_id)
    terminal = await connection.open_terminal(
        TerminalSpec(argv=["sh", "-c", "stty raw; exec sleep 1000"])
    )
    connection.close()
    sock = (await place.manager.attach(session.session_id)).release()
    sock.settimeout(1.0)
    sock.sendall(encode_attach(terminal))
    sent = 0

    def flood() -> None:
        nonlocal sent
        with contextlib.suppress(TimeoutError):
            while sent < 30_000_000:
                sock.sendall(encode(FrameType.INPUT, b"x" * 10_000))
                sent += 10_000

    await asyncio.to_thread(flood)
    sock.close()
    assert 0 < sent < 4_000_000
    await place.works(session)


async def test_a_client_that_leaves_leaves_no_relay_behind(place: Place) -> None:
    session = await place.opened()
    for _ in range(3):
        connection = await place.manager.attach(session.session_id)
        assert await connection.list_terminals() == []
        connection.close()
    await nothing_is_left(place, session)


async def test_an_engine_that_is_closed_ends_its_relays(place: Place) -> None:
    session = await place.opened()
    engine = DockerEngine(None, timeout=30)
    sock = await engine.relay(await container(place, session), ["/usr/bin/cat"])
    await engine.close()
    with sock:
        async with asyncio.timeout(10):
            assert await asyncio.get_running_loop().sock_recv(sock, 1) == b""
    await nothing_is_left(place, session)


async def test_stderr_is_logged_and_stdout_ends_with_the_program(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    session = await place.opened()
    loop = asyncio.get_running_loop()
    with caplog.at_level("INFO"):
        script = "echo out; echo mistake >&2; read x; echo $x"
        sock = await place.engine.relay(await container(place, session), ["sh", "-c", script])
        with sock:
            await loop.sock_sendall(sock, b"in\n")
            said = b""
            async with asyncio.timeout(10):
                while data := await loop.sock_recv(sock, 4096):
                    said += data
    assert said == b"out\nin\n"
    assert "mistake" in caplog.text


async def test_what_cannot_be_reached_is_an_error(place: Place) -> None:
    session = await place.opened()
    for nothing in (new_id(), "", "../images"):
        with pytest.raises(NotFound):
            await place.engine.relay(nothing, ["true"])
    container_id = await container(place, session)
    await place.manager.stop(session.session_id)
    with pytest.raises(EngineError):
        await place.engine.relay(container_id, ["true"])


async def test_the_carrier_follows_the_engines_address() -> None:
    for url, through_the_engine in (
        ("unix:///var/run/docker.sock", False),
        ("tcp://10.0.0.1:2375", True),
    ):
        engine = DockerEngine(url, timeout=1)
        assert relays(AgentCarrier.AUTO, engine) is through_the_engine
        assert relays(AgentCarrier.RELAY, engine)
        assert not relays(AgentCarrier.SOCKET, engine)
        await engine.close()
