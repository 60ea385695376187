"""`Grid`: pyte's screen with text, scrolling and erasing replaced: faster, and as xterm does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import pyte
from pyte.screens import Margins

from vibetui.terminals.columns import char_width
from vibetui.terminals.emulators.pyte_cells import (
    BLANK,
    DEFAULT,
    MAX_COMBINING,
    Cell,
    CellMap,
    line_runs,
    trimmed,
)
from vibetui.terminals.emulators.pyte_sgr import apply_sgr
from vibetui.terminals.protocol import CellStyle, Run

_GRAPHICS = str.maketrans("`abcdefghijklmnopqrstuvwxyz{|}~", "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")
"""DEC special graphics, which ncurses draws lines with (terminfo `smacs`)."""
DECOM, DECAWM, DECTCEM, IRM, LNM = 6 << 5, 7 << 5, 25 << 5, 4, 20
"""As pyte keeps them in `mode`: private numbers are shifted."""


class Grid(pyte.Screen):
    """Rows of `Cell`s. `dirty` holds the changed rows; `pushed` counts lines gone to history."""

    # Its cells are ours, not pyte's `Char`.
    buffer: Any
    cursor: Any

    def __init__(self, columns: int, lines: int, history: int) -> None:
        self.history: deque[tuple[Run, ...]] = deque(maxlen=history)
        self.pushed = 0
        self.alternate = False
        self.graphics = [False, False]
        """Whether G0 and G1 are DEC special graphics."""
        self._maps: dict[CellStyle, CellMap] = {}
        self._last = ""
        self._cells = CellMap(DEFAULT)
        super().__init__(columns, lines)

    @property
    def default_char(self) -> Cell:  # type: ignore[override]
        return BLANK

    @property
    def style(self) -> CellStyle:
        """What text is drawn with."""
        return self._cells.style

    def set_style(self, style: CellStyle) -> None:
        cells = self._maps.get(style)
        if cells is None:
            if len(self._maps) > 2048:
                self._maps.clear()
            cells = self._maps[style] = CellMap(style)
        self._cells = cells
        self.cursor.attrs = cells[" "]

    def sgr(self, params: str) -> None:
        self.set_style(apply_sgr(self._cells.style, params))

    def designate(self, slot: int, final: str) -> None:
        """SCS: G0 or G1 is DEC special graphics where `final` is 0, else ASCII."""
        self.graphics[slot] = final == "0"

    def draw(self, data: str) -> None:
        if self.graphics[self.charset]:
            data = data.translate(_GRAPHICS)
        elif data.isascii() and IRM not in self.mode:
            self._draw_ascii(data)
            return
        for char in data:
            self._draw_char(char)

    def _draw_ascii(self, data: str) -> None:
        cursor, columns, cells = self.cursor, self.columns, self._cells
        position, length = 0, len(data)
        self._last = data[-1]
        if DECAWM not in self.mode and length > columns - cursor.x:
            room = max(columns - cursor.x, 1)
            data = data[: room - 1] + data[-1]
            length = room
            cursor.x = min(cursor.x, columns - 1)
        while position < length:
            if cursor.x >= columns:
                self._wrap()
            take = min(length - position, columns - cursor.x)
            end = cursor.x + take
            line = self.buffer[cursor.y]
            line.update(
                zip(
                    range(cursor.x, end),
                    map(cells.__getitem__, data[position : position + take]),
                    strict=True,
                )
            )
            self.dirty.add(cursor.y)
            cursor.x = end
            position += take

    def _wrap(self) -> None:
        if DECAWM in self.mode:
            self.cursor.x = 0
            self.index()
        else:
            self.cursor.x = self.columns - 1

    def _draw_char(self, char: str) -> None:
        width = char_width(char)
        cursor = self.cursor
        if width == 0:
            self._combine(char)
            return
        if cursor.x + width > self.columns:
            if width > self.columns:
                return
            self._wrap()
            cursor.x = min(cursor.x, self.columns - width)
        if IRM in self.mode:
            self.insert_characters(width)
        line = self.buffer[cursor.y]
        line[cursor.x] = self._cells[char]
        if width == 2:
            line[cursor.x + 1] = self._cells[""]
        self.dirty.add(cursor.y)
        cursor.x += width
        self._last = char

    def _combine(self, char: str) -> None:
        line = self.buffer[self.cursor.y]
        x = min(self.cursor.x, self.columns) - 1
        if x > 0 and not line[x].data:
            x -= 1
        if x < 0:
            return
        cell = line[x]
        if len(cell.data) < MAX_COMBINING:
            line[x] = Cell(cell.data + char, cell.style)
            self.dirty.add(self.cursor.y)

    def repeat(self, count: int) -> None:
        """REP: the last printed character again."""
        if self._last:
            self.draw(self._last * min(count, self.columns * self.lines))

    # Lines

    def index(self) -> None:
        top, bottom = self.margins or Margins(0, self.lines - 1)
        if self.cursor.y == bottom:
            self._scroll_up(top, bottom, 1)
        elif self.cursor.y < self.lines - 1:
            self.cursor.y += 1

    def reverse_index(self) -> None:
        top, bottom = self.margins or Margins(0, self.lines - 1)
        if self.cursor.y == top:
            self._scroll_down(top, bottom, 1)
        elif self.cursor.y > 0:
            self.cursor.y -= 1

    def scroll_up(self, count: int) -> None:
        top, bottom = self.margins or Margins(0, self.lines - 1)
        self._scroll_up(top, bottom, count)

    def scroll_down(self, count: int) -> None:
        top, bottom = self.margins or Margins(0, self.lines - 1)
        self._scroll_down(top, bottom, count)

    def _scroll_up(self, top: int, bottom: int, count: int) -> None:
        buffer = self.buffer
        count = min(count, bottom - top + 1)
        if top == 0 and not self.alternate:
            for y in range(count):
                self.remember(buffer.get(y) or {}, self.columns)
        for y in range(top, bottom + 1 - count):
            moved = buffer.pop(y + count, None)
            if moved is None:
                buffer.pop(y, None)
            else:
                buffer[y] = moved
        for y in range(bottom + 1 - count, bottom + 1):
            buffer.pop(y, None)
            self._erase(y, 0, self.columns)
        self.dirty.update(range(top, bottom + 1))

    def _scroll_down(self, top: int, bottom: int, count: int) -> None:
        buffer = self.buffer
        count = min(count, bottom - top + 1)
        for y in range(bottom, top + count - 1, -1):
            moved = buffer.pop(y - count, None)
            if moved is None:
                buffer.pop(y, None)
            else:
                buffer[y] = moved
        for y in range(top, top + count):
            buffer.pop(y, None)
            self._erase(y, 0, self.columns)
        self.dirty.update(range(top, bottom + 1))

    def remember(self, line: dict[int, Cell], columns: int) -> None:
        if self.history.maxlen:
            self.history.append(trimmed(line_runs(line, columns)))
            self.pushed += 1

    def insert_lines(self, count: int | None = None) -> None:
        top, bottom = self.margins or Margins(0, self.lines - 1)
        if top <= self.cursor.y <= bottom:
            self._scroll_down(self.cursor.y, bottom, count or 1)
            self.carriage_return()

    def delete_lines(self, count: int | None = None) -> None:
        top, bottom = self.margins or Margins(0, self.lines - 1)
        if top <= self.cursor.y <= bottom:
            remember, self.alternate = self.alternate, True
            self._scroll_up(self.cursor.y, bottom, count or 1)
            self.alternate = remember
            self.carriage_return()

    # Erasing: with the background alone, as xterm does ("bce")

    def _erase(self, y: int, start: int, end: int) -> None:
        background = self._cells.style.background
        line = self.buffer[y]
        if background is None:
            if start == 0 and end >= self.columns:
                line.clear()
            else:
                for x in range(start, end):
                    line.pop(x, None)
        else:
            blank = Cell(" ", CellStyle(background=background))
            line.update(dict.fromkeys(range(start, min(end, self.columns)), blank))
        self.dirty.add(y)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:  # noqa: ARG002
        x = min(self.cursor.x, self.columns - 1)
        spans = {0: (x, self.columns), 1: (0, x + 1), 2: (0, self.columns)}
        if how in spans:
            self._erase(self.cursor.y, *spans[how])

    def erase_in_display(self, how: int = 0, *_: Any, **__: Any) -> None:
        rows: Iterable[int] = ()
        if how == 0:
            rows = range(self.cursor.y + 1, self.lines)
        elif how == 1:
            rows = range(self.cursor.y)
        elif how == 2:
            rows = range(self.lines)
        elif how == 3:
            self.history.clear()
            self.dirty.update(range(self.lines))
        for y in rows:
            self._erase(y, 0, self.columns)
        if how in (0, 1):
            self.erase_in_line(how)

    def erase_characters(self, count: int | None = None) -> None:
        x = min(self.cursor.x, self.columns - 1)
        self._erase(self.cursor.y, x, min(x + (count or 1), self.columns))

    def insert_characters(self, count: int | None = None) -> None:
        x, count = min(self.cursor.x, self.columns - 1), count or 1
        line = self.buffer[self.cursor.y]
        moved = {k + count: v for k, v in line.items() if x <= k < self.columns - count}
        self._erase(self.cursor.y, x, self.columns)
        line.update(moved)
        self._erase(self.cursor.y, x, min(x + count, self.columns))

    def delete_characters(self, count: int | None = None) -> None:
        x, count = min(self.cursor.x, self.columns - 1), count or 1
        line = self.buffer[self.cursor.y]
        moved = {k - count: v for k, v in line.items() if k >= x + count}
        self._erase(self.cursor.y, x, self.columns)
        for y in range(x, max(x, self.columns - count)):
            line.pop(y, None)
        line.update(moved)

    def alignment_display(self) -> None:
        cell = Cell("E", DEFAULT)
        for y in range(self.lines):
            self.buffer[y].update(dict.fromkeys(range(self.columns), cell))
        self.margins = None
        self.cursor.x = self.cursor.y = 0
        self.dirty.update(range(self.lines))
