"""`TerminalView`: paints a `Terminal`, and what its reader sets off in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from textual import events
from textual.geometry import Region
from textual.strip import Strip

from vibetui.terminals import Terminal
from vibetui.terminals.columns import restyle_cell, write_over
from vibetui.terminals.protocol import CellStyle, Cursor, Emulator, Modes, Run, Underline
from vibetui.terminals.reader import Reader
from vibetui.ui.widgets.client_terminal import ClientTerminal
from vibetui.ui.widgets.kept_strips import KeptStrips
from vibetui.ui.widgets.terminal_frames import FrameClock
from vibetui.ui.widgets.terminal_marks import NO_MARKS, RowMarks, marks_by_row, with_marks
from vibetui.ui.widgets.terminal_output import follow_output, is_behind
from vibetui.ui.widgets.terminal_strip import TerminalStrip
from vibetui.ui.widgets.terminal_window import Window

_HIDDEN = Cursor(0, 0, visible=False)
_MARKER = CellStyle(reverse=True)
_APP_KEYS = Modes()
"""In copy mode keys are the app's, so the user's terminal spells them as the app likes."""
_GRANTED = 0.15
"""Seconds in which the program hears of a new size, where nobody else has another: until then
nothing is said of cells that it doesn't fill."""


class TerminalView(KeptStrips):
    """Shows one terminal at a time, and wishes that it had the size of the pane."""

    def __init__(self) -> None:
        super().__init__()
        self._terminal: Terminal | None = None
        self._reader: Reader | None = None
        self._unsubscribe = _nothing
        self._unfollow = _nothing
        self._frames = FrameClock(self._paint, self._frame_held, self._flooded)
        self._rows: list[Sequence[Run]] = []
        self._window = Window()
        self._foreign = False
        self._looked_at = (self._window.place, False)
        self._granting: asyncio.TimerHandle | None = None
        self._marks: Mapping[int, RowMarks] = NO_MARKS
        self._cursor = _HIDDEN
        self._scrolled = (0, 0)
        self._output = False

    @cached_property
    def _client(self) -> ClientTerminal:
        return ClientTerminal(self)

    @property
    def terminal(self) -> Terminal | None:
        """What is shown."""
        return self._terminal

    @property
    def has_other_size(self) -> bool:
        """Somebody else's: the terminal is larger or smaller than the pane, and stays so."""
        return self._foreign

    def show(self, terminal: Terminal | None) -> None:
        """Show another terminal, or none. It is not closed here."""
        self._unsubscribe()
        self._unsubscribe = _nothing
        self._hold_back(False)
        self._terminal = terminal
        self._reader = None if terminal is None else Reader(terminal.emulator)
        self._rows, self._cursor, self._scrolled = [], _HIDDEN, (0, 0)
        self._marks = NO_MARKS
        self._strips.clear()
        self._window = Window()
        if terminal is not None:
            self._unsubscribe = terminal.subscribe(self._output_came)
            self._hold_back(is_behind(self.app))
            if self.size:
                self._wish_size(terminal)
            self._paint()
        self.refresh()

    def on_mount(self) -> None:
        self._unfollow = follow_output(self.app, self._hold_back)

    def on_unmount(self) -> None:
        self._frames.close()
        self._unfollow()
        self._unsubscribe()
        self._hold_back(False)
        self._stop_granting()
        self._client.release()

    def _frame_taken(self, terminal: Terminal) -> None:
        """A frame was taken over; for who passes on what else the program has said."""

    def _output_came(self) -> None:
        self._output = True
        self._frames.changed()

    def _hold_back(self, behind: bool) -> None:
        if self._terminal is not None:
            self._terminal.hold(behind)

    def _flooded(self) -> bool:
        return self._terminal is not None and self._terminal.flooded()

    def _frame_held(self) -> bool:
        return self._terminal is not None and self._terminal.emulator.modes.synchronized_output

    def _paint(self) -> None:
        """Take over what changed; between two calls the pane shows one state of the terminal."""
        terminal, reader = self._terminal, self._reader
        if terminal is None or reader is None or not self.is_attached:
            return
        emulator = terminal.emulator
        if reader.busy:
            reader.before_frame(output=self._output)
        self._output = False
        changed = set(emulator.dirty_rows())
        if len(self._rows) != emulator.rows:
            self._rows = [()] * emulator.rows
            changed.update(range(emulator.rows))
        for y in changed:
            self._rows[y] = emulator.row(y)
        if reader.busy or self._marks:
            changed |= self._take_marks(reader)
        changed |= self._take_cursor(terminal, reader)
        scrolled = (emulator.scroll_offset, emulator.history_lines)
        if scrolled != self._scrolled and (scrolled[0] or self._scrolled[0]):
            changed.add(self._window.top)
        self._scrolled = scrolled
        if self._look(emulator, reader):
            self._strips.clear()
            self.refresh()
        else:
            self._refresh_rows(changed)
        self._follow_client(emulator, reader)
        self._frame_taken(terminal)

    def _look(self, emulator: Emulator, reader: Reader) -> bool:
        """Keep in sight what is looked at; whether other cells are shown than before."""
        window, before = self._window, self._looked_at
        screen, pane = (emulator.rows, emulator.columns), (self.size.height, self.size.width)
        window.fit(screen, pane)
        cursor = _copy_cursor(reader)
        if cursor is not None:
            window.come_back()
        elif not emulator.scroll_offset:
            program = emulator.cursor
            # A full-screen program that hides its cursor leaves it anywhere.
            follows = program.visible or not emulator.modes.alternate_screen
            cursor = program if follows else None
        if cursor is not None:
            window.follow(cursor.row, cursor.column)
        self._foreign = screen != pane and bool(self.size) and self._granting is None
        self._looked_at = (window.place, self._foreign)
        return self._looked_at != before

    def _take_marks(self, reader: Reader) -> set[int]:
        before, self._marks = self._marks, marks_by_row(reader.lines, reader.marks()) or NO_MARKS
        return {y for y in {*before, *self._marks} if before.get(y) != self._marks.get(y)}

    def _take_cursor(self, terminal: Terminal, reader: Reader) -> set[int]:
        cursor = _HIDDEN
        if self.has_focus and terminal.exit is None:
            cursor = _copy_cursor(reader) or terminal.emulator.cursor
        if cursor == self._cursor:
            return set()
        before, self._cursor = self._cursor, cursor
        return {before.row, cursor.row}

    def _follow_client(self, emulator: Emulator, reader: Reader) -> None:
        if not self.has_focus:
            return
        window, cursor = self._window, self._cursor
        shown = replace(
            cursor,
            row=cursor.row - window.top,
            column=cursor.column - window.left,
            visible=cursor.visible and window.shows(cursor.row, cursor.column),
        )
        modes = emulator.modes if reader.cursor is None else _APP_KEYS
        self._client.follow(modes, shown, self.content_region.offset)

    def _refresh_rows(self, changed: set[int]) -> None:
        for y in changed:
            self._strips.pop(y - self._window.top, None)
        if len(changed) >= len(self._rows):
            self.refresh()
        elif changed:
            top, shown = self._window.top, range(self._window.rows)
            rows = [y - top for y in sorted(changed) if y - top in shown]
            if rows:
                self.refresh(*[Region(0, y, self.size.width, 1) for y in rows])

    def _build(self, y: int, width: int) -> Strip:
        window = self._window
        runs = self._screen_row(y + window.top) if y < window.rows else ()
        if self._foreign:
            runs = (*runs, *window.beyond(y))
        if not runs:
            return Strip.blank(width)
        if y == 0 and self._scrolled[0]:
            marker = f" ↑ {self._scrolled[0]}/{self._scrolled[1]} "[: runs[-1].end]
            runs = write_over(runs, runs[-1].end - len(marker), marker, _MARKER)
        strip = TerminalStrip(runs, runs[-1].end, self._left)
        return strip if runs[-1].end == width else strip.adjust_cell_length(width)

    def _screen_row(self, row: int) -> Sequence[Run]:
        """What is in sight of a row of the screen, as it was when the frame was taken."""
        runs = self._rows[row] if row < len(self._rows) else ()
        if not runs:
            return ()
        if row in self._marks:
            runs = with_marks(runs, self._marks[row])
        cursor = self._cursor
        if cursor.visible and row == cursor.row and not self._client.draws_cursor:
            runs = restyle_cell(runs, cursor.column, _under_cursor(runs, cursor))
        return self._window.cut(runs)

    def on_resize(self, event: events.Resize) -> None:
        if self._terminal is not None and self._reader is not None and event.size:
            self._wish_size(self._terminal)
            self._reader.renumbered()
            self._paint()

    def _wish_size(self, terminal: Terminal) -> None:
        terminal.resize(self.size.height, self.size.width)
        self._stop_granting()
        self._granting = asyncio.get_running_loop().call_later(_GRANTED, self._granted)

    def _granted(self) -> None:
        self._granting = None
        self._paint()

    def _stop_granting(self) -> None:
        if self._granting is not None:
            self._granting.cancel()
            self._granting = None


def _nothing() -> None:
    pass


def _copy_cursor(reader: Reader) -> Cursor | None:
    if reader.cursor is None:
        return None
    row = reader.cursor.at.line - reader.lines.top
    return Cursor(row, reader.cursor.at.column, visible=0 <= row < reader.lines.emulator.rows)


def _under_cursor(runs: Sequence[Run], cursor: Cursor) -> CellStyle:
    style = next((run.style for run in runs if cursor.column < run.end), CellStyle())
    if cursor.shape == "block" or style.underline:
        return replace(style, reverse=not style.reverse)
    # A cell can't be half covered: a bar is drawn as the underline that it resembles most.
    return replace(style, underline=Underline.SINGLE, bold=True)
