"""One terminal, several people: real agent, two `Terminal`s of different sizes and emulators."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.agent_support import DEADLINE, Agent, running_agent
from tests.terminal_support import screen
from vibetui.agent import Role
from vibetui.errors import AgentError, SharingEnded
from vibetui.terminals import Terminal, TerminalSettings


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with running_agent(tmp_path) as running:
        yield running


class Person:
    """Somebody at a terminal."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.running = asyncio.create_task(terminal.run())

    async def until(self, condition: Callable[[], bool]) -> None:
        held = await self.terminal._changes.until(condition, deadline=DEADLINE)
        assert held, "\n".join(self.screen)

    async def sees(self, text: str) -> None:
        await self.until(lambda: text in "\n".join(self.screen))

    @property
    def screen(self) -> list[str]:
        return screen(self.terminal.emulator)


@asynccontextmanager
async def person(
    agent: Agent,
    number: int | None,
    kind: str = "ghostty",
    size: tuple[int, int] = (24, 80),
    *,
    who: str = "",
    read_only: bool = False,
) -> AsyncIterator[Person]:
    connection = await agent.connect()
    if who:
        await connection.bind(Role.VIEWER if read_only else Role.WRITER, who)
    terminal = await Terminal.open(
        connection,
        number,
        rows=size[0],
        columns=size[1],
        settings=TerminalSettings(emulator=kind),
        read_only=read_only,
    )
    made = Person(terminal)
    try:
        yield made
    finally:
        terminal.close()
        await asyncio.gather(made.running, return_exceptions=True)


async def test_two_see_the_same_live_in_the_size_of_who_typed_last(agent: Agent) -> None:
    number = await agent.open("while read x; do echo $x; stty size; done")
    async with (
        person(agent, number, "ghostty", (24, 80)) as ada,
        person(agent, number, "pyte", (40, 120)) as bob,
    ):
        ada.terminal.write(b"one\r")
        for one in (ada, bob):
            await one.sees("one\n24 80")
            assert one.terminal.size == (24, 80)
        bob.terminal.write(b"two\r")
        for one in (ada, bob):
            await one.sees("two\n40 120")
            assert one.terminal.size == (40, 120)
        assert ada.screen == bob.screen
        ada.terminal.resize(30, 90)
        bob.terminal.write(b"three\r")
        for one in (ada, bob):
            await one.sees("three\n40 120")
        ada.terminal.lead()
        for one in (ada, bob):
            assert await one.terminal.has_size(30, 90, deadline=DEADLINE)
        assert ada.screen == bob.screen


async def test_each_scrolls_for_themselves(agent: Agent) -> None:
    number = await agent.open("seq 100; read x; echo more; read x")
    async with person(agent, number) as ada, person(agent, number, "pyte") as bob:
        for one in (ada, bob):
            await one.sees("100")
        ada.terminal.emulator.scroll_to(30)
        read = ada.screen
        bob.terminal.write(b"\r")
        await bob.sees("more")
        await ada.until(lambda: ada.terminal.emulator.history_lines > 77)
        assert ada.screen == read


@pytest.mark.parametrize("read_only", [False, True], ids=["two writers", "a writer and a viewer"])
async def test_one_query_has_one_answer(agent: Agent, read_only: bool) -> None:
    script = r"""
    stty raw -echo; read() { dd bs=1 count=1 2>/dev/null; }
    printf ready; read; printf '\033[5nasked'
    while c=$(read); [ "$c" != y ]; do got="$got$c"; done
    printf '[%s]' "$got" | cat -v; read
    """
    number = await agent.open(script)
    async with (
        person(agent, number, who="ada") as ada,
        person(agent, number, "pyte", who="bob", read_only=read_only) as bob,
    ):
        for one in (ada, bob):
            await one.sees("ready")
        ada.terminal.write(b"x")
        for one in (ada, bob):
            await one.sees("asked")
        # What they have answered is with the agent before this.
        (ada if read_only else bob).terminal.write(b"y")
        for one in (ada, bob):
            await one.sees("[^[[0n]")


async def test_a_viewer_types_nothing_and_has_no_size(agent: Agent) -> None:
    number = await agent.open("read x; echo got:$x; stty size; read x")
    async with (
        person(agent, number, who="ada") as ada,
        person(agent, number, size=(10, 30), who="bob", read_only=True) as bob,
    ):
        bob.terminal.write(b"evil\r")
        bob.terminal.reply(b"evil\r")
        bob.terminal.resize(11, 31)
        bob.terminal.lead()
        ada.terminal.write(b"good\r")
        for one in (ada, bob):
            await one.sees("got:good\n24 80")
            assert one.terminal.size == (24, 80)


async def test_whoever_is_shut_out_hears_it_in_one_sentence(agent: Agent) -> None:
    number = await agent.open("read x")
    core = await agent.connect()
    async with person(agent, number, who="ada") as ada, person(agent, number, who="bob") as bob:
        await core.evict("bob")
        with pytest.raises(SharingEnded, match="The owner has ended the sharing"):
            await bob.running
        ada.terminal.write(b"still here")
        await ada.sees("still here")
    core.close()


@pytest.mark.parametrize("kind", ["ghostty", "pyte"])
async def test_a_broken_connection_is_gone_on_from_without_a_gap_or_a_double(
    agent: Agent, kind: str
) -> None:
    number = await agent.open("seq 20000; while read x; do seq 20001 40000; echo $x; done")
    async with person(agent, number, kind) as ada:
        await ada.sees("20000")
        for _ in range(3):
            ada.terminal._stream.close()
            with pytest.raises(AgentError):
                await ada.running
            ada.terminal.write(b"typed meanwhile\r")
            await ada.terminal.resume(await agent.connect())
            ada.running = asyncio.create_task(ada.terminal.run())
            await ada.sees("typed meanwhile")
        emulator = ada.terminal.emulator
        lines = emulator.texts(emulator.first_line, emulator.first_line + emulator.history_lines)
        numbers = [int(line.text) for line in lines if line.text.isdigit()]
        assert all(b - a in (1, 1 - 20000) for a, b in itertools.pairwise(numbers))


async def test_what_is_no_longer_kept_makes_the_screen_and_its_history_anew(agent: Agent) -> None:
    number = await agent.open("echo first; read x; seq 400000; read x")
    async with person(agent, number, "ghostty") as ada:
        await ada.sees("first")
        ada.terminal._stream.close()
        with pytest.raises(AgentError):
            await ada.running
        other = await agent.attach(number)
        other.send(b"\r")
        other.close()
        await agent.has_written(number, 2_000_000)
        await ada.terminal.resume(await agent.connect())
        ada.running = asyncio.create_task(ada.terminal.run())
        await ada.sees("400000")
        emulator = ada.terminal.emulator
        lines = emulator.texts(emulator.first_line, emulator.first_line + emulator.history_lines)
        texts = [line.text for line in lines]
        assert "first" not in texts
        numbers = [int(text) for text in texts if text.isdigit()]
        assert all(b - a == 1 for a, b in itertools.pairwise(numbers))
