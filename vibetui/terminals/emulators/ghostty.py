"""`GhosttyEmulator`: libghostty-vt, the terminal core of Ghostty, through PyPI's ``pyghostty``."""

from __future__ import annotations

from collections.abc import Sequence

import pyghostty
from pyghostty._ffi import check, ffi, lib

from vibetui.terminals.emulators.ghostty_gaps import FILLINGS, Gap, GapFinder, soft_reset
from vibetui.terminals.emulators.ghostty_lines import LineNumbers, LineReader, texts_of
from vibetui.terminals.emulators.ghostty_outbox import CELL_PIXELS, Outbox
from vibetui.terminals.emulators.ghostty_rows import RowReader
from vibetui.terminals.emulators.ghostty_screen import ScreenReader
from vibetui.terminals.emulators.ghostty_state import StateReader
from vibetui.terminals.emulators.ghostty_strings import StringCleaner
from vibetui.terminals.protocol import CellStyle, Cursor, LineText, Modes, Run

_BYTES_PER_CELL = 8
_CELLS_BESIDE = 12
"""What a line takes besides its cells: its share of a page's head and tables."""
_PAGE = 512 * 1024
"""Bytes; more than the library ever forgets at once."""
_MAX_SIZE = 2000
"""Rows or columns."""
_PIECE = 1024
_PAGES_AT_ONCE = 8
"""Compressed in 0.15 ms each."""
_BLANK = CellStyle()


