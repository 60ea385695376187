"""`PyteEmulator`: a terminal in Python alone. Slower than ghostty, and always there.

The pyte library gives the vocabulary: controls, sequences, modes and character sets. Its screen
and its parser are replaced, since its cells leave no room for margins, wrapped lines or 10,000
lines of history, and its parser prints the bodies of control strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from vibetui.terminals.emulators.pyte_cells import DEFAULT, pack
from vibetui.terminals.emulators.pyte_commands import Commands
from vibetui.terminals.emulators.pyte_grid import DECTCEM
from vibetui.terminals.emulators.pyte_parser import Parser
from vibetui.terminals.emulators.pyte_screen import PyteScreen
from vibetui.terminals.protocol import (
    Cursor,
    LineText,
    Modes,
    MouseEncoding,
    MouseTracking,
    Run,
)

_MAX_SIZE = 2000
"""Rows or columns."""
_REVERSE_VIDEO = 5


class PyteEmulator:
    """One terminal in Python alone: 1-15 MB/s, so feed it small slices."""

    name = "pyte"

    def __init__(self, rows: int, columns: int, scrollback_lines: int) -> None:
        self.rows, self.columns = _bounded(rows), _bounded(columns)
        self._screen = PyteScreen(self.columns, self.rows, max(scrollback_lines, 0))
        self._commands = Commands(self._screen)
        self._parser = Parser(self._commands)
        self._offset = 0
        self._pushed = 0

    def feed(self, data: bytes) -> None:
        self._parser.feed(data)
        self._follow()

    def _follow(self) -> None:
        """Keep a viewport that is scrolled back on the lines that it shows."""
        screen = self._screen
        pushed, self._pushed = screen.pushed - self._pushed, screen.pushed
        if not self._offset:
            return
        wanted = 0 if screen.alternate else self._offset + pushed
        offset = min(wanted, self.history_lines)
        if offset - self._offset != pushed:
            screen.all_dirty = True
        self._offset = offset

    def resize(self, rows: int, columns: int) -> None:
        self.rows, self.columns = _bounded(rows), _bounded(columns)
        offset = self._screen.resize(self.rows, self.columns, self._offset)
        self._pushed = self._screen.pushed
        self._offset = min(offset, self.history_lines)

    def dirty_rows(self) -> Sequence[int]:
        screen = self._screen
        if screen.all_dirty:
            dirty = list(range(self.rows))
        else:
            dirty = sorted(y + self._offset for y in screen.dirty if y + self._offset < self.rows)
        screen.dirty.clear()
        screen.all_dirty = False
        return dirty

    def row(self, y: int) -> Sequence[Run]:
        return self._runs(len(self._screen.history) - self._offset + y)

    def _runs(self, index: int) -> Sequence[Run]:
        """A line by its place among those that are kept."""
        screen = self._screen
        y = index - len(screen.history)
        if y < 0:
            return screen.history[index].line(self.columns).runs()
        if y >= self.rows:
            return (Run(0, self.columns, " " * self.columns, DEFAULT),)
        runs = screen.rows[y].runs()
        return [_reversed(run) for run in runs] if _REVERSE_VIDEO in screen.private else runs

    @property
    def cursor(self) -> Cursor:
        screen = self._screen
        row = screen.y + self._offset
        return Cursor(
            row=min(row, self.rows - 1),
            column=screen.x - (not screen.rows[screen.y].text[screen.x]),
            visible=DECTCEM in screen.private and row < self.rows,
            shape=self._commands.cursor_shape,
            blinking=self._commands.cursor_blinking,
        )

    @property
    def modes(self) -> Modes:
        private = self._screen.private
        return Modes(
            application_cursor=1 in private,
            application_keypad=66 in private,
            bracketed_paste=2004 in private,
            focus_events=1004 in private,
            alternate_screen=self._screen.alternate,
            synchronized_output=2026 in private,
            mouse=next(
                (kind for kind in sorted(MouseTracking, reverse=True) if kind in private),
                MouseTracking.NONE,
            ),
            mouse_encoding=next(
                (kind for number, kind in _ENCODINGS if number in private), MouseEncoding.DEFAULT
            ),
            kitty_keyboard=self._screen.keyboard_flags,
            alternate_scroll=1007 in private,
        )

    @property
    def history_lines(self) -> int:
        return 0 if self._screen.alternate else len(self._screen.history)

    @property
    def first_line(self) -> int:
        return self._screen.pushed - self.history_lines

    def line(self, number: int) -> Sequence[Run]:
        index = number - self.first_line
        if index < 0:
            return self._runs(len(self._screen.history) + self.rows)
        return self._runs(index + len(self._screen.history) - self.history_lines)

    def texts(self, start: int, stop: int) -> Sequence[LineText]:
        screen, first, above = self._screen, self.first_line, self.history_lines
        begin, end = max(start - first, 0), max(min(stop - first, above + self.rows), 0)
        kept = islice(screen.history, begin, max(begin, min(end, above)))
        shown = screen.rows[max(begin - above, 0) : max(end - above, 0)]
        return [line.line_text() for line in kept] + [pack(line).line_text() for line in shown]

    @property
    def scroll_offset(self) -> int:
        return self._offset

    def scroll_to(self, offset: int) -> None:
        offset = max(0, min(offset, self.history_lines))
        if offset != self._offset:
            self._offset = offset
            self._screen.all_dirty = True

    def take_replies(self) -> bytes:
        return self._commands.reports.take()

    def take_bells(self) -> int:
        bells, self._commands.bells = self._commands.bells, 0
        return bells

    def take_clipboard(self) -> str | None:
        text, self._commands.clipboard = self._commands.clipboard, None
        return text

    @property
    def title(self) -> str:
        return self._commands.title

    def rest(self) -> bool:
        """The history is compact from the beginning."""
        return False

    def close(self) -> None:
        """Nothing to free."""


_ENCODINGS = (
    (1006, MouseEncoding.SGR),
    (1015, MouseEncoding.URXVT),
    (1005, MouseEncoding.UTF8),
)


def _reversed(run: Run) -> Run:
    style = run.style
    return Run(run.start, run.end, run.text, replace(style, reverse=not style.reverse))


def _bounded(size: int) -> int:
    return max(1, min(size, _MAX_SIZE))
