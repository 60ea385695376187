"""A terminal over its agent connection, the agent played by the test."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.terminal_support import EMULATORS, PlayedAgent, screen
from vibetui.errors import AgentError
from vibetui.terminals import Terminal, TerminalSettings
from vibetui.terminals.changes import Changes


async def started(
    kind: str = "ghostty", *, running: bool = False, replay: bytes = b""
) -> tuple[PlayedAgent, Terminal, asyncio.Task[object]]:
    agent, connection = await PlayedAgent.start(running=running, replay=replay)
    terminal = await Terminal.start(
        connection,
        rows=5,
        columns=20,
        settings=TerminalSettings(emulator=kind),
        banner=b"welcome",
        term_env={"LANG": "de_DE.UTF-8"},
    )
    return agent, terminal, asyncio.create_task(terminal.run())


async def ended(agent: PlayedAgent, terminal: Terminal, running: asyncio.Task[object]) -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    terminal.close()
    await terminal.wait_closed()
    await agent.close()


async def shows(terminal: Terminal, expected: list[str]) -> None:
    """Wait until the screen is as expected."""
    changed = asyncio.Event()
    stop = terminal.subscribe(changed.set)
    try:
        async with asyncio.timeout(5):
            while screen(terminal.emulator) != expected:
                changed.clear()
                await changed.wait()
    except TimeoutError:
        assert screen(terminal.emulator) == expected
    finally:
        stop()


@pytest.mark.parametrize("kind", EMULATORS)
async def test_output_is_shown_and_the_exit_status_told(kind: str) -> None:
    agent, terminal, running = await started(kind)
    await agent.output(b"$ ls\r\nfile")
    await shows(terminal, ["$ ls", "file"])
    await agent.exit(3)
    status = await running
    assert status is terminal.exit
    assert terminal.exit is not None
    assert terminal.exit.code == 3
    await ended(agent, terminal, running)


async def test_a_new_terminal_has_a_modern_environment_and_the_banner() -> None:
    agent, terminal, running = await started()
    assert not terminal.joined
    for expected in (
        b"TERM=xterm-256color",
        b"COLORTERM=truecolor",
        b"LANG=de_DE.UTF-8",
        b"welcome",
    ):
        assert expected in agent.opened[0]
    await ended(agent, terminal, running)


async def test_a_running_terminal_is_joined_and_its_screen_redrawn() -> None:
    agent, terminal, running = await started(running=True, replay=b"\x1b[31mearlier\x1b[0m\r\n$ ")
    await shows(terminal, ["earlier", "$"])
    assert terminal.joined
    assert not agent.opened
    await agent.until(lambda: agent.sizes == [(5, 20)])
    await ended(agent, terminal, running)


async def test_queries_are_answered_but_not_those_of_a_replay() -> None:
    agent, terminal, running = await started(running=True, replay=b"old\x1b[6n\x1b[c")
    await shows(terminal, ["old"])
    await agent.output(b"\x1b[5n")
    await agent.until(lambda: bool(agent.typed))
    assert bytes(agent.typed) == b"\x1b[0n"
    await ended(agent, terminal, running)


async def test_typing_and_resizing_reach_the_program() -> None:
    agent, terminal, running = await started()
    terminal.write(b"ls\r")
    terminal.resize(10, 40)
    terminal.resize(10, 40)
    await agent.until(lambda: bytes(agent.typed) == b"ls\r" and agent.sizes[-1:] == [(10, 40)])
    assert agent.sizes == [(5, 20), (10, 40)]
    assert await terminal.has_size(10, 40, deadline=5)
    assert (terminal.emulator.rows, terminal.emulator.columns) == (10, 40)
    await ended(agent, terminal, running)


async def test_a_broken_connection_is_one_clear_error() -> None:
    agent, terminal, running = await started()
    await agent.close()
    with pytest.raises(AgentError):
        await running
    assert terminal.exit is None
    await ended(agent, terminal, running)


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.usefixtures("heap_of_an_app")
async def test_a_flood_does_not_hold_the_loop(kind: str) -> None:
    agent, terminal, running = await started(kind)
    flood = b"".join(b"\x1b[3%dmline %d\x1b[0m\r\n" % (n % 8, n) for n in range(20_000))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    watcher = asyncio.create_task(watch())
    await agent.output(flood + b"end")
    await shows(terminal, ["line 19996", "line 19997", "line 19998", "line 19999", "end"])
    watcher.cancel()
    await asyncio.gather(watcher, return_exceptions=True)
    # Slices aim at 4 ms of this thread's own time, whatever else the machine does.
    assert longest < 0.05
    await ended(agent, terminal, running)


async def test_a_flood_is_told_from_a_screenful() -> None:
    agent, terminal, running = await started()
    await agent.output(b"a screenful\r\n" * 500)
    await agent.output(b"\x1b[H\x1b[2Jend")
    await shows(terminal, ["end"])
    assert not terminal.flooded()
    await agent.output(b"a flood\r\n" * 20_000)
    await agent.output(b"\x1b[H\x1b[2Jend of it")
    await shows(terminal, ["end of it"])
    assert terminal.flooded()
    assert not terminal.flooded()
    await ended(agent, terminal, running)


async def test_subscribers_are_called_once_a_turn() -> None:
    changes = Changes()
    calls: list[int] = []
    stop = changes.subscribe(lambda: calls.append(1))
    for _ in range(3):
        changes.tell()
    await asyncio.sleep(0)
    assert len(calls) == 1
    stop()
    changes.tell()
    await asyncio.sleep(0)
    assert len(calls) == 1


async def test_a_quiet_terminal_is_let_rest_until_it_has_done_all() -> None:
    agent, terminal, running = await started()
    left = [True, True, False]
    rested = asyncio.Event()

    def rest() -> bool:
        if len(left) == 1:
            rested.set()
        return left.pop(0)

    terminal.emulator.rest = rest  # type: ignore[method-assign]
    await agent.output(b"one")
    async with asyncio.timeout(5):
        await rested.wait()
    assert left == []
    await ended(agent, terminal, running)
