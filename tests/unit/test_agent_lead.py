"""Several clients on one terminal: whose size it has, and whose answers it takes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent_support import (
    DEADLINE,
    Agent,
    RawClient,
    read_to_end,
    read_until,
    running_agent,
)
from vibetui.agent import FrameType, Resized, Role, TerminalStream
from vibetui.agent.answers import decode_replay, decode_size
from vibetui.agent.requests import encode_attach

SHOW_SIZE = "stty raw -echo; printf ready; while read -r x; do stty size; done"
"""Says the terminal's size at every line that is typed."""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


async def join(
    agent: Agent,
    terminal: int,
    who: str,
    size: tuple[int, int] | None = None,
    role: Role = Role.WRITER,
    **how: object,
) -> TerminalStream:
    connection = await agent.connect()
    await connection.bind(role, who)
    return await connection.attach(terminal, size=size, **how)  # type: ignore[arg-type]


async def resized(stream: TerminalStream) -> tuple[int, int]:
    """The size at the next change of it."""
    async with asyncio.timeout(DEADLINE):
        while not isinstance(piece := await stream.read(), Resized):
            assert piece, "the terminal ended"
    return piece.rows, piece.columns


async def leaders(agent: Agent) -> list[str]:
    connection = await agent.connect()
    (info,) = await connection.list_terminals()
    connection.close()
    return [viewer.who for viewer in info.viewers if viewer.leads]


async def test_the_size_follows_who_typed_last_and_nobody_else(agent: Agent) -> None:
    number = await agent.open(SHOW_SIZE)
    ada = await join(agent, number, "ada", (30, 100))
    await read_until(ada, b"ready")
    bob = await join(agent, number, "bob", (10, 40))
    assert ada.size == bob.size == (30, 100), "who came first leads until somebody types"
    bob.resize(11, 41)
    await bob.drain()
    ada.send(b"\n")
    await read_until(bob, b"30 100")
    bob.send(b"\n")
    assert await resized(ada) == await resized(bob) == (11, 41)
    await read_until(ada, b"11 41")
    bob.resize(12, 42)
    assert await resized(ada) == (12, 42)
    ada.send(b"")
    assert await resized(ada) == (30, 100), "typing nothing takes the lead as well"
    assert await leaders(agent) == ["ada"]


async def test_a_viewer_never_leads_types_answers_or_resizes(agent: Agent) -> None:
    number = await agent.open(SHOW_SIZE)
    viewer = await join(agent, number, "eve", (5, 5), Role.VIEWER)
    viewer.send(b"\n")
    viewer.reply(b"\n")
    viewer.resize(6, 6)
    await viewer.drain()
    assert await leaders(agent) == []
    ada = await join(agent, number, "ada", (30, 100))
    assert await leaders(agent) == ["ada"]
    ada.send(b"\n")
    seen = await read_until(ada, b"30 100")
    assert seen.count(b"30 100") == 1
    ada.close()
    await agent_has_viewers(agent, 1)
    assert await leaders(agent) == []


async def agent_has_viewers(agent: Agent, count: int) -> None:
    connection = await agent.connect()
    watch = await connection.watch()
    async with asyncio.timeout(DEADLINE):
        async for listing in watch:
            if len(listing.terminals[0].viewers) == count:
                break
    watch.close()


async def test_when_the_leader_leaves_the_one_who_typed_before_leads(agent: Agent) -> None:
    number = await agent.open(SHOW_SIZE)
    first = await join(agent, number, "first", (11, 80))
    second = await join(agent, number, "second", (12, 80))
    third = await join(agent, number, "third", (13, 80))
    await read_until(first, b"ready")
    third.send(b"\n")
    await read_until(first, b"13 80")
    second.send(b"\n")
    await read_until(first, b"12 80")
    second.close()
    assert await resized(first) == (13, 80)
    third.close()
    assert await resized(first) == (11, 80), "the first of those that never typed"
    assert await leaders(agent) == ["first"]


async def test_attaching_takes_the_lead_from_oneself_and_from_nobody_else(agent: Agent) -> None:
    number = await agent.open(SHOW_SIZE)
    laptop = await join(agent, number, "ada", (30, 100))
    await read_until(laptop, b"ready")
    laptop.send(b"\n")
    bob = await join(agent, number, "bob", (10, 40))
    phone = await join(agent, number, "ada", (20, 30))
    assert await resized(laptop) == await resized(bob) == (20, 30)
    looking_on = await join(agent, number, "ada", (9, 9), read_only=True, last=0)
    assert looking_on.size == (20, 30)
    phone.close()
    assert await resized(bob) == (30, 100), "back to the laptop, which typed before"


