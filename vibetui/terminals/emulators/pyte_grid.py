"""`Grid`: the rows of the pyte screen and what moves and erases them, within margins, as xterm."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from pyte import modes

from vibetui.terminals.emulators.pyte_cells import (
    DEFAULT,
    HARD,
    Line,
    Packed,
    Protected,
    blank_of,
    pack,
    protect,
    unprotect,
)
from vibetui.terminals.emulators.pyte_sgr import apply_sgr
from vibetui.terminals.protocol import CellStyle

DECOM, DECAWM, DECTCEM = (mode >> 5 for mode in (modes.DECOM, modes.DECAWM, modes.DECTCEM))
"""pyte tells private modes from the others by a shift; here each kind has a set of its own."""
DECLRMM = 69
IRM, LNM = modes.IRM, modes.LNM

_AFTER_SGR: dict[tuple[int, str], tuple[CellStyle, CellStyle, CellStyle]] = {}
"""What SGR makes of a style: that style, which so keeps its id, the new one, and its blank. Hashing
a style instead takes a microsecond."""
_MAX_KNOWN = 4096


class Grid:
    """Rows, margins, the cursor's place and the pen.

    Attributes:
        dirty: Rows changed; `all_dirty` says that all are.
        pushed: Lines that ever went into the history.
        full_width: The margins leave no column out.
        pending: The cursor stands in the last column and the next character wraps.
        private, ansi: The modes that are set.
        protection: Who last protected cells: "" nobody, "iso" (SPA) or "dec" (DECSCA).
    """

    def __init__(self, columns: int, lines: int, history: int) -> None:
        self.columns, self.lines = columns, lines
        self.history_limit = history
        self.history: deque[Packed] = deque(maxlen=history)
        self.pushed = 0
        self.rows = [Line(columns) for _ in range(lines)]
        self.alternate = False
        self.dirty: set[int] = set()
        self.all_dirty = True
        self.x = self.y = 0
        self.pending = False
        self.private: set[int] = set()
        self.ansi: set[int] = set()
        self.style = self.blank = DEFAULT
        self.protection = ""
        self.reset_margins()

    def reset_margins(self) -> None:
        """DECSTBM and DECSLRM without parameters."""
        self.top, self.bottom = 0, self.lines - 1
        self.reset_columns()

    def reset_columns(self) -> None:
        """DECSLRM without parameters."""
        self.left, self.right = 0, self.columns - 1
        self.full_width = True

    def set_style(self, style: CellStyle) -> None:
        """What text is drawn with."""
        # Text in the default style is recognised by the object.
        self.style = DEFAULT if style == DEFAULT else style
        self.blank = blank_of(style)

    def sgr(self, params: str) -> None:
        """SGR."""
        key = id(self.style), params
        found = _AFTER_SGR.get(key)
        if found is None:
            before = self.style
            self.set_style(apply_sgr(before, params))
            if len(_AFTER_SGR) >= _MAX_KNOWN:
                _AFTER_SGR.clear()
            _AFTER_SGR[key] = before, self.style, self.blank
        else:
            _, self.style, self.blank = found

    def set_protection(self, on: bool, kind: str) -> None:
        """DECSCA and SPA/EPA."""
        self.protection = kind
        self.set_style(protect(self.style) if on else unprotect(self.style))

    @property
    def protecting(self) -> bool:
        return type(self.style) is Protected

    def touch(self, rows: Iterable[int]) -> None:
        self.dirty.update(rows)

    # Scrolling

    def scroll_up(self, count: int, top: int | None = None, *, keep: bool = True) -> None:
        """SU; from `top`, and into the history where that is the screen's top and `keep`."""
        first = self.top if top is None else top
        count = min(count, self.bottom - first + 1)
        if not self.full_width:
            self._shift_columns(first, count)
            return
        gone = self.rows[first : first + count]
        for line in gone:
            if first == 0 and keep and not self.alternate:
                self.remember(line)
            line.clear(self.blank)
        del self.rows[first : first + count]
        at = self.bottom + 1 - count
        self.rows[at:at] = gone
        self._mark(first)

    def scroll_down(self, count: int, top: int | None = None) -> None:
        """SD."""
        first = self.top if top is None else top
        count = min(count, self.bottom - first + 1)
        if not self.full_width:
            self._shift_columns(first, -count)
            return
        at = self.bottom + 1 - count
        gone = self.rows[at : at + count]
        for line in gone:
            line.clear(self.blank)
        del self.rows[at : at + count]
        self.rows[first:first] = gone
        self._mark(first)

    def _mark(self, first: int) -> None:
        if first == 0 and self.bottom == self.lines - 1:
            self.all_dirty = True
        else:
            self.touch(range(first, self.bottom + 1))

    def _shift_columns(self, first: int, up: int) -> None:
        """Scroll what is between the left and right margins."""
        rows, left, end = self.rows, self.left, self.right + 1
        order = range(first, self.bottom + 1)
        for y in order if up > 0 else reversed(order):
            if first <= y + up <= self.bottom:
                rows[y].copy_from(rows[y + up], left, end, left)
            else:
                rows[y].fill(left, end, " ", self.blank)
        self.touch(order)

    def shift_left(self, at: int, count: int) -> None:
        """Take out `count` columns at `at` in all lines between the margins."""
        end = self.right + 1
        count = min(count, end - at)
        for y in range(self.top, self.bottom + 1):
            self.rows[y].delete(at, end, count, self.blank)
        self.touch(range(self.top, self.bottom + 1))

    def shift_right(self, at: int, count: int) -> None:
        """Insert `count` columns at `at` in all lines between the margins."""
        end = self.right + 1
        count = min(count, end - at)
        for y in range(self.top, self.bottom + 1):
            self.rows[y].insert(at, end, count, self.blank)
        self.touch(range(self.top, self.bottom + 1))

    def remember(self, line: Line) -> None:
        """Put `line` into the history."""
        if self.history.maxlen:
            self.history.append(pack(line))
            self.pushed += 1

    def forget(self) -> None:
        """Empty the history."""
        self.history = deque(maxlen=self.history_limit)
        self.all_dirty = True

    @property
    def inside(self) -> bool:
        """Whether the cursor is within the margins."""
        return self.top <= self.y <= self.bottom and self.left <= self.x <= self.right

    def insert_lines(self, count: int) -> None:
        if self.inside:
            self.scroll_down(count, self.y)
            self.x, self.pending = self.left, False

    def delete_lines(self, count: int) -> None:
        if self.inside:
            self.scroll_up(count, self.y, keep=False)
            self.x, self.pending = self.left, False

    def insert_columns(self, count: int) -> None:
        """DECIC."""
        if self.inside:
            self.shift_right(self.x, count)

    def delete_columns(self, count: int) -> None:
        """DECDC."""
        if self.inside:
            self.shift_left(self.x, count)

    # Within a line

    def insert_characters(self, count: int) -> None:
        self.pending = False
        if self.left <= self.x <= self.right:
            end = self.right + 1
            self.rows[self.y].insert(self.x, end, min(count, end - self.x), self.blank)
            self.dirty.add(self.y)

    def delete_characters(self, count: int) -> None:
        self.pending = False
        if self.left <= self.x <= self.right:
            end = self.right + 1
            self.rows[self.y].delete(self.x, end, min(count, end - self.x), self.blank)
            self.dirty.add(self.y)

    # Erasing

    def erase(self, y: int, start: int, end: int, *, selective: bool = False) -> None:
        """Blanks in the columns `start` to before `end` of row `y`."""
        line = self.rows[y]
        if selective or self.protection == "iso":
            line.blank_unprotected(start, end, self.blank)
        elif start == 0 and end == self.columns:
            line.clear(self.blank)
        else:
            line.fill(start, end, " ", self.blank)
        if end == self.columns:
            line.wrapped = HARD
        self.dirty.add(y)

    def erase_in_line(self, how: int, *, selective: bool = False) -> None:
        """EL and DECSEL, which leave a pending wrap be."""
        if how == 0 and self.pending:
            # What is right of a full line is nothing: grep ends colours with EL.
            return
        spans = {0: (self.x, self.columns), 1: (0, self.x + 1), 2: (0, self.columns)}
        if how in spans:
            self.erase(self.y, *spans[how], selective=selective)

    def erase_in_display(self, how: int, *, selective: bool = False) -> None:
        """ED and DECSED; 3 is the history."""
        rows = {0: range(self.y + 1, self.lines), 1: range(self.y), 2: range(self.lines)}
        for y in rows.get(how, ()):
            self.erase(y, 0, self.columns, selective=selective)
        if how in (0, 1):
            self.erase_in_line(how, selective=selective)
        elif how == 3 and not selective:
            self.forget()

    def erase_characters(self, count: int) -> None:
        self.pending = False
        self.erase(self.y, self.x, min(self.x + count, self.columns))

    def alignment_display(self) -> None:
        """DECALN."""
        self.reset_margins()
        self.x = self.y = 0
        self.pending = False
        for line in self.rows:
            line.fill(0, self.columns, "E", DEFAULT)
            line.plain, line.wrapped = True, HARD
        self.all_dirty = True
