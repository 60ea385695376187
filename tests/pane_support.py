"""A pane with a terminal in it whose agent is played by the test, and what a user sees of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.terminal_support import PlayedAgent
from vibetui.terminals import Terminal, TerminalSettings
from vibetui.terminals.columns import split_run
from vibetui.terminals.protocol import CellStyle
from vibetui.ui.styles import stylesheet
from vibetui.ui.theme import VIBE_THEME
from vibetui.ui.widgets.key_bar import KeyBar
from vibetui.ui.widgets.terminal_pane import TerminalPane

ROWS, COLUMNS = 10, 40


class PaneApp(App[None], inherit_bindings=False):
    """A pane and its key bar."""

    ENABLE_COMMAND_PALETTE = False
    CSS = stylesheet("vibetui.ui", "app") + "TerminalPane { max-width: 40; max-height: 10; }"

    def __init__(self, *, opens_links: bool) -> None:
        super().__init__(ansi_color=True)
        self._opens_links = opens_links
        self.register_theme(VIBE_THEME)
        self.theme = VIBE_THEME.name
        self.animation_level = "none"
        self.notes: list[str] = []

    def compose(self) -> ComposeResult:
        yield TerminalPane(prefix_key="ctrl+]", opens_links=self._opens_links)
        yield KeyBar()

    def on_terminal_reading_noted(self, message: TerminalPane.Noted) -> None:
        self.notes.append(message.text)

    def on_terminal_reading_hints_changed(self) -> None:
        hints = self.query_one(TerminalPane).hints
        self.query_one(KeyBar).show(hints.hints, hints.note, hints.lead)


class Stage:
    """A pane of 10x40 over a key bar of 100, and the agent behind it."""

    def __init__(self, agent: PlayedAgent, terminal: Terminal, pilot: Pilot[None]) -> None:
        self.agent, self.terminal, self.pilot = agent, terminal, pilot
        assert isinstance(pilot.app, PaneApp)
        self.app = pilot.app
        self.pane = pilot.app.query_one(TerminalPane)

    @property
    def offset(self) -> int:
        """Lines that the pane is scrolled back."""
        return self.terminal.emulator.scroll_offset

    def rows(self) -> list[str]:
        """What the pane shows."""
        return [strip.text.rstrip() for strip in self.pane.render_lines(self.pane.size.region)]

    def bar(self) -> str:
        """What the key bar says."""
        bar = self.app.query_one(KeyBar)
        return "".join(strip.text for strip in bar.render_lines(bar.outer_size.region))

    def styles(self, y: int) -> list[CellStyle]:
        """Row `y` as it is painted, column by column."""
        self.pane.render_lines(self.pane.size.region)
        runs = self.pane._strips[y]._runs  # type: ignore[attr-defined]
        return [
            cell.style
            for run in runs
            for cell in split_run(run)
            for _ in range(cell.start, cell.end)
        ]

    def marked(self, mark: Callable[[CellStyle], bool]) -> list[str]:
        """The text of what is set off in this way, row by row."""
        found: list[str] = []
        for y in range(len(self.rows())):
            self.styles(y)
            runs = self.pane._strips[y]._runs  # type: ignore[attr-defined]
            if text := "".join(run.text for run in runs if mark(run.style)):
                found.append(text)
        return found

    async def until(self, condition: Callable[[], bool], seconds: float = 5) -> None:
        """Let the app work until the condition holds."""
        async with asyncio.timeout(seconds):
            while not condition():
                await self.pilot.pause()

    async def output(self, data: bytes) -> None:
        """Print `data` and wait until the pane has it."""
        mark = f"mark-{id(data)}-{len(data)}"
        await self.agent.output(data + f"\x1b]2;{mark}\x07".encode())
        await self.until(lambda: self.pane._title == mark)
        await self.pilot.pause()

    async def typed(self, expected: bytes) -> None:
        """Wait until exactly `expected` was typed."""
        try:
            await self.agent.until(lambda: bytes(self.agent.typed) == expected, 2)
        except TimeoutError:
            assert bytes(self.agent.typed) == expected
        self.agent.typed.clear()

    # The mouse

    async def press(self, x: int, y: int, **keys: bool) -> None:
        """The left button goes down."""
        await self._mouse(events.MouseDown, x, y, 1, **keys)

    async def move(self, x: int, y: int, *, button: int = 1) -> None:
        """The mouse is moved, with the button held unless it is 0."""
        await self._mouse(events.MouseMove, x, y, button)

    async def release(self, x: int, y: int) -> None:
        """The button is let go."""
        await self._mouse(events.MouseUp, x, y, 1)

    async def drag(self, start: tuple[int, int], end: tuple[int, int], **keys: bool) -> None:
        """From one cell to another, as (column, row)."""
        await self.press(*start, **keys)
        await self.move(*end)
        await self.release(*end)

    async def click(self, x: int, y: int, *, times: int = 1, **keys: bool) -> None:
        """Press and let go."""
        for _ in range(times):
            await self.press(x, y, **keys)
            await self.release(x, y)

    async def _mouse(
        self,
        kind: type[events.MouseEvent],
        x: int,
        y: int,
        button: int,
        *,
        shift: bool = False,
        meta: bool = False,
        ctrl: bool = False,
    ) -> None:
        self.pane.post_message(kind(None, x, y, 0, 0, button, shift, meta, ctrl))
        await self.pilot.pause()


@asynccontextmanager
async def pane_stage(
    kind: str, *, opens_links: bool = False, read_only: bool = False
) -> AsyncIterator[Stage]:
    """A pane with the focus, over the emulator `kind`."""
    agent, connection = await PlayedAgent.start()
    app = PaneApp(opens_links=opens_links)
    async with app.run_test(size=(100, 24)) as pilot:
        pane = app.query_one(TerminalPane)
        settings = TerminalSettings(emulator=kind)
        terminal = await Terminal.start(
            connection, rows=ROWS, columns=COLUMNS, settings=settings, read_only=read_only
        )
        running = asyncio.create_task(terminal.run())
        pane.show(terminal)
        pane.focus()
        await pilot.pause()
        yield Stage(agent, terminal, pilot)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        terminal.close()
        await agent.close()


def numbered(count: int) -> bytes:
    """So many lines, each with its number, and an empty one."""
    return b"".join(b"line %d\r\n" % n for n in range(count))


def reversed_(style: CellStyle) -> bool:
    """As the selection is set off, and the cursor."""
    return style.reverse
