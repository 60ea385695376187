"""`PyteScreen`: the writer with modes, two screens, saved cursors and resets."""

from __future__ import annotations

from dataclasses import dataclass

from vibetui.terminals.emulators.pyte_cells import DEFAULT, Line
from vibetui.terminals.emulators.pyte_charsets import Charsets
from vibetui.terminals.emulators.pyte_grid import DECAWM, DECLRMM, DECOM, DECTCEM, IRM, LNM
from vibetui.terminals.emulators.pyte_reflow import Reflowed, last_written, reflow
from vibetui.terminals.emulators.pyte_writer import Writer
from vibetui.terminals.protocol import CellStyle

_ALTERNATE = (47, 1047, 1049)
_TRACKING = frozenset((9, 1000, 1002, 1003))
_DECCOLM, _DECNCSM, _ALLOW_DECCOLM, _SAVE_CURSOR = 3, 95, 40, 1048
_REVERSE, _SCROLLS_ALTERNATE = 5, 1007
_KNOWN_PRIVATE = frozenset(
    (
        *(1, 3, 4, 5, 6, 7, 8, 9, 12, 18, 19, 25, 40, 41, 42, 45, 66, 67, 69, 95),
        *(1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1045, 2004, 2026, 2027),
    )
)
"""Those that are kept; what they change is here, in the pane, or, as with DECSCLM, nowhere."""
_KNOWN_ANSI = frozenset((2, IRM, 12, LNM))
_NEVER_ANSI = frozenset((1, 5, 7, 10, 11, 13, 14, 15, 16, 17, 18, 19))
_DEFAULT_MODES = frozenset((DECAWM, DECTCEM, _SCROLLS_ALTERNATE))
_DEFAULT_ANSI = frozenset((12,))
_MAX_FLAGS = 32


@dataclass(slots=True)
class _Saved:
    """What DECSC keeps."""

    x: int
    y: int
    pending: bool
    style: CellStyle
    charsets: Charsets
    origin: bool


