"""What it costs the app's thread to bring a change of the screen to the user's terminal."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count, islice

from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver

from bench.workloads import COLUMNS, ROWS, at_least, editor
from tests.terminal_support import PlayedAgent
from vibetui.terminals import Terminal, TerminalSettings
from vibetui.ui import heap
from vibetui.ui.widgets.terminal_pane import TerminalPane


class _Sink(HeadlessDriver):
    """Takes what the app writes and forgets it."""

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        data.encode()


class _PaneApp(App[None]):
    """A pane and nothing else."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__(driver_class=_Sink, ansi_color=True)
        self.displayed = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield TerminalPane()

    def post_display_hook(self) -> None:
        self.displayed.set()


def _full_frames() -> Iterator[bytes]:
    return editor()


def _one_line_changes() -> Iterator[bytes]:
    for number in count():
        yield b"\x1b[%d;1H\x1b[3%dm%s\x1b[0m" % (
            number % ROWS + 1,
            number % 8,
            b"%d " % number * 25,
        )


def paint_times(frames: int) -> dict[str, list[float]]:
    """Seconds of the thread's own time for each of `frames` frames, by the kind of change."""
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    return asyncio.run(_paint_times(frames))


async def _paint_times(frames: int) -> dict[str, list[float]]:
    async with _pane("auto") as (app, terminal, _):
        heap.settle()
        return {
            "full frame": await _timed(app, terminal, _full_frames(), frames),
            "one line": await _timed(app, terminal, _one_line_changes(), frames),
        }


def longest_callback(kind: str, size: int) -> float:
    """Seconds of the thread's own time that the app's loop is held at most in a flood."""
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    return max(asyncio.run(_callback_times(kind, at_least(editor(), size))))


async def _callback_times(kind: str, flood: bytes) -> list[float]:
    times: list[float] = []
    run = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> None:
        before = time.thread_time()
        run(handle)
        times.append(time.thread_time() - before)

    async with _pane(kind) as (_, terminal, agent):
        taking = asyncio.create_task(terminal.run())
        heap.settle()
        asyncio.Handle._run = timed  # type: ignore[method-assign, assignment]
        await agent.output(flood)
        await agent.exit(0)
        await taking
        asyncio.Handle._run = run  # type: ignore[method-assign]
        gc.unfreeze()
    return times


@asynccontextmanager
async def _pane(kind: str) -> AsyncIterator[tuple[_PaneApp, Terminal, PlayedAgent]]:
    agent, connection = await PlayedAgent.start()
    app = _PaneApp()
    ready = asyncio.Event()
    app.call_later(ready.set)
    running = asyncio.create_task(app.run_async(size=(COLUMNS, ROWS), headless=False))
    await ready.wait()
    terminal = await Terminal.start(
        connection, rows=ROWS, columns=COLUMNS, settings=TerminalSettings(kind)
    )
    app.query_one(TerminalPane).show(terminal)
    yield app, terminal, agent
    app.exit()
    with suppress(asyncio.CancelledError):
        await running
    terminal.close()
    await agent.close()


async def _timed(
    app: _PaneApp, terminal: Terminal, changes: Iterator[bytes], frames: int
) -> list[float]:
    """The emulator's own time is not counted: the change is made before the clock starts."""
    pane = app.query_one(TerminalPane)
    times: list[float] = []
    for change in islice(changes, frames):
        await asyncio.sleep(0.02)
        terminal.emulator.feed(change)
        app.displayed.clear()
        began = time.thread_time()
        pane.scroll_back(0)
        async with asyncio.timeout(5):
            await app.displayed.wait()
        times.append(time.thread_time() - began)
    return times
