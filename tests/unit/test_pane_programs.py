"""Full-screen programs in the pane, through the real agent."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual.app import App, ComposeResult

from tests.agent_support import Agent, running_agent
from tests.terminal_support import EMULATORS, screen
from vibetui.terminals import Emulator, Terminal, TerminalSettings
from vibetui.ui.widgets.terminal_pane import TerminalPane

DEADLINE = 15.0


class PaneApp(App[None], inherit_bindings=False):
    ENABLE_COMMAND_PALETTE = False

    def __init__(self) -> None:
        super().__init__(ansi_color=True)

    def compose(self) -> ComposeResult:
        yield TerminalPane()


class Stage:
    """A person at a pane of 24x80 with a shell in it."""

    def __init__(self, pane: TerminalPane, terminal: Terminal) -> None:
        self.pane, self.terminal = pane, terminal

    @property
    def emulator(self) -> Emulator:
        return self.terminal.emulator

    def type(self, text: str) -> None:
        for char in text:
            self.pane.post_message(events.Key({" ": "space"}.get(char, char), char))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.pane.post_message(events.Key(key, None))

    def line(self, text: str) -> None:
        self.type(text)
        self.press("enter")

    async def until(self, condition: Callable[[], bool]) -> None:
        changed = asyncio.Event()
        stop = self.terminal.subscribe(changed.set)
        try:
            async with asyncio.timeout(DEADLINE):
                while not condition():
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            raise AssertionError("\n".join(["not in time:", *screen(self.emulator)])) from None
        finally:
            stop()

    async def shows(self, text: str) -> None:
        """Wait until `text` is on screen."""
        await self.until(lambda: any(text in line for line in screen(self.emulator)))

    async def full_screen(self, on: bool) -> None:
        await self.until(lambda: self.emulator.modes.alternate_screen is on)

    async def prompt(self) -> None:
        self.line("PS1='read''y> '; clear")
        await self.until(lambda: screen(self.emulator) == ["ready>"])


@asynccontextmanager
async def stage(agent: Agent, kind: str = "ghostty") -> AsyncIterator[Stage]:
    app = PaneApp()
    async with app.run_test(size=(80, 24)) as pilot:
        pane = app.query_one(TerminalPane)
        terminal = await Terminal.start(
            await agent.connect(),
            rows=24,
            columns=80,
            settings=TerminalSettings(emulator=kind),
            term_env={"HTOPRC": "/dev/null"},
        )
        running = asyncio.create_task(terminal.run())
        pane.show(terminal)
        pane.focus()
        await pilot.pause()
        yield Stage(pane, terminal)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        terminal.close()
        await terminal.wait_closed()


def needs(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed here")
    return found


@pytest.mark.parametrize("kind", EMULATORS)
async def test_vim_edits_a_file(tmp_path: Path, kind: str) -> None:
    vim = needs("vim")
    with running_agent(tmp_path) as agent:
        async with stage(agent, kind) as at:
            await at.prompt()
            at.line(f"{vim} -N -u NONE notes.txt")
            await at.full_screen(True)
            await at.shows("~")
            at.type("ione two")
            at.press("enter")
            at.type("three")
            await at.shows("three")
            at.press("up", "home", "escape")
            at.type("x:wq")
            at.press("enter")
            await at.full_screen(False)
            await at.until(lambda: screen(at.emulator)[-1] == "ready>")
        assert (agent.workspace / "notes.txt").read_text() == "ne two\nthree\n"


async def test_less_pages_and_gives_the_screen_back(tmp_path: Path) -> None:
    less = needs("less")
    with running_agent(tmp_path) as agent:
        (agent.workspace / "long").write_text("".join(f"row {n}\n" for n in range(200)))
        async with stage(agent) as at:
            await at.prompt()
            at.line(f"{less} long")
            await at.full_screen(True)
            await at.shows("row 22")
            at.press("space")
            await at.shows("row 45")
            at.press("pageup")
            await at.until(lambda: screen(at.emulator)[0] == "row 0")
            scroll = events.MouseScrollDown(None, 1, 1, 0, 0, 0, False, False, False)
            at.pane.post_message(scroll)
            await at.until(lambda: screen(at.emulator)[0] == "row 3")
            at.type("q")
            await at.full_screen(False)
            await at.until(lambda: screen(at.emulator)[-1] == "ready>")


async def test_the_python_prompt(tmp_path: Path) -> None:
    with running_agent(tmp_path) as agent:
        async with stage(agent) as at:
            await at.prompt()
            at.line(f"{sys.executable} -q")
            await at.shows(">>>")
            at.line("6*7")
            await at.until(lambda: screen(at.emulator)[-2:] == ["42", ">>>"])
            at.press("up")
            await at.until(lambda: screen(at.emulator)[-1] == ">>> 6*7")
            at.press("ctrl+c")
            await at.shows("KeyboardInterrupt")
            at.press("ctrl+d")
            await at.until(lambda: screen(at.emulator)[-1] == "ready>")


async def test_htop_in_its_colours(tmp_path: Path) -> None:
    htop = needs("htop")
    with running_agent(tmp_path) as agent:
        async with stage(agent) as at:
            await at.prompt()
            at.line(htop)
            await at.full_screen(True)
            await at.shows("F10")
            colours = {run.style.background for y in range(24) for run in at.emulator.row(y)} | {
                run.style.foreground for y in range(24) for run in at.emulator.row(y)
            }
            assert {2, 6} <= colours
            at.press("f10")
            await at.full_screen(False)


async def test_tmux_inside(tmp_path: Path) -> None:
    tmux = needs("tmux")
    config = tmp_path / "tmux.conf"
    # Keys less than a millisecond apart would be a paste to it, and a paste has no prefix.
    config.write_text("set -g assume-paste-time 0\n")
    with running_agent(tmp_path) as agent:
        async with stage(agent) as at:
            await at.prompt()
            at.line(f"{tmux} -S {tmp_path}/tmux -f {config} new 'PS1=inner sh'")
            await at.full_screen(True)
            await at.shows("inner")
            at.line("echo $TERM $((40+2))")
            await at.shows("42")
            at.press("ctrl+b")
            at.type("%")
            await at.shows("│")
            at.line(f"{tmux} -S {tmp_path}/tmux kill-server")
            await at.full_screen(False)


@pytest.mark.parametrize("kind", EMULATORS)
async def test_coming_back_shows_the_program_as_it_is(tmp_path: Path, kind: str) -> None:
    vim = needs("vim")
    with running_agent(tmp_path) as agent:
        async with stage(agent, kind) as at:
            await at.prompt()
            at.line(f"{vim} -N -u NONE")
            await at.full_screen(True)
            at.type("ihello again")
            await at.shows("hello again")
            before = screen(at.emulator)
        async with stage(agent, kind) as at:
            assert at.terminal.joined
            await at.full_screen(True)
            await at.until(lambda: screen(at.emulator) == before)
            at.press("escape")
            at.type(":q!")
            at.press("enter")
            await at.full_screen(False)
            await at.shows("ready>")
            at.line("exit 3")
            await at.until(lambda: at.terminal.exit is not None)
            assert at.terminal.exit is not None
            assert at.terminal.exit.code == 3
