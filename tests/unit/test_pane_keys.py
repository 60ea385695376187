"""What reaches the program from the keyboard, the mouse, the clipboard and the focus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Button

from tests.terminal_support import PlayedAgent
from vibetui.terminals import Terminal
from vibetui.ui.widgets.terminal_pane import TerminalPane


class PaneApp(App[None], inherit_bindings=False):
    """A pane, and beside it something else that can have the focus."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Button { dock: bottom; height: 1; border: none; min-width: 4; }"

    def __init__(self) -> None:
        super().__init__(ansi_color=True)
        self.seen: list[Message] = []

    def compose(self) -> ComposeResult:
        yield TerminalPane(prefix_key="ctrl+]")
        yield Button("other")

    def on_terminal_pane_prefix_pressed(self, message: TerminalPane.PrefixPressed) -> None:
        self.seen.append(message)

    def on_terminal_pane_title_changed(self, message: TerminalPane.TitleChanged) -> None:
        self.seen.append(message)

    def on_terminal_pane_bell_rang(self, message: TerminalPane.BellRang) -> None:
        self.seen.append(message)

    def on_terminal_pane_clipboard_copied(self, message: TerminalPane.ClipboardCopied) -> None:
        self.seen.append(message)


class Stage:
    """A pane on a screen of 40x11, the pane 10 rows of it, and the agent behind it."""

    def __init__(self, agent: PlayedAgent, terminal: Terminal, pilot: Pilot[None]) -> None:
        self.agent, self.terminal, self.pilot = agent, terminal, pilot
        assert isinstance(pilot.app, PaneApp)
        self.app = pilot.app
        self.pane = pilot.app.query_one(TerminalPane)

    async def output(self, data: bytes) -> None:
        """Print `data` and wait until the emulator has it."""
        taken = asyncio.Event()
        stop = self.terminal.subscribe(taken.set)
        # The mark is a title, which changes nothing on screen.
        await self.agent.output(data + b"\x1b]2;%d\x07" % id(taken))
        async with asyncio.timeout(5):
            while self.terminal.emulator.title != str(id(taken)):
                taken.clear()
                await taken.wait()
        stop()
        await self.pilot.pause()

    async def typed(self, expected: bytes) -> None:
        """Wait until exactly `expected` was typed."""
        try:
            await self.agent.until(lambda: bytes(self.agent.typed) == expected, 2)
        except TimeoutError:
            assert bytes(self.agent.typed) == expected
        self.agent.typed.clear()


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    agent, connection = await PlayedAgent.start()
    app = PaneApp()
    async with app.run_test(size=(40, 11)) as pilot:
        pane = app.query_one(TerminalPane)
        terminal = await Terminal.start(connection, rows=10, columns=40)
        running = asyncio.create_task(terminal.run())
        pane.show(terminal)
        pane.focus()
        await pilot.pause()
        yield Stage(agent, terminal, pilot)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        terminal.close()
        await agent.close()


async def test_every_key_goes_to_the_program() -> None:
    keys = {
        "a": b"a",
        "ctrl+c": b"\x03",
        "ctrl+q": b"\x11",
        "ctrl+p": b"\x10",
        "tab": b"\t",
        "shift+tab": b"\x1b[Z",
        "escape": b"\x1b",
        "enter": b"\r",
        "f1": b"\x1bOP",
        "up": b"\x1b[A",
        "pageup": b"\x1b[5~",
        "question_mark": b"?",
        "space": b" ",
        "ctrl+d": b"\x04",
        "ctrl+backslash": b"\x1c",
        "alt+x": b"\x1bx",
    }
    async with stage() as at:
        await at.pilot.press(*keys)
        await at.typed(b"".join(keys.values()))
        assert at.pane.has_focus


async def test_the_prefix_is_kept_back() -> None:
    async with stage() as at:
        await at.pilot.press("ctrl+right_square_bracket", "x")
        await at.typed(b"x")
        assert [type(message) for message in at.app.seen] == [TerminalPane.PrefixPressed]


async def test_keys_follow_the_modes_of_the_program() -> None:
    async with stage() as at:
        await at.output(b"\x1b[?1h")
        await at.pilot.press("up")
        await at.typed(b"\x1bOA")