class PyteScreen(Writer):
    """What `Commands` drives. Nothing in it raises for any parameters."""

    def __init__(self, columns: int, lines: int, history: int) -> None:
        super().__init__(columns, lines, history)
        self._start()

    def _start(self) -> None:
        self.private = set(_DEFAULT_MODES)
        self.ansi = set(_DEFAULT_ANSI)
        self._other: list[Line] = []
        """The rows of the screen that isn't shown, once there is one."""
        self._saved: dict[bool, _Saved] = {}
        self._kept_modes: dict[int, bool] = {}
        self._flags: dict[bool, list[int]] = {False: [0], True: [0]}

    def reset(self) -> None:
        """RIS."""
        self.rows = [Line(self.columns) for _ in range(self.lines)]
        self.forget()
        self.alternate = False
        self.x = self.y = 0
        self.pending = False
        self.reset_margins()
        self.reset_tabs()
        self._start()
        self._plain_pen()
        self.all_dirty = True

    def soft_reset(self) -> None:
        """DECSTR."""
        self.private -= {1, DECOM, 42, 45, 66, DECLRMM, 1045}
        self.private |= {DECAWM, DECTCEM}
        self.ansi -= {2, IRM}
        self.reset_margins()
        self._saved.pop(self.alternate, None)
        self.pending = False
        self._plain_pen()

    def _plain_pen(self) -> None:
        self.charsets = Charsets()
        self.protection = ""
        self.set_style(DEFAULT)

    # The saved cursor

    def save_cursor(self) -> None:
        """DECSC."""
        self._saved[self.alternate] = _Saved(
            self.x,
            self.y,
            self.pending,
            self.style,
            self.charsets.copy(),
            DECOM in self.private,
        )

    def restore_cursor(self) -> None:
        """DECRC; home where nothing was saved."""
        saved = self._saved.get(self.alternate) or _Saved(0, 0, False, DEFAULT, Charsets(), False)
        self.x, self.y = min(saved.x, self.columns - 1), min(saved.y, self.lines - 1)
        self.pending = saved.pending and self.x == saved.x
        self.charsets = saved.charsets.copy()
        self.set_style(saved.style)
        (self.private.add if saved.origin else self.private.discard)(DECOM)

    # Modes

    def mode_state(self, number: int, *, private: bool) -> int:
        """DECRPM: 0 unknown, 1 set, 2 reset, 4 never set."""
        if not private:
            if number in _NEVER_ANSI:
                return 4
            return (1 if number in self.ansi else 2) if number in _KNOWN_ANSI else 0
        if number in _ALTERNATE:
            return 1 if self.alternate else 2
        if number == _SAVE_CURSOR:
            return 1 if self.alternate in self._saved else 2
        return (1 if number in self.private else 2) if number in _KNOWN_PRIVATE else 0

    def set_ansi(self, number: int, *, on: bool) -> None:
        """SM and RM."""
        if number in _KNOWN_ANSI:
            (self.ansi.add if on else self.ansi.discard)(number)

    def set_private(self, number: int, *, on: bool) -> None:
        """DECSET and DECRST."""
        if number in _ALTERNATE:
            self._switch_screen(number, on)
        elif number == _SAVE_CURSOR:
            (self.save_cursor if on else self.restore_cursor)()
        elif number in _KNOWN_PRIVATE and (number != _DECCOLM or _ALLOW_DECCOLM in self.private):
            if number in _TRACKING and on:
                # xterm has one tracking mode at a time; the last one asked for wins.
                self.private -= _TRACKING
            (self.private.add if on else self.private.discard)(number)
            self._mode_changed(number, on)

    def _mode_changed(self, number: int, on: bool) -> None:
        if number == _REVERSE:
            self.all_dirty = True
        elif number == DECOM:
            self.home()
        elif number == DECAWM and not on:
            self.pending = False
        elif number == DECLRMM and not on:
            self.reset_columns()
        elif number == _DECCOLM:
            # The pane's width is its own; the rest of DECCOLM is done.
            self.reset_margins()
            self.home()
            if _DECNCSM not in self.private:
                self.erase_in_display(2)

    def keep_mode(self, number: int) -> None:
        """XTSAVE."""
        self._kept_modes[number] = self.mode_state(number, private=True) == 1

    def recall_mode(self, number: int) -> None:
        """XTRESTORE."""
        if number in self._kept_modes:
            self.set_private(number, on=self._kept_modes[number])

    def _switch_screen(self, number: int, on: bool) -> None:
        if on and number == 1049:
            self.save_cursor()
        if on != self.alternate:
            if not on and number == 1047:
                self._clear()
            self._other, self.rows = self.rows, self._other or self._new_rows()
            self.alternate = on
            self.all_dirty = True
        if on and number == 1049:
            self._clear()
        if not on and number == 1049:
            self.restore_cursor()

    def _new_rows(self) -> list[Line]:
        return [Line(self.columns) for _ in range(self.lines)]

    def _clear(self) -> None:
        self.rows = [Line(self.columns, self.blank) for _ in range(self.lines)]
        self.all_dirty = True

    # kitty's keyboard protocol

    @property
    def keyboard_flags(self) -> int:
        return self._flags[self.alternate][-1]

    def set_flags(self, flags: int, how: int) -> None:
        """CSI = flags ; how u."""
        stack = self._flags[self.alternate]
        changed = {1: flags, 2: stack[-1] | flags, 3: stack[-1] & ~flags}
        stack[-1] = changed.get(how, stack[-1]) % _MAX_FLAGS

    def push_flags(self, flags: int) -> None:
        """CSI > flags u; of a stack that is full, the oldest entry goes."""
        stack = self._flags[self.alternate]
        stack.append(flags % _MAX_FLAGS)
        del stack[:-9]

    def pop_flags(self, count: int) -> None:
        """CSI < count u."""
        stack = self._flags[self.alternate]
        del stack[max(len(stack) - count, 0) :]
        if not stack:
            stack.append(0)

    # Size

    def resize(self, lines: int, columns: int, offset: int) -> int:
        """Reflow the first screen and its history, crop the alternate one.

        Returns:
            How far a viewport that was scrolled back by `offset` is so now.
        """
        if (lines, columns) == (self.lines, self.columns):
            return offset
        primary = self._other if self.alternate else self.rows
        saved = self._saved.get(False)
        if not self.alternate:
            cursor = (self.y, self.x + self.pending)
        else:
            cursor = (saved.y, saved.x + saved.pending) if saved else (last_written(primary), 0)
        done = reflow(
            self.history,
            primary,
            cursor,
            lines,
            columns,
            limit=self.history_limit,
            offset=0 if self.alternate else offset,
        )
        first_line = self.pushed - len(self.history)
        self.history = done.history
        self.pushed = first_line + len(self.history)
        if self.alternate:
            self._other = done.rows
            self._crop_alternate(lines, columns)
        elif self._other:
            self._other = _cropped(self._other, 0, lines, columns)
        self._take_size(lines, columns, done, saved)
        return done.offset

    def _crop_alternate(self, lines: int, columns: int) -> None:
        above = max(0, self.y - (lines - 1))
        self.rows = _cropped(self.rows, above, lines, columns)
        self.y -= above
        self.x = min(self.x, columns - 1)
        self.pending = False

    def _take_size(self, lines: int, columns: int, done: Reflowed, saved: _Saved | None) -> None:
        shift = done.row - (saved.y if self.alternate and saved else self.y)
        if not self.alternate:
            self.rows = done.rows
            self.y, self.x, self.pending = done.row, done.column, done.pending
            if saved:
                saved.y = min(max(saved.y + shift, 0), lines - 1)
                saved.x = min(saved.x, columns - 1)
        elif saved:
            saved.y, saved.x, saved.pending = done.row, done.column, done.pending
        self.tabs = {stop for stop in self.tabs if stop < columns} | set(
            range((self.columns + 7) // 8 * 8, columns, 8)
        )
        self.lines, self.columns = lines, columns
        self.reset_margins()
        self.dirty.clear()
        self.all_dirty = True


def _cropped(rows: list[Line], above: int, lines: int, columns: int) -> list[Line]:
    kept = rows[above : above + lines]
    for line in kept:
        line.crop(columns)
    return kept + [Line(columns) for _ in range(lines - len(kept))]
