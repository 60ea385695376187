"""The lines of a ghostty terminal by number: which are kept, how they look, what they say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pyghostty._ffi import check, ffi, lib, union_fn
from pyghostty.core import init_sized

from vibetui.terminals.columns import char_width
from vibetui.terminals.emulators.ghostty_rows import RowReader, clean_cells, grid_ref
from vibetui.terminals.emulators.ghostty_state import StateReader
from vibetui.terminals.protocol import LineText, Run

_JOINING = re.compile("[\u200d\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
"""What may make one character of several, by mode 2027: its columns only the cells tell."""
_track = union_fn(
    "ghostty_terminal_grid_ref_track",
    "GhosttyResult(*)(GhosttyTerminal, GhosttyPointS, GhosttyTrackedGridRef*)",
)
_move = union_fn(
    "ghostty_tracked_grid_ref_set",
    "GhosttyResult(*)(GhosttyTrackedGridRef, GhosttyTerminal, GhosttyPointS)",
)


def _screen_point() -> Any:
    point = ffi.new("GhosttyPointS*")
    point.tag = lib.GHOSTTY_POINT_TAG_SCREEN
    return point


class LineNumbers:
    """Keeps a number on each line while older ones are dropped.

    The library drops the oldest lines without a word. A tracked reference to the newest line of the
    history, the last of them to go, tells by its place how many went. On the alternate screen,
    which has no history, the top row has the number that the first screen's top row had.

    Attributes:
        first: The number of the oldest line kept, as of the last `update`.
    """

    def __init__(self, terminal: Any, state: StateReader) -> None:
        self.first = 0
        self._terminal, self._state = terminal, state
        self._top = self._oldest = 0
        self._anchored = False
        self._anchor = ffi.new("GhosttyTrackedGridRef*")
        self._point = _screen_point()
        self._found = ffi.new("GhosttyPointCoordinate*")

    def update(self) -> None:
        """Count the lines dropped since the last time, and anchor anew.

        Between two calls less than the whole history may be written, or lines that were on the
        screen then get lower numbers than they had.
        """
        if self._state.on_alternate_screen():
            self.first = self._top
            return
        history = self._state.history_lines()
        if self._anchored:
            # CSI 3 J drops the history, but moves the anchor to the screen.
            gone = self._top if not history else self._top - 1 - self._anchor_row()
            self._oldest = max(self._oldest, gone)
        self.first = self._oldest
        self._top = self.first + history
        self._anchored = history > 0 and self._set_anchor(history - 1)

    def renumber(self) -> None:
        """After a resize, which may reflow: the oldest line keeps the number of the oldest one."""
        if not self._state.on_alternate_screen():
            self._anchored = False
            self.update()
        elif self._anchored:
            self._top = max(0, self._top - 1 - self._anchor_row())
            self._anchored = False

    def close(self) -> None:
        if self._anchor[0] != ffi.NULL:
            lib.ghostty_tracked_grid_ref_free(self._anchor[0])
            self._anchor[0] = ffi.NULL

    def _anchor_row(self) -> int:
        """Where the anchor stands now; -1 where its line is dropped."""
        lost = lib.ghostty_tracked_grid_ref_point(
            self._anchor[0], lib.GHOSTTY_POINT_TAG_SCREEN, self._found
        )
        return -1 if lost else int(self._found.y)

    def _set_anchor(self, row: int) -> bool:
        self._point.value.y = row
        if self._anchor[0] == ffi.NULL:
            result = _track(self._terminal, self._point[0], self._anchor)
        else:
            result = _move(self._anchor[0], self._terminal, self._point[0])
        return not result


class LineReader:
    """Reads lines that the viewport doesn't show. Not thread-safe."""

    def __init__(self, terminal: Any, state: StateReader, rows: RowReader) -> None:
        self._terminal, self._state, self._rows = terminal, state, rows
        self._point = _screen_point()
        self._ref = init_sized("GhosttyGridRef")
        self._row = ffi.new("GhosttyRow*")
        self._wraps = ffi.new("bool*")
        self._cell, self._wide = ffi.new("GhosttyCell*"), ffi.new("GhosttyCellWide*")
        self._render = ffi.new("GhosttyRenderState*")
        self._iterator = ffi.new("GhosttyRenderStateRowIterator*")
        self._block: tuple[int, int] | None = None
        self._forgotten = False
        # Made here and not where they are used: cffi takes 6 ms to parse the name of a type.
        self._selection = init_sized("GhosttySelection")
        self._options = init_sized("GhosttyTerminalSelectionFormatOptions")
        self._options.emit = lib.GHOSTTY_FORMATTER_FORMAT_PLAIN
        self._options.unwrap, self._options.trim = False, True
        self._options.selection = self._selection
        self._data, self._length = ffi.new("uint8_t**"), ffi.new("size_t*")

    def forget(self) -> None:
        """The terminal has changed."""
        self._block = None
        self._forgotten = True

    def runs(self, y: int, rows: int) -> tuple[Run, ...]:
        """Row `y` of all the rows that there are, in a terminal of `rows` rows.

        The viewport goes there and back, and a second render state looks at it: the first one must
        be up to date, because the look clears the marks that the library keeps of changed rows.
        """
        top = min(y - y % rows, self._state.history_lines())
        if self._block != (top, rows):
            self._look_at(top)
            self._block = (top, rows)
        render, iterator = self._render[0], self._iterator
        lib.ghostty_render_state_get(render, lib.GHOSTTY_RENDER_STATE_DATA_ROW_ITERATOR, iterator)
        for _ in range(y - top + 1):
            if not lib.ghostty_render_state_row_iterator_next(iterator[0]):
                return ()
        self._rows.begin()
        return self._rows.read(iterator[0], (lib.GHOSTTY_POINT_TAG_SCREEN, y))

    def texts(self, start: int, stop: int, rows: int, columns: int) -> list[LineText]:
        """The texts of rows `start` to before `stop`, which exist, in a terminal of that size."""
        if start >= stop:
            return []
        lines = self._plain(start, stop, columns).split("\n")
        lines += [""] * (stop - start - len(lines))
        found: list[LineText] = []
        for y, line in zip(range(start, stop), lines, strict=False):
            text, wrapped = clean_cells(line).rstrip(" "), self._is_wrapped(y)
            if wrapped:
                text = self._filled(text, y, rows, columns)
            found.append(LineText(text, wrapped))
        return found

    def _filled(self, text: str, y: int, rows: int, columns: int) -> str:
        """A line that goes on has text to its end: give it the blanks back that it ends in."""
        if text.isascii():
            missing = columns - len(text)
        elif not _JOINING.search(text):
            missing = columns - sum(map(char_width, text))
        else:
            whole = "".join(run.text for run in self.runs(y, rows))
            missing = len(whole) - len(text)
        # Where a wide character had no room there is no blank of the text.
        return text + " " * (missing - (missing > 0 and self._is_spacer(y, columns - 1)))

    def _is_spacer(self, y: int, column: int) -> bool:
        if not self._point_to(y, column):
            return False
        lib.ghostty_grid_ref_cell(self._ref, self._cell)
        lib.ghostty_cell_get(self._cell[0], lib.GHOSTTY_CELL_DATA_WIDE, self._wide)
        return bool(self._wide[0] == lib.GHOSTTY_CELL_WIDE_SPACER_HEAD)

    def close(self) -> None:
        self._free_state()
        if self._iterator[0] != ffi.NULL:
            lib.ghostty_render_state_row_iterator_free(self._iterator[0])
            self._iterator[0] = ffi.NULL

    def _look_at(self, top: int) -> None:
        if self._forgotten:
            # The marks of what has changed went to the other state, so this one must begin anew.
            self._free_state()
            self._forgotten = False
        if self._render[0] == ffi.NULL:
            check(lib.ghostty_render_state_new(ffi.NULL, self._render), "render_state_new")
        if self._iterator[0] == ffi.NULL:
            new = lib.ghostty_render_state_row_iterator_new(ffi.NULL, self._iterator)
            check(new, "row_iterator_new")
        offset = self._state.scroll_offset()
        self._state.scroll_to(self._state.history_lines() - top)
        lib.ghostty_render_state_update(self._render[0], self._terminal)
        self._state.scroll_to(offset)

    def _free_state(self) -> None:
        if self._render[0] != ffi.NULL:
            lib.ghostty_render_state_free(self._render[0])
            self._render[0] = ffi.NULL

    def _plain(self, start: int, stop: int, columns: int) -> str:
        if not self._point_to(start, 0):
            return ""
        self._selection.start = self._ref[0]
        if not self._point_to(stop - 1, columns - 1):
            return ""
        self._selection.end = self._ref[0]
        data, length = self._data, self._length
        if lib.ghostty_terminal_selection_format_alloc(
            self._terminal, ffi.NULL, self._options[0], data, length
        ):
            return ""
        try:
            raw: bytes = ffi.buffer(data[0], length[0])[:]
            return raw.decode("utf-8", "replace")
        finally:
            lib.ghostty_free(ffi.NULL, data[0], length[0])

    def _point_to(self, y: int, column: int) -> bool:
        self._point.value.x, self._point.value.y = column, y
        return not grid_ref(self._terminal, self._point[0], self._ref)

    def _is_wrapped(self, y: int) -> bool:
        if not self._point_to(y, 0):
            return False
        lib.ghostty_grid_ref_row(self._ref, self._row)
        lib.ghostty_row_get(self._row[0], lib.GHOSTTY_ROW_DATA_WRAP, self._wraps)
        return bool(self._wraps[0])


def texts_of(lines: Sequence[Sequence[Run]]) -> list[LineText]:
    """The texts of rows that are at hand."""
    return [
        LineText("".join(run.text for run in runs).rstrip(" "), wrapped=False) for runs in lines
    ]
