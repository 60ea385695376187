"""`PyteEmulator`: pyte's screen behind a parser of ours. Slower than ghostty, and always there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vibetui.terminals.emulators.pyte_cells import fitted, line_runs
from vibetui.terminals.emulators.pyte_commands import Commands
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


class PyteEmulator:
    """One terminal in Python alone: 0.5-3 MB/s, so feed it small slices."""

    name = "pyte"

    def __init__(self, rows: int, columns: int, scrollback_lines: int) -> None:
        self.rows, self.columns = _bounded(rows), _bounded(columns)
        self._screen = PyteScreen(self.columns, self.rows, scrollback_lines)
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
            screen.dirty.update(range(self.rows))
            self._all_dirty = True
        self._offset = offset

    def resize(self, rows: int, columns: int) -> None:
        self.rows, self.columns = _bounded(rows), _bounded(columns)
        self._screen.resize(self.rows, self.columns)
        self._pushed = self._screen.pushed
        self._offset = min(self._offset, self.history_lines)
        self._all_dirty = True

    _all_dirty = True

    def dirty_rows(self) -> Sequence[int]:
        if self._all_dirty:
            dirty = list(range(self.rows))
        else:
            shifted = (y + self._offset for y in self._screen.dirty)
            dirty = sorted(y for y in shifted if y < self.rows)
        self._screen.dirty.clear()
        self._all_dirty = False
        return dirty

    def row(self, y: int) -> Sequence[Run]:
        screen = self._screen
        if y < self._offset:
            return fitted(screen.history[len(screen.history) - self._offset + y], self.columns)
        runs = line_runs(screen.buffer.get(y - self._offset) or {}, self.columns)
        return [_reversed(run) for run in runs] if screen.has_private(5) else runs

    @property
    def cursor(self) -> Cursor:
        found = self._screen.cursor
        row = found.y + self._offset
        return Cursor(
            row=min(row, self.rows - 1),
            column=min(found.x, self.columns - 1),
            visible=not found.hidden and row < self.rows,
            shape=self._commands.cursor_shape,
            blinking=self._commands.cursor_blinking,
        )

    @property
    def modes(self) -> Modes:
        has = self._screen.has_private
        return Modes(
            application_cursor=has(1),
            application_keypad=has(66),
            bracketed_paste=has(2004),
            focus_events=has(1004),
            alternate_screen=self._screen.alternate,
            synchronized_output=has(2026),
            mouse=next(
                (kind for kind in sorted(MouseTracking, reverse=True) if has(kind)),
                MouseTracking.NONE,
            ),
            mouse_encoding=next(
                (kind for number, kind in _ENCODINGS if has(number)), MouseEncoding.DEFAULT
            ),
            alternate_scroll=has(1007),
        )

    @property
    def history_lines(self) -> int:
        return 0 if self._screen.alternate else len(self._screen.history)

    @property
    def first_line(self) -> int:
        return self._screen.pushed - len(self._screen.history)

    def line(self, number: int) -> Sequence[Run]:
        screen, index = self._screen, number - self.first_line
        if 0 <= index < self.history_lines:
            return fitted(screen.history[index], self.columns)
        return line_runs(screen.buffer.get(index - self.history_lines) or {}, self.columns)

    def texts(self, start: int, stop: int) -> Sequence[LineText]:
        first = self.first_line
        numbers = range(max(start, first), min(stop, first + self.history_lines + self.rows))
        return [
            LineText("".join(run.text for run in self.line(number)).rstrip(), wrapped=False)
            for number in numbers
        ]

    @property
    def scroll_offset(self) -> int:
        return self._offset

    def scroll_to(self, offset: int) -> None:
        offset = max(0, min(offset, self.history_lines))
        if offset != self._offset:
            self._offset = offset
            self._all_dirty = True

    def take_replies(self) -> bytes:
        return self._commands.take_replies()

    def take_bells(self) -> int:
        bells, self._commands.bells = self._commands.bells, 0
        return bells

    def take_clipboard(self) -> str | None:
        text, self._commands.clipboard = self._commands.clipboard, None
        return text

    @property
    def title(self) -> str:
        return self._commands.title

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
