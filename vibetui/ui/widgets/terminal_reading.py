"""`TerminalReading`: what the user does with a terminal's text, apart from the program in it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.timer import Timer

from vibetui.terminals import Terminal
from vibetui.terminals.lines import Point
from vibetui.terminals.links import Link, link_at
from vibetui.terminals.reader import Reader
from vibetui.ui.links import open_link
from vibetui.ui.widgets.terminal_drag import Drag, Press
from vibetui.ui.widgets.terminal_hints import NO_HINTS, PaneHints, copied_note, pane_hints
from vibetui.ui.widgets.terminal_view import TerminalView

_LEFT = 1
_PATIENCE = 0.3
"""Seconds that a key waits for a search, which 10,000 lines don't take."""
_EDGE_PERIOD = 0.05
"""Seconds between two steps of a drag that is held beyond the edge."""


class TerminalReading(TerminalView):
    """Selection by the mouse, copy mode, search, and links.

    Args:
        opens_links: The app runs on the user's machine; elsewhere links are copied.
    """

    class HintsChanged(Message):
        """`hints` has changed."""

    @dataclass
    class Noted(Message):
        """Something was done that is worth a word."""

        text: str

    def __init__(self, *, opens_links: bool = False) -> None:
        super().__init__()
        self._opens_links = opens_links
        self._drag = Drag()
        self._pressed_link: Link | None = None
        self._edge: Timer | None = None
        self._beyond = 0
        self._hints = NO_HINTS
        self._searching = False

    @property
    def hints(self) -> PaneHints:
        """For the key bar."""
        return self._hints

    def show(self, terminal: Terminal | None) -> None:
        self._stop_edge()
        self._drag = Drag()
        super().show(terminal)
        self._tell_hints()

    def _frame_taken(self, terminal: Terminal) -> None:
        super()._frame_taken(terminal)
        reader = self._reader
        if reader is None:
            return
        if terminal.exit is not None and reader.cursor is not None:
            reader.leave()
        if reader.searching and not self._searching:
            self._searching = True
            self.run_worker(self._search(reader), group="search")
        if reader.busy or self._hints is not NO_HINTS:
            self._tell_hints()

    def _tell_hints(self) -> None:
        hints = NO_HINTS if self._reader is None else pane_hints(self._reader)
        if hints != self._hints:
            self._hints = hints
            self.post_message(self.HintsChanged())

    async def _search(self, reader: Reader) -> None:
        try:
            while reader is self._reader and reader.searching:
                reader.step()
                self._frames.changed()
                # Keys and output have their turn between two steps.
                await asyncio.sleep(0)
        finally:
            self._searching = False

    # Copy mode

    def copy_mode(self, *, searching: bool = False) -> None:
        """Let keys scroll, mark and search, beginning with a query if `searching`."""
        if self._reader is not None:
            self._reader.enter(searching=searching)
            self._frames.changed()

    async def read_key(self, reader: Reader, key: str, character: str | None) -> None:
        """A key of copy mode. One that acts on what is searched for waits until that is found."""
        ends = time.monotonic() + _PATIENCE
        while reader.searching and not reader.querying and time.monotonic() < ends:
            reader.step()
            await asyncio.sleep(0)
        outcome = reader.key(key, character)
        if reader.searching:
            reader.step()
        if outcome.copied:
            self.copy(outcome.copied)
        if outcome.opened is not None:
            self.run_worker(self._follow(outcome.opened), group="link")
        self._frames.changed()

    async def action_press(self, key: str) -> None:
        """A click on the key in the key bar."""
        if self._reader is not None and self._reader.cursor is not None:
            await self.read_key(self._reader, key, key if len(key) == 1 else None)

    def copy(self, text: str) -> None:
        """Give `text` to the user's terminal (OSC 52) and to the app's own clipboard."""
        self.app.copy_to_clipboard(text)
        self.post_message(self.Noted(copied_note(text)))

    async def _follow(self, link: Link) -> None:
        if self._opens_links and await open_link(link.url):
            self.post_message(self.Noted(f"Opened {link.url}"))
        else:
            self.app.copy_to_clipboard(link.url)
            self.post_message(self.Noted(f"Link copied: {link.url}"))

    def scroll_back(self, lines: int) -> None:
        """Scroll `lines` up into the history, or down again where negative."""
        if self._reader is not None:
            self._scroll(self._reader, lines)
            self._frames.changed()

    def _scroll(self, reader: Reader, up: int) -> None:
        """First as far as the screen is larger than the pane, then into the history."""
        emulator = reader.lines.emulator
        if reader.cursor is None and (up > 0 or not emulator.scroll_offset):
            up = self._window.pan(up, emulator.cursor.row)
        if up:
            reader.scroll(up)

    def follow_program(self) -> None:
        """Show where the program is, wherever the user has scrolled."""
        if self._terminal is not None:
            self._terminal.emulator.scroll_to(0)
            self._window.come_back()
            self._frames.changed()

    # The mouse

    def _point(self, reader: Reader, event: events.MouseEvent) -> Point:
        row, column = self._window.cell(int(event.x), int(event.y))
        return reader.lines.clamp(Point(reader.lines.top + row, column))

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        reader = self._reader
        if reader is None or event.button != _LEFT:
            return
        event.stop()
        at = self._point(reader, event)
        self._pressed_link = link_at(reader.lines, at) if event.ctrl else None
        block = event.meta or event.ctrl
        extends = event.shift and not self._program_has_mouse()
        self._drag.press(reader, Press(at, time.monotonic(), extends, block))
        if reader.cursor is not None:
            reader.cursor.go(at)
        self.capture_mouse()
        self._frames.changed()

    def _program_has_mouse(self) -> bool:
        """Then shift only says that the mouse is the user's."""
        return self._terminal is not None and bool(self._terminal.emulator.modes.mouse)

    def _on_mouse_move(self, event: events.MouseMove) -> None:
        reader = self._reader
        event.stop()
        if reader is None:
            return
        if not event.button:
            # Where the button was let go out of sight, nobody has said so.
            self._drag.release()
        if not self._drag.held:
            self._hover(reader, event)
            return
        y = int(event.y)
        self._beyond = min(y, 0) + max(y - self.size.height + 1, 0)
        if not self._beyond:
            self._stop_edge()
        elif self._edge is None:
            self._edge = self.set_interval(_EDGE_PERIOD, self._drag_on)
        self._drag_to(reader, self._point(reader, event))

    def _drag_to(self, reader: Reader, at: Point) -> None:
        self._pressed_link = None
        self._drag.move(reader, at)
        if reader.cursor is not None:
            reader.cursor.go(at)
        self._frames.changed()

    def _drag_on(self) -> None:
        """The button is held beyond the edge: go on that way, the faster the farther."""
        reader = self._reader
        if reader is None or not self._drag.held or reader.selection is None:
            self._stop_edge()
            return
        self._scroll(reader, -self._beyond)
        top, rows = reader.lines.top + self._window.top, self._window.rows
        line = top if self._beyond < 0 else top + rows - 1
        self._drag_to(reader, Point(line, reader.selection.head.column))

    def _stop_edge(self) -> None:
        if self._edge is not None:
            self._edge.stop()
            self._edge = None

    async def _on_mouse_up(self, event: events.MouseUp) -> None:
        event.stop()
        self.release_mouse()
        self._stop_edge()
        reader, link, self._pressed_link = self._reader, self._pressed_link, None
        if reader is None or not self._drag.release():
            return
        if link is not None:
            self.run_worker(self._follow(link), group="link")
        elif reader.selection is not None and (text := reader.selection.text(reader.lines)):
            self.copy(text)

    def _hover(self, reader: Reader, event: events.MouseEvent) -> None:
        link = link_at(reader.lines, self._point(reader, event))
        if link != reader.link:
            reader.link = link
            self._frames.changed()

    def _on_leave(self, event: events.Leave) -> None:  # noqa: ARG002
        if self._reader is not None and self._reader.link is not None:
            self._reader.link = None
            self._frames.changed()