@pytest.mark.parametrize(
    ("mode", "text", "expected"),
    [(b"", "ab\n", b"ab\r"), (b"\x1b[?2004h", "a\nb", b"\x1b[200~a\rb\x1b[201~")],
)
async def test_pastes(mode: bytes, text: str, expected: bytes) -> None:
    async with stage() as at:
        await at.output(mode)
        at.app.post_message(events.Paste(text))
        await at.typed(expected)


async def test_the_focus_is_reported_where_asked_for() -> None:
    async with stage() as at:
        at.app.query_one(Button).focus()
        await at.pilot.pause()
        at.pane.focus()
        await at.pilot.pause()
        await at.output(b"\x1b[?1004h")
        at.app.query_one(Button).focus()
        await at.pilot.pause()
        at.pane.focus()
        await at.pilot.pause()
        at.app.post_message(events.AppBlur())
        await at.typed(b"\x1b[O\x1b[I\x1b[O")
        at.app.post_message(events.AppFocus())
        await at.typed(b"\x1b[I")


async def test_the_wheel_scrolls_back_and_typing_returns() -> None:
    async with stage() as at:
        await at.output(b"".join(b"line %d\r\n" % n for n in range(50)))
        at.pane.post_message(wheel(up=True))
        at.pane.post_message(wheel(up=True))
        await at.pilot.pause()
        assert at.terminal.emulator.scroll_offset == 6
        at.pane.post_message(wheel(up=False))
        await at.pilot.pause()
        assert at.terminal.emulator.scroll_offset == 3
        await at.pilot.press("shift+pageup")
        assert at.terminal.emulator.scroll_offset == 12
        await at.pilot.press("x")
        assert at.terminal.emulator.scroll_offset == 0
        await at.typed(b"x")


async def test_the_place_in_the_history_is_shown_while_scrolled_back() -> None:
    async with stage() as at:
        await at.output(b"".join(b"line %d\r\n" % n for n in range(50)))
        at.pane.post_message(wheel(up=True))
        await at.pilot.pause()
        await at.pilot.pause(0.05)
        first = at.pane.render_lines(at.pane.size.region)[0].text
        assert first.startswith("line 38")
        assert first.endswith(" ↑ 3/41 ")
        assert len(first) == 40


async def test_the_wheel_is_arrow_keys_on_the_alternate_screen() -> None:
    async with stage() as at:
        await at.output(b"\x1b[?1049h")
        at.pane.post_message(wheel(up=True))
        await at.typed(b"\x1b[A" * 3)


async def test_mouse_reports_for_a_program_that_wants_them() -> None:
    async with stage() as at:
        await at.pilot.click(TerminalPane, offset=(3, 2))
        await at.output(b"\x1b[?1000h\x1b[?1006h")
        assert bytes(at.agent.typed) == b""
        await at.pilot.click(TerminalPane, offset=(3, 2))
        await at.typed(b"\x1b[<0;4;3M\x1b[<0;4;3m")
        at.pane.post_message(wheel(up=False))
        await at.typed(b"\x1b[<65;6;5M")
        await at.pilot.click(TerminalPane, offset=(3, 2), shift=True)
        await at.pilot.press("x")
        await at.typed(b"x")


async def test_a_new_size_reaches_program_and_emulator() -> None:
    async with stage() as at:
        await at.pilot.resize_terminal(60, 21)
        await at.agent.until(lambda: at.agent.sizes[-1:] == [(20, 60)])
        assert (at.terminal.emulator.rows, at.terminal.emulator.columns) == (20, 60)


async def test_title_bell_and_clipboard_are_told() -> None:
    async with stage() as at:
        await at.agent.output(b"\x1b]2;vim: notes\x07\x07\x1b]52;c;aGVsbG8=\x07")
        async with asyncio.timeout(5):
            while len(at.app.seen) < 3:
                await at.pilot.pause(0.01)
        assert {type(message) for message in at.app.seen} == {
            TerminalPane.TitleChanged,
            TerminalPane.BellRang,
            TerminalPane.ClipboardCopied,
        }
        assert at.app.clipboard == "hello"


async def test_without_a_terminal_keys_go_up() -> None:
    async with stage() as at:
        at.pane.show(None)
        await at.pilot.press("x")
        assert bytes(at.agent.typed) == b""
        assert at.pane.render_lines(at.pane.size.region)[0].text == " " * 40


def wheel(*, up: bool) -> events.MouseEvent:
    kind = events.MouseScrollUp if up else events.MouseScrollDown
    return kind(None, 5, 4, 0, 0, 0, False, False, False)
