"""`PyteScreen`: the grid with cursor, modes, the alternate screen and resizing put right."""

from __future__ import annotations

import copy
from typing import Any

from pyte.screens import StaticDefaultDict

from vibetui.terminals.emulators.pyte_cells import BLANK, DEFAULT, cells_of
from vibetui.terminals.emulators.pyte_grid import DECAWM, DECOM, DECTCEM, IRM, LNM, Grid

_ALTERNATE = (47, 1047, 1049)
_KNOWN_PRIVATE = frozenset(
    (1, 5, 6, 7, 9, 12, 25, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 2004, 2026)
)
_DEFAULT_MODES = frozenset((DECAWM, DECTCEM, 1007 << 5))
_KNOWN_ANSI = frozenset((IRM, LNM))


class PyteScreen(Grid):
    """What `Commands` drives. Nothing in it raises for any parameters."""

    def __init__(self, columns: int, lines: int, history: int) -> None:
        self._other: dict[str, Any] = {}
        """Of the screen that isn't shown: its buffer and the row of its cursor."""
        self._saved: dict[bool, tuple[Any, ...]] = {}
        super().__init__(columns, lines, history)
        # pyte's constructor sets its own idea of the modes after the reset.
        self.mode = set(_DEFAULT_MODES)

    def reset(self) -> None:
        super().reset()
        self.mode = set(_DEFAULT_MODES)
        self.cursor.attrs = BLANK
        self.alternate = False
        self._other = {}
        self._saved = {}
        self.graphics = [False, False]
        self.set_style(DEFAULT)

    def soft_reset(self) -> None:
        """DECSTR."""
        self.mode.difference_update((DECOM, IRM, 1 << 5, 66 << 5))
        self.mode.update((DECAWM, DECTCEM))
        self.cursor.hidden = False
        self.margins = None
        self._saved = {}
        self.graphics = [False, False]
        self.charset = 0
        self.set_style(DEFAULT)

    def has_private(self, number: int) -> bool:
        return number << 5 in self.mode

    def mode_state(self, number: int, *, private: bool) -> int:
        """DECRPM: 0 unknown, 1 set, 2 reset."""
        if private and number in _ALTERNATE:
            return 1 if self.alternate else 2
        if number not in (_KNOWN_PRIVATE if private else _KNOWN_ANSI):
            return 0
        return 1 if (number << 5 if private else number) in self.mode else 2

    # The cursor

    def cursor_up(self, count: int | None = None) -> None:
        top = self.margins.top if self.margins and self.cursor.y >= self.margins.top else 0
        self.cursor.y = max(self.cursor.y - (count or 1), top)
        self.ensure_hbounds()

    def cursor_down(self, count: int | None = None) -> None:
        bottom = self.lines - 1
        if self.margins and self.cursor.y <= self.margins.bottom:
            bottom = self.margins.bottom
        self.cursor.y = min(self.cursor.y + (count or 1), bottom)
        self.ensure_hbounds()

    def cursor_position(self, line: int | None = None, column: int | None = None) -> None:
        top, bottom = 0, self.lines - 1
        if self.margins is not None and DECOM in self.mode:
            top, bottom = self.margins
        self.cursor.y = min(max((line or 1) - 1 + top, top), bottom)
        self.cursor.x = (column or 1) - 1
        self.ensure_hbounds()

    def cursor_to_line(self, line: int | None = None) -> None:
        self.cursor_position(line, min(self.cursor.x, self.columns - 1) + 1)

    def tab_forward(self, count: int) -> None:
        for _ in range(min(count, self.columns)):
            self.tab()

    def tab_back(self, count: int) -> None:
        for _ in range(min(count, self.columns)):
            before = [stop for stop in self.tabstops if stop < self.cursor.x]
            self.cursor.x = max(before, default=0)

    def tab(self) -> None:
        after = [stop for stop in self.tabstops if self.cursor.x < stop < self.columns]
        self.cursor.x = min(after, default=self.columns - 1)

    def save_cursor(self) -> None:
        self._saved[self.alternate] = (
            copy.copy(self.cursor),
            self.style,
            self.charset,
            list(self.graphics),
            DECOM in self.mode,
        )

    def restore_cursor(self) -> None:
        saved = self._saved.get(self.alternate)
        if saved is None:
            self.mode.discard(DECOM)
            self.cursor_position()
            self.set_style(DEFAULT)
            return
        cursor, style, self.charset, graphics, origin = saved
        hidden = self.cursor.hidden
        self.cursor = copy.copy(cursor)
        self.cursor.hidden = hidden
        self.graphics = list(graphics)
        (self.mode.add if origin else self.mode.discard)(DECOM)
        self.cursor.x = min(self.cursor.x, self.columns)
        self.ensure_vbounds()
        self.set_style(style)

    # Modes

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        for mode in modes:
            self._switch(mode, bool(kwargs.get("private")), on=True)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        for mode in modes:
            self._switch(mode, bool(kwargs.get("private")), on=False)

    def _switch(self, mode: int, private: bool, *, on: bool) -> None:
        if not private:
            if mode in _KNOWN_ANSI:
                (self.mode.add if on else self.mode.discard)(mode)
            return
        if mode in _ALTERNATE:
            self._switch_screen(mode, on)
        elif mode == 1048:
            (self.save_cursor if on else self.restore_cursor)()
        if mode not in _KNOWN_PRIVATE:
            return
        (self.mode.add if on else self.mode.discard)(mode << 5)
        if mode == 5:
            self.dirty.update(range(self.lines))
        elif mode == 6:
            self.cursor_position()
        elif mode == 25:
            self.cursor.hidden = not on
        elif mode in (9, 1000, 1002, 1003) and on:
            # xterm has one tracking mode at a time; the last one asked for wins.
            self.mode.difference_update({9 << 5, 1000 << 5, 1002 << 5, 1003 << 5} - {mode << 5})

    def _switch_screen(self, mode: int, on: bool) -> None:
        if on == self.alternate:
            if on and mode == 1049:
                self.save_cursor()
            return
        if on and mode == 1049:
            self.save_cursor()
        if not on and mode == 1047:
            self.buffer.clear()
        mine = {"buffer": self.buffer, "cursor_y": self.cursor.y}
        self.buffer = self._other.get("buffer") or self._new_buffer()
        self._other = mine
        self.alternate = on
        if on and mode in (1047, 1049):
            self.buffer.clear()
        if not on and mode == 1049:
            self.restore_cursor()
        self.dirty.update(range(self.lines))

    def _new_buffer(self) -> Any:
        fresh: Any = copy.copy(self.buffer)
        fresh.clear()
        return fresh

    # Size

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        lines, columns = lines or self.lines, columns or self.columns
        if (lines, columns) == (self.lines, self.columns):
            return
        moved = self._fit(self.buffer, self.cursor.y, lines, columns, primary=not self.alternate)
        self.cursor.y += moved
        if "buffer" in self._other:
            other_y = self._other["cursor_y"]
            shift = self._fit(
                self._other["buffer"], other_y, lines, columns, primary=self.alternate
            )
            self._other["cursor_y"] = min(max(other_y + shift, 0), lines - 1)
            if self.alternate and False in self._saved:
                self._saved[False][0].y = min(max(self._saved[False][0].y + shift, 0), lines - 1)
        self.tabstops = {stop for stop in self.tabstops if stop < columns} | set(
            range((self.columns + 7) // 8 * 8, columns, 8)
        )
        self.lines, self.columns = lines, columns
        self.margins = None
        self.ensure_vbounds()
        self.ensure_hbounds()
        self.dirty.clear()
        self.dirty.update(range(lines))

    def _fit(self, buffer: Any, y: int, lines: int, columns: int, *, primary: bool) -> int:
        """Make `buffer` `lines` x `columns`; the rows by which its content moved down."""
        for line in buffer.values():
            for x in [x for x in line if x >= columns]:
                del line[x]
        # Rows below the cursor go first, then the topmost into history.
        push = max(0, y - (lines - 1))
        if push and primary:
            for row in range(push):
                self.remember(buffer.get(row) or {}, self.columns)
        pull = 0
        if primary and lines > self.lines and y == self.lines - 1:
            pull = min(lines - self.lines, len(self.history))
        shift = pull - push
        if shift:
            kept = {row + shift: line for row, line in buffer.items() if row + shift >= 0}
            buffer.clear()
            buffer.update(kept)
        for row in range(pull - 1, -1, -1):
            line = StaticDefaultDict(BLANK)
            line.update({x: c for x, c in cells_of(self.history.pop()).items() if x < columns})
            buffer[row] = line
        for row in [row for row in buffer if row >= lines]:
            del buffer[row]
        return shift