async def test_a_query_is_answered_once_by_who_leads(agent: Agent) -> None:
    number = await agent.open("stty raw -echo; printf ready; head -c 4 | od -An -c; head -c 1")
    ada = await join(agent, number, "ada")
    bob = await join(agent, number, "bob")
    bob.reply(b"BBBB")
    await bob.drain()
    await agent_has_viewers(agent, 2)
    ada.reply(b"AAAA")
    assert b"A   A   A   A" in await read_until(ada, b"\n")
    bob.send(b"x")
    bob.close()


async def test_a_change_of_size_comes_at_its_byte_however_far_a_client_lags(agent: Agent) -> None:
    script = (
        "stty raw -echo; printf ready; while read -r x; do head -c $x /dev/zero | tr '\\0' z; done"
    )
    number = await agent.open(script, rows=10, columns=10)
    leader = await join(agent, number, "ada", (10, 10))
    await read_until(leader, b"ready")
    slow = RawClient(agent.plain_socket())
    slow.sock.sendall(encode_attach(number, from_offset=0, read_only=True))
    choose = random.Random(4)
    expected, at = [], 5
    for step in range(20):
        count = choose.choice((1, 100, 70_000, 150_000))
        leader.send(b"%d\n" % count)
        at += count
        while leader.offset < at:
            assert await leader.read()
        leader.resize(20 + step, 90)
        await resized(leader)
        expected.append((at, (20 + step, 90)))
    leader.close()
    connection = await agent.connect()
    await connection.close_terminal(number)
    connection.close()
    frames = await asyncio.to_thread(slow.rest)
    got, offset = [], 0
    for kind, payload in frames:
        if kind == FrameType.REPLAY:
            offset, size, _ = decode_replay(payload)
            assert size == (10, 10)
        elif kind == FrameType.OUTPUT:
            offset += len(payload)
        elif kind == FrameType.SIZE:
            now = decode_size(payload)
            got.append((offset, (now.rows, now.columns)))
    assert got == expected
    assert offset == at


async def test_a_replay_has_the_sizes_in_their_places(agent: Agent) -> None:
    number = await agent.open(
        "stty raw -echo; printf ready; while read -r x; do printf $x; done", rows=10, columns=40
    )
    leader = await join(agent, number, "ada", (10, 40))
    await read_until(leader, b"ready")
    leader.send(b"small\n")
    await read_until(leader, b"small")
    leader.resize(20, 80)
    await resized(leader)
    leader.send(b"large\n")
    await read_until(leader, b"large")
    late = await join(agent, number, "bob")
    assert late.size == (10, 40)
    assert late.replay.data.endswith(b"readysmall")
    assert await resized(late) == late.size == (20, 80)
    assert (await late.read(), late.replaying) == (b"large", True)
    resumed = await join(agent, number, "bob", from_offset=10)
    assert resumed.size == (20, 80), "the size at the first byte that it gets"
    assert resumed.replay.data == b"large"


async def test_thousands_of_changes_are_coalesced_and_the_last_one_holds(agent: Agent) -> None:
    number = await agent.open("stty raw -echo; printf ready; while read -r x; do printf .; done")
    leader = await join(agent, number, "ada", (10, 10))
    await read_until(leader, b"ready")
    for n in range(2000):
        leader.resize(10 + n % 7, 20 + n % 9)
        leader.send(b"\n")
    leader.resize(50, 50)
    while leader.offset < 2005:
        await leader.read()
    late = await join(agent, number, "bob", from_offset=0)
    sizes = []
    while late.size != (50, 50):
        if isinstance(piece := await late.read(), Resized):
            sizes.append(piece)
    assert len(sizes) <= 33
    assert late.offset <= 2005


async def test_what_is_typed_is_told_to_who_asked_and_a_terminal_that_ends_says_so_last(
    agent: Agent,
) -> None:
    number = await agent.open("stty raw -echo; printf ready; head -c 5 > /dev/null; printf bye")
    recorder = await agent.attach(number, from_offset=0, read_only=True, typed=True)
    await read_until(recorder, b"ready")
    ada = await join(agent, number, "ada")
    ada.send(b"hey")
    ada.reply(b"\x1b[")
    pieces = []
    while piece := await recorder.read():
        pieces.append(piece)
    assert [getattr(piece, "data", piece) for piece in pieces] == [b"hey", b"bye"]
    assert b"hey" not in await read_to_end(ada)


async def test_a_quiet_attach_makes_nothing_redraw(agent: Agent) -> None:
    script = r"""
    trap 'printf drawn' WINCH
    read x; printf '\033[?1049hready'; while :; do read x && printf typed; done
    """
    number = await agent.open(script)
    leader = await join(agent, number, "ada")
    # Not before: attaching to a full-screen program makes it redraw.
    leader.send(b"\r")
    await read_until(leader, b"ready")
    (await join(agent, number, "bob", read_only=True, quiet=True)).close()
    leader.send(b"\r")
    assert b"drawn" not in await read_until(leader, b"typed")
    (await join(agent, number, "bob", read_only=True)).close()
    await read_until(leader, b"drawn")