class GhosttyEmulator:
    """One terminal of libghostty-vt. Not thread-safe, nor is the library.

    Closed, it keeps its last rows and takes nothing more: a pane may still show it, and the library
    must never see a freed pointer.
    """

    name = "ghostty"

    def __init__(self, rows: int, columns: int, scrollback_lines: int) -> None:
        self.rows, self.columns = _bounded(rows), _bounded(columns)
        self._owner = pyghostty.Terminal(self.columns, self.rows)
        self._terminal = self._owner._t[0]
        self._most_history = scrollback_lines
        self._limit_history(self.rows)
        self._outbox = Outbox(self._terminal, lambda: (self.rows, self.columns))
        self._strings = StringCleaner()
        self._gaps = GapFinder()
        self._state = StateReader(self._terminal)
        self._reader = RowReader(self._terminal, self.columns)
        self._numbers = LineNumbers(self._terminal, self._state)
        self._line_reader = LineReader(self._terminal, self._state, self._reader)
        self._uncounted = 0
        self._compressed = ffi.new("GhosttyTerminalCompressionResult*")
        self._screen = ScreenReader(self._terminal, self._reader)
        self._modes: Modes | None = None
        self._last_title = ""
        self._closed = False

    def _limit_history(self, rows: int) -> None:
        """Bound the history by its bytes, so that the library drops whole pages.

        A bound on its lines makes it drop line by line: seq then takes 6 MB/s in place of 60-120.
        So a few lines more than wanted are kept, and the bound on lines is out of reach.

        Of a screen of one row, the library drops the page that the cursor is still on, and crashes:
        where hyperlinks were reflowed, for one. With more pages it's never that page's turn.
        """
        bytes_of_line = (self.columns + _CELLS_BESIDE) * _BYTES_PER_CELL
        most_bytes = int(self._most_history * bytes_of_line * 1.05) + _PAGE
        most_lines = 2 * self._most_history
        if rows == 1:
            most_bytes, most_lines = max(most_bytes, 8 * _PAGE), max(most_lines, 1 << 20)
        for option, limit in (
            (lib.GHOSTTY_TERMINAL_OPT_SCROLLBACK_MAX_BYTES, most_bytes),
            (lib.GHOSTTY_TERMINAL_OPT_SCROLLBACK_MAX_LINES, most_lines),
        ):
            value = ffi.new("size_t*", limit)
            check(lib.ghostty_terminal_set(self._terminal, option, value), "limit the history")

    def feed(self, data: bytes) -> None:
        if self._closed:
            return
        self._screen.expect(data)
        for part, gap in self._gaps.split(self._strings.clean(data)):
            self._write(part)
            if gap is not None:
                self._write(self._filling(gap))
        self._keep_size()
        self._changed()

    def _write(self, data: bytes) -> None:
        """Write fewer lines at once than the history holds, to count dropped ones in time."""
        most = self._most_history // 2
        lines = self._lines_of(data)
        if lines > most and len(data) > _PIECE:
            for start in range(0, len(data), _PIECE):
                self._write(data[start : start + _PIECE])
            return
        if self._uncounted + lines > most:
            self._count_lines()
        self._uncounted += lines
        lib.ghostty_terminal_vt_write(self._terminal, data, len(data))

    def _lines_of(self, data: bytes) -> int:
        """About the most lines that `data` can make."""
        return data.count(b"\n") + len(data) // self.columns + 1

    def rest(self) -> bool:
        """Compress some of the history: 10,000 lines of 200 columns are 17 MB, then 1 to 2.

        In a flood it would cost `seq` four fifths of its speed.
        """
        mode = lib.GHOSTTY_TERMINAL_COMPRESSION_MODE_INCREMENTAL
        for _ in range(0 if self._closed else _PAGES_AT_ONCE):
            lib.ghostty_terminal_compress(self._terminal, mode, self._compressed)
            if self._compressed[0] != lib.GHOSTTY_TERMINAL_COMPRESSION_RESULT_PENDING:
                return False
        return not self._closed

    def _filling(self, gap: Gap) -> bytes:
        if gap is Gap.SOFT_RESET:
            return soft_reset(*self._state.cursor_position())
        return FILLINGS[gap]

    def _keep_size(self) -> None:
        if self._state.columns() != self.columns:
            self.resize(self.rows, self.columns)

    def _count_lines(self) -> None:
        if self._uncounted:
            self._uncounted = 0
            self._numbers.update()

    def resize(self, rows: int, columns: int) -> None:
        if self._closed:
            return
        self._count_lines()
        before, self.rows, self.columns = self.rows, _bounded(rows), _bounded(columns)
        self._limit_history(min(before, self.rows))
        lib.ghostty_terminal_resize(self._terminal, self.columns, self.rows, *CELL_PIXELS)
        self._limit_history(self.rows)
        self._numbers.renumber()
        self._screen.resized(self.rows)
        self._changed()

    def _changed(self) -> None:
        self._modes = None
        self._line_reader.forget()

    def _sync(self) -> None:
        if not self._closed:
            self._screen.sync()

    def dirty_rows(self) -> Sequence[int]:
        self._sync()
        return self._screen.take_dirty(self.rows)

    def row(self, y: int) -> Sequence[Run]:
        self._sync()
        return self._screen.lines.get(y) or self._blank()

    def _blank(self) -> tuple[Run, ...]:
        return (Run(0, self.columns, " " * self.columns, _BLANK),)

    @property
    def cursor(self) -> Cursor:
        self._sync()
        if self._closed:
            return Cursor(0, 0, visible=False)
        return self._state.cursor(self._screen.state)

    @property
    def modes(self) -> Modes:
        if self._modes is None:
            self._modes = self._state.modes()
        return self._modes

    @property
    def history_lines(self) -> int:
        return 0 if self._closed else self._state.history_lines()

    @property
    def first_line(self) -> int:
        if not self._closed:
            self._count_lines()
        return self._numbers.first

    def line(self, number: int) -> Sequence[Run]:
        y = number - self.first_line
        history = self.history_lines
        if not 0 <= y < history + self.rows:
            return self._blank()
        in_viewport = y - history + self.scroll_offset
        if self._closed or 0 <= in_viewport < self.rows:
            return self.row(in_viewport)
        self._sync()
        return self._line_reader.runs(y, self.rows) or self._blank()

    def texts(self, start: int, stop: int) -> Sequence[LineText]:
        first = self.first_line
        total = self.history_lines + self.rows
        start, stop = max(start - first, 0), min(stop - first, total)
        if self._closed:
            return texts_of([self.row(y) for y in range(start, stop)])
        return self._line_reader.texts(start, stop, self.rows, self.columns)

    @property
    def scroll_offset(self) -> int:
        return 0 if self._closed else self._state.scroll_offset()

    def scroll_to(self, offset: int) -> None:
        if not self._closed:
            self._state.scroll_to(offset)
            self._screen.moved()

    def take_replies(self) -> bytes:
        replies = bytes(self._outbox.replies)
        self._outbox.replies.clear()
        return replies

    def take_bells(self) -> int:
        bells, self._outbox.bells = self._outbox.bells, 0
        return bells

    def take_clipboard(self) -> str | None:
        text, self._outbox.clipboard = self._outbox.clipboard, None
        return text

    @property
    def title(self) -> str:
        return self._last_title if self._closed else self._state.title()

    def close(self) -> None:
        if self._closed:
            return
        self._sync()
        self._modes, self._last_title = self.modes, self.title
        self._numbers.first = self.first_line + self.history_lines
        self._closed = True
        self._numbers.close()
        self._line_reader.close()
        self._reader.close()
        self._screen.close()
        self._owner.close()
        self._outbox.close()


def _bounded(size: int) -> int:
    return max(1, min(size, _MAX_SIZE))
