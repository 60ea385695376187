"""What a watcher hears of, how often, and what it costs the agent when it doesn't listen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.agent_support import DEADLINE, Agent, RawClient, read_until, running_agent
from vibetui.agent import (
    ErrorCode,
    ExitStatus,
    FrameType,
    Listing,
    ListingWatch,
    Role,
    TerminalInfo,
    TerminalSpec,
)
from vibetui.agent.answers import decode_listing
from vibetui.agent.frames import AgentRefused, encode
from vibetui.errors import AgentError


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


@pytest.fixture
async def watch(agent: Agent) -> AsyncIterator[ListingWatch]:
    watching = await (await agent.connect()).watch()
    yield watching
    watching.close()
    await watching.wait_closed()


async def until(watch: ListingWatch, condition: Callable[[Listing], bool]) -> Listing:
    async with asyncio.timeout(DEADLINE):
        async for listing in watch:
            if condition(listing):
                return listing
    raise AssertionError("the watch ended")


async def until_one(watch: ListingWatch, condition: Callable[[TerminalInfo], bool]) -> TerminalInfo:
    listing = await until(watch, lambda now: any(map(condition, now.terminals)))
    return next(info for info in listing.terminals if condition(info))


async def test_everything_that_a_listing_says_is_heard_when_it_changes(
    agent: Agent, watch: ListingWatch
) -> None:
    assert await anext(watch) == Listing((), "")
    control = await agent.connect()
    script = r"read x; printf '\007\033]0;x\007\007'; read x; exit 3"
    spec = TerminalSpec(argv=["/bin/sh", "-c", script], name="one")
    number = await control.open_terminal(spec)
    await until_one(watch, lambda info: (info.name, info.terminal) == ("one", number))
    await control.rename(number, "zwei")
    await until_one(watch, lambda info: info.name == "zwei")
    await control.arrange("1 | 2")
    await until(watch, lambda listing: listing.layout == "1 | 2")

    connection = await agent.connect()
    await connection.bind(Role.WRITER, "ada")
    stream = await connection.attach(number, size=(33, 99))
    seen = await until_one(watch, lambda info: bool(info.viewers))
    (viewer,) = seen.viewers
    assert (viewer.who, viewer.role, viewer.leads) == ("ada", Role.WRITER, True)
    assert (seen.rows, seen.columns) == (33, 99)
    stream.send(b"\r")
    seen = await until_one(watch, lambda info: info.title == "x" and info.bells > 0)
    assert seen.bells == 2, "the one that ends the title doesn't ring"
    stream.close()
    await until_one(watch, lambda info: not info.viewers)
    (await agent.attach(number)).send(b"\r")
    seen = await until_one(watch, lambda info: not info.running)
    assert seen.exit == ExitStatus(3, None)
    await control.close_terminal(number)
    await until(watch, lambda listing: not listing.terminals)
    control.close()


async def test_the_foreground_program_is_named_and_the_shell_is_not(
    agent: Agent, watch: ListingWatch
) -> None:
    connection = await agent.connect()
    number = await connection.open_terminal(TerminalSpec(argv=["/bin/bash", "--norc", "-i"]))
    stream = await connection.attach(number)
    stream.send(b"sleep 1000\r")
    await until_one(watch, lambda info: info.command == "sleep")
    stream.send(b"\x03")
    await until_one(watch, lambda info: info.command == "")
    stream.close()


async def test_a_busy_terminal_costs_a_watcher_at_most_some_ten_listings_a_second(
    agent: Agent,
) -> None:
    number = await agent.open(
        r"for i in $(seq 40000); do printf '\033]0;%s\007' $i; done; printf end; read x"
    )
    raw = RawClient(agent.plain_socket())
    assert raw.frame() is not None, "HELLO"
    began = time.monotonic()
    raw.send(FrameType.WATCH)
    stream = await agent.attach(number)
    await read_until(stream, b"end")
    heard = 0
    while (frame := await asyncio.to_thread(raw.frame)) is not None:
        heard += 1
        if decode_listing(frame[1]).terminals[0].title == "40000":
            break
    assert heard <= (time.monotonic() - began) * 10 + 2


async def test_a_watcher_that_does_not_read_gets_the_newest_when_it_does(agent: Agent) -> None:
    raw = RawClient(agent.plain_socket())
    raw.send(FrameType.WATCH)
    control = await agent.connect()
    for n in range(30):
        await control.open_terminal(TerminalSpec(argv=["cat"], name=f"{n:064}"))
    for n in range(400):
        await control.arrange(f"{n}" + "x" * 4000)
    names = [f"{n:064}" for n in range(30)]
    while True:
        frame = await asyncio.to_thread(raw.frame)
        assert frame is not None
        if frame[0] != FrameType.LISTING:
            continue
        listing = decode_listing(frame[1])
        if listing.layout.startswith("399"):
            break
    assert [info.name for info in listing.terminals] == names
    control.close()


async def test_the_largest_listing_fits_into_one_frame(agent: Agent) -> None:
    control = await agent.connect()
    script = rf"printf '\033]2;{'t' * 300}\007'; read x"
    spec = TerminalSpec(argv=["/bin/sh", "-c", script], name="n" * 64)
    numbers = [await control.open_terminal(spec) for _ in range(128)]
    await control.arrange("l" * 4096)
    streams = []
    for _ in range(250):
        connection = await agent.connect()
        await connection.bind(Role.VIEWER, "w" * 64)
        streams.append(await connection.attach(numbers[0], last=0))
    await agent.has_written(numbers[-1], 300)
    listing = await control.listing()
    assert len(listing.terminals) == 128
    assert len(listing.terminals[0].viewers) == 250
    assert {len(info.title) for info in listing.terminals} == {224}
    for stream in streams:
        stream.close()
    control.close()


async def test_a_watch_takes_no_other_request_and_says_so_when_the_agent_ends(
    agent: Agent, watch: ListingWatch
) -> None:
    raw = RawClient(agent.plain_socket())
    raw.sock.sendall(encode(FrameType.WATCH) + encode(FrameType.LIST))
    assert raw.rest()[-1][1][:2] == bytes((0, ErrorCode.STATE))
    agent.stop()
    with pytest.raises(AgentError, match="broke"):
        async for _ in watch:
            pass


async def test_closing_a_watch_ends_who_iterates_over_it(agent: Agent) -> None:
    watch = await (await agent.connect()).watch()
    await anext(watch)
    waiting = asyncio.ensure_future(anext(watch, None))
    await asyncio.sleep(0)
    watch.close()
    assert await waiting is None


async def test_a_watcher_that_is_evicted_hears_why(agent: Agent) -> None:
    connection = await agent.connect()
    await connection.bind(Role.VIEWER, "eve")
    watch = await connection.watch()
    control = await agent.connect()
    assert await control.evict("eve") == 1
    control.close()
    with pytest.raises(AgentRefused) as caught:
        async for _ in watch:
            pass
    assert caught.value.number == ErrorCode.DENIED
