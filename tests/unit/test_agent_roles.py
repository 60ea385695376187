"""What a connection may do, once the core has said whose it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.agent_support import Agent, read_to_end, read_until, running_agent
from vibetui.agent import AgentConnection, AgentRefused, ErrorCode, Role, TerminalSpec


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


async def bound(agent: Agent, role: Role, who: str = "eve") -> AgentConnection:
    connection = await agent.connect()
    await connection.bind(role, who)
    return connection


async def denied(request: Awaitable[object]) -> None:
    with pytest.raises(AgentRefused) as caught:
        await request
    assert caught.value.number == ErrorCode.DENIED
    assert caught.value.hint


CHANGES: list[Callable[[AgentConnection], Awaitable[object]]] = [
    lambda connection: connection.open_terminal(TerminalSpec()),
    lambda connection: connection.close_terminal(1),
    lambda connection: connection.rename(1, "mine"),
    lambda connection: connection.arrange("mine"),
]
CORES_OWN: list[Callable[[AgentConnection], Awaitable[object]]] = [
    lambda connection: connection.bind(Role.OWNER, "ada"),
    lambda connection: connection.evict("ada"),
    lambda connection: connection.attach(1, typed=True),
]


async def test_a_viewer_changes_nothing_and_goes_on_looking(agent: Agent) -> None:
    await agent.open("printf here; read x")
    viewer = await bound(agent, Role.VIEWER)
    for change in CHANGES + CORES_OWN:
        await denied(change(viewer))
    (info,) = (await viewer.listing()).terminals
    assert (info.name, info.running) == ("", True)
    stream = await viewer.attach(1, read_only=False)
    await read_until(stream, b"here")
    (info,) = await (await agent.connect()).list_terminals()
    assert [seen.read_only for seen in info.viewers] == [True]


@pytest.mark.parametrize("role", [Role.WRITER, Role.OWNER])
async def test_writers_and_owners_do_all_but_what_is_the_cores(agent: Agent, role: Role) -> None:
    connection = await bound(agent, role)
    assert await connection.open_terminal(TerminalSpec(argv=["cat"])) == 1
    await connection.rename(1, "ours")
    await connection.arrange("side by side")
    for request in CORES_OWN:
        await denied(request(connection))
    listing = await connection.listing()
    assert (listing.layout, listing.terminals[0].name) == ("side by side", "ours")
    await connection.close_terminal(1)
    connection.close()


async def test_eviction_ends_every_connection_of_that_name_and_no_other(agent: Agent) -> None:
    number = await agent.open("yes")
    eve = [await (await bound(agent, role)).attach(number) for role in Role]
    idle = await bound(agent, Role.WRITER)
    ada = await (await bound(agent, Role.WRITER, "ada")).attach(number)
    control = await agent.connect()
    assert await control.evict("eve") == 4
    for stream in eve:
        with pytest.raises(AgentRefused) as caught:
            await read_to_end(stream)
        assert caught.value.number == ErrorCode.DENIED
        assert "shared" in caught.value.message
    await denied(idle.listing())
    assert await ada.read()
    assert await control.evict("eve") == 0
    (info,) = await control.list_terminals()
    assert [viewer.who for viewer in info.viewers] == ["ada"]
    control.close()
    ada.close()


async def test_names_beyond_their_bounds_are_refused_before_they_are_sent(agent: Agent) -> None:
    connection = await agent.connect()
    for request in (
        connection.rename(1, "é" * 33),
        connection.bind(Role.OWNER, "x" * 65),
        connection.evict("x" * 65),
        connection.arrange("x" * 4097),
        connection.open_terminal(TerminalSpec(name="x" * 65)),
        connection.rename(1, "a\0b"),
    ):
        with pytest.raises(ValueError, match="at most"):
            await request
    assert await connection.list_terminals() == []
    connection.close()
