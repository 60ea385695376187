"""`TerminalPane`: shows a `Terminal` and sends it all keys but one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from textual import events
from textual.message import Message

from vibetui.terminals import Terminal
from vibetui.terminals.keyboard import same_key
from vibetui.terminals.mouse import (
    WHEEL_LINES,
    Action,
    Button,
    encode_mouse,
    encode_wheel_keys,
)
from vibetui.terminals.paste import encode_focus, encode_paste, joined_lines, line_count
from vibetui.terminals.protocol import MouseTracking
from vibetui.ui.screens.paste_warning import PasteAnswer, PasteWarning
from vibetui.ui.widgets.terminal_hints import copied_note
from vibetui.ui.widgets.terminal_keys import key_event_bytes
from vibetui.ui.widgets.terminal_mouse import mouse_event
from vibetui.ui.widgets.terminal_reading import TerminalReading

WATCHING = "You are watching: you can read and copy, but not type."
_EVERYTHING = 1 << 30
_MIDDLE = 2


class TerminalPane(TerminalReading, can_focus=True):
    """The screen of a container's shell.

    Args:
        prefix_key: The one key that isn't sent, as ``ctrl+]`` or by Textual's name.
        opens_links: The app runs on the user's machine; elsewhere links are copied.

    Attributes:
        watching_note: What is said, once, to whoever types where they may only look on.
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

    def __init__(self, *, prefix_key: str = "ctrl+]", opens_links: bool = False) -> None:
        super().__init__(opens_links=opens_links)
        self._prefix_key = prefix_key
        self._title = ""
        self._mouse_cell: tuple[int, int] | None = None
        self._told_read_only: Terminal | None = None
        self.watching_note = WATCHING

    def _frame_taken(self, terminal: Terminal) -> None:
        super()._frame_taken(terminal)
        emulator = terminal.emulator
        if emulator.take_bells():
            self.post_message(self.BellRang())
        # Those who type here share what the program copies; who only looks on keeps their own.
        if (text := emulator.take_clipboard()) is not None and not terminal.read_only:
            self.app.copy_to_clipboard(text)
            self.post_message(self.ClipboardCopied(text))
            if text:
                self.post_message(self.Noted(copied_note(text)))
        if (title := emulator.title) != self._title:
            self._title = title
            self.post_message(self.TitleChanged(title))

    # Keys

    async def _on_key(self, event: events.Key) -> None:
        terminal, reader = self._terminal, self._reader
        if terminal is None or reader is None or terminal.exit is not None:
            return
        # Nothing above the pane may take a key meant for the container: not tab, not ctrl+c.
        event.stop()
        event.prevent_default()
        if same_key(event.key, self._prefix_key):
            self.post_message(self.PrefixPressed())
        elif reader.cursor is not None:
            await self.read_key(reader, event.key, event.character)
        elif event.key == "shift+insert":
            self.paste_clipboard()
        elif not self._scroll_key(terminal, event.key):
            self._type(key_event_bytes(event, terminal.emulator.modes))

    def _scroll_key(self, terminal: Terminal, key: str) -> bool:
        emulator = terminal.emulator
        page = max(1, self._window.rows - 1)
        up = {
            "shift+pageup": page,
            "shift+pagedown": -page,
            "ctrl+shift+up": 1,
            "ctrl+shift+down": -1,
            "shift+home": _EVERYTHING,
            "ctrl+shift+home": _EVERYTHING,
            "shift+end": -_EVERYTHING,
            "ctrl+shift+end": -_EVERYTHING,
        }.get(key)
        if up is None or emulator.modes.alternate_screen:
            return False
        if up == -_EVERYTHING and not (emulator.scroll_offset or self._window.panned):
            return False
        if up == -_EVERYTHING:
            self.follow_program()
        else:
            self.scroll_back(up)
        return True

    def _type(self, data: bytes) -> None:
        terminal, reader = self._terminal, self._reader
        if terminal is None or reader is None or not data:
            return
        if terminal.read_only:
            self._say_read_only(terminal)
            return
        if reader.selection is not None:
            reader.selection = None
            self._frames.changed()
        if self._window.panned or terminal.emulator.scroll_offset:
            self.follow_program()
        terminal.write(data)

    def _say_read_only(self, terminal: Terminal) -> None:
        """Once for each terminal that is shown."""
        if self._told_read_only is not terminal:
            self._told_read_only = terminal
            self.post_message(self.Noted(self.watching_note))

    def check_consume_key(self, key: str, character: str | None) -> bool:  # noqa: ARG002
        """All keys are the container's."""
        return self._terminal is not None

    # Pasting

    def _on_paste(self, event: events.Paste) -> None:
        if self._terminal is None:
            return
        event.stop()
        event.prevent_default()
        self.paste(event.text)

    def paste_clipboard(self) -> None:
        """Paste what was last copied in the app, by the user or by a program."""
        self.paste(self.app.clipboard)

    def paste(self, text: str) -> None:
        """Type `text`, after a question where each of its lines would be a command by itself."""
        terminal, reader = self._terminal, self._reader
        if terminal is None or reader is None or terminal.exit is not None:
            return
        if reader.querying:
            reader.type_query(text)
            self._frames.changed()
            return
        if reader.cursor is not None:
            reader.leave()
            self._frames.changed()
        if terminal.read_only:
            self._say_read_only(terminal)
        elif not terminal.emulator.modes.bracketed_paste and line_count(text) > 1:
            self.app.push_screen(PasteWarning(text), partial(self._paste_as, terminal, text))
        else:
            self._type(encode_paste(text, terminal.emulator.modes))

    def _paste_as(self, terminal: Terminal, text: str, answer: PasteAnswer | None) -> None:
        if answer is None or terminal is not self._terminal:
            return
        if answer is PasteAnswer.AS_ONE_LINE:
            text = joined_lines(text)
        self._type(encode_paste(text, terminal.emulator.modes))

    # The mouse

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        if self._report(event, Action.PRESS):
            self.capture_mouse()
        elif event.button == _MIDDLE:
            self.paste_clipboard()

    async def _on_mouse_up(self, event: events.MouseUp) -> None:
        if self._report(event, Action.RELEASE):
            self.release_mouse()

    def _on_mouse_move(self, event: events.MouseMove) -> None:
        cell = (int(event.x), int(event.y))
        if cell == self._mouse_cell:
            event.prevent_default()
            return
        self._mouse_cell = cell
        self._report(event, Action.MOTION)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, Button.WHEEL_UP)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, Button.WHEEL_DOWN)

    def _on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        self._report(event, Action.PRESS, Button.WHEEL_LEFT)

    def _on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        self._report(event, Action.PRESS, Button.WHEEL_RIGHT)

    def _wheel(self, event: events.MouseEvent, button: Button) -> None:
        terminal = self._terminal
        event.stop()
        event.prevent_default()
        if terminal is None or self._report(event, Action.PRESS, button):
            return
        wheel = mouse_event(event, Action.PRESS, self._window, button)
        keys = encode_wheel_keys(wheel, terminal.emulator.modes)
        if keys and not self._reading and not terminal.read_only:
            self._type(keys)
        else:
            self.scroll_back(WHEEL_LINES if button is Button.WHEEL_UP else -WHEEL_LINES)

    @property
    def _reading(self) -> bool:
        """The user has taken the mouse for the text."""
        return self._drag.held or (self._reader is not None and self._reader.cursor is not None)

    def _report(
        self, event: events.MouseEvent, action: Action, button: Button | None = None
    ) -> bool:
        """Send a report where the program wants it; shift keeps the mouse for the user."""
        terminal = self._terminal
        if terminal is None or event.shift or terminal.emulator.scroll_offset or self._reading:
            return False
        if terminal.read_only:  # The mouse is then the user's, for the text.
            return False
        modes = terminal.emulator.modes
        inside = self._window.holds(int(event.x), int(event.y))
        if modes.mouse is MouseTracking.NONE or not (inside or self.app.mouse_captured is self):
            return False
        event.stop()
        event.prevent_default()
        if data := encode_mouse(mouse_event(event, action, self._window, button), modes):
            # Whoever only moves the mouse types nothing, and so doesn't take the lead.
            moved = action is Action.MOTION and not event.button
            (terminal.reply if moved else terminal.write)(data)
        return True

    # Focus

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
            # Nobody has typed it, so it takes no lead.
            self._terminal.reply(encode_focus(focused, self._terminal.emulator.modes))
            self._paint()
