"""`TerminalPane`: shows a `Terminal` and sends it all keys but one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from vibetui.terminals import Terminal
from vibetui.terminals.columns import restyle_cell, write_over
from vibetui.terminals.keyboard import same_key
from vibetui.terminals.mouse import (
    WHEEL_LINES,
    Action,
    Button,
    encode_mouse,
    encode_wheel_keys,
)
from vibetui.terminals.paste import encode_focus, encode_paste
from vibetui.terminals.protocol import CellStyle, Cursor, MouseTracking, Run, Underline
from vibetui.ui.widgets.client_terminal import ClientTerminal
from vibetui.ui.widgets.terminal_frames import FrameClock
from vibetui.ui.widgets.terminal_keys import key_event_bytes
from vibetui.ui.widgets.terminal_mouse import mouse_event
from vibetui.ui.widgets.terminal_strip import TerminalStrip

_HIDDEN = Cursor(0, 0, visible=False)
_MARKER = CellStyle(reverse=True)


class TerminalPane(Widget, can_focus=True):
    """The screen of a container's shell.

    Args:
        prefix_key: The one key that isn't sent, as ``ctrl+]`` or by Textual's name.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TerminalPane {
        width: 1fr; height: 1fr; padding: 0; border: none;
        background: ansi_default; color: ansi_default;
    }
    """

    class PrefixPressed(Message):
        """The prefix key was pressed; nothing was sent."""

    @dataclass
    class TitleChanged(Message):
        """The program set the window's title."""

        title: str

    class BellRang(Message):
        """The program rang the bell, once or more."""

    @dataclass
    class ClipboardCopied(Message):
        """The program wrote the clipboard (OSC 52); the user's terminal has it already."""

        text: str

    def __init__(self, *, prefix_key: str = "ctrl+]") -> None:
        super().__init__()
        self._prefix_key = prefix_key
        self._terminal: Terminal | None = None
        self._unsubscribe = _nothing
        self._frames = FrameClock(self._paint, self._frame_held)
        self._rows: list[Sequence[Run]] = []
        self._strips: dict[int, Strip] = {}
        self._cursor = _HIDDEN
        self._scrolled = (0, 0)
        self._title = ""
        self._mouse_cell: tuple[int, int] | None = None

    @cached_property
    def _client(self) -> ClientTerminal:
        return ClientTerminal(self)

    @property
    def terminal(self) -> Terminal | None:
        """What is shown."""
        return self._terminal

    def show(self, terminal: Terminal | None) -> None:
        """Show another terminal, or none, in the size of the pane. It is not closed here."""
        self._unsubscribe()
        self._unsubscribe = _nothing
        self._terminal = terminal
        self._rows, self._cursor, self._scrolled = [], _HIDDEN, (0, 0)
        self._strips.clear()
        if terminal is not None:
            self._unsubscribe = terminal.subscribe(self._frames.changed)
            if self.size:
                terminal.resize(self.size.height, self.size.width)
            self._paint()
        self.refresh()

    def on_unmount(self) -> None:
        self._frames.close()
        self._unsubscribe()
        self._client.release()

    # Painting

    def _frame_held(self) -> bool:
        return self._terminal is not None and self._terminal.emulator.modes.synchronized_output

    def _paint(self) -> None:
        """Take over what changed; between two calls the pane shows one state of the terminal."""
        terminal = self._terminal
        if terminal is None or not self.is_attached:
            return
        emulator = terminal.emulator
        changed = set(emulator.dirty_rows())
        if len(self._rows) != emulator.rows:
            self._rows = [()] * emulator.rows
            changed.update(range(emulator.rows))
        for y in changed:
            self._rows[y] = emulator.row(y)
        cursor = emulator.cursor if self.has_focus and terminal.exit is None else _HIDDEN
        if self.has_focus:
            self._client.follow(emulator.modes, cursor, self.content_region.offset)
        if cursor != self._cursor:
            changed |= {self._cursor.row, cursor.row}
            self._cursor = cursor
        scrolled = (emulator.scroll_offset, emulator.history_lines)
        if scrolled != self._scrolled and (scrolled[0] or self._scrolled[0]):
            changed.add(0)
        self._scrolled = scrolled
        for y in changed:
            self._strips.pop(y, None)
        if len(changed) >= emulator.rows:
            self.refresh()
        elif changed:
            self.refresh(*[Region(0, y, self.size.width, 1) for y in sorted(changed)])
        self._pass_on(terminal)

    def _pass_on(self, terminal: Terminal) -> None:
        emulator = terminal.emulator
        if emulator.take_bells():
            self.post_message(self.BellRang())
        if (text := emulator.take_clipboard()) is not None:
            self.app.copy_to_clipboard(text)
            self.post_message(self.ClipboardCopied(text))
        if (title := emulator.title) != self._title:
            self._title = title
            self.post_message(self.TitleChanged(title))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows of the frame that was taken last."""
        width = self.size.width
        strips = [self._strip(y, width) for y in crop.line_range]
        if crop.x == 0 and crop.width >= width:
            return strips
        return [strip.crop(crop.x, crop.right) for strip in strips]

    def _strip(self, y: int, width: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None or strip.cell_length != width:
            strip = self._strips[y] = self._build(y, width)
        return strip

    def _build(self, y: int, width: int) -> Strip:
        runs = self._rows[y] if y < len(self._rows) else ()
        if not runs:
            return Strip.blank(width)
        cursor = self._cursor
        if cursor.visible and y == cursor.row and not self._client.draws_cursor:
            runs = restyle_cell(runs, cursor.column, _under_cursor(runs, cursor))
        if y == 0 and self._scrolled[0]:
            marker = f" ↑ {self._scrolled[0]}/{self._scrolled[1]} "[: runs[-1].end]
            runs = write_over(runs, runs[-1].end - len(marker), marker, _MARKER)
        strip = TerminalStrip(runs, runs[-1].end)
        return strip if runs[-1].end == width else strip.adjust_cell_length(width)

    # Keys

    async def _on_key(self, event: events.Key) -> None:
        terminal = self._terminal
        if terminal is None or terminal.exit is not None:
            return
        # Nothing above the pane may take a key meant for the container: not tab, not ctrl+c.
        event.stop()
        event.prevent_default()
        if same_key(event.key, self._prefix_key):
            self.post_message(self.PrefixPressed())
        elif not self._scroll_key(terminal, event.key):
            self._type(key_event_bytes(event, terminal.emulator.modes))

    def _scroll_key(self, terminal: Terminal, key: str) -> bool:
        direction = {"shift+pageup": 1, "shift+pagedown": -1}.get(key)
        if direction is None or terminal.emulator.modes.alternate_screen:
            return False
        self.scroll_back(direction * max(1, terminal.emulator.rows - 1))
        return True

    def scroll_back(self, lines: int) -> None:
        """Scroll `lines` up into the history, or down again where negative."""
        if self._terminal is not None:
            emulator = self._terminal.emulator
            emulator.scroll_to(emulator.scroll_offset + lines)
            self._frames.changed()

    def _type(self, data: bytes) -> None:
        terminal = self._terminal
        if terminal is None or not data:
            return
        if terminal.emulator.scroll_offset:
            terminal.emulator.scroll_to(0)
            self._frames.changed()
        terminal.write(data)

    def check_consume_key(self, key: str, character: str | None) -> bool:  # noqa: ARG002
        """All keys are the container's."""
        return self._terminal is not None

    def _on_paste(self, event: events.Paste) -> None:
        if self._terminal is None:
            return
        event.stop()
        event.prevent_default()
        if data := encode_paste(event.text, self._terminal.emulator.modes):
            self._type(data)

    # The mouse

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        if self._report(event, Action.PRESS):
            self.capture_mouse()

    async def _on_mouse_up(self, event: events.MouseUp) -> None:
        self.release_mouse()
        self._report(event, Action.RELEASE)

    def _on_mouse_move(self, event: events.MouseMove) -> None:
        cell = (int(event.x), int(event.y))
        if cell != self._mouse_cell:
            self._mouse_cell = cell
            self._report(event, Action.MOTION)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, Button.WHEEL_UP)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, Button.WHEEL_DOWN)

    def _wheel(self, event: events.MouseEvent, button: Button) -> None:
        terminal = self._terminal
        event.stop()
        event.prevent_default()
        if terminal is None or self._report(event, Action.PRESS, button):
            return
        wheel = mouse_event(event, Action.PRESS, self.size, button)
        if keys := encode_wheel_keys(wheel, terminal.emulator.modes):
            self._type(keys)
        else:
            self.scroll_back(WHEEL_LINES if button is Button.WHEEL_UP else -WHEEL_LINES)

    def _report(
        self, event: events.MouseEvent, action: Action, button: Button | None = None
    ) -> bool:
        """Send a report where the program wants it; shift keeps the mouse for the user."""
        terminal = self._terminal
        if terminal is None or event.shift or terminal.emulator.scroll_offset:
            return False
        modes = terminal.emulator.modes
        if modes.mouse is MouseTracking.NONE:
            return False
        event.stop()
        event.prevent_default()
        if data := encode_mouse(mouse_event(event, action, self.size, button), modes):
            terminal.write(data)
        return True

    # Focus and size

    def _on_focus(self, event: events.Focus) -> None:
        super()._on_focus(event)
        event.prevent_default()
        self._focus_changed(True)

    def _on_blur(self, event: events.Blur) -> None:
        super()._on_blur(event)
        event.prevent_default()
        self._focus_changed(False)

    def _focus_changed(self, focused: bool) -> None:
        if not focused:
            self._client.release()
        if self._terminal is not None:
            self._terminal.write(encode_focus(focused, self._terminal.emulator.modes))
            self._paint()

    def on_resize(self, event: events.Resize) -> None:
        if self._terminal is not None and event.size:
            self._terminal.resize(event.size.height, event.size.width)
            self._paint()


def _nothing() -> None:
    pass


def _under_cursor(runs: Sequence[Run], cursor: Cursor) -> CellStyle:
    style = next((run.style for run in runs if cursor.column < run.end), CellStyle())
    if cursor.shape == "block" or style.underline:
        return replace(style, reverse=not style.reverse)
    # A cell can't be half covered: a bar is drawn as the underline that it resembles most.
    return replace(style, underline=Underline.SINGLE, bold=True)
