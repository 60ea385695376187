"""`Motion`: where the cursor goes, within margins and with the pending wrap, as xterm has it."""

from __future__ import annotations

from vibetui.terminals.emulators.pyte_grid import DECAWM, DECLRMM, DECOM, LNM, Grid

_REVERSE_WRAP, _MORE_FIX, _EXTENDED_REVERSE_WRAP = 45, 41, 1045


class Motion(Grid):
    """A `Grid` whose cursor moves."""

    def __init__(self, columns: int, lines: int, history: int) -> None:
        super().__init__(columns, lines, history)
        self.reset_tabs()

    # Absolute

    def place(self, row: int, column: int) -> None:
        """CUP: from 1, and from the margins in origin mode."""
        if DECOM in self.private:
            top, bottom, left, right = self.top, self.bottom, self.left, self.right
        else:
            top, bottom, left, right = 0, self.lines - 1, 0, self.columns - 1
        self.y = min(top + max(row, 1) - 1, bottom)
        self.x = min(left + max(column, 1) - 1, right)
        self.pending = False

    def home(self) -> None:
        self.place(1, 1)

    def to_column(self, column: int) -> None:
        """CHA, HPA."""
        self.place(self.y + 1 - self.origin[0], column)

    def to_line(self, row: int) -> None:
        """VPA."""
        self.place(row, self.x + 1 - self.origin[1])

    @property
    def origin(self) -> tuple[int, int]:
        """(row, column) that positions count from."""
        return (self.top, self.left) if DECOM in self.private else (0, 0)

    def move_down_any(self, count: int) -> None:
        """VPR, which heeds no margin but in origin mode."""
        self.place(self.y + 1 - self.origin[0] + count, self.x + 1 - self.origin[1])

    def move_right_any(self, count: int) -> None:
        """HPR, which heeds no margin but in origin mode."""
        self.place(self.y + 1 - self.origin[0], self.x + 1 - self.origin[1] + count)

    # Relative

    def up(self, count: int) -> None:
        limit = self.top if self.y >= self.top else 0
        self.y = max(self.y - count, limit)
        self.pending = False

    def down(self, count: int) -> None:
        limit = self.bottom if self.y <= self.bottom else self.lines - 1
        self.y = min(self.y + count, limit)
        self.pending = False

    def forward(self, count: int) -> None:
        limit = self.right if self.x <= self.right else self.columns - 1
        self.x = min(self.x + count, limit)
        self.pending = False

    def back(self, count: int) -> None:
        """CUB and BS, with xterm's reverse wrap."""
        wraps = DECAWM in self.private and (
            _REVERSE_WRAP in self.private or _EXTENDED_REVERSE_WRAP in self.private
        )
        if not wraps:
            limit = self.left if self.x >= self.left else 0
            self.x = max(self.x - count, limit)
        else:
            # A pending wrap counts as one column more.
            self._back_wrapping(min(count, self.columns * self.lines) - self.pending)
        self.pending = False

    def _back_wrapping(self, count: int) -> None:
        extended = _EXTENDED_REVERSE_WRAP in self.private
        while count > 0:
            limit = self.left if self.x >= self.left else 0
            if self.x > limit:
                step = min(count, self.x - limit)
                self.x -= step
                count -= step
                continue
            top = self.top if self.y >= self.top else 0
            if self.y == top:
                if not extended:
                    return
                self.y = self.bottom
            elif not extended and not self.rows[self.y - 1].wrapped:
                return
            else:
                self.y -= 1
            self.x = self.right
            count -= 1

    def next_line(self, count: int) -> None:
        """CNL."""
        self.down(count)
        self.carriage_return()

    def previous_line(self, count: int) -> None:
        """CPL."""
        self.up(count)
        self.carriage_return()

    def carriage_return(self) -> None:
        if self.x >= self.left or DECOM in self.private:
            self.x = self.left
        else:
            self.x = 0
        self.pending = False

    def line_feed(self) -> None:
        self.index()
        if LNM in self.ansi:
            self.carriage_return()

    def index(self) -> None:
        """IND: down a line, scrolling at the bottom margin."""
        self.pending = False
        if self.y == self.bottom:
            if self.left <= self.x <= self.right:
                self.scroll_up(1)
        elif self.y < self.lines - 1:
            self.y += 1

    def reverse_index(self) -> None:
        """RI."""
        self.pending = False
        if self.y == self.top:
            if self.left <= self.x <= self.right:
                self.scroll_down(1)
        elif self.y > 0:
            self.y -= 1

    def new_line(self) -> None:
        """NEL."""
        self.index()
        self.carriage_return()

    def back_index(self) -> None:
        """DECBI: left a column, scrolling at the left margin."""
        self.pending = False
        if self.x == self.left and self.top <= self.y <= self.bottom:
            self.shift_right(self.left, 1)
        elif self.x > 0:
            self.x -= 1

    def forward_index(self) -> None:
        """DECFI: right a column, scrolling at the right margin."""
        self.pending = False
        if self.x == self.right and self.top <= self.y <= self.bottom:
            self.shift_left(self.left, 1)
        elif self.x < self.columns - 1:
            self.x += 1

    # Tab stops

    def reset_tabs(self) -> None:
        """A stop in every eighth column (DECST8C)."""
        self.tabs = set(range(8, self.columns, 8))

    def set_tab(self) -> None:
        self.tabs.add(self.x)

    def clear_tab(self, how: int) -> None:
        """TBC."""
        if how == 0:
            self.tabs.discard(self.x)
        elif how == 3:
            self.tabs.clear()

    def tab(self) -> None:
        """HT, which leaves a pending wrap be."""
        if self.pending and _MORE_FIX in self.private and DECAWM in self.private:
            self.new_line()
        self._tab_to_next()

    def _tab_to_next(self) -> None:
        limit = self.right if self.x <= self.right else self.columns - 1
        self.x = min((stop for stop in self.tabs if self.x < stop < limit), default=limit)

    def tab_forward(self, count: int) -> None:
        """CHT."""
        self.pending = False
        for _ in range(min(count, self.columns)):
            self._tab_to_next()

    def tab_back(self, count: int) -> None:
        """CBT; it heeds the left margin in origin mode alone."""
        self.pending = False
        limit = self.origin[1]
        for _ in range(min(count, self.columns)):
            self.x = max((stop for stop in self.tabs if limit < stop < self.x), default=limit)

    # Margins

    def set_rows(self, top: int, bottom: int) -> None:
        """DECSTBM, from 1; 0 stands for the edge of the screen."""
        first, last = max(top, 1), min(bottom or self.lines, self.lines)
        if first < last:
            self.top, self.bottom = first - 1, last - 1
            self.home()

    @property
    def has_column_margins(self) -> bool:
        """DECLRMM."""
        return DECLRMM in self.private

    def set_columns(self, left: int, right: int) -> None:
        """DECSLRM, from 1; 0 stands for the edge of the screen."""
        first, last = max(left, 1), min(right or self.columns, self.columns)
        if self.has_column_margins and first < last:
            self.left, self.right = first - 1, last - 1
            self.full_width = last - first == self.columns - 1
            self.home()
